//! Record batches of parts that Python brings, made in one thread of their own.
//!
//! Readers ask from any thread: DuckDB's take turns. An engine that went with them from core to core would leave its
//! connections behind in the caches each time, a tenth of all it does.

use crate::arrow::{Part, raise, record_batch};
use crate::texts::Form;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::Builder;
use std::time::Duration;

/// A reader of such a stream. Whoever asks it must not make another thread wait for the interpreter meanwhile.
pub(crate) struct Brought {
    schema: SchemaRef,
    form: Form,
    /// Exceptions that ended it.
    faults: Py<PyList>,
    state: State,
}

enum State {
    /// Nobody has asked: some readers open a stream only for its schema.
    Unread(Py<PyIterator>),
    Read(Maker),
    /// It has come to its end, or failed.
    Over,
}

/// The thread that makes them, seen from outside.
struct Maker {
    /// None: nobody waits for any more.
    batches: Option<Receiver<Made>>,
    is_wanted: Arc<AtomicBool>,
    /// Nothing comes through it: the thread holds the other end for as long as it lives.
    life: Receiver<()>,
}

/// The next one; none at the end.
type Made = PyResult<Option<RecordBatch>>;

/// Batches that wait for the reader; one more is in the making.
const AHEAD: usize = 1;

/// What is said where the thread did not come to an end of its own; columns must not seem to be whole then.
const GONE: &str = "the thread that makes columns has gone";

/// How long a thread is waited for whose batches nobody wants.
const FAREWELL: Duration = Duration::from_secs(1);

/// How often the interpreter is asked whether a signal came.
const PATIENCE: Duration = Duration::from_millis(100);

impl Brought {
    pub(crate) fn new(schema: SchemaRef, form: Form, parts: Py<PyIterator>, faults: Py<PyList>) -> Self {
        Self { schema, form, faults, state: State::Unread(parts) }
    }

    /// An exception for a reader, who makes an error of its own of its text; itself it is kept.
    fn told(&self, error: &PyErr) -> ArrowError {
        Python::attach(|py| {
            // Where there is no memory to keep it, the reader's error is all there is.
            let _ = self.faults.bind(py).append(error.value(py));
            ArrowError::ExternalError(error.to_string().into())
        })
    }

    fn bring(&mut self) -> Made {
        if let State::Unread(_) = self.state
            && let State::Unread(parts) = std::mem::replace(&mut self.state, State::Over)
        {
            self.state = State::Read(Maker::new(parts, self.form)?);
        }
        match &mut self.state {
            State::Read(maker) => maker.next(),
            _ => Ok(None),
        }
    }
}

impl Iterator for Brought {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.bring();
        if !matches!(found, Ok(Some(_))) {
            self.state = State::Over;
        }
        found.map_err(|error| self.told(&error)).transpose()
    }
}

impl RecordBatchReader for Brought {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl Maker {
    fn new(parts: Py<PyIterator>, form: Form) -> PyResult<Self> {
        let (sender, batches) = sync_channel(AHEAD);
        let (alive, life) = sync_channel(0);
        let is_wanted = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&is_wanted);
        Builder::new().name("zertap-columns".to_owned()).spawn(move || {
            make(parts, form, &sender, &asked);
            drop::<SyncSender<()>>(alive);
        })?;
        Ok(Self { batches: Some(batches), is_wanted, life })
    }

    fn next(&mut self) -> Made {
        let Some(batches) = &mut self.batches else { return Ok(None) };
        Python::attach(|py| {
            loop {
                let batches = &mut *batches;
                match py.detach(move || batches.recv_timeout(PATIENCE)) {
                    Ok(made) => return made,
                    Err(RecvTimeoutError::Disconnected) => return Err(PyRuntimeError::new_err(GONE)),
                    Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                }
            }
        })
    }
}

/// The thread has ended when the stream is let go, and with it the engine and the capture, which nobody reads any more. One that waits
/// for more of a pipe ends when that comes.
impl Drop for Maker {
    fn drop(&mut self) {
        self.batches = None;
        self.is_wanted.store(false, Ordering::Relaxed);
        let life = &mut self.life;
        // An interpreter that ends lets nobody in, so there is nothing to wait for.
        let _ = Python::try_attach(|py| py.detach(move || life.recv_timeout(FAREWELL)));
    }
}

/// Makes batch after batch, until there is none or nobody takes it.
fn make(parts: Py<PyIterator>, form: Form, sender: &SyncSender<Made>, is_wanted: &AtomicBool) {
    while let Some(made) = Python::try_attach(|py| one(py, &parts, form, is_wanted)) {
        let is_last = !matches!(made, Ok(Some(_)));
        if sender.send(made).is_err() || is_last {
            break;
        }
    }
    // It may hold an engine and a capture.
    let _ = Python::try_attach(|_| drop(parts));
}

/// One batch. Its rows go as soon as it is made.
fn one(py: Python<'_>, parts: &Py<PyIterator>, form: Form, is_wanted: &AtomicBool) -> Made {
    for part in parts.bind(py) {
        let part: Option<Part<'_>> = part?.extract()?;
        if let Some((batch, plan, rows)) = part {
            let (batch, plan, rows) = (batch.get(), plan.borrow(), rows.unwrap_or_default());
            let plan = &*plan;
            return py.detach(|| record_batch(batch, plan, &rows, form)).map(Some).map_err(raise);
        }
        if !is_wanted.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(None)
}
