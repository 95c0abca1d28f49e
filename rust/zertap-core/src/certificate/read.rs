//! A certificate's DER to its facts.
//!
//! Walks TBSCertificate field by field (RFC 5280 4.1) and stops behind the public key: an extension that
//! nobody can parse must not hide what the certificate says before it.

use super::{CertificateTime, LeafCertificate, LeafTraits, key, name};
use crate::registry::{HashAlgorithm, x509};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_parser::asn1_rs::{Any, Class, FromDer, Tag};
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// The longest certificate that is read (EDGE_CASES A10). Unit: octets.
pub const MAX_DER: usize = 32 * 1024;

/// Longest time text that is kept; the two forms of RFC 5280 have 13 and 15 octets.
const MAX_TIME_TEXT: usize = 24;

/// Reads the facts; see [`LeafCertificate::read`].
pub(super) fn read(der: &[u8]) -> Option<LeafCertificate> {
    if der.len() > MAX_DER {
        return None;
    }
    let certificate = element(&mut &*der, Tag::Sequence)?;
    let mut fields = element(&mut &*certificate.data, Tag::Sequence)?.data;
    skip_version(&mut fields);
    let serial = element(&mut fields, Tag::Integer)?.data;
    let (signature_oid, signature_digest) = signature(element(&mut fields, Tag::Sequence)?.whole)?;
    let issuer = element(&mut fields, Tag::Sequence)?;
    let mut validity = element(&mut fields, Tag::Sequence)?.data;
    let (not_before, not_after) = (next(&mut validity)?, next(&mut validity)?);
    let subject = element(&mut fields, Tag::Sequence)?;
    let public = element(&mut fields, Tag::Sequence)?.whole;
    let key = key::facts(&SubjectPublicKeyInfo::from_der(public).ok()?.1);
    Some(LeafCertificate {
        traits: LeafTraits { signature_oid, signature_digest, key: key.kind, key_bits: key.bits },
        serial: serial.into(),
        not_before: seconds(not_before),
        not_after: seconds(not_after),
        not_after_type: time_type(not_after)?,
        not_after_text: time_text(not_after.data),
        subject: name::text(subject.data)?,
        issuer: name::text(issuer.data)?,
        subject_sha256: Sha256::digest(subject.whole).into(),
        issuer_sha256: Sha256::digest(issuer.whole).into(),
        sha256: Sha256::digest(der).into(),
        sha1: Sha1::digest(der).into(),
        curve: key.curve,
    })
}

/// One element: its content, and the whole of it with tag and length.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: Tag,
    pub(super) data: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// The next element of the universal class, whatever its tag.
pub(super) fn next<'a>(input: &mut &'a [u8]) -> Option<Element<'a>> {
    let (rest, any) = Any::from_der(input).ok()?;
    let whole = input.get(..input.len().checked_sub(rest.len())?)?;
    if any.header.class() != Class::Universal {
        return None;
    }
    *input = rest;
    Some(Element { tag: any.header.tag(), data: any.data, whole })
}

/// The next element, which must have the tag `tag`.
pub(super) fn element<'a>(input: &mut &'a [u8], tag: Tag) -> Option<Element<'a>> {
    next(input).filter(|element| element.tag == tag)
}

/// Steps over the version, if there is one: `[0] EXPLICIT`, absent in version 1.
fn skip_version(fields: &mut &[u8]) {
    if let Ok((rest, any)) = Any::from_der(fields)
        && any.header.class() == Class::ContextSpecific
    {
        *fields = rest;
    }
}

/// Identifier and digest of a signature algorithm.
fn signature(whole: &[u8]) -> Option<(Box<str>, Option<HashAlgorithm>)> {
    let (_, algorithm) = AlgorithmIdentifier::from_der(whole).ok()?;
    let oid = algorithm.algorithm.to_id_string();
    let row = x509::signature_algorithm(&oid);
    let digest = match row.map(|row| row.signature) {
        Some(x509::SignatureKind::RsaPss) => pss_digest(&algorithm),
        _ => row.and_then(|row| row.digest),
    };
    Some((oid.into(), digest))
}

/// The digest that RSASSA-PSS parameters name; SHA-1 where they name none (RFC 4055 section 3.1).
fn pss_digest(algorithm: &AlgorithmIdentifier<'_>) -> Option<HashAlgorithm> {
    let parameters = RsaSsaPssParams::try_from(algorithm.parameters.as_ref()?).ok()?;
    match parameters.hash_algorithm_oid().to_id_string().as_str() {
        "1.3.14.3.2.26" => Some(HashAlgorithm::Sha1),
        "2.16.840.1.101.3.4.2.4" => Some(HashAlgorithm::Sha224),
        "2.16.840.1.101.3.4.2.1" => Some(HashAlgorithm::Sha256),
        "2.16.840.1.101.3.4.2.2" => Some(HashAlgorithm::Sha384),
        "2.16.840.1.101.3.4.2.3" => Some(HashAlgorithm::Sha512),
        "2.16.840.1.101.3.4.2.7" => Some(HashAlgorithm::Sha3_224),
        "2.16.840.1.101.3.4.2.8" => Some(HashAlgorithm::Sha3_256),
        "2.16.840.1.101.3.4.2.9" => Some(HashAlgorithm::Sha3_384),
        "2.16.840.1.101.3.4.2.10" => Some(HashAlgorithm::Sha3_512),
        _ => None,
    }
}

/// The type of notAfter.
fn time_type(time: Element<'_>) -> Option<CertificateTime> {
    match time.tag {
        Tag::UtcTime => Some(CertificateTime::Utc),
        Tag::GeneralizedTime => Some(CertificateTime::Generalized),
        _ => None,
    }
}

/// Seconds since 1970, where the element is a time at all. UTCTime years below 50 are 20xx (RFC 5280 4.1.2.5.1).
fn seconds(time: Element<'_>) -> Option<i64> {
    ASN1Time::from_der(time.whole).ok().map(|(_, time)| time.timestamp())
}

/// A time's text, where it is short and visible.
fn time_text(data: &[u8]) -> Box<str> {
    let text = std::str::from_utf8(data).unwrap_or_default();
    let fits = text.len() <= MAX_TIME_TEXT && text.bytes().all(|octet| octet.is_ascii_graphic());
    if fits { text.into() } else { Box::default() }
}
