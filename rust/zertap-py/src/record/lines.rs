//! Records as lines: nested JSON, rows of a table (CSV), pairs of key and value, and a listing for people.

use super::cell::{Cell, Form, read};
use super::layout::{Found, Kind, Style};
use super::text::{Page, decoded, write_json, write_plain};
use crate::json;
use csv_core::{Terminator, WriteResult, Writer, WriterBuilder};

/// Which column of a flat output is which field of a kind of record: part and field.
pub(super) type Places = Vec<Option<(usize, usize)>>;

/// Where the columns of a flat output stand in records of this kind. Fields go by the names of the columns.
pub(super) fn places(kind: &Kind, names: &[String]) -> Places {
    let place = |name: &String| {
        kind.parts.iter().enumerate().find_map(|(part, each)| {
            let field = each.fields.iter().position(|field| field.key == *name)?;
            Some((part, field))
        })
    };
    names.iter().map(place).collect()
}

/// What a column holds in a record.
pub(super) fn cell_at<'a>(found: &Found<'a>, place: Option<(usize, usize)>) -> Cell<'a> {
    let Some((part, field)) = place else { return Cell::Null };
    let octets = found.parts.get(part).and_then(Option::as_ref);
    let field = found.kind.parts.get(part).and_then(|part| part.fields.get(field));
    match (octets, field) {
        (Some(octets), Some(field)) => read(found, octets, field),
        _ => Cell::Null,
    }
}

/// Appends a record as one line of JSON: an object for each part, in the order of the lists.
pub(super) fn write_nested(out: &mut Vec<u8>, found: &Found<'_>, page: &Page) {
    out.push(b'{');
    let mut first = true;
    for (part, octets) in found.kind.parts.iter().zip(&found.parts) {
        let Some(octets) = octets else { continue };
        let inner = !part.key.is_empty() && part.style == Style::Fields;
        if inner {
            write_key(out, &part.key, &mut first);
            out.push(b'{');
            first = true;
        }
        for field in &part.fields {
            let key = if part.style == Style::Fields { &field.key } else { &part.key };
            write_key(out, key, &mut first);
            write_json(out, &read(found, octets, field), page);
        }
        if inner {
            out.push(b'}');
            first = false;
        }
    }
    out.extend_from_slice(b"}\n");
}

/// Appends a record as one line of pairs after its kind's own beginning; empty values are left out.
pub(super) fn write_pairs(
    out: &mut Vec<u8>,
    found: &Found<'_>,
    pairs: (&[String], &Places),
    head: &str,
    page: &Page,
) {
    out.extend_from_slice(head.as_bytes());
    let (names, places) = pairs;
    let mut first = true;
    for (name, place) in names.iter().zip(places) {
        let cell = cell_at(found, *place);
        if cell.is_empty() {
            continue;
        }
        if !first {
            out.push(b'\t');
        }
        first = false;
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        write_harmless(out, &cell, page);
    }
    out.push(b'\n');
}

/// Appends a record as a block of lines, a part under the other; empty values are left out.
pub(super) fn write_listing(out: &mut Vec<u8>, found: &Found<'_>, number: u64, page: &Page) {
    out.extend_from_slice(format!("{} record {number}\n", found.kind.name).as_bytes());
    for (part, octets) in found.kind.parts.iter().zip(&found.parts) {
        let Some(octets) = octets else { continue };
        if !part.key.is_empty() {
            out.extend_from_slice(format!("  {}\n", part.key).as_bytes());
        }
        for field in &part.fields {
            let cell = read(found, octets, field);
            if cell.is_empty() {
                continue;
            }
            let key = if part.style == Style::Fields { field.key.as_str() } else { "" };
            out.extend_from_slice(format!("    {key:<34} ").as_bytes());
            write_harmless(out, &cell, page);
            out.push(b'\n');
        }
    }
    out.push(b'\n');
}

/// A cell without characters that would end a line, part a value or steer a terminal.
fn write_harmless(out: &mut Vec<u8>, cell: &Cell<'_>, page: &Page) {
    let from = out.len();
    match cell {
        Cell::Text(octets) => {
            let text = decoded(octets, page);
            out.extend(text.chars().map(harmless).collect::<String>().into_bytes());
        }
        Cell::Names(_, Form::Names(..) | Form::Titled(_)) => {
            let mut text = Vec::new();
            write_plain(&mut text, cell, page);
            let text = String::from_utf8_lossy(&text);
            out.extend(text.chars().map(harmless).collect::<String>().into_bytes());
        }
        _ => write_plain(out, cell, page),
    }
    debug_assert!(out.len() >= from, "a cell only adds");
}

fn harmless(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

fn write_key(out: &mut Vec<u8>, key: &str, first: &mut bool) {
    if !*first {
        out.push(b',');
    }
    *first = false;
    json::write_text(out, key);
    out.push(b':');
}

/// Rows of CSV (RFC 4180).
pub(super) struct Csv {
    writer: Writer,
    cell: Vec<u8>,
}

impl Csv {
    pub(super) fn new() -> Self {
        Self { writer: WriterBuilder::new().terminator(Terminator::CRLF).build(), cell: Vec::new() }
    }

    pub(super) fn head(&mut self, out: &mut Vec<u8>, names: &[String]) {
        for (at, name) in names.iter().enumerate() {
            self.cell.clear();
            self.cell.extend_from_slice(name.as_bytes());
            self.field(out, at == 0);
        }
        self.end(out);
    }

    pub(super) fn row(&mut self, out: &mut Vec<u8>, found: &Found<'_>, places: &Places, page: &Page) {
        for (at, place) in places.iter().enumerate() {
            self.cell.clear();
            write_plain(&mut self.cell, &cell_at(found, *place), page);
            self.field(out, at == 0);
        }
        self.end(out);
    }

    fn field(&mut self, out: &mut Vec<u8>, first: bool) {
        if !first {
            self.until_done(out, |writer, room| {
                let (result, made) = writer.delimiter(room);
                (result, 0, made)
            });
        }
        let cell = std::mem::take(&mut self.cell);
        let mut rest = &*cell;
        self.until_done(out, |writer, room| {
            let (result, used, made) = writer.field(rest, room);
            rest = rest.get(used..).unwrap_or_default();
            (result, used, made)
        });
        self.cell = cell;
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.until_done(out, |writer, room| {
            let (result, made) = writer.terminator(room);
            (result, 0, made)
        });
    }

    /// Gives the writer room until it has had enough of it.
    fn until_done(
        &mut self,
        out: &mut Vec<u8>,
        mut step: impl FnMut(&mut Writer, &mut [u8]) -> (WriteResult, usize, usize),
    ) {
        let mut room = [0; 256];
        loop {
            let (result, _, made) = step(&mut self.writer, &mut room);
            out.extend_from_slice(room.get(..made).unwrap_or_default());
            if result == WriteResult::InputEmpty {
                return;
            }
        }
    }
}
