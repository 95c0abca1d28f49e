//! Is this the beginning of a handshake (A3)? Asked of a direction's very first octets, and of nothing else.
//!
//! A contradiction at any length ends the candidacy. From the third matching octet on an observer is made;
//! it goes on checking what came too late for the probe (a hello cut into small records).

use super::walk::RECORD_LIMIT;
use crate::reader::Reader;

/// Whether octets begin a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// They do not.
    No,
    /// They might; too few to say so.
    Short,
    /// They do, as far as they go.
    Begun,
}

/// Whether a direction's first octets begin a TLS ClientHello: `16 03 0x`, and from the 6th and 10th
/// octet on what A3 asks besides.
pub fn probe(bytes: &[u8]) -> Probe {
    probe_hello(bytes, 1)
}

/// Whether `probe` would call so many octets the beginning of a ClientHello.
#[inline]
pub fn begins_hello(bytes: &[u8; 16]) -> bool {
    let length = u16::from_be_bytes([bytes[3], bytes[4]]);
    let record = bytes[0] == 22 && bytes[1] == 3 && bytes[2] <= 4 && (1..=RECORD_LIMIT).contains(&length);
    record && bytes[5] == 1 && (bytes[9] == 3 || length < 5)
}

/// As `probe`, for a ServerHello: a beginning only where the start of the connection was not seen, or
/// where one direction is captured (A3).
pub fn probe_server_hello(bytes: &[u8]) -> Probe {
    probe_hello(bytes, 2)
}

fn probe_hello(bytes: &[u8], message: u8) -> Probe {
    let fits = bytes.iter().take(10).enumerate().all(|(place, &octet)| match place {
        0 => octet == 22,
        1 => octet == 3,
        2 => octet <= 4,
        5 => octet == message && record_length_fits(bytes),
        9 => octet == 3 || (message == 2 && octet == 0x7F) || record_length(bytes) < 5,
        _ => true,
    });
    match bytes.len() {
        _ if !fits => Probe::No,
        0..3 => Probe::Short,
        _ => Probe::Begun,
    }
}

fn record_length(bytes: &[u8]) -> u16 {
    bytes.first_chunk::<5>().map_or(0, |header| u16::from_be_bytes([header[3], header[4]]))
}

fn record_length_fits(bytes: &[u8]) -> bool {
    (1..=RECORD_LIMIT).contains(&record_length(bytes))
}

/// Whether a direction's first octets are an SSLv2-format ClientHello. All of its eleven fixed octets
/// must agree; fewer are `Short`.
///
/// Source: RFC 5246 E.2; the length limit is A3's.
pub fn probe_ssl2(bytes: &[u8]) -> Probe {
    let fits = bytes.iter().take(5).enumerate().all(|(place, &octet)| match place {
        0 => octet & 0xF8 == 0x80,
        1 => ssl2_length(bytes).is_some_and(|length| (11..=2000).contains(&length)),
        2 => octet == 1,
        3 => octet == 0 || octet == 3,
        _ => {
            if bytes.get(3) == Some(&0) {
                octet == 2
            } else {
                octet <= 4
            }
        }
    });
    if !fits {
        return Probe::No;
    }
    match ssl2_parts(bytes) {
        None => Probe::Short,
        Some(parts) if Some(9 + parts) == ssl2_length(bytes).map(usize::from) => Probe::Begun,
        Some(_) => Probe::No,
    }
}

fn ssl2_length(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk::<2>().map(|header| u16::from_be_bytes(*header) & 0x7FFF)
}

/// Sum of the three length fields.
fn ssl2_parts(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes.get(5..)?);
    let mut sum = 0;
    for _ in 0..3 {
        sum += usize::from(reader.u16()?);
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: [u8; 12] = [22, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, 0];
    const SSL2: [u8; 11] = [0x80, 0x2E, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10];

    #[test]
    fn every_prefix_of_a_hello_is_short_or_begun() {
        for length in 0..=HELLO.len() {
            let expected = if length < 3 { Probe::Short } else { Probe::Begun };
            assert_eq!(probe(&HELLO[..length]), expected, "{length}");
        }
    }

    #[test]
    fn a_contradiction_at_each_place_ends_the_candidacy() {
        for (place, octet) in [(0, 21), (1, 2), (2, 5), (5, 2), (9, 2)] {
            let mut bytes = HELLO;
            bytes[place] = octet;
            assert_eq!(probe(&bytes[..=place]), Probe::No, "octet {place}");
        }
        assert_eq!(probe(&[22, 3, 1, 0, 0, 1]), Probe::No);
        assert_eq!(probe(&[22, 3, 1, 0x48, 1, 1]), Probe::No);
        assert_eq!(probe(b"GET / HTTP"), Probe::No);
    }

    #[test]
    fn whole_beginnings_are_told_as_octet_by_octet() {
        let mut hello = [0; 16];
        hello[..12].copy_from_slice(&HELLO);
        for place in 0..10 {
            for octet in 0..=255 {
                for length in [0, 4, 5, 0x200, 0x4800, 0x4801] {
                    let mut bytes = hello;
                    bytes[3..5].copy_from_slice(&u16::to_be_bytes(length));
                    bytes[place] = octet;
                    assert_eq!(begins_hello(&bytes), probe(&bytes) == Probe::Begun, "{bytes:?}");
                    bytes[9] = 4;
                    assert_eq!(begins_hello(&bytes), probe(&bytes) == Probe::Begun, "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn the_version_of_a_hello_in_a_small_record_is_left_to_the_message_layer() {
        assert_eq!(probe(&[22, 3, 1, 0, 4, 1, 0, 1, 0, 22, 3, 1]), Probe::Begun);
    }

    #[test]
    fn a_server_hello_is_its_own_question() {
        let mut bytes = HELLO;
        bytes[5] = 2;
        assert_eq!(probe(&bytes), Probe::No);
        assert_eq!(probe_server_hello(&bytes), Probe::Begun);
        assert_eq!(probe_server_hello(&HELLO), Probe::No);
    }

    #[test]
    fn an_ssl2_hello_must_agree_in_all_its_eleven_octets() {
        for length in 0..SSL2.len() {
            assert_eq!(probe_ssl2(&SSL2[..length]), Probe::Short, "{length}");
        }
        assert_eq!(probe_ssl2(&SSL2), Probe::Begun);
        for place in 0..SSL2.len() {
            let mut bytes = SSL2;
            bytes[place] ^= 0x41;
            assert_eq!(probe_ssl2(&bytes), Probe::No, "octet {place}");
        }
    }
}
