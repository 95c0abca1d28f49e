//! What is written of rows: the field list and the words that Python owns, compiled once.

use crate::batch::Telling;
use crate::certificate;
use crate::direct::{self, Days};
use crate::error;
use crate::facts;
use crate::json;
use crate::lines::{Forms, Steps};
use crate::sources::{self, EventTemplate, Protocol, Source, Words};
use crate::value::{Kind, Value};
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use zertap_core::event::Row;

/// Where a field's value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Source(Source),
    Constant(String),
}

impl Origin {
    /// The protocol that a value belongs to, if to one alone.
    pub(crate) fn protocol(&self) -> Option<Protocol> {
        match self {
            Origin::Source(source) => source.protocol(),
            Origin::Constant(_) => None,
        }
    }
}

/// One output field.
#[derive(Clone, Debug)]
pub(crate) struct PlanField {
    pub(crate) path: String,
    pub(crate) origin: Origin,
}

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Plan {
    fixed: Arc<Fixed>,
    events: Arc<Events>,
    /// Plans are used by one thread at a time; the lock only says so.
    pub(crate) forms: Mutex<Forms>,
}

/// What is never taught.
pub(crate) struct Fixed {
    pub(crate) fields: Vec<PlanField>,
    pub(crate) steps: Steps,
    verdicts: [String; 16],
    protocols: [String; 16],
    /// Both for Python.
    words: [Vec<Py<PyString>>; 2],
    /// Where each source stands among the fields, by its number.
    places: Vec<Option<usize>>,
    /// Whether there are fields of TLS alone, and of SSH.
    groups: [bool; 2],
    file: Option<String>,
}

/// The events of each pattern.
type Events = HashMap<u32, Vec<EventTemplate>, ahash::RandomState>;

impl Deref for Plan {
    type Target = Fixed;

    fn deref(&self) -> &Fixed {
        &self.fixed
    }
}

#[pymethods]
impl Plan {
    #[new]
    #[pyo3(signature = (fields, verdicts, protocols, file))]
    fn new(
        py: Python<'_>,
        fields: Vec<(String, String)>,
        verdicts: Vec<String>,
        protocols: Vec<String>,
        file: Option<String>,
    ) -> PyResult<Self> {
        let fields = fields.into_iter().map(|field| compile(py, field)).collect::<PyResult<Vec<_>>>()?;
        let sixteen = |words: Vec<String>| {
            <[String; 16]>::try_from(words)
                .map_err(|words| error::usage(py, &format!("16 words needed, not {}", words.len())))
        };
        let steps = Steps::of(&fields);
        let words = [&verdicts, &protocols]
            .map(|words| words.iter().map(|word| PyString::new(py, word).unbind()).collect::<Vec<_>>());
        let places = places(&fields);
        let groups = [Protocol::Tls, Protocol::Ssh]
            .map(|protocol| fields.iter().any(|field| field.origin.protocol() == Some(protocol)));
        let (verdicts, protocols) = (sixteen(verdicts)?, sixteen(protocols)?);
        let fixed = Fixed { fields, steps, verdicts, protocols, words, places, groups, file };
        Ok(Self { fixed: Arc::new(fixed), events: Arc::default(), forms: Mutex::default() })
    }

    fn teach(&mut self, pattern: u32, events: Vec<(u64, i64, String, bool)>) {
        let templates = events
            .into_iter()
            .map(|(kind, slot, protocol, failed)| EventTemplate { kind, slot, protocol, failed })
            .collect();
        Arc::make_mut(&mut self.events).insert(pattern, templates);
        self.forms.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn knows(&self, pattern: u32) -> bool {
        self.events.contains_key(&pattern)
    }
}

impl Plan {
    /// The plan as it stands, for whoever goes on without Python.
    pub(crate) fn as_it_stands(&self) -> Self {
        let (fixed, events) = (Arc::clone(&self.fixed), Arc::clone(&self.events));
        Self { fixed, events, forms: Mutex::default() }
    }

    /// All that is never taught.
    pub(crate) fn fixed(&self) -> &Arc<Fixed> {
        &self.fixed
    }

