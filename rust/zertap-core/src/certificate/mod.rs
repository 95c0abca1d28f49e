//! X.509 leaf certificates: what a passive observer may keep of them. Knows no protocol.

mod cache;

pub use cache::CertificateCache;

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

/// What of a leaf certificate counts as significant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeafTraits {
    /// OID of the signature algorithm, dotted.
    pub signature_oid: Box<str>,
    /// Kind of the public key.
    pub key: CertificateKey,
    /// Length of the public key in bits; zero when unknown.
    pub key_bits: u16,
}

/// The facts of one leaf certificate. Never the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafCertificate {
    /// Significant traits.
    pub traits: LeafTraits,
    /// Serial number, raw content octets of the INTEGER.
    pub serial: Box<[u8]>,
    /// Seconds since 1970 of notBefore.
    pub not_before: i64,
    /// Seconds since 1970 of notAfter.
    pub not_after: i64,
    /// Time format of notAfter.
    pub not_after_type: CertificateTime,
    /// notAfter as written (`YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`).
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
    /// Name of the elliptic curve, where the key has one.
    pub curve: Option<Box<str>>,
}
