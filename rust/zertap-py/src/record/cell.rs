//! One field of one record: what its octets say, before it becomes JSON, text or an Arrow value.

use super::calendar;
use super::layout::{Field, Found, Octets, names};
use crate::error;
use pyo3::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// How a field's octets are read, with what Python lent for it.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// The same text in every record.
    Constant(String),
    /// An unsigned number of up to eight octets.
    Number,
    /// The same, less the number as long at this offset; zero where that is the greater one.
    Difference(usize),
    /// Text in the code page, without its trailing blanks.
    Text,
    /// Octets in hexadecimal, as many as the number at this offset (and length) says, or up to the last in use.
    Raw(Option<(usize, usize)>),
    /// An address: four octets or, where this octet of that part has a bit, sixteen.
    Address(usize, usize, u8),
    /// A packed date.
    Day,
    /// Hundredths of a second since midnight.
    Time,
    /// Hundredths since midnight, and a packed date at this offset.
    Moment(usize),
    /// The same, always with three decimals.
    Stamp(usize),
    /// A number with the word for it: both.
    Coded(Arc<Words>),
    /// The word for a number or, where it has none, the number in hexadecimal.
    Label(Arc<Words>),
    /// The names of a part of names: keys of kind and text, and words for the kind (its number in hexadecimal if none).
    Names(String, String, Arc<Words>, bool),
    /// The same as text: the word for the kind, a colon, and the name in apostrophes.
    Titled(Arc<Words>),
    /// The octets of an opaque part.
    Opaque,
}

/// Words by number: most codes are small.
#[derive(Debug, Default)]
pub(super) struct Words {
    small: Vec<Option<String>>,
    large: HashMap<u64, String>,
}

/// Numbers below this are looked up by place.
const SMALL: u64 = 4096;

impl Words {
    pub(super) fn new(given: HashMap<u64, String>) -> Self {
        let mut words = Words::default();
        for (number, word) in given {
            if number >= SMALL {
                words.large.insert(number, word);
                continue;
            }
            let place = number as usize;
            if words.small.len() <= place {
                words.small.resize(place + 1, None);
            }
            if let Some(small) = words.small.get_mut(place) {
                *small = Some(word);
            }
        }
        words
    }

    #[inline]
    fn get(&self, number: u64) -> Option<&str> {
        if number < SMALL {
            return self.small.get(number as usize)?.as_deref();
        }
        self.large.get(&number).map(String::as_str)
    }
}

