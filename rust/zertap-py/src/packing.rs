//! Files that hold no packets: read whatever their compression, written in gzip or zstd.

use crate::error;
use crate::memory;
use flate2::Compression;
use flate2::write::GzEncoder;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Octets {
    /// May be moved between threads but not shared; the lock only says so, it is never contended.
    inner: Mutex<zertap_capture::Octets>,
    /// What broke behind the octets delivered last.
    broken: Option<PyErr>,
}

#[pymethods]
impl Octets {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let inner = patiently(py, || zertap_capture::Octets::open(&path))?;
        Ok(Self { inner: Mutex::new(inner), broken: None })
    }

    fn read<'py>(&mut self, py: Python<'py>, most: usize) -> PyResult<Bound<'py, PyBytes>> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut room = vec![0; most];
        let mut filled = 0;
        while filled < most {
            let rest = room.get_mut(filled..).unwrap_or_default();
            match patiently(py, || inner.read(rest)) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if filled > 0 => {
                    self.broken = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        memory::octets(py, room.get(..filled).unwrap_or_default())
    }
}

/// Runs what may wait, without the interpreter; after a signal Python's handlers run, then it is tried again.
fn patiently<T: Send>(py: Python<'_>, mut run: impl FnMut() -> io::Result<T> + Send) -> PyResult<T> {
    loop {
        match py.detach(&mut run) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => py.check_signals()?,
            other => return Ok(other?),
        }
    }
}

/// The compressions.
enum Method {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

/// Nothing waits for more: whoever reads on to here has these octets, whatever becomes of the rest.
fn write_out(encoder: &mut impl Write, octets: &[u8]) -> io::Result<()> {
    encoder.write_all(octets)?;
    encoder.flush()
}

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Packer {
    method: Option<Method>,
}

#[pymethods]
impl Packer {
    #[new]
    fn new(py: Python<'_>, method: &str) -> PyResult<Self> {
        let method = match method {
            "gzip" => Method::Gzip(GzEncoder::new(Vec::new(), Compression::default())),
            "zstd" => Method::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 0)?),
            other => return Err(error::usage(py, &format!("no such compression: `{other}`"))),
        };
        Ok(Self { method: Some(method) })
    }

    fn pack<'py>(&mut self, py: Python<'py>, octets: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let packed = py.detach(|| match &mut self.method {
            Some(Method::Gzip(encoder)) => {
                write_out(encoder, octets).map(|()| std::mem::take(encoder.get_mut()))
            }
            Some(Method::Zstd(encoder)) => {
                write_out(encoder, octets).map(|()| std::mem::take(encoder.get_mut()))
            }
            None => Err(io::Error::other("the packer has finished")),
        });
        memory::octets(py, &packed?)
    }

    fn finish<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let method = self.method.take();
        let last = py.detach(|| match method {
            Some(Method::Gzip(encoder)) => encoder.finish(),
            Some(Method::Zstd(encoder)) => encoder.finish(),
            None => Ok(Vec::new()),
        });
        memory::octets(py, &last?)
    }
}
