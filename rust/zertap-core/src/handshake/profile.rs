//! The negotiated facts of a connection: few distinct values among millions of connections.
//!
//! Only what protects goes here (significant attributes, in zERT's word). Facts of one connection alone
//! (names, session ids, serials) travel as texts or as the certificate.

use super::Evidence;
use crate::certificate::LeafTraits;
use crate::compact::compact;
use std::hash::{Hash, Hasher};

/// What was negotiated, by protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CryptoProfile {
    /// SSLv2 to TLS 1.3.
    Tls(TlsProfile),
    /// SSH-1 and SSH-2.
    Ssh(Box<SshProfile>),
}

/// How much of a handshake was run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TlsShape {
    /// Not visible.
    #[default]
    Unknown = 0,
    /// A full handshake.
    Full = 1,
    /// Resumed, or by pre-shared key (TLS-09, TLS-10, TLS-17).
    Abbreviated = 2,
}

/// Negotiated facts of a TLS or SSL connection. Wire numbers, never names; absent is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsProfile {
    /// The provider that told of it; `None`: it was observed.
    pub provider: Option<Box<str>>,
    /// 0x0200 SSLv2, 0x0300 to 0x0304, 0x7fxx drafts; zero when unknown.
    pub version: u16,
    /// Cipher suite number; SSLv2 kinds use 24 bits.
    pub cipher: Option<u32>,
    /// NamedGroup of the key exchange (1.3: key_share of the ServerHello; up to 1.2: ServerKeyExchange).
    pub group: Option<u16>,
    /// Bits of the finite-field prime of an up-to-1.2 DHE ServerKeyExchange.
    pub dh_bits: Option<u16>,
    /// SignatureScheme of the ServerKeyExchange (TLS 1.2: hash and signature octets).
    pub signature_scheme: Option<u16>,
    /// Full or abbreviated.
    pub shape: TlsShape,
    /// ALPN protocol that the server chose in clear.
    pub alpn: Option<Box<[u8]>>,
    /// Whether the server acknowledged server_name (up to 1.2).
    pub sni_acknowledged: Option<bool>,
    /// extended_master_secret in the ServerHello (RFC 7627).
    pub extended_master_secret: Option<bool>,
    /// encrypt_then_mac in the ServerHello (RFC 7366).
    pub encrypt_then_mac: Option<bool>,
    /// truncated_hmac in the ServerHello (RFC 6066).
    pub truncated_hmac: Option<bool>,
    /// max_fragment_length code of the ServerHello (RFC 6066: 1..4).
    pub max_fragment_length: Option<u8>,
    /// record_size_limit of the ServerHello (RFC 8449).
    pub record_size_limit: Option<u16>,
    /// secure renegotiation signalled by the server (RFC 5746).
    pub secure_renegotiation: Option<bool>,
    /// CompressionMethod of the ServerHello.
    pub compression: Option<u8>,
    /// A HelloRetryRequest was sent.
    pub hello_retry: bool,
    /// The server asked for a client certificate in clear.
    pub client_certificate_requested: Option<bool>,
    /// 0-RTT data was offered.
    pub early_data_offered: bool,
    /// How version and suite are known.
    pub evidence_parameters: Evidence,
    /// How the group is known.
    pub evidence_group: Evidence,
    /// How the handshake's outcome is known (up to 1.2 read, in 1.3 inferred from lengths).
    pub evidence_outcome: Evidence,
    /// How resumption is known.
    pub evidence_shape: Evidence,
    /// How ALPN is known.
    pub evidence_alpn: Evidence,
    /// How the certificates are known.
    pub evidence_certificates: Evidence,
    /// Significant traits of the server's leaf certificate.
    pub server_certificate: Option<LeafTraits>,
    /// Significant traits of the client's leaf certificate.
    pub client_certificate: Option<LeafTraits>,
}

impl Hash for TlsProfile {
    /// The numbers packed: hashed one by one they cost more than all else that a handshake's profile needs.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { alpn, server_certificate, client_certificate, .. } = self;
        self.numbers().into_iter().for_each(|number| state.write_u64(number));
        alpn.hash(state);
        server_certificate.hash(state);
        client_certificate.hash(state);
    }
}

impl TlsProfile {
    /// All that is neither a name nor a certificate: equal where it is.
    pub fn numbers(&self) -> [u64; 3] {
        let number = |value: Option<u16>| value.map_or(0, |value| u64::from(value) + 1);
        let octet = |value: Option<u8>| number(value.map(u16::from));
        let cipher = self.cipher.map_or(0, |cipher| u64::from(cipher) + 1);
        let told = u64::from(self.hello_retry) | u64::from(self.early_data_offered) << 1;
        [
            u64::from(self.version) << 48 | (self.shape as u64) << 40 | told << 36 | cipher,
            octet(self.max_fragment_length) << 51
                | number(self.group) << 34
                | number(self.dh_bits) << 17
                | number(self.signature_scheme),
            number(self.record_size_limit) << 40 | octet(self.compression) << 31 | self.small_facts(),
        ]
    }

    /// The name of the protocol that the server chose; `None` where it is too long for two numbers.
    pub fn alpn_numbers(&self) -> Option<[u64; 2]> {
        let Some(alpn) = self.alpn.as_deref() else { return Some([0, 0]) };
        let mut octets = [0; 16];
        *octets.last_mut()? = alpn.len() as u8 + 1;
        octets.get_mut(..alpn.len()).filter(|place| place.len() < 16)?.copy_from_slice(alpn);
        let ([low, high], _) = octets.as_chunks::<8>() else { return None };
        Some([u64::from_le_bytes(*low), u64::from_le_bytes(*high)])
    }

