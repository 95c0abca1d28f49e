//! Rows seen as objects: an attribute is read from its row when somebody asks for it, and nothing else of the row is.
//!
//! Usual values (numbers, words, texts) are made here; for others the row is written as its JSON line, which Python reads.
//! So what an attribute says is what the line says, and a test holds both equal.

use crate::batch::EventBatch;
use crate::chosen::Chosen;
use crate::direct;
use crate::error;
use crate::plan::Plan;
use crate::sources::{self, Protocol, Source};
use crate::value::Kind;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyType};
use std::sync::OnceLock;
use zertap_core::event::Row;

/// See the stub.
#[pyclass(module = "zertap._native", frozen, subclass)]
pub(crate) struct RowView(Seen);

enum Seen {
    /// An object that was given.
    Object(Py<PyAny>),
    Row {
        batch: Py<EventBatch>,
        plan: Py<Plan>,
        row: usize,
    },
}

#[pymethods]
impl RowView {
    #[new]
    #[pyo3(signature = (seen, plan = None, row = 0))]
    fn new(seen: Bound<'_, PyAny>, plan: Option<Py<Plan>>, row: usize) -> PyResult<Self> {
        let Some(plan) = plan else { return Ok(Self(Seen::Object(seen.unbind()))) };
        let batch = seen.cast_into::<EventBatch>()?;
        if batch.get().rows().len() <= row {
            return Err(error::usage(batch.py(), "there is no such row"));
        }
        Ok(Self(Seen::Row { batch: batch.unbind(), plan, row }))
    }

    #[getter]
    fn given<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        match &self.0 {
            Seen::Object(object) => Some(object.bind(py).clone()),
            Seen::Row { .. } => None,
        }
    }

    fn line<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        match &self.0 {
            Seen::Object(_) => Ok(None),
            Seen::Row { batch, plan, row } => {
                batch.get().jsonl(py, plan.borrow(py), Some(Chosen::Run(*row..*row + 1))).map(Some)
            }
        }
    }
}

/// See the stub.
#[pyclass(module = "zertap._native", frozen, subclass)]
#[derive(Default)]
pub(crate) struct RowFact(OnceLock<Known>);

struct Known {
    name: Py<PyString>,
    source: Option<Source>,
    /// Makes the attribute of the JSON value, where they are not the same.
    read: Option<Py<PyAny>>,
    /// The group of facts that the attribute opens.
    group: Option<(Protocol, Py<PyType>)>,
}

#[pymethods]
impl RowFact {
    #[new]
    #[pyo3(signature = (*_arguments))]
    fn new(_arguments: &Bound<'_, pyo3::types::PyTuple>) -> Self {
        Self::default()
    }

    fn bind(
        &self,
        name: Py<PyString>,
        source: Option<&str>,
        read: Option<Py<PyAny>>,
        group: Option<Py<PyType>>,
    ) {
        let protocol = match source {
            Some("tls") => Some(Protocol::Tls),
            Some("ssh") => Some(Protocol::Ssh),
            _ => None,
        };
        let group = protocol.zip(group);
        self.0.get_or_init(|| Known { name, source: source.and_then(Source::named), read, group });
    }

    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        view: Option<&Bound<'py, PyAny>>,
        _owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let Some(view) = view.filter(|view| !view.is_none()) else { return Ok(slf.clone().into_any()) };
        let Some(known) = slf.get().0.get() else {
            return Err(PyTypeError::new_err("an attribute without a name"));
        };
        if let Seen::Row { batch, plan, row } = &view.cast::<RowView>()?.get().0
            && let Some(found) = known.quick(py, (batch, plan, *row))?
        {
            return Ok(found);
        }
        let facts = view.getattr(intern!(py, "facts"))?;
        let value = facts.call_method1(intern!(py, "get"), (known.name.bind(py),))?;
        match &known.read {
            Some(read) => read.bind(py).call1((value,)),
            None => Ok(value),
        }
    }
}

impl Known {
    /// The attribute of a row, if it is one of the usual ones.
    fn quick<'py>(
        &self,
        py: Python<'py>,
        (batch, plan, row): (&Py<EventBatch>, &Py<Plan>, usize),
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(found) = batch.get().rows().get(row) else { return Ok(None) };
        let absent = || Ok(Some(py.None().into_bound(py)));
        let told = plan.bind(py).borrow();
        if let Some((wanted, group)) = &self.group {
            let has = sources::protocol_of(found.phase) == Some(*wanted) && told.has_group(*wanted);
            return if has { group.bind(py).call1((batch, plan, row)).map(Some) } else { absent() };
        }
        let Some(source) = self.source.filter(|_| self.read.is_none()) else { return Ok(None) };
        let Some(field) = told.field_of(source) else { return absent() };
        if let Some(value) = told.word(py, found, source) {
            return Ok(Some(value));
        }
        if let Some(value) = plain(py, found, source)? {
            return Ok(Some(value));
        }
        match source.kind() {
            Kind::U64 | Kind::F64 | Kind::Bool | Kind::Text => {
                let words = batch.get().words(&told, found);
                told.value(field, found, &words).into_python(py).map(Some)
            }
            Kind::Time | Kind::Words | Kind::List | Kind::Object => Ok(None),
        }
    }
}

/// Values for which nothing but the row is needed.
fn plain<'py>(py: Python<'py>, row: &Row, source: Source) -> PyResult<Option<Bound<'py, PyAny>>> {
    let number = match source {
        Source::ClientPort => row.ports[0].into(),
        Source::ServerPort => row.ports[1].into(),
        Source::BytesClient => row.octets[0],
        Source::BytesServer => row.octets[1],
        Source::SegmentsClient => row.segments[0],
        Source::SegmentsServer => row.segments[1],
        Source::ClientIp | Source::ServerIp => {
            let address = row.addresses[usize::from(source == Source::ServerIp)];
            let mut text = Vec::with_capacity(48);
            direct::write_plain_address(&mut text, address);
            return Ok(Some(PyString::new(py, std::str::from_utf8(&text).unwrap_or_default()).into_any()));
        }
        _ => return Ok(None),
    };
    Ok(Some(number.into_pyobject(py)?.into_any()))
}

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Views {
    batch: Py<EventBatch>,
    plan: Py<Plan>,
    make: Py<PyAny>,
    rows: std::vec::IntoIter<usize>,
}

impl Views {
    pub(crate) fn new(batch: Py<EventBatch>, plan: Py<Plan>, make: Py<PyAny>, rows: Vec<usize>) -> Self {
        Self { batch, plan, make, rows: rows.into_iter() }
    }
}

#[pymethods]
impl Views {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(row) = self.rows.next() else { return Ok(None) };
        self.make.bind(py).call1((&self.batch, &self.plan, row)).map(Some)
    }
}
