//! The engine for Python: frames, segments and time in; batches out.

use crate::batch::{EventBatch, Files, Telling};
use crate::capture::Source;
use crate::error;
use crate::journal;
use crate::pseudonym::{self, Pseudonyms};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zertap_capture::{CaptureErrorKind, Frame, Seen};
use zertap_core::config::Config;
use zertap_core::event::{Row, RowKind, RowKinds};
use zertap_core::handshake::Journal;
use zertap_core::tap::RawFrame;
use zertap_core::time::{Recurring, Span, Timestamp};
use zertap_core::wire::{LinkType, Segment, Skip, TcpFlags};

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Tap {
    inner: zertap_core::tap::Tap,
    files: Files,
    telling: Telling,
    pseudonyms: Option<Pseudonyms>,
    time_out_of_range: u64,
    odd_lengths: u64,
}

#[pymethods]
impl Tap {
    #[new]
    #[pyo3(signature = (config = None))]
    fn new(py: Python<'_>, config: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let Settings { engine, mut telling, pseudonyms } = configure(py, config)?;
        telling.waiting_span = engine.waiting_span.0;
        Ok(Self {
            inner: zertap_core::tap::Tap::new(engine),
            files: Arc::default(),
            telling,
            pseudonyms,
            time_out_of_range: 0,
            odd_lengths: 0,
        })
    }

    #[pyo3(signature = (source, rows = 4096))]
    fn pump(&mut self, py: Python<'_>, mut source: PyRefMut<'_, Source>, rows: usize) -> PyResult<bool> {
        if !source.announced {
            source.announced = true;
            let name = source.name().to_owned();
            Arc::make_mut(&mut self.files).push((self.inner.counters().frames, name));
        }
        let source = &mut *source;
        loop {
            let told = self.inner.journal().is_some();
            let read = if told { Self::read::<true> } else { Self::read::<false> };
            match py.detach(|| read(self, source, rows)) {
                Ok(Stop::Rows) => return Ok(true),
                Ok(Stop::End) => return Ok(false),
                Ok(Stop::Pause) => py.check_signals()?,
                // A signal came while the reader waited: let Python's handlers run, then wait on.
                Err(error) if error.kind() == CaptureErrorKind::Interrupted => py.check_signals()?,
                Err(error) => return Err(error::capture(py, &error)),
            }
        }
    }

