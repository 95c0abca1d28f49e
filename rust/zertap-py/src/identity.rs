//! Published identities of a row: Community ID, and the hashes of the texts that fingerprints are made of.

use crate::sources::{Case, hex};
use md5::{Digest as _, Md5};
use sha1::Sha1;
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
