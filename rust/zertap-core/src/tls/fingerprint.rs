//! Fingerprints of hellos: JA3, JA3S and JA4, made of lists in the order in which they were sent.
//!
//! A client that says the same again is recognised by them, whatever address it has. GREASE (RFC 8701) is left out, as
//! each of them prescribes. Of a handshake with a HelloRetryRequest the first hello of each side counts, as with other
//! tools: the second ClientHello only repeats the first with what the server asked for. JA3 and JA3S are kept as the text whose MD5 is the fingerprint; that is
//! left to whoever prints. Sources: github.com/salesforce/ja3, github.com/FoxIO-LLC/ja4 (JA4 of TLS clients alone).

use super::hello::{ClientHello, ServerHello};
use super::kept::{Cold, text};
use crate::handshake::TextKind;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Numbers of the two extensions that JA4 leaves out of its hash (IANA, TLS ExtensionType Values).
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;

/// Digits of a hash in JA4.
const JA4_DIGITS: usize = 12;

impl Cold {
    /// Keeps the fingerprints of the first ClientHello.
    pub(super) fn fingerprint_client(&mut self, hello: &ClientHello<'_>) {
        if !self.fingerprints.iter().any(|kept| kept.kind == TextKind::Ja3) {
            let (ja3, ja4) = (ja3(hello), ja4(hello));
            self.fingerprints.push(text((TextKind::Ja3, ja3.as_bytes())));
            self.fingerprints.push(text((TextKind::Ja4, ja4.as_bytes())));
        }
    }

    /// Keeps the fingerprint of the first ServerHello, which may be a HelloRetryRequest.
    pub(super) fn fingerprint_server(&mut self, hello: &ServerHello<'_>) {
        if self.fingerprints.iter().any(|kept| kept.kind == TextKind::Ja3s) {
            return;
        }
        let (Some(version), Some(suite)) = (hello.version, hello.suite) else { return };
        let ja3s = format!("{version},{suite},{}", decimal(&hello.extension_types()));
        self.fingerprints.push(text((TextKind::Ja3s, ja3s.as_bytes())));
    }
}

/// Version, suites, extensions, groups, point formats; decimal.
fn ja3(hello: &ClientHello<'_>) -> String {
    let points: Vec<String> = hello.points.iter().map(u8::to_string).collect();
    let (suites, types) = (decimal(hello.suites), decimal(&hello.extension_types()));
    format!("{},{suites},{types},{},{}", hello.version, decimal(hello.groups), points.join("-"))
}

/// What the hello is about at a glance, then the suites and the extensions with the signature schemes, hashed.
fn ja4(hello: &ClientHello<'_>) -> String {
    let mut suites: Vec<u16> = numbers(hello.suites).collect();
    let types = hello.extension_types();
    let mut others: Vec<u16> =
        numbers(&types).filter(|&number| number != SERVER_NAME && number != ALPN).collect();
    let named = if numbers(&types).any(|number| number == SERVER_NAME) { 'd' } else { 'i' };
    let counts = [suites.len(), numbers(&types).count()].map(|count| count.min(99));
    suites.sort_unstable();
    others.sort_unstable();
    let mut extensions = hexadecimal(others);
    let schemes = hexadecimal(numbers(hello.signatures));
    if !schemes.is_empty() {
        extensions = format!("{extensions}_{schemes}");
    }
    format!(
        "t{}{named}{:02}{:02}{}_{}_{}",
        ja4_version(hello),
        counts[0],
        counts[1],
        ja4_alpn(hello.alpn),
        ja4_hash(&hexadecimal(suites)),
        ja4_hash(&extensions),
    )
}

