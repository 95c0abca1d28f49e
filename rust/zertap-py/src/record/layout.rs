//! Which records are meant, which parts they have and which fields stand in a part: lists lent by Python, compiled.
//!
//! A record begins with a fixed part; a directory in it (offset, length and number, eight octets an entry) leads to
//! the other parts. Lengths found in the record decide: a part shorter than its list leaves fields at their default
//! (zero, or blank), of a longer one the rest is not looked at.

use super::cell::Form;
use std::sync::Arc;

const ENTRY: usize = 8;
const NAME_HEAD: usize = 4;

/// One kind of record.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: String,
    /// Octets that tell it: offset, value.
    pub(super) marks: Vec<(usize, Vec<u8>)>,
    pub(super) directory: Directory,
    pub(super) parts: Vec<Part>,
    /// Where set, fields that have another place are read there: part, offset, mask.
    pub(super) turned: Option<(usize, usize, u8)>,
}

/// Where the directory stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Directory {
    /// Offset of its two-octet count of entries.
    pub(super) count: usize,
    /// Offset of its first entry.
    pub(super) first: usize,
}

/// One part of a record.
#[derive(Debug)]
pub(super) struct Part {
    /// What messages call it, and what it is called in nested outputs; none: its fields stand at the top.
    pub(super) title: String,
    pub(super) key: String,
    /// Entry of the directory; none: the part is the record's beginning.
    pub(super) entry: Option<usize>,
    pub(super) required: bool,
    pub(super) style: Style,
    /// Octets that the list explains, those without a meaning too.
    pub(super) size: usize,
    pub(super) fields: Vec<Field>,
}

/// How a part's content is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// One structure of fields.
    Fields,
    /// Structures of their own length: length, kind (two octets each), text.
    Names,
    /// Octets that no list explains.
    Opaque,
    /// Octets that are not to be shown, only counted.
    Hidden,
}

/// One field of a part.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) form: Form,
    pub(super) offset: usize,
    pub(super) length: usize,
    /// The offset instead, where the record is turned.
    pub(super) turned: usize,
}

/// The parts of one record, found.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) kind: &'a Kind,
    /// By part, its octets; `None`: absent. Of several equal structures the first one.
    pub(super) parts: Vec<Option<Octets<'a>>>,
    pub(super) turned: bool,
    /// Octets of parts that no list explains.
    pub(super) ignored: u64,
    /// It has a part that is not shown.
    pub(super) hides: bool,
}

/// What a part holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Octets<'a> {
    pub(super) all: &'a [u8],
    pub(super) length: usize,
    pub(super) number: usize,
}

/// What is wrong with a record: offset in it, reason.
pub(super) type Wrong = (usize, String);

/// The kind of a record, and its number, if it is one of these.
pub(super) fn kind_of<'a>(kinds: &'a [Arc<Kind>], record: &[u8]) -> Option<(usize, &'a Kind)> {
    let told = |kind: &Kind| {
        record.len() >= kind.directory.first
            && kind.marks.iter().all(|(at, value)| record.get(*at..at + value.len()) == Some(value))
    };
    kinds.iter().enumerate().find(|(_, kind)| told(kind)).map(|(number, kind)| (number, &**kind))
}

impl Kind {
    /// Finds the parts of a record of this kind.
    pub(super) fn find<'a>(&'a self, record: &'a [u8]) -> Result<Found<'a>, Wrong> {
        let Directory { count: count_at, first } = self.directory;
        let count = usize::from(number16(record, count_at));
        let behind = first + ENTRY * count;
        if behind > record.len() {
            return Err((count_at, format!("{count} triplets do not fit the record")));
        }
        let parts = Vec::with_capacity(self.parts.len());
        let mut found = Found { kind: self, parts, turned: false, ignored: 0, hides: false };
        for part in &self.parts {
            let octets = match part.entry {
                None => Some(Octets { all: record, length: record.len(), number: 1 }),
                Some(entry) if entry < count => part.look_up(record, first + ENTRY * entry, behind)?,
                Some(_) => None,
            };
            if let (Some(octets), Style::Fields, Some(_)) = (&octets, part.style, part.entry) {
                let unread = octets.length.saturating_sub(part.size) + octets.length * (octets.number - 1);
                found.ignored += unread as u64;
            }
            let hidden = part.style == Style::Hidden;
            found.hides |= hidden && octets.is_some();
            found.parts.push(octets.filter(|_| !hidden));
        }
        if let Some(part) =
            self.parts.iter().zip(&found.parts).find(|(part, octets)| part.required && octets.is_none())
        {
            return Err((first, format!("no {} section", part.0.title.to_lowercase())));
        }
        found.turned = self.turned.is_some_and(|(part, offset, mask)| found.octet(part, offset) & mask != 0);
        Ok(found)
    }
}

impl Part {
    /// The octets that a directory entry leads to.
    fn look_up<'a>(&self, record: &'a [u8], at: usize, behind: usize) -> Result<Option<Octets<'a>>, Wrong> {
        let offset = number32(record, at) as usize;
        let length = usize::from(number16(record, at + 4));
        let number = usize::from(number16(record, at + 6));
        if number == 0 || offset == 0 {
            return Ok(None);
        }
        if offset < behind {
            return Err((
                at,
                format!("section {} begins at octet {offset}, inside the triplets", self.title),
            ));
        }
        if self.style == Style::Names {
            let end = names_end(record, at, offset, number)?;
            let octets = record.get(offset..end).unwrap_or_default();
            return Ok(Some(Octets { all: octets, length, number }));
        }
        let Some(octets) = record.get(offset..offset + length * number) else {
            let reason = format!(
                "section {}: {number} of {length} octets at {offset} pass the record's end",
                self.title
            );
            return Err((at, reason));
        };
        Ok(Some(Octets { all: octets, length, number }))
    }
}

impl Found<'_> {
    /// One octet of a part; zero where it has none.
    pub(super) fn octet(&self, part: usize, offset: usize) -> u8 {
        let octets = self.parts.get(part).and_then(Option::as_ref);
        octets
            .filter(|octets| offset < octets.length)
            .and_then(|octets| octets.all.get(offset))
            .copied()
            .unwrap_or(0)
    }
}

/// Where a run of names ends. Each goes by its own length, so that any meaning of the directory's length will do.
fn names_end(record: &[u8], at: usize, offset: usize, number: usize) -> Result<usize, Wrong> {
    let mut here = offset;
    for _ in 0..number {
        if here + NAME_HEAD > record.len() {
            return Err((at, format!("name structure at {here} passes the record's end")));
        }
        let length = usize::from(number16(record, here));
        if length < NAME_HEAD || here + length > record.len() {
            return Err((
                here,
                format!("name structure of {length} octets at {here} passes the record's end"),
            ));
        }
        here += length;
    }
    Ok(here)
}

/// Names of a run that `find` has checked: kind and text.
pub(super) fn names(mut octets: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (one, rest) = octets.split_at_checked(usize::from(number16(octets, 0)))?;
        let text = one.get(NAME_HEAD..)?;
        octets = rest;
        Some((number16(one, 2), text))
    })
}

fn number16(octets: &[u8], at: usize) -> u16 {
    let two = octets.get(at..).and_then(<[u8]>::first_chunk::<2>);
    two.map_or(0, |two| u16::from_be_bytes(*two))
}

fn number32(octets: &[u8], at: usize) -> u32 {
    let four = octets.get(at..).and_then(<[u8]>::first_chunk::<4>);
    four.map_or(0, |four| u32::from_be_bytes(*four))
}
