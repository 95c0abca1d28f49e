//! Key exchange messages 30 to 49: who sends which, and the host key in the server's reply.
//!
//! Their meaning depends on the negotiated method, and a guessed packet may come before the method is known.
//! So a direction notes which numbers it saw and any host key that one could hold; the method picks later.

use super::facts::KexFamily;
use super::kexinit::printable;
use crate::compact::compact;
use crate::handshake::HostKey;
use crate::reader::Reader;
use crate::seen::Seen;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Reads a host key blob (`K_S`); `None` when it does not begin with a type name.
fn read_host_key(blob: &[u8]) -> Option<HostKey> {
    let mut reader = Reader::new(blob);
    let name = reader.vec32()?;
    if name.is_empty() || name.len() > 64 || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    Some(HostKey {
        fingerprint: Sha256::digest(blob).into(),
        name: printable(name),
        bits: key_bits(name, reader),
    })
}

/// Bits of a key from what follows its type name. Sources: RFC 4253 6.6, 5656 3.1, 8709 4, PROTOCOL.certkeys, PROTOCOL.u2f.
fn key_bits(name: &[u8], mut fields: Reader<'_>) -> Option<u16> {
    const CERTIFICATE: &[u8] = b"-cert-v01@openssh.com";
    let kind = name.strip_suffix(CERTIFICATE).unwrap_or(name);
    if name.ends_with(CERTIFICATE) {
        fields.vec32()?;
    }
    let kind = kind.strip_suffix(b"@openssh.com").unwrap_or(kind);
    match kind.strip_prefix(b"sk-").unwrap_or(kind) {
        b"ssh-rsa" | b"rsa-sha2-256" | b"rsa-sha2-512" => {
            fields.vec32()?;
            mpint_bits(fields.vec32()?)
        }
        b"ssh-dss" => mpint_bits(fields.vec32()?),
        b"ecdsa-sha2-nistp256" | b"ssh-ed25519" => Some(256),
        b"ecdsa-sha2-nistp384" => Some(384),
        b"ecdsa-sha2-nistp521" => Some(521),
        b"ssh-ed448" => Some(448),
        _ => None,
    }
}

/// Bits of a positive `mpint` (RFC 4251 section 5).
fn mpint_bits(octets: &[u8]) -> Option<u16> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let significant = octets.get(zeros..)?;
    let first = significant.first()?;
    u16::try_from(significant.len() * 8 - first.leading_zeros() as usize).ok()
}

/// The key exchange messages that one side sent, as far as they matter.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// Bit n: message 30 + n was sent, the first one apart.
    later: u32,
    /// The first one; a wrong guess makes it void.
    first: Option<u8>,
    /// Host keys that a message could hold: at most one for each number that may carry one, 30, 31, 33.
    keys: [Option<Arc<HostKey>>; 3],
    /// Which of them stood in the first message, one bit each.
    by_first: u8,
}

impl Trace {
    /// Notes one message; `body` is what follows its number, perhaps cut.
    pub(super) fn note(&mut self, number: u8, body: &[u8], known: &mut Seen<HostKey>) {
        let is_first = self.first.is_none();
        if is_first {
            self.first = Some(number);
        } else {
            self.later |= bit(number);
        }
        let Some(slot) = slot(number) else { return };
        if self.keys[slot].is_none() || self.is_by_first(slot) {
            self.take_key(slot, body, is_first, known);
        }
    }

    fn take_key(&mut self, slot: usize, body: &[u8], is_first: bool, known: &mut Seen<HostKey>) {
        if let Some(key) = Reader::new(body).vec32().and_then(|blob| known.of(blob, read_host_key)) {
            self.keys[slot] = Some(key);
            self.by_first = self.by_first & !(1 << slot) | u8::from(is_first) << slot;
        }
    }

    fn is_by_first(&self, slot: usize) -> bool {
        self.by_first & 1 << slot != 0
    }

    /// The numbers sent, one bit each from 30 on; a misguessed first packet does not count.
    pub(super) fn numbers(&self, misguessed: bool) -> u32 {
        let first = self.first.filter(|_| !misguessed).map_or(0, bit);
        self.later | first
    }

    /// The host key that this side sent as a server.
    pub(super) fn host_key(&self, family: KexFamily, misguessed: bool) -> Option<&Arc<HostKey>> {
        replies(family).iter().find_map(|number| {
            let slot = slot(*number)?;
            self.keys[slot].as_ref().filter(|_| !(misguessed && self.is_by_first(slot)))
        })
    }
}

