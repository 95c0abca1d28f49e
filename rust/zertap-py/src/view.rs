//! Rows seen as objects: an attribute is read from its row when somebody asks for it, and nothing else of the row is.
//!
//! Usual values (numbers, words, texts) are made here; for others the row is written as its JSON line, which Python reads.
//! So what an attribute says is what the line says, and a test holds both equal.
//!
//! To make an object of Python and to let go of it costs as much as three attributes. So an object that nobody else has is
//! turned to another row instead: that of the connection before the last one, and a connection's own views of its groups.

use crate::address;
use crate::batch::{EventBatch, ask_ahead};
use crate::chosen::Chosen;
use crate::error;
use crate::plan::{Fixed, Plan};
use crate::sources::{self, Protocol, Source};
use crate::value::Kind;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyType};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use zertap_core::event::Row;

/// Rows of one batch, and the plan by which they are told.
#[pyclass(module = "zertap._native", frozen)]
pub(crate) struct Shown {
    batch: Py<EventBatch>,
    plan: Py<Plan>,
    fixed: Arc<Fixed>,
}

impl Shown {
    fn new(py: Python<'_>, batch: Py<EventBatch>, plan: Py<Plan>) -> Self {
        let fixed = Arc::clone(plan.borrow(py).fixed());
        Self { batch, plan, fixed }
    }
}

/// See the stub.
#[pyclass(module = "zertap._native", frozen, subclass)]
pub(crate) struct RowView(Seen);

enum Seen {
    /// An object that was given.
    Object(Py<PyAny>),
    Row(Place),
}

/// A row, by its number.
struct Place {
    shown: Py<Shown>,
    row: AtomicUsize,
    /// Views of the groups that were asked for, which may show an earlier row.
    groups: [OnceLock<Py<RowView>>; 2],
}

impl Place {
    fn row(&self) -> usize {
        self.row.load(Ordering::Relaxed)
    }
}

#[pymethods]
impl RowView {
    #[new]
    #[pyo3(signature = (seen, plan = None, row = 0))]
    fn new(seen: Bound<'_, PyAny>, plan: Option<Py<Plan>>, row: usize) -> PyResult<Self> {
        let place = |shown| Self(Seen::Row(Place { shown, row: row.into(), groups: Default::default() }));
        if let Ok(shown) = seen.cast::<Shown>() {
            return Ok(place(shown.clone().unbind()));
        }
        let Some(plan) = plan else { return Ok(Self(Seen::Object(seen.unbind()))) };
        let batch = seen.cast_into::<EventBatch>()?;
        let py = batch.py();
        if batch.get().rows().len() <= row {
            return Err(error::usage(py, "there is no such row"));
        }
        Ok(place(Py::new(py, Shown::new(py, batch.unbind(), plan))?))
    }

    #[getter]
    fn given<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        match &self.0 {
            Seen::Object(object) => Some(object.bind(py).clone()),
            Seen::Row(_) => None,
        }
    }

    fn line<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        match &self.0 {
            Seen::Object(_) => Ok(None),
            Seen::Row(place) => {
                let (Shown { batch, plan, .. }, row) = (place.shown.get(), place.row());
                batch.get().jsonl(py, plan.borrow(py), Some(Chosen::Run(row..row + 1))).map(Some)
            }
        }
    }
}

impl RowView {
    /// Lets the view show another row of what it shows, if it shows that row already or nobody but its owner has it.
    fn turned_to<'py>(view: &Py<Self>, py: Python<'py>, row: usize) -> Option<Bound<'py, PyAny>> {
        let Seen::Row(place) = &view.get().0 else { return None };
        if place.row() != row {
            #[expect(deprecated, reason = "the one without a check is not for this crate")]
            let owners = view.get_refcnt(py);
            if owners != 1 {
                return None;
            }
            place.row.store(row, Ordering::Relaxed);
        }
        Some(view.bind(py).clone().into_any())
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
    group: Option<(Protocol, Group)>,
}

