//! The engine for Python: frames, segments and time in; batches out.

use crate::batch::{EventBatch, Files};
use crate::capture::Source;
use crate::error;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zertap_capture::CaptureErrorKind;
use zertap_core::config::Config;
use zertap_core::event::{RowKind, RowKinds};
use zertap_core::time::{Recurring, Span, Timestamp};
use zertap_core::wire::{LinkType, Segment, Skip, TcpFlags};

/// LINKTYPE_ numbers that the decoder reads.
pub(crate) const LINK_TYPES: [u16; 13] = [0, 1, 9, 12, 14, 50, 101, 108, 113, 228, 229, 276, 280];

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Tap {
    inner: zertap_core::tap::Tap,
    files: Files,
    waiting_span: u64,
    time_out_of_range: u64,
    odd_lengths: u64,
}

#[pymethods]
impl Tap {
    #[new]
    #[pyo3(signature = (config = None))]
    fn new(py: Python<'_>, config: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let config = configure(py, config)?;
        let waiting_span = config.waiting_span.0;
        Ok(Self {
            inner: zertap_core::tap::Tap::new(config),
            files: Arc::default(),
            waiting_span,
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
            match py.detach(|| self.read(source, rows)) {
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
        EventBatch::new(self.inner.drain(), Arc::clone(&self.files), self.waiting_span)
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
}

impl Tap {
    /// Reads frames until enough rows wait, the capture ends, or Python's signal handlers want their turn.
    fn read(&mut self, source: &mut Source, rows: usize) -> Result<Stop, zertap_capture::CaptureError> {
        let begun = Instant::now();
        while self.inner.waiting_rows() < rows {
            for _ in 0..FRAMES_BETWEEN_CLOCKS {
                let Some(frame) = source.reader().next_frame()? else { return Ok(Stop::End) };
                self.time_out_of_range += u64::from(!frame.time_valid);
                self.odd_lengths += u64::from(frame.odd_length);
                self.inner.push_frame(frame.at, LinkType(frame.link), frame.bytes, frame.wire_length);
                source.packets += 1;
            }
            if begun.elapsed() >= SIGNALS_AFTER {
                return Ok(Stop::Pause);
            }
        }
        Ok(Stop::Rows)
    }
}

/// Why reading stopped.
enum Stop {
    Rows,
    End,
    Pause,
}

/// How often Python's signal handlers get their turn.
const SIGNALS_AFTER: Duration = Duration::from_millis(100);
/// Frames read between two looks at the clock.
const FRAMES_BETWEEN_CLOCKS: usize = 256;

fn configure(py: Python<'_>, given: Option<&Bound<'_, PyDict>>) -> PyResult<Config> {
    let mut config = Config { hash_key: random_key(), ..Config::default() };
    let Some(given) = given else { return Ok(config) };
    for (key, value) in given {
        let key: String = key.extract()?;
        match key.as_str() {
            "certificates" => config.options.certificates = value.extract()?,
            "upgrades" => config.options.upgrades = value.extract()?,
            "offers" => config.options.offers = value.extract()?,
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
    Ok(config)
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
