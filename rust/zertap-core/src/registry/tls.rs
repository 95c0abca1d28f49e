//! Numbers of SSL and TLS: newtypes over what the wire carries, with names and suite facts beside them.
//!
//! Sources: the IANA registries "TLS Parameters" and "TLS ExtensionType Values", and for older numbers the
//! documents named in the tables' `reference` column.

use super::{BulkCipher, HashAlgorithm, MacAlgorithm, Named, is_grease, name_of, tables};

pub use super::tables::{
    ALERTS, CERTIFICATE_TYPES, CIPHER_SUITES, CLIENT_CERTIFICATE_TYPES, COMPRESSION_METHODS, CONTENT_TYPES,
    EXTENSIONS, HANDSHAKE_TYPES, SIGNATURE_SCHEMES, SUPPORTED_GROUPS, VERSIONS,
};

/// Defines newtypes over wire numbers whose names stand in a table.
macro_rules! numbers {
    ($($(#[doc = $doc:literal])* $type:ident($wire:ty) in $table:ident;)*) => {
        $(
            $(#[doc = $doc])*
            ///
            /// Keeps every value; a value without a row has no name.
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $type(pub $wire);

            impl $type {
                /// The registered name; `None` for a number that the tables do not know.
                pub fn name(self) -> Option<&'static str> {
                    name_of(tables::$table, self.0)
                }

                /// Every row of the table, in numeric order.
                pub const fn rows() -> &'static [Named<$wire>] {
                    tables::$table
                }
            }
        )*
    };
}

numbers! {
    /// A group or hybrid of a key exchange (RFC 8446 4.2.7).
    NamedGroup(u16) in SUPPORTED_GROUPS;
    /// A signature scheme (RFC 8446 4.2.3); in TLS 1.2 the hash octet and the signature octet.
    SignatureScheme(u16) in SIGNATURE_SCHEMES;
    /// Why an alert was sent (RFC 8446 section 6).
    AlertDescription(u8) in ALERTS;
    /// The type of a hello extension (RFC 8446 4.2).
    ExtensionType(u16) in EXTENSIONS;
    /// SSLv2 (0x0200) to TLS 1.3 (0x0304), and drafts of TLS 1.3 (0x7Fxx).
    ProtocolVersion(u16) in VERSIONS;
    /// A compression method (RFC 3749).
    CompressionMethod(u8) in COMPRESSION_METHODS;
    /// A ClientCertificateType of CertificateRequest (RFC 5246 7.4.4).
    ClientCertificateType(u8) in CLIENT_CERTIFICATE_TYPES;
    /// A certificate type (RFC 7250).
    CertificateType(u8) in CERTIFICATE_TYPES;
    /// The type of a record (RFC 8446 5.1).
    ContentType(u8) in CONTENT_TYPES;
    /// The type of a handshake message (RFC 8446 section 4).
    HandshakeType(u8) in HANDSHAKE_TYPES;
}

/// Gives GREASE tests to the two-octet numbers that RFC 8701 reserves values of.
macro_rules! greased {
    ($($type:ident)*) => {
        $(impl $type {
            /// Whether this is a GREASE value: sent to be ignored, never negotiated (RFC 8701).
            pub const fn is_grease(self) -> bool {
                is_grease(self.0)
            }
        })*
    };
}

greased! { NamedGroup SignatureScheme ExtensionType ProtocolVersion }

impl ProtocolVersion {
    /// Whether this is a draft of TLS 1.3 (0x7Fxx).
    pub const fn is_draft(self) -> bool {
        self.0 >> 8 == 0x7F
    }
}

/// A cipher suite of SSLv3 and later (two octets), or an SSLv2 cipher kind (three octets).
///
/// The two never meet: every SSLv2 kind in use is above 0xFFFF. (The kind 0x000000, which only early drafts
/// of SSLv2 list, would be read as TLS_NULL_WITH_NULL_NULL.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CipherSuite(pub u32);

impl CipherSuite {
    /// The row of this suite; `None` for a number that the tables do not know.
    pub fn row(self) -> Option<&'static Suite> {
        let at = CIPHER_SUITES.binary_search_by(|row| row.number.cmp(&self.0)).ok()?;
        CIPHER_SUITES.get(at)
    }

    /// The registered name; for SSLv2 the name in its specification (`SSL_CK_...`).
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.name)
    }

    /// What the suite is made of; `None` for unknown numbers and for signalling values.
    pub fn facts(self) -> Option<&'static SuiteFacts> {
        self.row().and_then(|row| row.facts.as_ref())
    }

    /// Tag length and hash length of a TLS 1.3 suite; `None` for every other number. Unit: octets.
    ///
    /// From these an observer infers what encrypted handshake records hold (RFC 8446 4.4.4, 5.2).
    pub fn tls13_lengths(self) -> Option<(usize, usize)> {
        let facts = self.facts().filter(|facts| facts.exchange == KeyExchange::Tls13)?;
        Some((facts.tag_octets.into(), facts.prf?.octets().into()))
    }

    /// Whether this is a GREASE value (RFC 8701).
    pub const fn is_grease(self) -> bool {
        self.0 <= 0xFFFF && is_grease(self.0 as u16)
    }
}

