//! Object identifiers of certificates: signature algorithms, curves, and the short names of RFC 4514.

use super::HashAlgorithm;

pub use super::tables::{X509_CURVES, X509_NAME_ATTRIBUTES, X509_SIGNATURE_ALGORITHMS};

/// A certificate signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    /// The object identifier, dotted.
    pub oid: &'static str,
    /// The name in the document that defines it.
    pub name: &'static str,
    /// The kind of signature.
    pub signature: SignatureKind,
    /// The digest that is signed; `None` where the parameters say it (RSASSA-PSS) or the signature
    /// hashes by itself (EdDSA, ML-DSA, SLH-DSA).
    pub digest: Option<HashAlgorithm>,
}

/// The kind of a certificate's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureKind {
    /// RSA, PKCS #1 v1.5.
    Rsa,
    /// RSA-PSS.
    RsaPss,
    /// DSA.
    Dsa,
    /// ECDSA.
    Ecdsa,
    /// Ed25519 or Ed448.
    EdDsa,
    /// ML-DSA.
    MlDsa,
    /// SLH-DSA.
    SlhDsa,
    /// SM2.
    Sm2,
    /// GOST R 34.10.
    Gost,
}

impl SignatureKind {
    /// The word used outside the engine.
    pub const fn name(self) -> &'static str {
        match self {
            SignatureKind::Rsa => "RSA",
            SignatureKind::RsaPss => "RSA-PSS",
            SignatureKind::Dsa => "DSA",
            SignatureKind::Ecdsa => "ECDSA",
            SignatureKind::EdDsa => "EdDSA",
            SignatureKind::MlDsa => "ML-DSA",
            SignatureKind::SlhDsa => "SLH-DSA",
            SignatureKind::Sm2 => "SM2",
            SignatureKind::Gost => "GOST",
        }
    }
}

/// An elliptic curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Curve {
    /// The object identifier, dotted.
    pub oid: &'static str,
    /// The name, as in the TLS Supported Groups registry where it stands there.
    pub name: &'static str,
    /// Size of the field. Unit: bits.
    pub bits: u16,
}

/// An attribute type of distinguished names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAttribute {
    /// The object identifier, dotted.
    pub oid: &'static str,
    /// The short name (RFC 4514 section 3, RFC 4519).
    pub name: &'static str,
}

/// The signature algorithm with the dotted identifier `oid`.
pub fn signature_algorithm(oid: &str) -> Option<&'static SignatureAlgorithm> {
    let at = X509_SIGNATURE_ALGORITHMS.binary_search_by(|row| row.oid.cmp(oid)).ok()?;
    X509_SIGNATURE_ALGORITHMS.get(at)
}

/// The curve with the dotted identifier `oid`.
pub fn curve(oid: &str) -> Option<&'static Curve> {
    let at = X509_CURVES.binary_search_by(|row| row.oid.cmp(oid)).ok()?;
    X509_CURVES.get(at)
}

/// The short name of the attribute type with the dotted identifier `oid`.
pub fn name_attribute(oid: &str) -> Option<&'static NameAttribute> {
    let at = X509_NAME_ATTRIBUTES.binary_search_by(|row| row.oid.cmp(oid)).ok()?;
    X509_NAME_ATTRIBUTES.get(at)
}
