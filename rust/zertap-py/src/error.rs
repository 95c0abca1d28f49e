//! One crossing for errors: every engine error becomes one of the classes that `zertap/errors.py` declares.

use crate::memory;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use zertap_capture::live::{LiveError, LiveErrorKind};
use zertap_capture::{CaptureError, CaptureErrorKind};

static USAGE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static UNREADABLE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static DAMAGED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static ABSENT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static UNAVAILABLE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static LOST: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static OUT_OF_MEMORY: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// The caller's mistake, in one line.
pub(crate) fn usage(py: Python<'_>, reason: &str) -> PyErr {
    match USAGE.import(py, "zertap.errors", "Usage") {
        Ok(class) => PyErr::from_type(class.clone(), (reason.to_owned(),)),
        Err(error) => error,
    }
}

/// There is no memory to go on; `left` is how many connections are open, and will not be told.
pub(crate) fn out_of_memory(py: Python<'_>, packets: u64, left: usize) -> PyErr {
    memory::give_back();
    match OUT_OF_MEMORY.import(py, "zertap.errors", "OutOfMemory") {
        Ok(class) => {
            let reason =
                format!("out of memory after {packets} packets: {left} open connections are not told");
            PyErr::from_type(class.clone(), (reason,))
        }
        Err(error) => error,
    }
}

/// A capture that cannot be read, or not further.
pub(crate) fn capture(py: Python<'_>, error: &CaptureError) -> PyErr {
    let class = match error.kind() {
        // Both callers try again after a signal; this is never told.
        CaptureErrorKind::Unreadable | CaptureErrorKind::Interrupted => {
            UNREADABLE.import(py, "zertap.errors", "CaptureUnreadable")
        }
        CaptureErrorKind::Damaged => DAMAGED.import(py, "zertap.errors", "CaptureDamaged"),
    };
    match class {
        Ok(class) => {
            let arguments = (error.reason().to_owned(), error.file().to_owned(), error.offset());
            PyErr::from_type(class.clone(), arguments)
        }
        Err(error) => error,
    }
}

/// An interface that cannot be opened, or not read any more.
pub(crate) fn live(py: Python<'_>, fault: &LiveError) -> PyErr {
    let class = match fault.kind {
        LiveErrorKind::Absent => ABSENT.import(py, "zertap.errors", "MissingExtra"),
        LiveErrorKind::BadFilter => USAGE.import(py, "zertap.errors", "Usage"),
        LiveErrorKind::NoInterface | LiveErrorKind::NotPermitted | LiveErrorKind::Other => {
            UNAVAILABLE.import(py, "zertap.errors", "InterfaceUnavailable")
        }
        LiveErrorKind::Lost => LOST.import(py, "zertap.errors", "InterfaceLost"),
    };
    match class {
        Ok(class) => PyErr::from_type(class.clone(), (fault.reason.clone(), fault.interface.clone())),
        Err(error) => error,
    }
}
