//! Capture sources for Python.

use crate::error;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use zertap_capture::{CaptureErrorKind, Compression, Container, TimeResolution};

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Source {
    name: String,
    /// A reader may be moved between threads but not shared; the lock only says so, it is never contended.
    inner: Mutex<zertap_capture::Source>,
    pub(crate) packets: u64,
    /// The tap has been told that this capture begins.
    pub(crate) announced: bool,
}

impl Source {
    /// The reader, for one who owns it alone.
    pub(crate) fn reader(&mut self) -> &mut zertap_capture::Source {
        self.inner.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, ask: impl FnOnce(&zertap_capture::Source) -> T) -> T {
        ask(&self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl Source {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let inner = loop {
            match py.detach(|| zertap_capture::Source::open(&path)) {
                Ok(inner) => break inner,
                // A signal came while the first octets were awaited: let Python's handlers run, then try again.
                Err(error) if error.kind() == CaptureErrorKind::Interrupted => py.check_signals()?,
                Err(error) => return Err(error::capture(py, &error)),
            }
        };
        Ok(Self { name: path.display().to_string(), inner: Mutex::new(inner), packets: 0, announced: false })
    }

    #[getter]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    #[getter]
    fn bytes_read(&self) -> u64 {
        self.with(zertap_capture::Source::bytes_read)
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
}
