//! Certificates of a row, as objects and part by part.

use crate::clock;
use crate::hex::{Case, hex};
use crate::sources::{Protocol, Source, protocol_of};
use crate::value::{Kind, Value};
use zertap_core::certificate::{CertificateTime, LeafCertificate};
use zertap_core::event::Row;

/// The facts of a certificate that stand in an object, in the schema's order.
pub(crate) const CERTIFICATE_PARTS: [(&str, Kind); 12] = [
    ("serial", Kind::Text),
    ("not_before", Kind::Text),
    ("not_after", Kind::Text),
    ("not_after_type", Kind::Text),
    ("subject", Kind::Text),
    ("issuer", Kind::Text),
    ("subject_sha256", Kind::Text),
    ("issuer_sha256", Kind::Text),
    ("key_type", Kind::Text),
    ("key_bits", Kind::U64),
    ("signature_algorithm", Kind::Text),
    ("sha256", Kind::Text),
];

pub(crate) fn certificate(leaf: Option<&LeafCertificate>) -> Value<'_> {
    let Some(leaf) = leaf else { return Value::Null };
    let parts = CERTIFICATE_PARTS.iter().enumerate();
    Value::Object(parts.map(|(part, (name, _))| (*name, part_of(leaf, part))).collect())
}

/// One part of the certificate that a source means.
pub(crate) fn certificate_part(row: &Row, source: Source, part: usize) -> Value<'_> {
    let settled = row.settled.as_deref();
    let leaf = match source {
        _ if protocol_of(row.phase) != Some(Protocol::Tls) => None,
        Source::TlsServerCertificate => settled.and_then(|settled| settled.server_certificate.as_deref()),
        Source::TlsClientCertificate => settled.and_then(|settled| settled.client_certificate.as_deref()),
        _ => None,
    };
    Value::maybe(leaf, |leaf| part_of(leaf, part))
}

/// A part by its place in `CERTIFICATE_PARTS`.
fn part_of(leaf: &LeafCertificate, part: usize) -> Value<'_> {
    match part {
        0 => Value::owned(serial(&leaf.serial)),
        1 => Value::maybe(leaf.not_before.and_then(clock::rfc3339_seconds), Value::owned),
        2 => Value::maybe(leaf.not_after.and_then(clock::rfc3339_seconds), Value::owned),
        3 => Value::text(match leaf.not_after_type {
            CertificateTime::Utc => "utc",
            CertificateTime::Generalized => "generalized",
        }),
        4 => Value::text(&leaf.subject),
        5 => Value::text(&leaf.issuer),
        6 => Value::owned(hex(&leaf.subject_sha256, Case::Lower)),
        7 => Value::owned(hex(&leaf.issuer_sha256, Case::Lower)),
        8 => Value::text(leaf.traits.key.name()),
        9 if leaf.traits.key_bits != 0 => Value::Int(leaf.traits.key_bits.into()),
        10 => Value::Text(leaf.traits.signature_name()),
        11 => Value::owned(hex(&leaf.sha256, Case::Lower)),
        _ => Value::Null,
    }
}

pub(crate) fn sha1(leaf: Option<&LeafCertificate>) -> Value<'_> {
    Value::maybe(leaf, |leaf| Value::owned(hex(&leaf.sha1, Case::Lower)))
}

/// A serial number as its own digits: a leading zero octet is only the INTEGER's sign.
fn serial(octets: &[u8]) -> String {
    let digits = match octets {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    hex(digits, Case::Upper)
}