/// The highest version offered.
fn ja4_version(hello: &ClientHello<'_>) -> &'static str {
    match numbers(hello.versions).max().unwrap_or(hello.version) {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 | 0x0200 => "s2",
        _ => "00",
    }
}

/// First and last octet of the first protocol, or of its hexadecimal form where those are no letters or digits.
fn ja4_alpn(protocols: &[u8]) -> String {
    let name = protocols.split_first().and_then(|(&length, rest)| rest.get(..usize::from(length)));
    let Some((&first, &last)) = name.and_then(|name| name.first().zip(name.last())) else {
        return "00".to_owned();
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(first), char::from(last)].iter().collect();
    }
    format!("{:x}{:x}", first >> 4, last & 15)
}

/// The beginning of the SHA-256 of a list; zeros for an empty one.
fn ja4_hash(list: &str) -> String {
    if list.is_empty() {
        return "0".repeat(JA4_DIGITS);
    }
    let digest = Sha256::digest(list.as_bytes());
    digest.iter().take(JA4_DIGITS / 2).fold(String::new(), |mut digits, octet| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{octet:02x}");
        digits
    })
}

/// The numbers of a list of two octets each, without GREASE.
fn numbers(list: &[u8]) -> impl Iterator<Item = u16> {
    list.as_chunks::<2>()
        .0
        .iter()
        .map(|octets| u16::from_be_bytes(*octets))
        .filter(|&number| !is_grease(number))
}

/// RFC 8701 section 2: both octets alike, and ending in A.
const fn is_grease(number: u16) -> bool {
    number & 0x0F0F == 0x0A0A && number >> 8 == number & 0xFF
}

fn decimal(list: &[u8]) -> String {
    numbers(list).map(|number| number.to_string()).collect::<Vec<_>>().join("-")
}

fn hexadecimal(list: impl IntoIterator<Item = u16>) -> String {
    list.into_iter().map(|number| format!("{number:04x}")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(list: &[u16]) -> Vec<u8> {
        list.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn block(types: &[u16]) -> Vec<u8> {
        types.iter().flat_map(|number| [octets(&[*number]), vec![0, 0]].concat()).collect()
    }

    /// The worked example of technical_details/JA4.md.
    #[test]
    fn the_published_example_of_ja4_comes_out() {
        let suites = octets(&[
            0x0A0A, 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014,
            0x009C, 0x009D, 0x002F, 0x0035,
        ]);
        let extensions = block(&[
            0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D, 0x0005, 0x0023, 0x0012, 0x002B,
            0xFF01, 0x000B, 0x000A, 0x0015,
        ]);
        let signatures = octets(&[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]);
        let versions = octets(&[0xFAFA, 0x0304, 0x0303]);
        let hello = ClientHello {
            version: 0x0303,
            suites: &suites,
            extensions: &extensions,
            signatures: &signatures,
            versions: &versions,
            alpn: b"\x02h2\x08http/1.1",
            ..ClientHello::default()
        };
        assert_eq!(ja4(&hello), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn an_empty_hello_has_zeros_for_hashes() {
        let hello = ClientHello { version: 0x0300, ..ClientHello::default() };
        assert_eq!(ja4(&hello), "ts3i000000_000000000000_000000000000");
        assert_eq!(ja3(&hello), "768,,,,");
    }

    #[test]
    fn an_odd_protocol_name_shows_as_hexadecimal() {
        assert_eq!(ja4_alpn(b"\x08http/1.1"), "h1");
        assert_eq!(ja4_alpn(b"\x01h"), "hh");
        assert_eq!(ja4_alpn(b"\x02\xab\xcd"), "ad");
        assert_eq!(ja4_alpn(b"\x03h2\xcd"), "6d");
        assert_eq!(ja4_alpn(b"\x00"), "00");
        assert_eq!(ja4_alpn(b"\x09h2"), "00");
    }

    #[test]
    fn grease_is_what_rfc_8701_lists() {
        let found: Vec<u16> = (0..=u16::MAX).filter(|&number| is_grease(number)).collect();
        assert_eq!(found.len(), 16);
        assert_eq!((found.first(), found.last()), (Some(&0x0A0A), Some(&0xFAFA)));
    }
}
