//! Capture sources for Python.

use crate::error;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use zertap_capture::{CaptureErrorKind, Compression, Container, Crew, Order, Tally, TimeResolution};
use zertap_core::time::Span;

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Source {
    name: String,
    /// A reader may be moved between threads but not shared; the lock only says so, it is never contended.
    inner: Mutex<zertap_capture::Source>,
    pub(crate) packets: u64,
    path: PathBuf,
    /// A crew reads it, since before its first packet.
    pub(crate) begun: bool,
    /// How many packets the crew had read before.
    pub(crate) packets_before: u64,
    /// How much of the stored file the crew has read. Unit: octets.
    stored: Option<u64>,
    /// The tap has been told that this capture begins.
    pub(crate) announced: bool,
    /// What the capture is like, where it is asked for.
    pub(crate) tally: Option<Tally>,
}

impl Source {
    /// The reader, for one who owns it alone.
    pub(crate) fn reader(&mut self) -> &mut zertap_capture::Source {
        self.inner.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reader, and who counts what its capture is like.
    pub(crate) fn reader_and_tally(&mut self) -> (&mut zertap_capture::Source, Option<&mut Tally>) {
        (self.inner.get_mut().unwrap_or_else(PoisonError::into_inner), self.tally.as_mut())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How far a crew is with it; at its end the crew's reader knows what this one would.
    pub(crate) fn told(&mut self, crew: &mut Crew) {
        self.packets = crew.frames() - self.packets_before;
        self.stored = Some(crew.bytes_read());
        if let Some(reader) = crew.take_reader() {
            *self.reader() = reader;
        }
    }

    fn with<T>(&self, ask: impl FnOnce(&zertap_capture::Source) -> T) -> T {
        ask(&self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl Source {
    #[new]
    #[pyo3(signature = (path, silence_ns = None))]
    fn new(py: Python<'_>, path: PathBuf, silence_ns: Option<u64>) -> PyResult<Self> {
        let inner = loop {
            match py.detach(|| zertap_capture::Source::open(&path)) {
                Ok(inner) => break inner,
                // A signal came while the first octets were awaited: let Python's handlers run, then try again.
                Err(error) if error.kind() == CaptureErrorKind::Interrupted => py.check_signals()?,
                Err(error) => return Err(error::capture(py, &error)),
            }
        };
        let tally = silence_ns.map(|shortest| Tally::new(Span(shortest)));
        let name = path.display().to_string();
        Ok(Self {
            name,
            inner: Mutex::new(inner),
            packets: 0,
            path,
            begun: false,
            packets_before: 0,
            stored: None,
            announced: false,
            tally,
        })
    }

    #[getter]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    #[getter]
    fn bytes_read(&self) -> u64 {
        self.stored.unwrap_or_else(|| self.with(zertap_capture::Source::bytes_read))
    }

    #[getter]
    fn total_bytes(&self) -> Option<u64> {
        self.with(zertap_capture::Source::total_bytes)
    }

    #[getter]
    fn packets(&self) -> u64 {
        self.packets
    }

    fn info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let info = self.with(|source| source.info().clone());
        let dict = PyDict::new(py);
        dict.set_item(
            "container",
            match info.container {
                Container::Pcap => "pcap",
                Container::Pcapng => "pcapng",
            },
        )?;
        dict.set_item(
            "compression",
            match info.compression {
                Compression::None => None,
                Compression::Gzip => Some("gzip"),
                Compression::Zstd => Some("zstd"),
            },
        )?;
        dict.set_item(
            "byte_order",
            match info.byte_order {
                Order::Big => "big",
                Order::Little => "little",
            },
        )?;
        let interfaces = PyList::empty(py);
        for interface in &info.interfaces {
            let entry = PyDict::new(py);
            entry.set_item("link_type", interface.link)?;
            entry.set_item("snap_length", interface.snap_length)?;
            let (base, exponent) = match interface.resolution {
                TimeResolution::Decimal(exponent) => (10, exponent),
                TimeResolution::Binary(exponent) => (2, exponent),
            };
            entry.set_item("time_resolution", (base, -i32::from(exponent)))?;
            interfaces.append(entry)?;
        }
        dict.set_item("interfaces", interfaces)?;
        Ok(dict)
    }

    fn tally<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(tally) = &self.tally else { return Ok(None) };
        let dict = PyDict::new(py);
        dict.set_item("packets", tally.packets())?;
        dict.set_item("untimed", tally.untimed())?;
        dict.set_item("times", tally.times().map(|(earliest, latest)| (earliest.0, latest.0)))?;
        let steps = tally.steps();
        dict.set_item("steps_back", (steps.count, steps.largest, steps.packet))?;
        let (silences, silent) = tally.silences();
        dict.set_item("silences", silences)?;
        dict.set_item("silent_ns", silent.0)?;
        let longest = tally.longest().iter().map(|each| (each.packet, each.start.0, each.length.0));
        dict.set_item("longest_silences", longest.collect::<Vec<_>>())?;
        let interfaces = PyList::empty(py);
        for each in tally.interfaces() {
            let entry = PyDict::new(py);
            entry.set_item("packets", each.packets)?;
            entry.set_item("captured_bytes", each.captured)?;
            entry.set_item("wire_bytes", each.wire)?;
            entry.set_item("cut", each.cut)?;
            entry.set_item("kept_of_cut", each.kept_of_cut)?;
            interfaces.append(entry)?;
        }
        dict.set_item("interfaces", interfaces)?;
        Ok(Some(dict))
    }
}
