//! ServerKeyExchange up to TLS 1.2: which group, how large a prime, which signature scheme.
//!
//! Its form depends on the cipher suite's key exchange, and is told here by the one reading that fits the
//! message to its last octet. Sources: RFC 5246 7.4.3; RFC 8422 5.4; RFC 4279; RFC 5489.

use crate::reader::Reader;

/// What a ServerKeyExchange says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyExchange {
    /// Named group of ECDHE.
    pub(super) group: Option<u16>,
    /// Bits of the prime of DHE.
    pub(super) dh_bits: Option<u16>,
    /// SignatureScheme (TLS 1.2 only; older versions sign with a fixed pair).
    pub(super) scheme: Option<u16>,
}

impl KeyExchange {
    /// Reads the content of a ServerKeyExchange of `version` with cipher suite `suite`.
    pub(super) fn read(content: &[u8], version: u16, suite: u16) -> Self {
        // RSA_EXPORT sends modulus, exponent, signature: the same form as an unsigned DHE.
        if matches!(suite, 0x0003 | 0x0006 | 0x0008 | 0x0060..=0x0062 | 0x0064) {
            return Self::default();
        }
        let plain = Reader::new(content);
        let mut hinted = plain;
        let after_hint = hinted.vec16().map(|_| hinted);
        named_curve(plain, version)
            .or_else(|| prime(plain, version))
            .or_else(|| named_curve(after_hint?, version))
            .or_else(|| prime(after_hint?, version))
            .unwrap_or_default()
    }
}

/// ECParameters of a named curve, the point, the signature.
fn named_curve(mut reader: Reader<'_>, version: u16) -> Option<KeyExchange> {
    (reader.u8()? == 3).then_some(())?;
    let group = Some(reader.u16()?);
    reader.vec8()?;
    signature(reader, version, KeyExchange { group, ..KeyExchange::default() })
}

/// p, g, Ys, the signature.
fn prime(mut reader: Reader<'_>, version: u16) -> Option<KeyExchange> {
    let dh_bits = Some(bits(reader.vec16()?)?);
    reader.vec16()?;
    reader.vec16()?;
    signature(reader, version, KeyExchange { dh_bits, ..KeyExchange::default() })
}

/// `read` with the scheme of the signature that ends the message, or without one (anonymous, PSK); `None`
/// when what is left is not a signature.
fn signature(mut reader: Reader<'_>, version: u16, read: KeyExchange) -> Option<KeyExchange> {
    if reader.is_empty() {
        return Some(read);
    }
    let scheme = if version >= 0x0303 { Some(reader.u16()?) } else { None };
    reader.vec16()?;
    reader.is_empty().then_some(KeyExchange { scheme, ..read })
}

/// Length of a number in bits, leading zeros apart.
fn bits(number: &[u8]) -> Option<u16> {
    let first = number.iter().position(|&octet| octet != 0)?;
    let significant = number.get(first..)?;
    let octets = u16::try_from(significant.len()).ok()?;
    Some(octets.checked_mul(8)? - significant.first()?.leading_zeros() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(mut content: Vec<u8>) -> Vec<u8> {
        content.extend([4, 3, 0, 2, 9, 9]);
        content
    }

    #[test]
    fn a_named_curve_gives_its_group_and_scheme() {
        let content = signed(vec![3, 0, 29, 3, 1, 2, 3]);
        let expected = KeyExchange { group: Some(29), dh_bits: None, scheme: Some(0x0403) };
        assert_eq!(KeyExchange::read(&content, 0x0303, 0xC02F), expected);
    }

    #[test]
    fn a_prime_whose_length_looks_like_a_curve_type_is_still_a_prime() {
        let mut content = vec![3, 0];
        content.extend([0xFF; 768]);
        content.extend([0, 1, 2, 0, 1, 5]);
        assert_eq!(KeyExchange::read(&signed(content), 0x0303, 0x009E).dh_bits, Some(6144));
    }

    #[test]
    fn leading_zeros_of_a_prime_do_not_count() {
        let content = signed(vec![0, 3, 0, 0x0F, 1, 0, 1, 2, 0, 1, 5]);
        assert_eq!(KeyExchange::read(&content, 0x0303, 0x009E).dh_bits, Some(12));
    }

    #[test]
    fn a_hint_before_the_parameters_is_stepped_over() {
        let content = vec![0, 2, b'h', b'i', 3, 0, 23, 1, 9];
        assert_eq!(KeyExchange::read(&content, 0x0303, 0xC035).group, Some(23));
        let content = vec![0, 0, 0, 1, 0x80, 0, 1, 2, 0, 1, 5];
        assert_eq!(KeyExchange::read(&content, 0x0303, 0x0090).dh_bits, Some(8));
    }

    #[test]
    fn before_1_2_the_signature_names_no_scheme() {
        let content = vec![3, 0, 23, 1, 9, 0, 2, 7, 7];
        let read = KeyExchange::read(&content, 0x0301, 0xC013);
        assert_eq!((read.group, read.scheme), (Some(23), None));
    }

    #[test]
    fn export_rsa_and_rubbish_give_nothing() {
        let content = vec![0, 1, 0x80, 0, 1, 3, 0, 1, 5];
        assert_eq!(KeyExchange::read(&content, 0x0301, 0x0003), KeyExchange::default());
        assert_eq!(KeyExchange::read(b"rubbish", 0x0303, 0xC02F), KeyExchange::default());
        assert_eq!(KeyExchange::read(&[], 0x0303, 0xC02F), KeyExchange::default());
    }
}
