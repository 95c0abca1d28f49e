//! Rows as JSON lines: what rows share is rendered once and copied, the rest goes straight into the buffer.

use crate::direct::Days;
use crate::json;
use crate::plan::{Origin, Plan, PlanField};
use crate::sources::{self, Protocol, Shared, Words};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use zertap_core::event::Row;

/// How a line is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps(Vec<Step>);

/// One step of writing a line.
#[derive(Clone, Debug)]
enum Step {
    /// The same in every line.
    Fixed(Vec<u8>),
    /// The value of a field.
    Field(usize),
    /// Fields, each after its key, that say the same of all rows that have a thing in common.
    Shared(Shared, Vec<(Vec<u8>, usize)>),
    /// Opens a nested object, or writes `null` and goes on at its end for another protocol.
    Open { protocol: Option<Protocol>, end: usize },
}

impl Steps {
    pub(crate) fn of(fields: &[PlanField]) -> Self {
        let mut steps = Self::default();
        steps.fixed(b"{");
        let mut open: Option<(&str, usize)> = None;
        let mut first = true;
        for (index, field) in fields.iter().enumerate() {
            let (group, name) = match field.path.split_once('.') {
                Some((group, name)) => (Some(group), name),
                None => (None, field.path.as_str()),
            };
            if open.map(|(group, _)| group) != group {
                steps.close(&mut open);
                if let Some(group) = group {
                    steps.fixed(&key(group, first));
                    open = Some((group, steps.0.len()));
                    steps.0.push(Step::Open { protocol: field.origin.protocol(), end: 0 });
                    first = true;
                }
            }
            steps.field(key(name, first), index, &field.origin);
            first = false;
        }
        steps.close(&mut open);
        steps.fixed(b"}\n");
        steps
    }

    fn field(&mut self, key: Vec<u8>, index: usize, origin: &Origin) {
        match origin {
            Origin::Constant(text) => {
                self.fixed(&key);
                let mut value = Vec::new();
                json::write_text(&mut value, text);
                self.fixed(&value);
            }
            Origin::Source(source) => match (source.shared(), self.0.last_mut()) {
                (Some(thing), Some(Step::Shared(known, fields))) if *known == thing => {
                    fields.push((key, index));
                }
                (Some(thing), _) => self.0.push(Step::Shared(thing, vec![(key, index)])),
                (None, _) => {
                    self.fixed(&key);
                    self.0.push(Step::Field(index));
                }
            },
        }
    }

    fn fixed(&mut self, octets: &[u8]) {
        if let Some(Step::Fixed(before)) = self.0.last_mut() {
            before.extend_from_slice(octets);
        } else {
            self.0.push(Step::Fixed(octets.to_vec()));
        }
    }

    fn close(&mut self, open: &mut Option<(&str, usize)>) {
        if let Some((_, start)) = open.take() {
            self.fixed(b"}");
            let after = self.0.len();
            if let Some(Step::Open { end, .. }) = self.0.get_mut(start) {
                *end = after;
            }
            // Where another protocol's lines go on.
            self.0.push(Step::Fixed(Vec::new()));
        }
    }
}

fn key(name: &str, first: bool) -> Vec<u8> {
    let mut out = if first { Vec::new() } else { vec![b','] };
    json::write_text(&mut out, name);
    out.push(b':');
    out
}

/// A step, the place of a thing in memory (it lives as long as the rows do), the protocol of the row.
type Known = (usize, usize, Option<Protocol>);

/// Writes the rows of one batch.
pub(crate) struct Writer<'a> {
    plan: &'a Plan,
    /// Where in `texts` the text of a thing stands.
    known: HashMap<Known, Range<usize>, ahash::RandomState>,
    texts: Vec<u8>,
    days: Days,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self { plan, known: HashMap::default(), texts: Vec::new(), days: Days::default() }
    }

    /// Appends one row as a line.
    pub(crate) fn line(&mut self, out: &mut Vec<u8>, row: &Row, words: &Words<'_>) {
        let protocol = sources::protocol_of(row.phase);
        let mut at = 0;
        while let Some(step) = self.plan.steps.0.get(at) {
            at += 1;
            match step {
                Step::Fixed(octets) => out.extend_from_slice(octets),
                Step::Field(field) => self.plan.write(out, *field, row, words, &mut self.days),
                Step::Shared(thing, fields) => {
                    let range = self.known.get(&(at, thing_of(row, *thing), protocol)).cloned();
                    let range = range.unwrap_or_else(|| self.learn(at, (*thing, fields), row, words));
                    out.extend_from_slice(self.texts.get(range).unwrap_or_default());
                }
                Step::Open { protocol: Some(wanted), end } if protocol != Some(*wanted) => {
                    out.extend_from_slice(b"null");
                    at = *end;
                }
                Step::Open { .. } => out.push(b'{'),
            }
        }
    }

    /// Renders what rows share with this one.
    fn learn(
        &mut self,
        step: usize,
        (thing, fields): (Shared, &[(Vec<u8>, usize)]),
        row: &Row,
        words: &Words<'_>,
    ) -> Range<usize> {
        let start = self.texts.len();
        for (key, field) in fields {
            self.texts.extend_from_slice(key);
            json::write(&mut self.texts, &self.plan.value(*field, row, words));
        }
        let range = start..self.texts.len();
        self.known.insert((step, thing_of(row, thing), sources::protocol_of(row.phase)), range.clone());
        range
    }
}

/// Where a thing stands in memory; zero: the row has none.
pub(crate) fn thing_of(row: &Row, thing: Shared) -> usize {
    fn place<T>(thing: &Arc<T>) -> usize {
        Arc::as_ptr(thing).addr()
    }
    let Some(settled) = row.settled.as_deref() else { return 0 };
    match thing {
        Shared::Profile => settled.profile.as_ref().map_or(0, |(_, profile)| place(profile)),
        Shared::ServerCertificate => settled.server_certificate.as_ref().map_or(0, place),
        Shared::ClientCertificate => settled.client_certificate.as_ref().map_or(0, place),
    }
}
