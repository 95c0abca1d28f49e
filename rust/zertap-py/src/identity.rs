//! Published identities of a row: Community ID, and the hashes of the texts that fingerprints are made of.

use crate::hex::{Case, hex};
use md5::{Digest as _, Md5};
use sha1::Sha1;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;
use zertap_core::event::Row;

/// TCP, by its IANA number.
const TCP: u8 = 6;

/// Community ID, version 1 (github.com/corelight/community-id-spec): the same for both directions.
pub(crate) fn community_id(row: &Row, seed: u16) -> String {
    let mut ends = [0, 1].map(|end| (row.addresses[end], row.ports[end]));
    ends.sort_unstable();
    let mut hash = Sha1::new();
    hash.update(seed.to_be_bytes());
    for (address, _) in ends {
        match address.ipv4() {
            Some(octets) => hash.update(octets),
            None => hash.update(address.0),
        }
    }
    hash.update([TCP, 0]);
    for (_, port) in ends {
        hash.update(port.to_be_bytes());
    }
    let mut text = b"1:".to_vec();
    write_base64(&mut text, &hash.finalize());
    text.push(b'=');
    // Only ASCII went in.
    String::from_utf8(text).unwrap_or_default()
}

/// MD5 in lower-case hexadecimal, as JA3 and HASSH are published.
pub(crate) fn md5(text: &[u8]) -> String {
    hex(&Md5::digest(text), Case::Lower)
}

/// Appends octets in base64 (RFC 4648) without padding.
pub(crate) fn write_base64(out: &mut Vec<u8>, octets: &[u8]) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in octets.chunks(3) {
        let bits =
            group.iter().fold(0u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            let index = (bits >> (18 - 6 * place)) as usize & 63;
            out.push(ALPHABET.get(index).copied().unwrap_or(b'='));
        }
    }
}

/// Identity of a connection from its addresses, ports, lane and start; the same in every run.
///
/// Not a secret: a fixed-key hash only spreads the bits. 96 bits.
pub(crate) fn identity(row: &Row) -> [u8; 12] {
    let mut hasher = SipHasher13::new_with_keys(0x7a65_7274_6170, 1);
    // As a slice is hashed: its length stands in front.
    let length = (row.addresses[0].0.len() as u64).to_ne_bytes();
    let [client, server] = row.ports.map(u16::to_ne_bytes);
    let (lane, start) = (row.lane.to_ne_bytes(), row.start.0.to_ne_bytes());
    let [from, to] = &row.addresses;
    let pieces: [&[u8]; 8] = [&length, &from.0, &client, &length, &to.0, &server, &lane, &start];
    let (mut octets, mut at) = ([0; IDENTIFYING], 0);
    for piece in pieces {
        if let Some(place) = octets.get_mut(at..at + piece.len()) {
            place.copy_from_slice(piece);
        }
        at += piece.len();
    }
    hasher.write(&octets);
    // Of sixteen octets the first twelve.
    hasher.finish128().as_bytes().first_chunk().copied().unwrap_or_default()
}

/// Octets of which an identity is made: lengths, addresses, ports, lane, start.
const IDENTIFYING: usize = 2 * (8 + 16 + 2) + 4 + 8;

/// The same as hexadecimal digits.
pub(crate) fn uid(row: &Row) -> String {
    hex(&identity(row), Case::Lower)
}
