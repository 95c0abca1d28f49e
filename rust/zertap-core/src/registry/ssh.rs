//! Names of SSH: algorithms that KEXINIT lists, with the facts behind each, and message numbers.
//!
//! Sources: the IANA registry "SSH Protocol Parameters" (RFC 4250) and the private names of OpenSSH and
//! others (`name@domain`, RFC 4251 section 6). An unknown name has no row and changes nothing.

use super::{BulkCipher, HashAlgorithm, MacAlgorithm, Standing, name_of};

pub use super::tables::{
    SSH_CIPHERS, SSH_COMPRESSIONS, SSH_DISCONNECT_REASONS, SSH_HOST_KEYS, SSH_KEX_MARKERS, SSH_KEXES,
    SSH_MACS, SSH_MESSAGES,
};

/// A key exchange method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SshKex {
    /// The name; ends in `*` where a suffix follows (a curve or mechanism identifier).
    pub name: &'static str,
    /// What kind of exchange it is.
    pub family: KexFamily,
    /// What it asks of the host key.
    pub host_key: HostKeyNeed,
    /// The exchange hash; `None` where it depends on the suffix.
    pub hash: Option<HashAlgorithm>,
    /// How official the name is.
    pub standing: Standing,
}

/// What kind of key exchange a method is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KexFamily {
    /// Diffie-Hellman in a fixed group (RFC 4253 section 8, RFC 8268).
    DhGroup,
    /// Diffie-Hellman group exchange (RFC 4419): messages 30 to 34.
    DhGex,
    /// Elliptic-curve Diffie-Hellman (RFC 5656).
    Ecdh,
    /// ECMQV (RFC 5656 section 5).
    Ecmqv,
    /// X25519 (RFC 8731).
    Curve25519,
    /// X448 (RFC 8731).
    Curve448,
    /// Streamlined NTRU Prime with X25519 (RFC 9941).
    HybridSntrup,
    /// ML-KEM with an elliptic curve (RFC 10042).
    HybridMlKem,
    /// GSS-API (RFC 4462, RFC 8732).
    Gss,
    /// RSA key transport (RFC 4432).
    Rsa,
}

impl KexFamily {
    /// The word used outside the engine.
    pub const fn name(self) -> &'static str {
        match self {
            KexFamily::DhGroup => "dh-group",
            KexFamily::DhGex => "dh-gex",
            KexFamily::Ecdh => "ecdh",
            KexFamily::Ecmqv => "ecmqv",
            KexFamily::Curve25519 => "curve25519",
            KexFamily::Curve448 => "curve448",
            KexFamily::HybridSntrup => "hybrid-sntrup",
            KexFamily::HybridMlKem => "hybrid-mlkem",
            KexFamily::Gss => "gss",
            KexFamily::Rsa => "rsa",
        }
    }
}

/// What a key exchange asks of the host key (RFC 4253 7.1: a guess is right only if this fits too).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostKeyNeed {
    /// A key that can sign.
    Signature,
    /// An elliptic-curve key that takes part in the exchange itself.
    EllipticCurve,
    /// None: another means authenticates the host (`null` is allowed).
    None,
}

/// A host key algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SshHostKey {
    /// The name.
    pub name: &'static str,
    /// The kind of key.
    pub key: KeyKind,
    /// The hash of its signature; `None` where the signature has its own.
    pub hash: Option<HashAlgorithm>,
    /// What vouches for the key.
    pub certificate: CertificateKind,
    /// How official the name is.
    pub standing: Standing,
}

impl SshHostKey {
    /// Whether the key comes in a certificate of any kind.
    pub const fn is_certificate(&self) -> bool {
        !matches!(self.certificate, CertificateKind::None)
    }
}

/// The kind of a host key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// No key (RFC 4462).
    None,
    /// RSA.
    Rsa,
    /// DSA.
    Dsa,
    /// ECDSA.
    Ecdsa,
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// ECDSA on a FIDO token.
    SkEcdsa,
    /// Ed25519 on a FIDO token.
    SkEd25519,
    /// XMSS.
    Xmss,
    /// ML-DSA.
    MlDsa,
}

