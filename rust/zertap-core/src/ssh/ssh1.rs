//! The few SSH-1 messages that pass in clear (EDGE_CASES A6, SSH-16).

use crate::handshake::HostKey;
use crate::reader::Reader;
use sha2::{Digest, Sha256};

/// MSG_DISCONNECT.
pub(super) const DISCONNECT: u8 = 1;
/// SMSG_PUBLIC_KEY: the server's keys and ciphers.
pub(super) const PUBLIC_KEY: u8 = 2;
/// CMSG_SESSION_KEY: the chosen cipher and the session key; all that follows is encrypted.
pub(super) const SESSION_KEY: u8 = 3;
/// MSG_IGNORE.
pub(super) const IGNORE: u8 = 32;
/// MSG_DEBUG.
pub(super) const DEBUG: u8 = 36;

/// The host key in the body of an SMSG_PUBLIC_KEY.
///
/// An SSH-1 key has no blob; as in OpenSSH, its fingerprint is taken over the modulus and the exponent.
pub(super) fn host_key(body: &[u8]) -> Option<HostKey> {
    let mut reader = Reader::new(body);
    reader.skip(8)?;
    let _server_key = public_key(&mut reader)?;
    let (bits, exponent, modulus) = public_key(&mut reader)?;
    reader.skip(12)?;
    let fingerprint = Sha256::new().chain_update(modulus).chain_update(exponent).finalize().into();
    Some(HostKey { fingerprint, name: "rsa1".into(), bits: u16::try_from(bits).ok() })
}

/// The cipher in the body of a CMSG_SESSION_KEY.
pub(super) fn chosen_cipher(body: &[u8]) -> Option<u8> {
    body.first().copied()
}

/// The name of an SSH-1 cipher number; an unknown number stays readable.
pub(super) fn cipher_name(number: u8) -> Box<str> {
    match number {
        0 => "none".into(),
        1 => "idea".into(),
        2 => "des".into(),
        3 => "3des".into(),
        4 => "tss".into(),
        5 => "rc4".into(),
        6 => "blowfish".into(),
        other => format!("ssh1-cipher-{other}").into(),
    }
}

/// Bits, exponent, modulus.
fn public_key<'a>(reader: &mut Reader<'a>) -> Option<(u32, &'a [u8], &'a [u8])> {
    Some((reader.u32()?, mp_int(reader)?, mp_int(reader)?))
}

/// An SSH-1 integer: its bits in two octets, then as many octets as they need.
fn mp_int<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let bits = usize::from(reader.u16()?);
    reader.take(bits.div_ceil(8))
}

/// SSH-1's checksum of two adjoining pieces: polynomial 0xEDB88320, no preset, no final inversion.
pub(super) fn crc32(first: &[u8], second: &[u8]) -> u32 {
    first.iter().chain(second).fold(0, |crc, octet| {
        (0..8).fold(crc ^ u32::from(*octet), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & 0u32.wrapping_sub(crc & 1)))
    })
}

#[cfg(test)]
mod tests {
    use super::{cipher_name, crc32};

    #[test]
    fn the_checksum_is_the_common_one_without_its_inversions() {
        // Preset and inversion undone: CRC-32 of a message equals this one of the message with its first four octets inverted, inverted.
        let plain = b"123456789";
        let inverted: Vec<u8> = plain.iter().enumerate().map(|(i, o)| if i < 4 { !o } else { *o }).collect();
        assert_eq!(!crc32(&inverted, &[]), 0xCBF4_3926);
        assert_eq!(crc32(&inverted[..5], &inverted[5..]), crc32(&inverted, &[]));
    }

    #[test]
    fn an_unknown_cipher_number_keeps_its_number() {
        assert_eq!(&*cipher_name(3), "3des");
        assert_eq!(&*cipher_name(77), "ssh1-cipher-77");
    }
}