    #[pyo3(signature = (at, link, frame, wire_length = None))]
    fn push_frame(
        &mut self,
        py: Python<'_>,
        at: u64,
        link: u16,
        frame: &[u8],
        wire_length: Option<u32>,
    ) -> PyResult<()> {
        let Ok(length) = u32::try_from(frame.len()) else {
            return Err(error::usage(py, "a frame cannot be longer than 4 GiB"));
        };
        let wire_length = wire_length.unwrap_or(length).max(length);
        self.inner.push_frame(Timestamp(at), LinkType(link), frame, wire_length);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "one argument for each field of a TCP segment")]
    fn push_segment(
        &mut self,
        py: Python<'_>,
        at: u64,
        source: (IpAddr, u16),
        destination: (IpAddr, u16),
        sequence: u32,
        acknowledgment: u32,
        flags: u8,
        payload: &[u8],
    ) -> PyResult<()> {
        let Ok(payload_on_wire) = u32::try_from(payload.len()) else {
            return Err(error::usage(py, "a segment cannot be longer than 4 GiB"));
        };
        let segment = Segment {
            source: source.0.into(),
            destination: destination.0.into(),
            source_port: source.1,
            destination_port: destination.1,
            lane: 0,
            sequence,
            acknowledgment,
            flags: TcpFlags(flags),
            window: 0,
            options: &[],
            payload,
            payload_on_wire,
            fragment_overlap: false,
        };
        self.inner.push_segment(Timestamp(at), &segment);
        Ok(())
    }

    fn advance(&mut self, now: u64) {
        self.inner.advance(Timestamp(now));
    }

    fn finish(&mut self, py: Python<'_>) {
        py.detach(|| self.inner.finish());
    }

    fn drain(&mut self) -> EventBatch {
        let rows = self.inner.drain();
        self.batch(rows)
    }

    fn current(&mut self, py: Python<'_>, start: usize, most: usize) -> (EventBatch, Option<usize>) {
        let (rows, next) = py.detach(|| self.inner.current(start, most));
        (self.batch(rows), next)
    }

    fn keep_journal(&mut self, packet: u64) {
        self.inner.keep_journal(packet);
    }

    fn journal<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.inner.journal().map(|journal| journal::show(py, journal, &self.files)).transpose()
    }

    fn clock(&self) -> Option<(u64, u64)> {
        self.inner.clock().map(|(began, now)| (began.0, now.0))
    }

    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let counters = self.inner.counters();
        dict.set_item("frames", counters.frames)?;
        dict.set_item("segments", counters.segments)?;
        for (skip, count) in Skip::ALL.iter().zip(counters.skipped) {
            dict.set_item(format!("skipped_{}", skip.word()), count)?;
        }
        dict.set_item("clock_backwards", counters.clock_backwards)?;
        dict.set_item("time_out_of_range", self.time_out_of_range)?;
        dict.set_item("odd_lengths", self.odd_lengths)?;
        let table = self.inner.table_counters();
        for (name, count) in [
            ("connections_opened", table.opened),
            ("connections_established", table.established),
            ("connections_ended", table.ended),
            ("connections_evicted", table.evicted),
            ("connections_unfinished", table.unfinished),
            ("half_open_dropped", table.half_open_dropped),
            ("stragglers", table.stragglers),
        ] {
            dict.set_item(name, count)?;
        }
        dict.set_item("connections_live", self.inner.live())?;
        Ok(dict)
    }

    fn ledger<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let ledger = self.inner.ledger();
        for (name, count) in [
            ("frames", ledger.frames),
            ("segments", ledger.segments),
            ("opened", ledger.opened),
            ("ended", ledger.fates.ended),
            ("live", ledger.live + ledger.fates.unfinished),
            ("evicted", ledger.fates.evicted),
            ("unmonitored", ledger.fates.unseen),
            ("never_established", ledger.fates.never_established),
            ("rows", ledger.rows),
            ("rows_waiting", ledger.rows_waiting),
        ] {
            dict.set_item(name, count)?;
        }
        Ok(dict)
    }
}

impl Tap {
    /// Rows for Python, under their pseudonyms.
    fn batch(&self, mut rows: Vec<Row>) -> EventBatch {
        if let Some(pseudonyms) = &self.pseudonyms {
            for row in &mut rows {
                pseudonyms.disguise(row);
            }
        }
        EventBatch::new(rows, Arc::clone(&self.files), self.telling)
    }

    /// Reads frames until enough rows wait, the capture ends, or Python's signal handlers want their turn.
    ///
    /// `TOLD`: a journal is kept; the reading stops where the journal is over.
    fn read<const TOLD: bool>(
        &mut self,
        source: &mut Source,
        rows: usize,
    ) -> Result<Stop, zertap_capture::CaptureError> {
        let begun = Instant::now();
        while self.inner.waiting_rows() < rows {
            for _ in 0..BATCHES_BETWEEN_CLOCKS {
                // The next read may wait: what is asked for goes out before.
                if self.inner.waiting_rows() >= rows {
                    return Ok(Stop::Rows);
                }
                if TOLD {
                    if self.read_told(source)? {
                        continue;
                    }
                    return Ok(Stop::End);
                }
                let before = self.inner.counters().frames;
                let Self { inner, time_out_of_range, odd_lengths, .. } = self;
                let (reader, mut tally) = source.reader_and_tally();
                inner.push_frames(&mut reader.next_frames()?.map(|frame| {
                    *time_out_of_range += u64::from(!frame.time_valid);
                    *odd_lengths += u64::from(frame.odd_length);
                    if let Some(tally) = &mut tally {
                        tally.note(Seen::of(&frame));
                    }
                    raw(&frame)
                }));
                let frames = inner.counters().frames - before;
                if frames == 0 {
                    return Ok(Stop::End);
                }
                source.packets += frames;
            }
            if begun.elapsed() >= SIGNALS_AFTER {
                return Ok(Stop::Pause);
            }
        }
        Ok(Stop::Rows)
    }
}

