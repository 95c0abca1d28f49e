//! Distinguished names as text, by RFC 4514.

use super::read::{Element, element, next};
use crate::registry::x509;
use std::fmt::Write as _;
use x509_parser::asn1_rs::{Oid, Tag};

/// The name whose RDNSequence content is `data`, last relative name first (RFC 4514 2.1); empty for an empty
/// name. `None` when it is not built as a name is.
pub(super) fn text(mut data: &[u8]) -> Option<Box<str>> {
    let mut relative = Vec::new();
    while !data.is_empty() {
        relative.push(relative_name(element(&mut data, Tag::Set)?.data)?);
    }
    relative.reverse();
    Some(relative.join(",").into())
}

/// One relative name: its attributes joined by `+` (RFC 4514 2.2).
fn relative_name(mut data: &[u8]) -> Option<String> {
    let mut text = String::new();
    while !data.is_empty() {
        let mut pair = element(&mut data, Tag::Sequence)?.data;
        let oid = element(&mut pair, Tag::Oid)?;
        let value = next(&mut pair)?;
        if !text.is_empty() {
            text.push('+');
        }
        attribute(&mut text, oid, value);
    }
    Some(text)
}

/// `type=value` (RFC 4514 2.3): a known type with its text, else the dotted identifier with the value's octets.
fn attribute(text: &mut String, oid: Element<'_>, value: Element<'_>) {
    let dotted = Oid::new(oid.data.into()).to_id_string();
    match (x509::name_attribute(&dotted), string(value)) {
        (Some(row), Some(string)) => {
            text.push_str(row.name);
            text.push('=');
            escape(text, &string);
        }
        (row, _) => {
            text.push_str(row.map_or(&dotted, |row| row.name));
            text.push_str("=#");
            value.whole.iter().for_each(|octet| hex(text, *octet));
        }
    }
}

/// The text of a string type; `None` for other types and for octets that the type does not allow.
fn string(value: Element<'_>) -> Option<String> {
    let data = value.data;
    match value.tag {
        Tag::Utf8String => String::from_utf8(data.to_vec()).ok(),
        Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            data.is_ascii().then(|| data.iter().copied().map(char::from).collect())
        }
        // T.61 proper is nowhere in use; what stands there is Latin-1.
        Tag::T61String => Some(data.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let (units, rest) = data.as_chunks::<2>();
            rest.is_empty().then_some(())?;
            char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)))
                .collect::<Result<_, _>>()
                .ok()
        }
        Tag::UniversalString => {
            let (units, rest) = data.as_chunks::<4>();
            rest.is_empty().then_some(())?;
            units.iter().map(|unit| char::from_u32(u32::from_be_bytes(*unit))).collect()
        }
        _ => None,
    }
}

/// Appends `value` with the escapes of RFC 4514 2.4. Control characters are escaped too (2.4 allows it), so
/// that a name cannot steer a terminal.
fn escape(text: &mut String, value: &str) {
    let last = value.chars().count().saturating_sub(1);
    for (at, character) in value.chars().enumerate() {
        let edge_space = character == ' ' && (at == 0 || at == last);
        let special = matches!(character, '"' | '+' | ',' | ';' | '<' | '>' | '\\');
        if character.is_control() {
            let mut octets = [0; 4];
            for octet in character.encode_utf8(&mut octets).bytes() {
                text.push('\\');
                hex(text, octet);
            }
        } else {
            if special || edge_space || (character == '#' && at == 0) {
                text.push('\\');
            }
            text.push(character);
        }
    }
}

/// Appends two hexadecimal digits.
fn hex(text: &mut String, octet: u8) {
    let _ = write!(text, "{octet:02X}");
}