/// A class of views.
struct Group {
    class: Py<PyType>,
    /// See `holds_nothing`.
    plain: bool,
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
        group: Option<Bound<'_, PyType>>,
    ) -> PyResult<()> {
        let protocol = match source {
            Some("tls") => Some(Protocol::Tls),
            Some("ssh") => Some(Protocol::Ssh),
            _ => None,
        };
        let group = match group {
            Some(class) => Some(Group { plain: holds_nothing(class.as_any())?, class: class.unbind() }),
            None => None,
        };
        let group = protocol.zip(group);
        self.0.get_or_init(|| Known { name, source: source.and_then(Source::named), read, group });
        Ok(())
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
        if let Seen::Row(place) = &view.cast::<RowView>()?.get().0
            && let Some(found) = known.quick(py, place)?
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
    fn quick<'py>(&self, py: Python<'py>, place: &Place) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Shown { batch, plan, fixed } = place.shown.get();
        let Some(found) = batch.get().rows().get(place.row()) else { return Ok(None) };
        let absent = || Ok(Some(py.None().into_bound(py)));
        if let Some((wanted, group)) = &self.group {
            let has = sources::protocol_of(found.phase) == Some(*wanted) && fixed.has_group(*wanted);
            return if has { place.group(py, *wanted, group).map(Some) } else { absent() };
        }
        let Some(source) = self.source.filter(|_| self.read.is_none()) else { return Ok(None) };
        let Some(field) = fixed.field_of(source) else { return absent() };
        if let Some(value) = plain(py, found, source, fixed)? {
            return Ok(Some(value));
        }
        match source.kind() {
            Kind::U64 | Kind::F64 | Kind::Bool | Kind::Text => {
                let plan = plan.bind(py).borrow();
                let words = batch.get().words(&plan, found);
                plan.value(field, found, &words).into_python(py).map(Some)
            }
            Kind::Time | Kind::Words | Kind::List | Kind::Object => Ok(None),
        }
    }
}

impl Place {
    /// The view of a group of facts of this row.
    fn group<'py>(&self, py: Python<'py>, wanted: Protocol, group: &Group) -> PyResult<Bound<'py, PyAny>> {
        let kept = &self.groups[wanted as usize];
        if let Some(view) = kept.get()
            && let Some(view) = RowView::turned_to(view, py, self.row())
        {
            return Ok(view);
        }
        let made = group.class.bind(py).call1((&self.shown, py.None(), self.row()))?;
        if let (Ok(view), true) = (made.cast::<RowView>(), group.plain) {
            // Where one is kept already, somebody else has it, too.
            let _ = kept.set(view.clone().unbind());
        }
        Ok(made)
    }
}

/// Values for which nothing but the row and its words are needed.
fn plain<'py>(
    py: Python<'py>,
    row: &Row,
    source: Source,
    fixed: &Fixed,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let number = match source {
        Source::Verdict => return Ok(fixed.verdict(py, row)),
        Source::Protocol => return Ok(fixed.protocol(py, row)),
        Source::ClientPort => row.ports[0].into(),
        Source::ServerPort => row.ports[1].into(),
        Source::BytesClient => row.octets[0],
        Source::BytesServer => row.octets[1],
        Source::SegmentsClient => row.segments[0],
        Source::SegmentsServer => row.segments[1],
        Source::ClientIp | Source::ServerIp => {
            let address = row.addresses[usize::from(source == Source::ServerIp)];
            return Ok(Some(address::with(address, |text| PyString::new(py, text).into_any())));
        }
        _ => return Ok(None),
    };
    Ok(Some(number.into_pyobject(py)?.into_any()))
}

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Views {
    shown: Py<Shown>,
    make: Py<PyAny>,
    rows: std::vec::IntoIter<usize>,
    /// What was made of late: when the next one is asked for, a loop still has the last one, but mostly not the one before.
    made: [Option<Py<RowView>>; 2],
    /// Objects of this class hold nothing but what they show.
    plain: bool,
}

impl Views {
    pub(crate) fn new(
        py: Python<'_>,
        batch: Py<EventBatch>,
        told_by: Py<Plan>,
        make: Py<PyAny>,
        rows: Vec<usize>,
    ) -> PyResult<Self> {
        let shown = Py::new(py, Shown::new(py, batch, told_by))?;
        let plain = holds_nothing(make.bind(py))?;
        Ok(Self { shown, make, rows: rows.into_iter(), made: [None, None], plain })
    }
}

/// Whether this is a class of views without room for anything of their own.
fn holds_nothing(make: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = make.py();
    let Ok(class) = make.cast::<PyType>() else { return Ok(false) };
    let own = py.get_type::<RowView>();
    for name in
        [intern!(py, "__basicsize__"), intern!(py, "__dictoffset__"), intern!(py, "__weakrefoffset__")]
    {
        if !class.getattr(name)?.eq(own.getattr(name)?)? {
            return Ok(false);
        }
    }
    class.is_subclass(&own)
}

#[pymethods]
impl Views {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(row) = self.rows.next() else { return Ok(None) };
        ask_ahead(self.shown.get().batch.get().rows(), row);
        self.made.swap(0, 1);
        if let Some(view) = &self.made[0]
            && let Some(view) = RowView::turned_to(view, py, row)
        {
            return Ok(Some(view));
        }
        if !self.plain {
            let Shown { batch, plan, .. } = self.shown.get();
            return self.make.bind(py).call1((batch, plan, row)).map(Some);
        }
        let view = self.make.bind(py).call1((&self.shown, py.None(), row))?;
        self.made[0] = view.cast::<RowView>().ok().map(|view| view.clone().unbind());
        Ok(Some(view))
    }
}