/// What one field says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    Null,
    Constant(&'a str),
    Number(u64),
    /// In the code page.
    Text(&'a [u8]),
    Raw(&'a [u8]),
    V4([u8; 4]),
    V6([u8; 16]),
    /// Octets of an address that are neither form.
    Odd(&'a [u8]),
    Day(u32),
    Time(u32),
    Moment(u32, u32),
    Stamp(u32, u32),
    /// Number, hexadecimal digits, word.
    Coded(u64, usize, Option<&'a str>),
    Label(u64, usize, Option<&'a str>),
    Names(&'a [u8], &'a Form),
    Opaque(&'a [u8], usize),
}

const ZEROS: [u8; 256] = [0; 256];
const BLANKS: [u8; 256] = [0x40; 256];

/// What a field says in a part that is there.
#[inline]
pub(super) fn read<'a>(found: &Found<'a>, part: &Octets<'a>, field: &'a Field) -> Cell<'a> {
    match &field.form {
        Form::Constant(text) => Cell::Constant(text),
        Form::Number => Cell::Number(number(octets(found, part, field))),
        Form::Difference(at) => {
            let less = number(slice(part, *at, field.length, &ZEROS));
            Cell::Number(number(octets(found, part, field)).saturating_sub(less))
        }
        Form::Text => Cell::Text(trimmed(text_octets(found, part, field), 0x40)),
        Form::Raw(used) => {
            let wire = octets(found, part, field);
            Cell::Raw(in_use(
                wire,
                used.map_or(0, |(at, length)| number(slice(part, at, length, &ZEROS)) as usize),
            ))
        }
        Form::Address(flags, at, mask) => {
            address(octets(found, part, field), found.octet(*flags, *at) & mask != 0)
        }
        Form::Day => Cell::Day(number(octets(found, part, field)) as u32),
        Form::Time => Cell::Time(number(octets(found, part, field)) as u32),
        Form::Moment(day) => Cell::Moment(number(octets(found, part, field)) as u32, date(part, *day)),
        Form::Stamp(day) => Cell::Stamp(number(octets(found, part, field)) as u32, date(part, *day)),
        Form::Coded(words) => {
            let value = number(octets(found, part, field));
            Cell::Coded(value, 2 * field.length, words.get(value))
        }
        Form::Label(words) => {
            let value = number(octets(found, part, field));
            Cell::Label(value, 2 * field.length, words.get(value))
        }
        Form::Names(..) | Form::Titled(_) => Cell::Names(part.all, &field.form),
        Form::Opaque => Cell::Opaque(part.all, part.length),
    }
}

impl Cell<'_> {
    /// Whether there is nothing worth telling: absent, blank or zero.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Cell::Null => true,
            Cell::Number(value) => *value == 0,
            Cell::Coded(value, _, word) | Cell::Label(value, _, word) => {
                word.map_or(*value == 0, str::is_empty)
            }
            Cell::Text(octets) | Cell::Raw(octets) | Cell::Names(octets, _) | Cell::Opaque(octets, _) => {
                octets.is_empty()
            }
            Cell::V4(octets) => *octets == [0; 4],
            Cell::V6(octets) => *octets == [0; 16],
            Cell::Day(packed) => *packed == 0,
            Cell::Moment(time, day) | Cell::Stamp(time, day) => calendar::moment(*time, *day).is_none(),
            Cell::Constant(text) => text.is_empty(),
            Cell::Odd(_) | Cell::Time(_) => false,
        }
    }
}

/// The field's octets; zeros where the part is too short to have it.
fn octets<'a>(found: &Found<'a>, part: &Octets<'a>, field: &Field) -> &'a [u8] {
    slice(part, if found.turned { field.turned } else { field.offset }, field.length, &ZEROS)
}

fn text_octets<'a>(found: &Found<'a>, part: &Octets<'a>, field: &Field) -> &'a [u8] {
    slice(part, if found.turned { field.turned } else { field.offset }, field.length, &BLANKS)
}

fn date(part: &Octets<'_>, at: usize) -> u32 {
    number(slice(part, at, 4, &ZEROS)) as u32
}

fn slice<'a>(part: &Octets<'a>, at: usize, length: usize, default: &'static [u8; 256]) -> &'a [u8] {
    let there = if at + length <= part.length { part.all.get(at..at + length) } else { None };
    there.unwrap_or_else(|| default.get(..length).unwrap_or(default))
}

/// A big-endian number.
#[inline]
pub(super) fn number(octets: &[u8]) -> u64 {
    match octets {
        [a] => return u64::from(*a),
        [a, b] => return u64::from(u16::from_be_bytes([*a, *b])),
        [a, b, c, d] => return u64::from(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => {}
    }
    octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
}

fn trimmed(octets: &[u8], padding: u8) -> &[u8] {
    let end = octets.iter().rposition(|octet| *octet != padding).map_or(0, |last| last + 1);
    octets.get(..end).unwrap_or_default()
}

/// As many octets as are said to be used; where more are in use, up to the last of them.
fn in_use(octets: &[u8], used: usize) -> &[u8] {
    let beyond = octets.get(used..).unwrap_or_default();
    if beyond.iter().fold(0, |any, octet| any | octet) != 0 {
        trimmed(octets, 0)
    } else {
        octets.get(..used).unwrap_or(octets)
    }
}

fn address(octets: &[u8], long: bool) -> Cell<'_> {
    let Some(all) = octets.first_chunk::<16>() else { return Cell::Odd(octets) };
    match all {
        _ if long => Cell::V6(*all),
        [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] => Cell::V4([*a, *b, *c, *d]),
        _ => Cell::Odd(octets),
    }
}

/// Names with their kinds' words.
pub(super) fn named<'a>(
    octets: &'a [u8],
    words: &'a Words,
) -> impl Iterator<Item = (u16, Option<&'a str>, &'a [u8])> {
    names(octets).map(|(kind, text)| (kind, words.get(kind.into()), text))
}

/// A form from what Python says: its word, its numbers, its texts, its table.
pub(super) fn form(
    py: Python<'_>,
    word: &str,
    numbers: &[usize],
    texts: &[String],
    words: Option<&Arc<Words>>,
) -> PyResult<Form> {
    let wrong = || error::usage(py, &format!("a field of the form `{word}` with {numbers:?} and {texts:?}"));
    let table = || words.cloned().ok_or_else(wrong);
    Ok(match (word, numbers, texts) {
        ("constant", [], [text]) => Form::Constant(text.clone()),
        ("number", [], []) => Form::Number,
        ("difference", [at], []) => Form::Difference(*at),
        ("text", [], []) => Form::Text,
        ("raw", [], []) => Form::Raw(None),
        ("raw", [at, length], []) => Form::Raw(Some((*at, *length))),
        ("address", [part, at, mask], []) => {
            Form::Address(*part, *at, u8::try_from(*mask).map_err(|_| wrong())?)
        }
        ("day", [], []) => Form::Day,
        ("time", [], []) => Form::Time,
        ("moment", [day], []) => Form::Moment(*day),
        ("stamp", [day], []) => Form::Stamp(*day),
        ("coded", [], []) => Form::Coded(table()?),
        ("label", [], []) => Form::Label(table()?),
        ("names", [], [kind, text]) => Form::Names(kind.clone(), text.clone(), table()?, true),
        ("plain_names", [], [kind, text]) => Form::Names(kind.clone(), text.clone(), table()?, false),
        ("titled_names", [], []) => Form::Titled(table()?),
        ("opaque", [], []) => Form::Opaque,
        _ => return Err(wrong()),
    })
}