impl Tap {
    /// Reads one frame into the journal too; `false` where the capture or the journal is over.
    fn read_told(&mut self, source: &mut Source) -> Result<bool, zertap_capture::CaptureError> {
        let Some(frame) = source.reader().next_frame()? else { return Ok(false) };
        self.time_out_of_range += u64::from(!frame.time_valid);
        self.odd_lengths += u64::from(frame.odd_length);
        self.inner.push_frame_told(&raw(&frame));
        source.packets += 1;
        Ok(!self.inner.journal().is_some_and(Journal::is_over))
    }
}

fn raw<'a>(frame: &Frame<'a>) -> RawFrame<'a> {
    RawFrame { at: frame.at, link: LinkType(frame.link), bytes: frame.bytes, wire_length: frame.wire_length }
}

/// Why reading stopped.
enum Stop {
    Rows,
    End,
    Pause,
}

/// How often Python's signal handlers get their turn.
const SIGNALS_AFTER: Duration = Duration::from_millis(100);
/// Batches of frames read between two looks at the clock.
const BATCHES_BETWEEN_CLOCKS: usize = 8;

/// What a tap is told when it is made.
struct Settings {
    engine: Config,
    telling: Telling,
    pseudonyms: Option<Pseudonyms>,
}

fn configure(py: Python<'_>, given: Option<&Bound<'_, PyDict>>) -> PyResult<Settings> {
    let engine = Config { hash_key: random_key(), ..Config::default() };
    let mut settings = Settings { engine, telling: Telling::default(), pseudonyms: None };
    let Some(given) = given else { return Ok(settings) };
    let Settings { engine: config, telling, pseudonyms } = &mut settings;
    for (key, value) in given {
        let key: String = key.extract()?;
        match key.as_str() {
            "certificates" => config.options.certificates = value.extract()?,
            "upgrades" => config.options.upgrades = value.extract()?,
            "offers" => config.options.offers = value.extract()?,
            "fingerprints" => config.options.fingerprints = value.extract()?,
            "community_seed" => telling.community_seed = value.extract()?,
            "nameless" => telling.nameless = value.extract()?,
            "pseudonyms" => {
                let (manner, key): (String, Vec<u8>) = value.extract()?;
                *pseudonyms = Some(pseudonym::make(py, &manner, key)?);
            }
            "waiting_span_ns" => config.waiting_span = Span(value.extract()?),
            "interval_ns" => config.interval = Some(interval(py, value.extract()?)?),
            "rows" => config.rows = row_kinds(py, &value)?,
            "max_connections" => config.max_connections = positive(py, &key, value.extract()?)?,
            "max_half_open" => config.max_half_open = positive(py, &key, value.extract()?)?,
            "max_buffered_octets" => config.stream.held_octets = positive(py, &key, value.extract()?)?,
            "ignore_vlan" => config.wire.ignore_vlan = value.extract()?,
            "verify_checksums" => config.wire.verify_checksums = value.extract()?,
            other => return Err(error::usage(py, &format!("no such setting of a tap: `{other}`"))),
        }
    }
    Ok(settings)
}

fn positive(py: Python<'_>, key: &str, value: usize) -> PyResult<usize> {
    if value == 0 { Err(error::usage(py, &format!("`{key}` must be at least 1"))) } else { Ok(value) }
}

/// Length and offset of recording intervals.
fn interval(py: Python<'_>, (length, offset): (u64, u64)) -> PyResult<Recurring> {
    Recurring::new(Span(length), Span(offset))
        .ok_or_else(|| error::usage(py, "`interval_ns` must be at least 1"))
}

fn row_kinds(py: Python<'_>, names: &Bound<'_, PyAny>) -> PyResult<RowKinds> {
    let mut kinds = RowKinds::NONE;
    for name in names.try_iter()? {
        let name: String = name?.extract()?;
        let kind = RowKind::ALL.iter().find(|kind| kind.word() == name);
        let kind = kind.ok_or_else(|| error::usage(py, &format!("no such kind of row: `{name}`")))?;
        kinds = kinds.with(*kind);
    }
    Ok(kinds)
}

/// A random key for the table's hash: attackers choose addresses and ports.
fn random_key() -> [u64; 2] {
    [RandomState::new().hash_one(0), RandomState::new().hash_one(1)]
}