impl KeyKind {
    /// The word used outside the engine.
    pub const fn name(self) -> &'static str {
        match self {
            KeyKind::None => "none",
            KeyKind::Rsa => "RSA",
            KeyKind::Dsa => "DSA",
            KeyKind::Ecdsa => "ECDSA",
            KeyKind::Ed25519 => "Ed25519",
            KeyKind::Ed448 => "Ed448",
            KeyKind::SkEcdsa => "SK-ECDSA",
            KeyKind::SkEd25519 => "SK-Ed25519",
            KeyKind::Xmss => "XMSS",
            KeyKind::MlDsa => "ML-DSA",
        }
    }
}

/// What vouches for a host key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateKind {
    /// Nothing: a plain key.
    None,
    /// An OpenSSH certificate.
    OpenSsh,
    /// An X.509 certificate chain (RFC 6187).
    X509,
    /// An OpenPGP certificate (RFC 4253 6.6).
    Pgp,
}

/// A cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SshCipher {
    /// The name.
    pub name: &'static str,
    /// Algorithm, key length and mode; an AEAD cipher makes the MAC implicit.
    pub cipher: BulkCipher,
    /// How official the name is.
    pub standing: Standing,
}

/// A message authentication code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SshMac {
    /// The name.
    pub name: &'static str,
    /// The code, or the hash in HMAC; `None` for `none` and for RFC 5647's AEAD names.
    pub mac: Option<MacAlgorithm>,
    /// Length of the tag as sent. Unit: bits.
    pub tag_bits: u16,
    /// Whether the packet is encrypted first, so that its length field stays readable.
    pub encrypt_then_mac: bool,
    /// How official the name is.
    pub standing: Standing,
}

/// A name without facts: a compression method, or a marker in the key exchange list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SshName {
    /// The name.
    pub name: &'static str,
    /// How official the name is.
    pub standing: Standing,
}

/// The key exchange method `name`; a method with a suffix is found by its longest known beginning.
pub fn kex(name: &str) -> Option<&'static SshKex> {
    find(SSH_KEXES, name, |row| row.name).or_else(|| {
        let suffixed = SSH_KEXES.iter().filter(|row| {
            row.name
                .strip_suffix('*')
                .is_some_and(|beginning| name.len() > beginning.len() && name.starts_with(beginning))
        });
        suffixed.max_by_key(|row| row.name.len())
    })
}

/// The host key algorithm `name`.
pub fn host_key(name: &str) -> Option<&'static SshHostKey> {
    find(SSH_HOST_KEYS, name, |row| row.name)
}

/// The cipher `name`.
pub fn cipher(name: &str) -> Option<&'static SshCipher> {
    find(SSH_CIPHERS, name, |row| row.name)
}

/// The message authentication code `name`.
pub fn mac(name: &str) -> Option<&'static SshMac> {
    find(SSH_MACS, name, |row| row.name)
}

/// The compression method `name`.
pub fn compression(name: &str) -> Option<&'static SshName> {
    find(SSH_COMPRESSIONS, name, |row| row.name)
}

/// Whether `name` only signals something in the key exchange list and is never negotiated
/// (RFC 8308 section 2, OpenSSH's strict key exchange).
pub fn is_kex_marker(name: &str) -> bool {
    find(SSH_KEX_MARKERS, name, |row| row.name).is_some()
}

/// The name of a message number (RFC 4250 4.1); `None` for numbers whose meaning depends on the method.
pub fn message_name(number: u8) -> Option<&'static str> {
    name_of(SSH_MESSAGES, number)
}

/// The name of a DISCONNECT reason (RFC 4250 4.2).
pub fn disconnect_reason_name(number: u32) -> Option<&'static str> {
    name_of(SSH_DISCONNECT_REASONS, number)
}

/// The row called `name` in `rows`, which are sorted by name.
fn find<T>(rows: &'static [T], name: &str, key: impl Fn(&'static T) -> &'static str) -> Option<&'static T> {
    let at = rows.binary_search_by(|row| key(row).cmp(name)).ok()?;
    rows.get(at)
}