    /// The fields of few values: answers in two bits each, evidence in three.
    fn small_facts(&self) -> u64 {
        let answers = [
            self.sni_acknowledged,
            self.extended_master_secret,
            self.encrypt_then_mac,
            self.truncated_hmac,
            self.secure_renegotiation,
            self.client_certificate_requested,
        ];
        let evidence = [
            self.evidence_parameters,
            self.evidence_group,
            self.evidence_outcome,
            self.evidence_shape,
            self.evidence_alpn,
            self.evidence_certificates,
        ];
        let answers = answers.map(|answer| answer.map_or(2, u64::from));
        let all = answers.into_iter().fold(0, |all, one| all << 2 | one);
        evidence.into_iter().fold(all, |all, one| all << 3 | one as u64)
    }
}

/// Negotiated facts of an SSH connection. Names as negotiated; absent is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SshProfile {
    /// The provider that told of it; `None`: it was observed.
    pub provider: Option<Box<str>>,
    /// 1 or 2; zero when unknown.
    pub version: u8,
    /// Key exchange method.
    pub kex: Option<Box<str>>,
    /// Host key algorithm.
    pub host_key: Option<Box<str>>,
    /// Ciphers, client to server and server to client (SSH-1: the one cipher, twice).
    pub cipher_c2s: Option<Box<str>>,
    /// See `cipher_c2s`.
    pub cipher_s2c: Option<Box<str>>,
    /// MACs; `implicit` with an AEAD cipher.
    pub mac_c2s: Option<Box<str>>,
    /// See `mac_c2s`.
    pub mac_s2c: Option<Box<str>>,
    /// Compression methods.
    pub compression_c2s: Option<Box<str>>,
    /// See `compression_c2s`.
    pub compression_s2c: Option<Box<str>>,
    /// Both sides offered strict key exchange.
    pub strict_kex: bool,
    /// The server's raw host key, where the key exchange reply was visible: its type name.
    pub host_key_type: Option<Box<str>>,
    /// Bits of the host key.
    pub host_key_bits: Option<u16>,
    /// How the algorithms are known.
    pub evidence_algorithms: Evidence,
    /// How the outcome is known.
    pub evidence_outcome: Evidence,
}

compact!(
    enum TlsShape {
        Unknown,
        Full,
        Abbreviated,
    }
);
compact!(struct TlsProfile {
    provider, version, cipher, group, dh_bits, signature_scheme, shape, alpn, sni_acknowledged, extended_master_secret,
    encrypt_then_mac, truncated_hmac, max_fragment_length, record_size_limit, secure_renegotiation, compression, hello_retry,
    client_certificate_requested, early_data_offered, evidence_parameters, evidence_group, evidence_outcome, evidence_shape,
    evidence_alpn, evidence_certificates, server_certificate, client_certificate,
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ_wherever_a_field_does() {
        let some: Vec<u16> = vec![0, 1, 0x1301, u16::MAX];
        let mut profiles = vec![TlsProfile::default()];
        let mut add = |change: &dyn Fn(&mut TlsProfile)| {
            let mut profile = TlsProfile::default();
            change(&mut profile);
            profiles.push(profile);
        };
        for number in some {
            let (wide, octet) = (u32::from(number) << 8 | 0xFF, number as u8);
            add(&|profile| profile.version = number ^ 0x0303);
            add(&|profile| profile.cipher = Some(wide));
            add(&|profile| profile.group = Some(number));
            add(&|profile| profile.dh_bits = Some(number));
            add(&|profile| profile.signature_scheme = Some(number));
            add(&|profile| profile.record_size_limit = Some(number));
            add(&|profile| profile.max_fragment_length = Some(octet ^ 0x55));
            add(&|profile| profile.compression = Some(octet ^ 0x55));
        }
        for shape in [TlsShape::Full, TlsShape::Abbreviated] {
            add(&|profile| profile.shape = shape);
        }
        for answer in [Some(false), Some(true)] {
            add(&|profile| profile.sni_acknowledged = answer);
            add(&|profile| profile.extended_master_secret = answer);
            add(&|profile| profile.encrypt_then_mac = answer);
            add(&|profile| profile.truncated_hmac = answer);
            add(&|profile| profile.secure_renegotiation = answer);
            add(&|profile| profile.client_certificate_requested = answer);
        }
        add(&|profile| profile.hello_retry = true);
        add(&|profile| profile.early_data_offered = true);
        for evidence in [Evidence::Offered, Evidence::Inferred, Evidence::Negotiated, Evidence::Advised] {
            add(&|profile| profile.evidence_parameters = evidence);
            add(&|profile| profile.evidence_group = evidence);
            add(&|profile| profile.evidence_outcome = evidence);
            add(&|profile| profile.evidence_shape = evidence);
            add(&|profile| profile.evidence_alpn = evidence);
            add(&|profile| profile.evidence_certificates = evidence);
        }
        for one in &profiles {
            for other in &profiles {
                assert_eq!(one == other, one.numbers() == other.numbers(), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn names_of_protocols_are_told_apart_and_long_ones_have_no_numbers() {
        let numbers = |alpn: Option<&[u8]>| {
            TlsProfile { alpn: alpn.map(Into::into), ..TlsProfile::default() }.alpn_numbers()
        };
        let names: [Option<&[u8]>; 7] =
            [None, Some(b""), Some(b"\0"), Some(b"h2"), Some(b"h2\0"), Some(b"http/1.1"), Some(&[1; 15])];
        for (place, one) in names.into_iter().enumerate() {
            for (other_place, other) in names.into_iter().enumerate() {
                assert_eq!(numbers(one) == numbers(other), place == other_place, "{one:?} {other:?}");
            }
        }
        assert_eq!(numbers(Some(&[1; 16])), None);
    }
}
