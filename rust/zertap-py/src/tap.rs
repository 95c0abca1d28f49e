//! The engine for Python: frames, segments and time in; batches out.

use crate::advice;
use crate::batch::{EventBatch, Files, Rooms, Telling};
use crate::capture::Source;
use crate::ends::{End, Lately, Moment, Octets, Speaker, Whom};
use crate::engine::Engine;
use crate::error;
use crate::journal;
use crate::memory;
use crate::pseudonym::{self, Pseudonyms};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zertap_capture::{CaptureErrorKind, Frame, MOST, Progress, Seen};
use zertap_core::config::Config;
use zertap_core::event::{Row, RowKind, RowKinds};
use zertap_core::flow::Endpoint;
use zertap_core::handshake::Journal;
use zertap_core::tap::{RawFrame, StreamEnd};
use zertap_core::time::{Recurring, Span, Timestamp};
use zertap_core::wire::{Address, LinkType, Segment, Skip, TcpFlags};

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Tap {
    inner: Engine,
    files: Files,
    telling: Telling,
    rooms: Rooms,
    pseudonyms: Option<Pseudonyms>,
    time_out_of_range: u64,
    odd_lengths: u64,
    /// The lane of the latest connection whose ends nobody knows: it alone tells such connections apart.
    nameless_lane: u32,
    lately: Lately,
    /// Packets for which there is room.
    room: usize,
}

#[pymethods]
impl Tap {
    #[new]
    #[pyo3(signature = (config = None))]
    fn new(py: Python<'_>, config: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        memory::set_aside();
        let Settings { engine, workers, mut telling, pseudonyms } = configure(py, config)?;
        telling.waiting_span = engine.waiting_span.0;
        Ok(Self {
            inner: Engine::new(engine, workers),
            files: Arc::default(),
            telling,
            rooms: Rooms::default(),
            pseudonyms,
            time_out_of_range: 0,
            odd_lengths: 0,
            nameless_lane: 0,
            lately: Lately::default(),
            room: 0,
        })
    }

