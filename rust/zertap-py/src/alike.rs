//! Rows that are alike in what a column says of them: its value is found once for each kind of them.

use crate::batch::{EventBatch, ask_ahead};
use crate::lines::{Class, thing_of};
use crate::sources::{self, Shared, Source};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::OnceLock;
use zertap_core::event::Row;

/// Which rows have one value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Those of one phase.
    Phase,
    /// Those of one protocol that share this thing.
    Thing(Shared),
    /// Those of one class.
    Class,
    /// Each may have its own.
    Row,
}

impl By {
    /// That of a source; a constant has none.
    pub(crate) fn of(source: Option<Source>) -> Self {
        use Source as S;
        match source {
            None | Some(S::Verdict | S::Protocol | S::Phase) => Self::Phase,
            Some(source) if source.shared().is_some() => source.shared().map_or(Self::Row, Self::Thing),
            Some(
                S::Kind
                | S::Reason
                | S::GaveUp
                | S::Flags
                | S::Closed
                | S::HandshakeType
                | S::ProtocolClient
                | S::KnownFrom
                | S::Provider
                | S::TlsSniIsOuter,
            ) => Self::Class,
            Some(_) => Self::Row,
        }
    }
}

/// Rows by kind.
pub(crate) struct Kinds {
    /// The kind of each row.
    pub(crate) of: Vec<u32>,
    /// Of each kind one row, by its place.
    pub(crate) samples: Vec<usize>,
}

impl Kinds {
    fn by<K: Hash + Eq + Copy>(rows: &[&Row], key: impl Fn(&Row) -> K) -> Self {
        let mut known: HashMap<K, u32, ahash::RandomState> = HashMap::default();
        let mut kinds = Self { of: Vec::with_capacity(rows.len()), samples: Vec::new() };
        // Rows that follow one another are often of one kind.
        let mut last = None;
        for (at, row) in rows.iter().enumerate() {
            ask_ahead(rows, at);
            let key = key(row);
            let kind = match last {
                Some((same, kind)) if same == key => kind,
                _ => *known.entry(key).or_insert_with(|| {
                    kinds.samples.push(at);
                    (kinds.samples.len() - 1) as u32
                }),
            };
            last = Some((key, kind));
            kinds.of.push(kind);
        }
        kinds
    }
}

/// The rows of a batch by kind, as far as somebody has asked.
#[derive(Default)]
pub(crate) struct Alike {
    phases: OnceLock<Kinds>,
    things: [OnceLock<Kinds>; 3],
    classes: OnceLock<Kinds>,
}

impl Alike {
    /// The rows by kind; `None` where each may have its own value.
    pub(crate) fn kinds(&self, batch: &EventBatch, rows: &[&Row], by: By) -> Option<&Kinds> {
        Some(match by {
            By::Row => return None,
            By::Phase => self.phases.get_or_init(|| Kinds::by(rows, |row| row.phase as u8)),
            By::Thing(thing) => self.things[thing as usize].get_or_init(|| {
                Kinds::by(rows, |row| (thing_of(row, thing), sources::protocol_of(row.phase)))
            }),
            By::Class => self.classes.get_or_init(|| {
                Kinds::by(rows, |row| Class::of(row, batch.pattern_of(row), batch.is_nameless()))
            }),
        })
    }
}
