//! Rows as JSON lines. Rows that are alike in all that rows share (class) have the same line but for holes, so a line is
//! made once for each class, as a form, and for each row the form is copied and its holes are filled.

use crate::batch::EventBatch;
use crate::direct::{self, Days};
use crate::facts;
use crate::json;
use crate::plan::{Origin, Plan, PlanField};
use crate::sources::{self, Protocol, Shared, Source, Words};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use zertap_core::event::Row;
use zertap_core::handshake::{CryptoProfile, Side};

/// Forms kept at most; when there are more, all are made anew. Attackers invent profiles.
const MOST: usize = 2048;
/// Octets that a line mostly has at most.
const LINE: usize = 2048;

/// How a line is written, whatever the row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps(Vec<Step>);

/// One step of writing a line.
#[derive(Clone, Debug)]
enum Step {
    /// The same in every line.
    Fixed(Vec<u8>),
    /// The value of a field.
    Field(usize),
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
            steps.field(&key(name, first), index, &field.origin);
            first = false;
        }
        steps.close(&mut open);
        steps.fixed(b"}\n");
        steps
    }

    fn field(&mut self, key: &[u8], index: usize, origin: &Origin) {
        self.fixed(key);
        match origin {
            Origin::Constant(text) => {
                let mut value = Vec::new();
                json::write_text(&mut value, text);
                self.fixed(&value);
            }
            Origin::Source(_) => self.0.push(Step::Field(index)),
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

/// What decides the form of a row's line: all of it that is not the row's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Class {
    /// Where the profile stands in memory; zero: none.
    profile: usize,
    flags: u64,
    /// Which texts there are, by their numbers.
    texts: u64,
    pattern: u32,
    phase: u8,
    kind: u8,
    fault: u8,
    /// Bits: who gave up (two), who is the protocol's client (two), certificates of server and client, nobody named.
    sides: u8,
}

impl Class {
    /// That of a row.
    pub(crate) fn of(row: &Row, pattern: u32, nameless: bool) -> Self {
        let settled = row.settled.as_deref();
        let side = |side: Option<Side>| side.map_or(0, |side| 1 + u8::from(side == row.client));
        let sides = settled.map_or(0, |settled| {
            side(settled.gave_up)
                | side(settled.protocol_client) << 2
                | u8::from(settled.server_certificate.is_some()) << 4
                | u8::from(settled.client_certificate.is_some()) << 5
        });
        Self {
            profile: thing_of(row, Shared::Profile),
            flags: row.flags.0,
            texts: row.texts().fold(0, |texts, (kind, _)| texts | 1 << (kind & 63)),
            pattern,
            phase: row.phase as u8,
            kind: row.kind as u8,
            fault: settled.map_or(0, |settled| settled.fault as u8),
            sides: sides | u8::from(nameless) << 6,
        }
    }
}

/// What is filled for each row.
#[derive(Clone, Copy, Debug)]
enum Hole {
    /// The value of a field.
    Own(Source, usize),
    /// The value of a field that follows from something that several rows have.
    Shared(Shared, usize),
    /// The time of an event that has this slot.
    EventTime(i64),
}

/// The line of a class.
#[derive(Debug, Default)]
struct Form {
    text: Vec<u8>,
    /// Each hole, and where it is in the text.
    holes: Vec<(usize, Hole)>,
    /// Kept, so that no other profile comes to stand where it does.
    _profile: Option<Arc<CryptoProfile>>,
}

/// The forms of a plan.
#[derive(Debug, Default)]
pub(crate) struct Forms {
    known: HashMap<Class, usize, ahash::RandomState>,
    made: Vec<Form>,
}

impl Forms {
    pub(crate) fn clear(&mut self) {
        self.known.clear();
        self.made.clear();
    }
}

/// Writes the rows of one batch.
pub(crate) struct Writer<'a> {
    plan: &'a Plan,
    batch: &'a EventBatch,
    /// Where in `texts` the value stands that a field has for a thing. A thing's place in memory is its own as long as
    /// the rows live.
    known: HashMap<(usize, usize), Range<usize>, ahash::RandomState>,
    texts: Vec<u8>,
    days: Days,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(plan: &'a Plan, batch: &'a EventBatch) -> Self {
        Self { plan, batch, known: HashMap::default(), texts: Vec::new(), days: Days::default() }
    }

    /// These rows, a line each.
    pub(crate) fn lines(&mut self, rows: &[&'a Row], forms: &mut Forms) -> Vec<u8> {
        let mut out = Vec::with_capacity(rows.len() * LINE);
        for row in rows {
            self.line(&mut out, row, forms);
        }
        out
    }

    fn line(&mut self, out: &mut Vec<u8>, row: &'a Row, forms: &mut Forms) {
        let words = self.batch.words(self.plan, row);
        let class = Class::of(row, words.pattern, words.nameless);
        let number = forms.known.get(&class).copied().unwrap_or_else(|| {
            if forms.made.len() >= MOST {
                forms.clear();
            }
            forms.made.push(self.form(row, &words));
            forms.known.insert(class, forms.made.len() - 1);
            forms.made.len() - 1
        });
        let Some(form) = forms.made.get(number) else { return };
        let mut from = 0;
        for (at, hole) in &form.holes {
            out.extend_from_slice(form.text.get(from..*at).unwrap_or_default());
            from = *at;
            self.fill(out, *hole, row, &words);
        }
        out.extend_from_slice(form.text.get(from..).unwrap_or_default());
    }

    fn fill(&mut self, out: &mut Vec<u8>, hole: Hole, row: &'a Row, words: &Words<'a>) {
        match hole {
            Hole::Own(source, field) => {
                if !direct::write(out, row, source, words, &mut self.days) {
                    json::write(out, &self.plan.value(field, row, words));
                }
            }
            Hole::Shared(thing, field) => {
                let key = (field, thing_of(row, thing));
                let range = self.known.get(&key).cloned().unwrap_or_else(|| {
                    let start = self.texts.len();
                    json::write(&mut self.texts, &self.plan.value(field, row, words));
                    self.known.insert(key, start..self.texts.len());
                    start..self.texts.len()
                });
                out.extend_from_slice(self.texts.get(range).unwrap_or_default());
            }
            Hole::EventTime(slot) => {
                direct::write_time(out, facts::event_time(row, slot, words.waiting_span), &mut self.days);
            }
        }
    }

    /// The form of the lines of rows that are like this one.
    fn form(&mut self, row: &'a Row, words: &Words<'a>) -> Form {
        let profile = row.settled.as_deref().and_then(|settled| settled.profile.as_ref());
        let mut form = Form { _profile: profile.map(|(_, profile)| Arc::clone(profile)), ..Form::default() };
        let protocol = sources::protocol_of(row.phase);
        let mut at = 0;
        while let Some(step) = self.plan.steps.0.get(at) {
            at += 1;
            match step {
                Step::Fixed(octets) => form.text.extend_from_slice(octets),
                Step::Field(field) => self.field(&mut form, *field, row, words),
                Step::Open { protocol: Some(wanted), end } if protocol != Some(*wanted) => {
                    form.text.extend_from_slice(b"null");
                    at = *end;
                }
                Step::Open { .. } => form.text.push(b'{'),
            }
        }
        form
    }

    fn field(&mut self, form: &mut Form, field: usize, row: &'a Row, words: &Words<'a>) {
        match self.plan.source(field) {
            Some(Source::Events) if !words.nameless => form.events(words),
            Some(source) if sources::is_own(row, source) => {
                let hole = match source.shared() {
                    Some(thing) => Hole::Shared(thing, field),
                    None => Hole::Own(source, field),
                };
                form.holes.push((form.text.len(), hole));
            }
            _ => self.plan.write(&mut form.text, field, row, words, &mut self.days),
        }
    }
}

impl Form {
    /// The events of the class, with holes for their times.
    fn events(&mut self, words: &Words<'_>) {
        self.text.push(b'[');
        for (at, event) in words.events.iter().enumerate() {
            if at > 0 {
                self.text.push(b',');
            }
            self.text.extend_from_slice(b"{\"type\":");
            json::write_int(&mut self.text, event.kind);
            self.text.extend_from_slice(b",\"at\":");
            self.holes.push((self.text.len(), Hole::EventTime(event.slot)));
            self.text.extend_from_slice(b",\"protocol\":");
            json::write_text(&mut self.text, &event.protocol);
            let failed: &[u8] = if event.failed { b",\"failed\":true}" } else { b",\"failed\":false}" };
            self.text.extend_from_slice(failed);
        }
        self.text.push(b']');
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