    /// The words for one row.
    pub(crate) fn words<'a>(
        &'a self,
        pattern: u32,
        telling: Telling,
        file: (Option<&'a str>, u64),
    ) -> Words<'a> {
        Words {
            pattern,
            verdicts: &self.verdicts,
            protocols: &self.protocols,
            events: self.events.get(&pattern).map(Vec::as_slice).unwrap_or_default(),
            waiting_span: telling.waiting_span,
            file: self.file.as_deref().or(file.0),
            frames_before: file.1,
            community_seed: telling.community_seed,
            nameless: telling.nameless,
        }
    }

    /// The value of one field of one row; absent when it belongs to another protocol than the row's.
    pub(crate) fn value<'a>(&'a self, field: usize, row: &'a Row, words: &Words<'a>) -> Value<'a> {
        match self.fields.get(field).map(|field| &field.origin) {
            Some(Origin::Constant(text)) => Value::text(text),
            Some(Origin::Source(source)) => match source.protocol() {
                Some(wanted) if sources::protocol_of(row.phase) != Some(wanted) => Value::Null,
                _ => facts::value(row, *source, words),
            },
            None => Value::Null,
        }
    }

    /// One part of a field that is a certificate.
    pub(crate) fn part<'a>(
        &'a self,
        (field, part): (usize, usize),
        row: &'a Row,
        words: &Words<'a>,
    ) -> Value<'a> {
        match self.fields.get(field).map(|field| &field.origin) {
            Some(Origin::Source(source)) if !words.nameless => {
                certificate::certificate_part(row, *source, part)
            }
            _ => match self.value(field, row, words) {
                Value::Object(parts) => parts.into_iter().nth(part).map_or(Value::Null, |(_, value)| value),
                _ => Value::Null,
            },
        }
    }

    /// The source of one field, unless it is a constant.
    pub(crate) fn source(&self, field: usize) -> Option<Source> {
        match self.fields.get(field).map(|field| &field.origin) {
            Some(Origin::Source(source)) => Some(*source),
            _ => None,
        }
    }

    /// Appends the value of one field as JSON.
    pub(crate) fn write(
        &self,
        out: &mut Vec<u8>,
        field: usize,
        row: &Row,
        words: &Words<'_>,
        days: &mut Days,
    ) {
        let done = match self.fields.get(field).map(|field| &field.origin) {
            Some(Origin::Source(source)) => direct::write(out, row, *source, words, days),
            _ => false,
        };
        if !done {
            json::write(out, &self.value(field, row, words));
        }
    }

    /// The type of one field.
    pub(crate) fn kind(&self, field: usize) -> Kind {
        match self.fields.get(field).map(|field| &field.origin) {
            Some(Origin::Source(source)) => source.kind(),
            _ => Kind::Text,
        }
    }
}

impl Fixed {
    /// Where a source stands among the fields.
    pub(crate) fn field_of(&self, source: Source) -> Option<usize> {
        self.places.get(source as usize).copied().flatten()
    }

    /// Whether there are fields that belong to this protocol alone.
    pub(crate) fn has_group(&self, protocol: Protocol) -> bool {
        self.groups[protocol as usize]
    }

    /// The verdict of a row, for Python.
    pub(crate) fn verdict<'py>(&self, py: Python<'py>, row: &Row) -> Option<Bound<'py, PyAny>> {
        word(py, &self.words[0], row)
    }

    /// The protocol of a row, for Python.
    pub(crate) fn protocol<'py>(&self, py: Python<'py>, row: &Row) -> Option<Bound<'py, PyAny>> {
        word(py, &self.words[1], row)
    }
}

fn word<'py>(py: Python<'py>, words: &[Py<PyString>], row: &Row) -> Option<Bound<'py, PyAny>> {
    words.get(row.phase as usize).map(|word| word.bind(py).clone().into_any())
}

fn places(fields: &[PlanField]) -> Vec<Option<usize>> {
    let mut places = vec![None; sources::ALL.len()];
    for (at, field) in fields.iter().enumerate() {
        if let Origin::Source(source) = field.origin
            && let Some(place) = places.get_mut(source as usize)
        {
            *place = Some(at);
        }
    }
    places
}

fn compile(py: Python<'_>, (path, source): (String, String)) -> PyResult<PlanField> {
    let origin = match source.strip_prefix('=') {
        Some(constant) => Origin::Constant(constant.to_owned()),
        None => Origin::Source(
            Source::named(&source).ok_or_else(|| error::usage(py, &format!("no such source: `{source}`")))?,
        ),
    };
    Ok(PlanField { path, origin })
}