fn bit(number: u8) -> u32 {
    1u32.checked_shl(u32::from(number.wrapping_sub(30))).unwrap_or(0)
}

fn slot(number: u8) -> Option<usize> {
    match number {
        30 => Some(0),
        31 => Some(1),
        33 => Some(2),
        _ => None,
    }
}

/// The messages in which a family's server sends its host key first.
fn replies(family: KexFamily) -> &'static [u8] {
    match family {
        KexFamily::Exchange => &[31],
        KexFamily::Group | KexFamily::Gss => &[33],
        KexFamily::Rsa => &[30],
        KexFamily::Unknown => &[31, 33, 30],
    }
}

/// Whether these messages could not have been sent in these roles.
///
/// Masks as by [`Trace::numbers`]. Numbers that either side may send say nothing.
pub(super) fn contradicts_roles(family: KexFamily, by_client: u32, by_server: u32) -> bool {
    let (clients, servers) = match family {
        KexFamily::Exchange => (bit(30), bit(31)),
        KexFamily::Group | KexFamily::Unknown => (bit(30) | bit(32) | bit(34), bit(31) | bit(33)),
        KexFamily::Gss => (bit(30) | bit(40), bit(32) | bit(33) | bit(34) | bit(41)),
        KexFamily::Rsa => (bit(31), bit(30) | bit(32)),
    };
    by_client & servers != 0 || by_server & clients != 0
}

/// Whether a reply of the server is among these messages.
pub(super) fn has_reply(family: KexFamily, by_server: u32) -> bool {
    replies(family).iter().any(|number| by_server & bit(*number) != 0)
}

compact!(struct Trace { later, first, keys, by_first });

#[cfg(test)]
mod tests {
    use super::{KexFamily, Trace, contradicts_roles, read_host_key};
    use crate::seen::Seen;

    fn string(bytes: &[u8]) -> Vec<u8> {
        [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
    }

    fn bits(parts: &[&[u8]]) -> Option<u16> {
        let blob: Vec<u8> = parts.iter().flat_map(|part| string(part)).collect();
        read_host_key(&blob).unwrap().bits
    }

    #[test]
    fn bits_are_read_from_each_kind_of_key() {
        let modulus = [&[0, 0x80][..], &[1; 255]].concat();
        assert_eq!(bits(&[b"ssh-rsa", &[1, 0, 1], &modulus]), Some(2048));
        assert_eq!(bits(&[b"ssh-rsa-cert-v01@openssh.com", &[9; 32], &[1, 0, 1], &modulus]), Some(2048));
        assert_eq!(bits(&[b"ssh-dss", &modulus[..130]]), Some(1032));
        assert_eq!(bits(&[b"sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256"]), Some(256));
        assert_eq!(bits(&[b"sk-ssh-ed25519-cert-v01@openssh.com", &[9; 32], &[1; 32]]), Some(256));
        assert_eq!(bits(&[b"ecdsa-sha2-nistp521"]), Some(521));
        assert_eq!(bits(&[b"x509v3-ssh-rsa"]), None);
        assert_eq!(bits(&[b"ssh-rsa", &[1, 0, 1]]), None);
    }

    #[test]
    fn a_body_without_a_type_name_is_no_host_key() {
        assert_eq!(read_host_key(&string(b"")), None);
        assert_eq!(read_host_key(&string(b"ssh rsa")), None);
        assert_eq!(read_host_key(&[0, 0, 0, 200, 1]), None);
    }

    #[test]
    fn a_misguessed_first_packet_counts_for_nothing() {
        let mut trace = Trace::default();
        trace.note(30, &string(&string(b"ssh-rsa")), &mut Seen::default());
        assert_eq!(trace.numbers(false), 1);
        assert_eq!(trace.numbers(true), 0);
        assert!(trace.host_key(KexFamily::Rsa, false).is_some());
        assert!(trace.host_key(KexFamily::Rsa, true).is_none());
        trace.note(30, &string(&string(b"ssh-ed25519")), &mut Seen::default());
        assert_eq!(&*trace.host_key(KexFamily::Rsa, true).unwrap().name, "ssh-ed25519");
    }

    #[test]
    fn the_sender_of_the_first_message_is_the_client_except_with_rsa_transport() {
        assert!(!contradicts_roles(KexFamily::Exchange, 1, 2));
        assert!(contradicts_roles(KexFamily::Exchange, 2, 1));
        assert!(contradicts_roles(KexFamily::Rsa, 1, 2));
    }
}
