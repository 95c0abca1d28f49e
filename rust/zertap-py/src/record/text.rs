//! Cells as text, for JSON and for lines: one way to spell each of them.

use super::calendar;
use super::cell::{Cell, Form, Words, named};
use crate::json;
use std::io::Write;
use std::net::Ipv6Addr;

/// The characters of a code page, by octet.
pub(super) type Page = [char; 256];

/// Appends a cell as JSON.
pub(super) fn write_json(out: &mut Vec<u8>, cell: &Cell<'_>, page: &Page) {
    match cell {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Number(value) => json::write_int(out, *value),
        Cell::Coded(value, digits, word) => {
            out.extend_from_slice(b"{\"code\":\"");
            write_hex_number(out, *value, *digits);
            out.extend_from_slice(b"\",\"label\":");
            match word {
                Some(word) => json::write_text(out, word),
                None => out.extend_from_slice(b"null"),
            }
            out.push(b'}');
        }
        Cell::Moment(time, day) | Cell::Stamp(time, day) if calendar::moment(*time, *day).is_none() => {
            out.extend_from_slice(b"null");
        }
        Cell::Names(octets, Form::Names(kind_key, text_key, words, coded)) => {
            write_names(out, octets, (kind_key, text_key), words, *coded, page);
        }
        Cell::Names(octets, Form::Titled(words)) => {
            let mut text = Vec::new();
            write_titled(&mut text, octets, words, page);
            json::write_text(out, &String::from_utf8_lossy(&text));
        }
        Cell::Opaque(octets, length) => write_opaque(out, octets, *length),
        Cell::Text(octets) => json::write_text(out, &decoded(octets, page)),
        Cell::Constant(text) => json::write_text(out, text),
        Cell::Label(_, _, Some(word)) => json::write_text(out, word),
        plain => {
            // Only digits, hexadecimal and punctuation that needs no escape.
            out.push(b'"');
            write_plain(out, plain, page);
            out.push(b'"');
        }
    }
}

/// Appends a cell as bare text; lists as JSON.
pub(super) fn write_plain(out: &mut Vec<u8>, cell: &Cell<'_>, page: &Page) {
    match cell {
        Cell::Null | Cell::Label(0, _, None) => {}
        Cell::Constant(text) | Cell::Coded(_, _, Some(text)) | Cell::Label(_, _, Some(text)) => {
            out.extend_from_slice(text.as_bytes());
        }
        Cell::Number(value) => json::write_int(out, *value),
        Cell::Text(octets) => write_decoded(out, octets, page),
        Cell::Raw(octets) => write_hex(out, octets),
        Cell::V4([a, b, c, d]) => {
            for (at, octet) in [a, b, c, d].into_iter().enumerate() {
                if at > 0 {
                    out.push(b'.');
                }
                json::write_int(out, (*octet).into());
            }
        }
        // A Vec never fails to take it.
        Cell::V6(octets) => drop(write!(out, "{}", Ipv6Addr::from(*octets))),
        Cell::Odd(octets) => {
            out.extend_from_slice(b"X'");
            write_hex(out, octets);
            out.push(b'\'');
        }
        // Another sign than ours would be lost in a date.
        Cell::Day(packed) => match calendar::unpack(*packed).filter(|_| packed & 15 == 0xF) {
            Some(days) => calendar::write_day(out, days),
            None if *packed == 0 => {}
            None => write_quoted(out, (*packed).into(), 8),
        },
        Cell::Time(hundredths) if *hundredths < calendar::HUNDREDTHS_A_DAY => {
            calendar::write_time(out, *hundredths);
        }
        Cell::Time(hundredths) => write_quoted(out, (*hundredths).into(), 8),
        Cell::Moment(time, day) => {
            if let Some(at) = calendar::moment(*time, *day) {
                calendar::write_moment(out, at);
            }
        }
        Cell::Stamp(time, day) => {
            if let Some(at) = calendar::moment(*time, *day) {
                calendar::write_stamp(out, at);
            }
        }
        Cell::Coded(value, digits, None) => write_hex_number(out, *value, *digits),
        Cell::Label(value, digits, None) => write_quoted(out, *value, *digits),
        Cell::Names(octets, Form::Titled(words)) => write_titled(out, octets, words, page),
        Cell::Names(..) | Cell::Opaque(..) => write_json(out, cell, page),
    }
}

fn write_titled(out: &mut Vec<u8>, octets: &[u8], words: &Words, page: &Page) {
    for (at, (kind, word, text)) in named(octets, words).enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        write_plain(out, &Cell::Label(kind.into(), 4, word), page);
        out.extend_from_slice(b":'");
        write_decoded(out, text, page);
        out.push(b'\'');
    }
}

fn write_names(
    out: &mut Vec<u8>,
    octets: &[u8],
    keys: (&str, &str),
    words: &Words,
    coded: bool,
    page: &Page,
) {
    out.push(b'[');
    for (at, (kind, word, text)) in named(octets, words).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.push(b'{');
        json::write_text(out, keys.0);
        out.push(b':');
        let value = u64::from(kind);
        let cell = if coded { Cell::Coded(value, 4, word) } else { Cell::Label(value, 4, word) };
        write_json(out, &cell, page);
        out.push(b',');
        json::write_text(out, keys.1);
        out.push(b':');
        json::write_text(out, &decoded(text, page));
        out.push(b'}');
    }
    out.push(b']');
}

fn write_opaque(out: &mut Vec<u8>, octets: &[u8], length: usize) {
    out.push(b'[');
    for (at, part) in octets.chunks(length.max(1)).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.push(b'"');
        write_hex(out, part);
        out.push(b'"');
    }
    out.push(b']');
}

/// Text of the code page.
pub(super) fn decoded(octets: &[u8], page: &Page) -> String {
    octets.iter().map(|octet| page[usize::from(*octet)]).collect()
}

fn write_decoded(out: &mut Vec<u8>, octets: &[u8], page: &Page) {
    let mut room = [0; 4];
    for octet in octets {
        let character = page[usize::from(*octet)];
        if character.is_ascii() {
            out.push(character as u8);
        } else {
            out.extend_from_slice(character.encode_utf8(&mut room).as_bytes());
        }
    }
}

fn write_quoted(out: &mut Vec<u8>, value: u64, digits: usize) {
    out.extend_from_slice(b"X'");
    write_hex_number(out, value, digits);
    out.push(b'\'');
}

fn write_hex_number(out: &mut Vec<u8>, value: u64, digits: usize) {
    for at in (0..digits).rev() {
        out.push(digit((value >> (4 * at) & 15) as u8));
    }
}

fn write_hex(out: &mut Vec<u8>, octets: &[u8]) {
    for octet in octets {
        out.push(digit(octet >> 4));
        out.push(digit(octet & 15));
    }
}

const fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 }
}
