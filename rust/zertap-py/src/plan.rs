//! How rows become JSON lines: the field list and the words that Python owns, compiled once.

use crate::batch::Telling;
use crate::error;
use crate::json;
use crate::sources::{self, EventTemplate, Protocol, Source, Words};
use crate::value::{Kind, Value};
use pyo3::prelude::*;
use std::collections::HashMap;
use zertap_core::event::Row;

/// Where a field's value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Source(Source),
    Constant(String),
}

/// One output field.
#[derive(Clone, Debug)]
pub(crate) struct PlanField {
    pub(crate) path: String,
    pub(crate) origin: Origin,
}

/// One step of writing a line.
#[derive(Clone, Debug)]
enum Step {
    /// A key with its comma and colon, then the value of a field.
    Field(Vec<u8>, usize),
    /// Opens a nested object, or writes `null` and skips to its end for another protocol.
    Open { key: Vec<u8>, protocol: Option<Protocol>, end: usize },
    /// Closes it.
    Close,
}

/// See the stub.
#[pyclass(module = "zertap._native")]
pub(crate) struct Plan {
    pub(crate) fields: Vec<PlanField>,
    steps: Vec<Step>,
    verdicts: [String; 16],
    protocols: [String; 16],
    file: Option<String>,
    events: HashMap<u32, Vec<EventTemplate>>,
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
        let steps = steps_of(&fields);
        Ok(Self {
            fields,
            steps,
            verdicts: sixteen(verdicts)?,
            protocols: sixteen(protocols)?,
            file,
            events: HashMap::new(),
        })
    }

    fn teach(&mut self, pattern: u32, events: Vec<(u64, i64, String, bool)>) {
        let templates = events
            .into_iter()
            .map(|(kind, slot, protocol, failed)| EventTemplate { kind, slot, protocol, failed })
            .collect();
        self.events.insert(pattern, templates);
    }

    fn knows(&self, pattern: u32) -> bool {
        self.events.contains_key(&pattern)
    }
}

impl Plan {
    /// The words for one row.
    pub(crate) fn words<'a>(
        &'a self,
        pattern: u32,
        telling: Telling,
        file: (Option<&'a str>, u64),
    ) -> Words<'a> {
        Words {
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

    /// Appends one row as a line.
    pub(crate) fn write_line(&self, out: &mut Vec<u8>, row: &Row, words: &Words<'_>) {
        out.push(b'{');
        let mut at = 0;
        while let Some(step) = self.steps.get(at) {
            at += 1;
            match step {
                Step::Field(key, field) => {
                    out.extend_from_slice(key);
                    json::write(out, &self.value(*field, row, words));
                }
                Step::Open { key, protocol, end } => {
                    out.extend_from_slice(key);
                    if protocol.is_some_and(|wanted| sources::protocol_of(row.phase) != Some(wanted)) {
                        out.extend_from_slice(b"null");
                        at = *end;
                    } else {
                        out.push(b'{');
                    }
                }
                Step::Close => out.push(b'}'),
            }
        }
        out.extend_from_slice(b"}\n");
    }

    /// The value of one field of one row; absent when it belongs to another protocol than the row's.
    pub(crate) fn value<'a>(&'a self, field: usize, row: &'a Row, words: &Words<'a>) -> Value<'a> {
        match self.fields.get(field).map(|field| &field.origin) {
            Some(Origin::Constant(text)) => Value::text(text),
            Some(Origin::Source(source)) => match source.protocol() {
                Some(wanted) if sources::protocol_of(row.phase) != Some(wanted) => Value::Null,
                _ => sources::value(row, *source, words),
            },
            None => Value::Null,
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

fn compile(py: Python<'_>, (path, source): (String, String)) -> PyResult<PlanField> {
    let origin = match source.strip_prefix('=') {
        Some(constant) => Origin::Constant(constant.to_owned()),
        None => Origin::Source(
            Source::named(&source).ok_or_else(|| error::usage(py, &format!("no such source: `{source}`")))?,
        ),
    };
    Ok(PlanField { path, origin })
}

fn steps_of(fields: &[PlanField]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut open: Option<(String, usize)> = None;
    let mut first = true;
    for (index, field) in fields.iter().enumerate() {
        let (group, name) = match field.path.split_once('.') {
            Some((group, name)) => (Some(group), name),
            None => (None, field.path.as_str()),
        };
        if open.as_ref().map(|(group, _)| group.as_str()) != group {
            close(&mut steps, &mut open);
            if let Some(group) = group {
                let protocol = match &field.origin {
                    Origin::Source(source) => source.protocol(),
                    Origin::Constant(_) => None,
                };
                open = Some((group.to_owned(), steps.len()));
                steps.push(Step::Open { key: key(group, first), protocol, end: 0 });
                first = true;
            }
        }
        steps.push(Step::Field(key(name, first), index));
        first = false;
    }
    close(&mut steps, &mut open);
    steps
}

fn close(steps: &mut Vec<Step>, open: &mut Option<(String, usize)>) {
    if let Some((_, start)) = open.take() {
        steps.push(Step::Close);
        let after = steps.len();
        if let Some(Step::Open { end, .. }) = steps.get_mut(start) {
            *end = after;
        }
    }
}

fn key(name: &str, first: bool) -> Vec<u8> {
    let mut out = if first { Vec::new() } else { vec![b','] };
    json::write_text(&mut out, name);
    out.push(b':');
    out
}