/// One row of the cipher suite table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// The number on the wire; SSLv2 kinds use 24 bits.
    pub number: u32,
    /// The registered name.
    pub name: &'static str,
    /// How official the number is.
    pub standing: super::Standing,
    /// What it is made of; `None` for signalling values (`..._SCSV`).
    pub facts: Option<SuiteFacts>,
}

/// What a cipher suite is made of, read from its name by the generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SuiteFacts {
    /// How keys are agreed.
    pub exchange: KeyExchange,
    /// What authenticates the peer.
    pub authentication: Authentication,
    /// Weakened on purpose for the export rules of the 1990s.
    pub export: bool,
    /// What encrypts.
    pub cipher: BulkCipher,
    /// What authenticates records; `None`: the cipher does it itself.
    pub mac: Option<MacAlgorithm>,
    /// Hash of the TLS 1.3 key schedule, or of the TLS 1.2 PRF (older versions use MD5 with SHA-1, whatever
    /// the suite). `None`: SSLv2.
    pub prf: Option<HashAlgorithm>,
    /// Length of the AEAD tag, or of the MAC. Unit: octets.
    pub tag_octets: u8,
}

/// Defines a closed set of words: variant, output name, meaning.
macro_rules! words {
    ($(#[doc = $doc:literal])* $type:ident { $($variant:ident = $name:literal, $meaning:literal;)* }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $(#[doc = $meaning] $variant,)* }

        impl $type {
            /// Every value.
            pub const ALL: &'static [$type] = &[$($type::$variant,)*];

            /// The word used outside the engine.
            pub const fn name(self) -> &'static str { match self { $($type::$variant => $name,)* } }
        }
    };
}

words! {
    /// How keys are agreed.
    KeyExchange {
        Null = "NULL", "Nothing is agreed.";
        Rsa = "RSA", "The client encrypts to the server's RSA key.";
        Dh = "DH", "Diffie-Hellman with the certificate's fixed key.";
        Dhe = "DHE", "Ephemeral Diffie-Hellman; DH_anon too, where the authentication is `Anonymous`.";
        Ecdh = "ECDH", "Elliptic-curve Diffie-Hellman with the certificate's fixed key.";
        Ecdhe = "ECDHE", "Ephemeral elliptic-curve Diffie-Hellman; ECDH_anon too.";
        Psk = "PSK", "A pre-shared key alone.";
        RsaPsk = "RSA_PSK", "A pre-shared key and RSA encryption.";
        DhePsk = "DHE_PSK", "A pre-shared key and ephemeral Diffie-Hellman.";
        EcdhePsk = "ECDHE_PSK", "A pre-shared key and ephemeral elliptic-curve Diffie-Hellman.";
        Krb5 = "KRB5", "Kerberos tickets (RFC 2712).";
        Srp = "SRP", "Secure Remote Password (RFC 5054).";
        EccPwd = "ECCPWD", "Dragonfly password exchange (RFC 8492).";
        EcJpake = "ECJPAKE", "J-PAKE password exchange over elliptic curves.";
        Gost = "GOST", "GOST key agreement or transport.";
        Fortezza = "FORTEZZA", "Fortezza's key exchange algorithm (SSLv3).";
        CecPq1 = "CECPQ1", "X25519 and NewHope together (an experiment of 2016).";
        Tls13 = "TLS13", "Not part of the suite: TLS 1.3 negotiates it by key_share and pre_shared_key.";
    }
}

words! {
    /// What authenticates the peer.
    Authentication {
        Null = "NULL", "Nothing.";
        Anonymous = "anon", "Nobody is authenticated.";
        Rsa = "RSA", "An RSA certificate.";
        Dss = "DSS", "A DSA certificate.";
        Ecdsa = "ECDSA", "A certificate for elliptic-curve signatures; EdDSA too (RFC 8422).";
        Psk = "PSK", "A pre-shared key.";
        Krb5 = "KRB5", "Kerberos.";
        Srp = "SRP", "The SRP password.";
        Password = "password", "A password exchange.";
        Gost = "GOST", "A GOST certificate.";
        Fortezza = "FORTEZZA", "A Fortezza certificate.";
        Tls13 = "TLS13", "Not part of the suite: TLS 1.3 negotiates it by signature_algorithms.";
    }
}
