//! What the observer must know about algorithm names: questions to the registry, in the wire's octets.
//!
//! A name without a row changes nothing but what its row would have told.

pub(super) use crate::handshake::KexFamily;
use crate::registry::ssh::{self as registry, HostKeyNeed, KeyKind};

/// The family of a key exchange method.
pub(super) fn kex_family(name: &[u8]) -> KexFamily {
    match kex(name).map(|row| row.family) {
        None => KexFamily::Unknown,
        Some(registry::KexFamily::DhGex) => KexFamily::Group,
        Some(registry::KexFamily::Gss) => KexFamily::Gss,
        Some(registry::KexFamily::Rsa) => KexFamily::Rsa,
        Some(_) => KexFamily::Exchange,
    }
}

/// What the method asks of the host key; a method unknown to us asks for a signature, as nearly all do.
pub(super) fn host_key_need(kex_name: &[u8]) -> HostKeyNeed {
    kex(kex_name).map_or(HostKeyNeed::Signature, |row| row.host_key)
}

/// Whether a host key algorithm meets a need; one unknown to us is taken to sign.
pub(super) fn meets(host_key: &[u8], need: HostKeyNeed) -> bool {
    let kind = std::str::from_utf8(host_key).ok().and_then(registry::host_key).map(|row| row.key);
    match need {
        HostKeyNeed::None => true,
        HostKeyNeed::Signature => kind != Some(KeyKind::None),
        HostKeyNeed::EllipticCurve => matches!(kind, None | Some(KeyKind::Ecdsa)),
    }
}

/// Whether this entry of a key exchange list is an announcement and never a method (SSH-06).
pub(super) fn is_marker(name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(registry::is_kex_marker) || name == b"kexguess2@matt.ucc.asn.au"
}

/// Whether only a client should announce this (RFC 8308 section 2.1, OpenSSH PROTOCOL 1.10).
pub(super) fn marks_client(name: &[u8]) -> bool {
    name == b"ext-info-c" || is_strict_client(name)
}

/// Whether only a server should announce this.
pub(super) fn marks_server(name: &[u8]) -> bool {
    name == b"ext-info-s" || is_strict_server(name)
}

/// The client's announcement of strict key exchange (OpenSSH PROTOCOL 1.10).
pub(super) fn is_strict_client(name: &[u8]) -> bool {
    matches!(name, b"kex-strict-c-v00@openssh.com" | b"kex-strict-c")
}

/// The server's announcement of strict key exchange.
pub(super) fn is_strict_server(name: &[u8]) -> bool {
    matches!(name, b"kex-strict-s-v00@openssh.com" | b"kex-strict-s")
}

/// Whether this cipher authenticates by itself, so that the MAC lists are ignored (OpenSSH PROTOCOL 1.6).
pub(super) fn is_aead(cipher: &[u8]) -> bool {
    let row = std::str::from_utf8(cipher).ok().and_then(registry::cipher);
    row.is_some_and(|row| row.cipher.mode().is_aead())
}

/// Whether this cipher is an AEAD whose name stands for the MAC as well (RFC 5647 section 5.1).
pub(super) fn is_named_twice(cipher: &[u8]) -> bool {
    is_aead(cipher) && std::str::from_utf8(cipher).ok().and_then(registry::mac).is_some()
}

fn kex(name: &[u8]) -> Option<&'static registry::SshKex> {
    std::str::from_utf8(name).ok().and_then(registry::kex)
}
