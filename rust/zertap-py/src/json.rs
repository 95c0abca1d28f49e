//! Values as JSON text (RFC 8259), written into one growing buffer.

use crate::clock;
use crate::value::Value;
use std::io::Write;

/// Appends one value.
pub(crate) fn write(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(number) => write_int(out, *number),
        // Finite by construction: only spans of time become floats. A Vec never fails to take them.
        Value::Float(number) => drop(write!(out, "{number}")),
        Value::Text(text) => write_text(out, text),
        Value::Time(at) => {
            out.push(b'"');
            clock::write_rfc3339(out, *at);
            out.push(b'"');
        }
        Value::List(values) => {
            out.push(b'[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(out, value);
            }
            out.push(b']');
        }
        Value::Object(entries) => {
            out.push(b'{');
            for (at, (key, value)) in entries.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_text(out, key);
                out.push(b':');
                write(out, value);
            }
            out.push(b'}');
        }
    }
}

/// Appends a string with its quotes and escapes.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    // Nearly every text is plain: one pass without branches says so.
    if !text.bytes().fold(false, |any, octet| any | needs_escape(octet)) {
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    let mut plain = 0;
    for (at, octet) in text.bytes().enumerate() {
        if !needs_escape(octet) {
            continue;
        }
        out.extend_from_slice(text.as_bytes().get(plain..at).unwrap_or_default());
        plain = at + 1;
        match octet {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            // Control characters and DEL never reach a terminal raw.
            _ => drop(write!(out, "\\u{octet:04x}")),
        }
    }
    out.extend_from_slice(text.as_bytes().get(plain..).unwrap_or_default());
    out.push(b'"');
}

/// What RFC 8259 section 7 wants escaped, and DEL.
const fn needs_escape(octet: u8) -> bool {
    octet < 0x20 || octet == b'"' || octet == b'\\' || octet == 0x7f
}

pub(crate) fn write_int(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}
