//! X.509 leaf certificates: what a passive observer may keep of them. Knows no protocol.

mod cache;
mod key;
mod name;
mod read;

use crate::compact::{Compact, Reading, Writer};
use crate::registry::{HashAlgorithm, x509};
use std::borrow::Cow;

pub use cache::{CacheCounters, CertificateCache};
pub use read::MAX_DER;

/// Which number format a certificate's time was written in (RFC 5280 4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CertificateTime {
    /// UTCTime.
    Utc = 1,
    /// GeneralizedTime.
    Generalized = 2,
}

/// The kind of a certificate's public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CertificateKey {
    /// Another, or unreadable.
    Other = 0,
    /// RSA (rsaEncryption).
    Rsa = 1,
    /// RSA restricted to PSS (id-RSASSA-PSS).
    RsaPss = 2,
    /// DSA.
    Dsa = 3,
    /// Diffie-Hellman.
    Dh = 4,
    /// Elliptic curve.
    Ec = 5,
    /// Ed25519.
    Ed25519 = 6,
    /// Ed448.
    Ed448 = 7,
    /// ML-DSA (any parameter set).
    MlDsa = 8,
}

impl CertificateKey {
    /// The word used outside the engine.
    pub const fn name(self) -> &'static str {
        match self {
            CertificateKey::Other => "other",
            CertificateKey::Rsa => "RSA",
            CertificateKey::RsaPss => "RSA-PSS",
            CertificateKey::Dsa => "DSA",
            CertificateKey::Dh => "DH",
            CertificateKey::Ec => "EC",
            CertificateKey::Ed25519 => "Ed25519",
            CertificateKey::Ed448 => "Ed448",
            CertificateKey::MlDsa => "ML-DSA",
        }
    }
}

/// What of a leaf certificate counts as significant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeafTraits {
    /// OID of the signature algorithm, dotted.
    pub signature_oid: Box<str>,
    /// The digest that is signed: by the identifier, or by the parameters of RSASSA-PSS (RFC 4055 section 3.1).
    /// `None`: unknown, or the signature hashes by itself.
    pub signature_digest: Option<HashAlgorithm>,
    /// Kind of the public key.
    pub key: CertificateKey,
    /// Length of the public key in bits: modulus, prime, field, or (Ed25519, Ed448, ML-DSA) the encoded key.
    /// Zero when unknown, 65535 for that and more.
    pub key_bits: u16,
}

impl LeafTraits {
    /// The signature algorithm's row; `None` when its identifier is not known.
    pub fn signature(&self) -> Option<&'static x509::SignatureAlgorithm> {
        x509::signature_algorithm(&self.signature_oid)
    }

    /// The signature algorithm's name (`sha256WithRSAEncryption`, `RSASSA-PSS with SHA-256`), or its dotted
    /// identifier.
    pub fn signature_name(&self) -> Cow<'_, str> {
        match (self.signature(), self.signature_digest) {
            (Some(row), Some(digest)) if row.signature == x509::SignatureKind::RsaPss => {
                Cow::Owned(format!("{} with {}", row.name, digest.name()))
            }
            (Some(row), _) => Cow::Borrowed(row.name),
            (None, _) => Cow::Borrowed(&self.signature_oid),
        }
    }
}

/// The facts of one leaf certificate. Never the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafCertificate {
    /// Significant traits.
    pub traits: LeafTraits,
    /// Serial number, raw content octets of the INTEGER.
    pub serial: Box<[u8]>,
    /// Seconds since 1970 of notBefore; `None` when it is no date.
    pub not_before: Option<i64>,
    /// Seconds since 1970 of notAfter; `None` when it is no date.
    pub not_after: Option<i64>,
    /// Time format of notAfter.
    pub not_after_type: CertificateTime,
    /// notAfter as written (`YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`); empty when it is not short visible text.
    pub not_after_text: Box<str>,
    /// Subject in RFC 4514 form.
    pub subject: Box<str>,
    /// Issuer in RFC 4514 form.
    pub issuer: Box<str>,
    /// SHA-256 of the DER of the subject.
    pub subject_sha256: [u8; 32],
    /// SHA-256 of the DER of the issuer.
    pub issuer_sha256: [u8; 32],
    /// SHA-256 of the whole DER.
    pub sha256: [u8; 32],
    /// SHA-1 of the whole DER: the fingerprint by which older tools know a certificate.
    pub sha1: [u8; 20],
    /// Name of the elliptic curve, or its dotted identifier, where the key names one.
    pub curve: Option<Box<str>>,
}

impl LeafCertificate {
    /// Reads the facts from a certificate's DER.
    ///
    /// Lenient: extensions, signature and what follows the public key are not looked at, nor are octets after
    /// the certificate; a time that is no date is left out. `None` when the fields up to the public key are not
    /// where RFC 5280 section 4.1 puts them, or `der` is longer than [`MAX_DER`].
    pub fn read(der: &[u8]) -> Option<Self> {
        read::read(der)
    }
}

impl Compact for LeafTraits {
    /// As it is: a handshake has them only when it is over.
    fn write(self, to: &mut Writer) {
        Box::new(self).write(to);
    }

    fn read(from: &mut Reading<'_>) -> Option<Self> {
        Compact::read(from).map(|boxed: Box<Self>| *boxed)
    }
}