    #[pyo3(signature = (source, rows = 4096, patient = true))]
    fn pump(
        &mut self,
        py: Python<'_>,
        mut source: PyRefMut<'_, Source>,
        rows: usize,
        patient: bool,
    ) -> PyResult<bool> {
        self.room = 0;
        if !source.announced {
            source.announced = true;
            let name = source.name().to_owned();
            Arc::make_mut(&mut self.files).push((self.inner.frames(), name));
        }
        let source = &mut *source;
        loop {
            let told = self.inner.journal().is_some();
            let read = match self.inner {
                Engine::Several(_) => Self::read_together,
                Engine::One(_) if told => Self::read::<true>,
                Engine::One(_) => Self::read::<false>,
            };
            let outcome = py.detach(|| {
                let outcome = read(self, source, rows);
                // Until Python asks again, which may be never, the file is everybody's.
                source.reader().pause();
                outcome
            });
            match outcome {
                Ok(Stop::Rows) => return Ok(true),
                Ok(Stop::End) => return Ok(false),
                Ok(Stop::Pause) => {
                    py.check_signals()?;
                    if !patient {
                        return Ok(true);
                    }
                }
                Ok(Stop::Short) => return Err(self.out_of_memory(py)),
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
        at: Moment,
        link: u16,
        frame: Octets<'_>,
        wire_length: Option<u32>,
    ) -> PyResult<()> {
        let frame = &*frame.0;
        let Ok(length) = u32::try_from(frame.len()) else {
            return Err(error::usage(py, "a frame cannot be longer than 4 GiB"));
        };
        let wire_length = wire_length.unwrap_or(length).max(length);
        self.makes_room(py)?;
        self.inner.one(py)?.push_frame(Timestamp(at.0), LinkType(link), frame, wire_length);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "one argument for each field of a TCP segment")]
    #[pyo3(signature = (at, source, destination, sequence, acknowledgment, flags, payload = Octets::NONE))]
    fn push_segment(
        &mut self,
        py: Python<'_>,
        at: Moment,
        source: &Bound<'_, PyAny>,
        destination: &Bound<'_, PyAny>,
        sequence: u32,
        acknowledgment: u32,
        flags: u8,
        payload: Octets<'_>,
    ) -> PyResult<()> {
        let (source, destination) = (self.lately.end(source)?.0, self.lately.end(destination)?.0);
        let payload = &*payload.0;
        let Ok(payload_on_wire) = u32::try_from(payload.len()) else {
            return Err(error::usage(py, "a segment cannot be longer than 4 GiB"));
        };
        let segment = Segment {
            source: source.address,
            destination: destination.address,
            source_port: source.port,
            destination_port: destination.port,
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
        self.makes_room(py)?;
        self.inner.one(py)?.push_segment(Timestamp(at.0), &segment);
        Ok(())
    }

    #[pyo3(signature = (at, client = None, server = None))]
    fn open_stream(
        &mut self,
        py: Python<'_>,
        at: u64,
        client: Option<End>,
        server: Option<End>,
    ) -> PyResult<u64> {
        let (client, server, lane) = match (client, server) {
            (Some(client), Some(server)) => (client.0, server.0, 0),
            (None, None) => (UNSPECIFIED[0], UNSPECIFIED[1], self.next_lane()),
            _ => return Err(error::usage(py, "a connection has both ends, or none that is known")),
        };
        self.room = 0;
        Ok(self.inner.one(py)?.open_stream(Timestamp(at), client, server, lane).number())
    }

    #[pyo3(signature = (connection, direction, octets, at, seen = None))]
    fn push_stream(
        &mut self,
        py: Python<'_>,
        connection: Whom,
        direction: Speaker,
        octets: Octets<'_>,
        at: Moment,
        seen: Option<u64>,
    ) -> PyResult<bool> {
        self.room = 0;
        let tap = self.inner.one(py)?;
        let whom = connection.within(tap);
        Ok(tap.push_stream(Timestamp(at.0), whom, direction.0, &octets.0, seen))
    }

    #[pyo3(signature = (connection, direction, at, how = "fin"))]
    fn end_stream(
        &mut self,
        py: Python<'_>,
        connection: Whom,
        direction: Option<Speaker>,
        at: u64,
        how: &str,
    ) -> PyResult<bool> {
        let how = match (how, direction) {
            ("fin", Some(side)) => StreamEnd::Closed(side.0),
            ("rst", Some(side)) => StreamEnd::Reset(side.0),
            ("abort", None) => StreamEnd::Abandoned,
            _ => {
                return Err(error::usage(
                    py,
                    "a stream ends by `fin` or `rst` of one direction, or by `abort` of none",
                ));
            }
        };
        self.room = 0;
        let tap = self.inner.one(py)?;
        let whom = connection.within(tap);
        Ok(tap.end_stream(Timestamp(at), whom, how))
    }

    fn advise(
        &mut self,
        py: Python<'_>,
        connection: Whom,
        protocol: &str,
        provider: &str,
        facts: &Bound<'_, PyDict>,
    ) -> PyResult<bool> {
        let advice = advice::read(py, protocol, provider, facts)?;
        let tap = self.inner.one(py)?;
        let whom = connection.within(tap);
        Ok(tap.advise(whom, advice))
    }

    fn expect_handshake(&mut self, py: Python<'_>, connection: Whom) -> PyResult<bool> {
        let tap = self.inner.one(py)?;
        let whom = connection.within(tap);
        Ok(tap.expect_handshake(whom))
    }

    #[pyo3(signature = (connection, note, early = false))]
    fn mark(&mut self, py: Python<'_>, connection: Whom, note: u64, early: bool) -> PyResult<bool> {
        let tap = self.inner.one(py)?;
        let whom = connection.within(tap);
        Ok(if early { tap.mark_early(whom, note) } else { tap.mark(whom, note) })
    }

    #[pyo3(signature = (one, other, number = None))]
    fn find(&mut self, py: Python<'_>, one: End, other: End, number: Option<u64>) -> PyResult<Option<u64>> {
        Ok(self.inner.one(py)?.find(one.0, other.0, 0, number).map(zertap_core::flow::ConnectionRef::number))
    }

    #[getter]
    fn waiting_rows(&self) -> usize {
        self.inner.waiting_rows()
    }

    fn advance(&mut self, py: Python<'_>, now: u64) -> PyResult<()> {
        self.room = 0;
        self.inner.one(py)?.advance(Timestamp(now));
        Ok(())
    }

    #[pyo3(signature = (most = None))]
    fn finish(&mut self, py: Python<'_>, most: Option<usize>) -> PyResult<bool> {
        let most = most.unwrap_or(usize::MAX);
        if memory::may_fail(|| self.inner.reserve_finish(most)).is_err() {
            return Err(self.out_of_memory(py));
        }
        Ok(py.detach(|| self.inner.finish(most)))
    }

    fn rest(&mut self, py: Python<'_>, mut source: PyRefMut<'_, Source>) {
        let source = &mut *source;
        if let Some(crew) = self.inner.crew().filter(|crew| crew.is_reading()) {
            py.detach(|| {
                crew.rest();
                source.told(crew);
            });
        }
    }

    fn drain(&mut self) -> EventBatch {
        self.room = 0;
        let rows = self.inner.drain(self.rooms.take());
        self.batch(rows)
    }

    fn current(
        &mut self,
        py: Python<'_>,
        start: usize,
        most: usize,
    ) -> PyResult<(EventBatch, Option<usize>)> {
        let (rows, next) = {
            let tap = self.inner.one(py)?;
            py.detach(|| tap.current(start, most))
        };
        Ok((self.batch(rows), next))
    }

    fn keep_journal(&mut self, py: Python<'_>, packet: u64) -> PyResult<()> {
        self.inner.one(py)?.keep_journal(packet);
        Ok(())
    }

    fn journal<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.inner.journal().map(|journal| journal::show(py, journal, &self.files)).transpose()
    }

    fn clock(&self) -> Option<(u64, u64)> {
        self.inner.clock().map(|(began, now)| (began.0, now.0))
    }

    fn counters<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let counters = self.inner.counters();
        let alone = (self.time_out_of_range, self.odd_lengths);
        let (time_out_of_range, odd_lengths) = self.inner.crew().map_or(alone, |crew| crew.oddities());
        dict.set_item("frames", counters.frames)?;
        dict.set_item("segments", counters.segments)?;
        for (skip, count) in Skip::ALL.iter().zip(counters.skipped) {
            dict.set_item(format!("skipped_{}", skip.word()), count)?;
        }
        dict.set_item("clock_backwards", counters.clock_backwards)?;
        dict.set_item("calls_gone", counters.gone)?;
        dict.set_item("calls_late", counters.late)?;
        dict.set_item("time_out_of_range", time_out_of_range)?;
        dict.set_item("odd_lengths", odd_lengths)?;
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

    fn ledger<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
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
    fn next_lane(&mut self) -> u32 {
        self.nameless_lane = self.nameless_lane.checked_add(1).unwrap_or(1);
        self.nameless_lane
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
        EventBatch::new(rows, Arc::clone(&self.files), self.telling, self.rooms.clone())
    }

    /// Room for one more packet, or an error before it is pushed.
    #[inline]
    fn makes_room(&mut self, py: Python<'_>) -> PyResult<()> {
        if self.room == 0 {
            let tap = self.inner.one(py)?;
            if memory::may_fail(|| tap.reserve(ROOM)).is_err() {
                return Err(self.out_of_memory(py));
            }
            self.room = ROOM;
        }
        if memory::is_short() {
            return Err(self.out_of_memory(py));
        }
        self.room -= 1;
        Ok(())
    }

    fn out_of_memory(&mut self, py: Python<'_>) -> PyErr {
        error::out_of_memory(py, self.inner.frames(), self.inner.live())
    }

    /// Reads frames until enough rows wait, the capture ends, or Python's signal handlers want their turn.
    ///
    /// `TOLD`: a journal is kept; the reading stops where the journal is over.
    fn read<const TOLD: bool>(
        &mut self,
        source: &mut Source,
        rows: usize,
    ) -> Result<Stop, zertap_capture::CaptureError> {
        let Self { inner: Engine::One(tap), time_out_of_range, odd_lengths, .. } = self else {
            return Ok(Stop::End);
        };
        let begun = Instant::now();
        while tap.waiting_rows() < rows {
            for _ in 0..BATCHES_BETWEEN_CLOCKS {
                // The next read may wait: what is asked for goes out before.
                if tap.waiting_rows() >= rows {
                    return Ok(Stop::Rows);
                }
                if memory::may_fail(|| tap.reserve(MOST)).is_err() || memory::is_short() {
                    return Ok(Stop::Short);
                }
                let (reader, mut tally) = source.reader_and_tally();
                let before = tap.counters().frames;
                if TOLD {
                    let Some(frame) = reader.next_frame()? else { return Ok(Stop::End) };
                    *time_out_of_range += u64::from(!frame.time_valid);
                    *odd_lengths += u64::from(frame.odd_length);
                    tap.push_frame_told(&raw(&frame));
                    source.packets += 1;
                    if tap.journal().is_some_and(Journal::is_over) {
                        return Ok(Stop::End);
                    }
                    continue;
                }
                tap.push_frames(&mut reader.next_frames()?.map(|frame| {
                    *time_out_of_range += u64::from(!frame.time_valid);
                    *odd_lengths += u64::from(frame.odd_length);
                    if let Some(tally) = &mut tally {
                        tally.note(Seen::of(&frame));
                    }
                    raw(&frame)
                }));
                let frames = tap.counters().frames - before;
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

    /// Takes what the workers tell until enough rows wait, the capture ends, or signal handlers want their turn.
    fn read_together(
        &mut self,
        source: &mut Source,
        rows: usize,
    ) -> Result<Stop, zertap_capture::CaptureError> {
        let Some(crew) = self.inner.crew() else { return Ok(Stop::End) };
        if !source.begun {
            source.begun = true;
            source.packets_before = crew.frames();
            crew.begin(source.path());
        }
        let begun = Instant::now();
        while crew.waiting_rows() < rows {
            let progress = crew.wait(SIGNALS_AFTER);
            source.told(crew);
            match progress? {
                Progress::Over => return Ok(Stop::End),
                Progress::More if begun.elapsed() >= SIGNALS_AFTER => return Ok(Stop::Pause),
                Progress::More => {}
            }
        }
        Ok(Stop::Rows)
    }
}

fn raw<'a>(frame: &Frame<'a>) -> RawFrame<'a> {
    RawFrame { at: frame.at, link: LinkType(frame.link), bytes: frame.bytes, wire_length: frame.wire_length }
}

/// Packets for which room is made at once.
const ROOM: usize = 32;

/// Ends that nobody knows: the unspecified address, once of each family, so that the two can be told apart.
const UNSPECIFIED: [Endpoint; 2] =
    [Endpoint { address: Address([0; 16]), port: 0 }, Endpoint { address: Address::v4([0; 4]), port: 0 }];

/// Why reading stopped.
enum Stop {
    Rows,
    End,
    Pause,
    Short,
}

/// How often Python's signal handlers get their turn.
const SIGNALS_AFTER: Duration = Duration::from_millis(100);
/// Batches of frames read between two looks at the clock.
const BATCHES_BETWEEN_CLOCKS: usize = 8;

/// What a tap is told when it is made.
pub(crate) struct Settings {
    pub(crate) engine: Config,
    pub(crate) workers: u32,
    pub(crate) telling: Telling,
    pub(crate) pseudonyms: Option<Pseudonyms>,
}

pub(crate) fn configure(py: Python<'_>, given: Option<&Bound<'_, PyDict>>) -> PyResult<Settings> {
    let engine = Config { hash_key: random_key(), ..Config::default() };
    let mut settings = Settings { engine, workers: 1, telling: Telling::default(), pseudonyms: None };
    let Some(given) = given else { return Ok(settings) };
    let Settings { engine: config, workers, telling, pseudonyms } = &mut settings;
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
            "early_moves" => config.early_moves = value.extract()?,
            "workers" => *workers = several(py, value.extract()?)?,
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

/// More workers than any machine has cores only cost memory.
const MOST_WORKERS: u32 = 1024;

fn several(py: Python<'_>, workers: u32) -> PyResult<u32> {
    if (1..=MOST_WORKERS).contains(&workers) {
        Ok(workers)
    } else {
        Err(error::usage(py, &format!("`workers` must be from 1 to {MOST_WORKERS}")))
    }
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
