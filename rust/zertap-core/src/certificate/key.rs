//! The kind and length of a certificate's public key. The key itself is looked at and let go.

use super::CertificateKey;
use super::read::element;
use crate::registry::x509;
use x509_parser::asn1_rs::{Oid, Tag};
use x509_parser::x509::SubjectPublicKeyInfo;

/// What is said of a public key.
pub(super) struct KeyFacts {
    pub(super) kind: CertificateKey,
    /// Zero when unknown.
    pub(super) bits: u16,
    /// Name or dotted identifier of the curve.
    pub(super) curve: Option<Box<str>>,
}

/// Kind, length and curve of the key in `info` (RFC 3279, 4055, 5480, 8410, 9881).
pub(super) fn facts(info: &SubjectPublicKeyInfo<'_>) -> KeyFacts {
    let key: &[u8] = &info.subject_public_key.data;
    let parameters = info.algorithm.parameters.as_ref().map_or(&[][..], |any| any.data);
    let (kind, bits) = match info.algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => (CertificateKey::Rsa, rsa_bits(key)),
        "1.2.840.113549.1.1.10" => (CertificateKey::RsaPss, rsa_bits(key)),
        "1.2.840.10040.4.1" => (CertificateKey::Dsa, integer_bits(parameters)),
        "1.2.840.10046.2.1" | "1.2.840.113549.1.3.1" => (CertificateKey::Dh, integer_bits(parameters)),
        "1.2.840.10045.2.1" => return elliptic(info, key),
        "1.3.101.112" => (CertificateKey::Ed25519, encoded_bits(key)),
        "1.3.101.113" => (CertificateKey::Ed448, encoded_bits(key)),
        "2.16.840.1.101.3.4.3.17" | "2.16.840.1.101.3.4.3.18" | "2.16.840.1.101.3.4.3.19" => {
            (CertificateKey::MlDsa, encoded_bits(key))
        }
        _ => (CertificateKey::Other, 0),
    };
    KeyFacts { kind, bits, curve: None }
}

/// An elliptic-curve key: by the curve's identifier, else by the size of an uncompressed point.
fn elliptic(info: &SubjectPublicKeyInfo<'_>, point: &[u8]) -> KeyFacts {
    let named = info.algorithm.parameters.as_ref().filter(|any| any.header.tag() == Tag::Oid);
    let oid = named.map(|any| Oid::new(any.data.into()).to_id_string());
    let row = oid.as_deref().and_then(x509::curve);
    let uncompressed =
        point.split_first().filter(|(form, _)| **form == 4).map(|(_, coordinates)| coordinates);
    let bits = match (row, uncompressed) {
        (Some(row), _) => row.bits,
        (None, Some(coordinates)) => saturated(coordinates.len() / 2 * 8),
        (None, None) => 0,
    };
    let curve = row.map(|row| row.name.into()).or(oid.map(String::into_boxed_str));
    KeyFacts { kind: CertificateKey::Ec, bits, curve }
}

/// Bits of an RSA modulus: the first INTEGER of RSAPublicKey (RFC 8017 A.1.1).
fn rsa_bits(key: &[u8]) -> u16 {
    element(&mut &*key, Tag::Sequence).map_or(0, |sequence| integer_bits(sequence.data))
}

/// Bits of the INTEGER that stands first in `data`.
fn integer_bits(mut data: &[u8]) -> u16 {
    let Some(integer) = element(&mut data, Tag::Integer) else { return 0 };
    let first = integer.data.iter().position(|octet| *octet != 0).unwrap_or(integer.data.len());
    let digits = integer.data.get(first..).unwrap_or_default();
    let leading = digits.first().map_or(0, |octet| octet.leading_zeros() as usize);
    saturated(digits.len() * 8 - leading)
}

/// Bits of a key that is its own encoding.
fn encoded_bits(key: &[u8]) -> u16 {
    saturated(key.len() * 8)
}

fn saturated(bits: usize) -> u16 {
    u16::try_from(bits).unwrap_or(u16::MAX)
}
