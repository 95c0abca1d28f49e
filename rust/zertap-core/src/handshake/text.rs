//! Facts that belong to one connection alone: names, banners, offers, alerts.
//!
//! They are written once, when a row is made, so that nothing lasting is kept per connection for them.

/// Defines the kinds once: variant, number, output word, meaning.
macro_rules! kinds {
    ($($variant:ident = $number:literal, $word:literal, $doc:literal;)*) => {
        /// What a text holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum TextKind { $(#[doc = $doc] $variant = $number,)* }

        impl TextKind {
            /// Every kind, in number order.
            pub const ALL: &'static [TextKind] = &[$(TextKind::$variant,)*];

            /// The column name used in every output.
            pub const fn word(self) -> &'static str { match self { $(TextKind::$variant => $word,)* } }
        }
    };
}

kinds! {
    ServerName = 0, "sni", "host_name of the ClientHello's server_name, as sent (may not be UTF-8).";
    SessionId = 1, "session_id", "legacy_session_id of the ServerHello, raw, at most 32 octets.";
    Alerts = 2, "alerts", "Alerts, four octets each: see `Alert`.";
    OfferedVersions = 3, "offered_versions", "Offered TLS versions, two octets each, in order.";
    OfferedSuites = 4, "offered_suites", "Offered cipher suites, two octets each, in order (SSLv2: three octets each, kind 5).";
    OfferedSuitesSsl2 = 5, "offered_suites_sslv2", "Offered SSLv2 cipher kinds, three octets each, in order.";
    OfferedGroups = 6, "offered_groups", "supported_groups, two octets each, in order.";
    OfferedSignatures = 7, "offered_signatures", "signature_algorithms, two octets each, in order.";
    OfferedAlpn = 8, "offered_alpn", "ALPN protocol list: length octet and name, repeated.";
    OfferedExtensions = 9, "offered_extensions", "Extension types of the ClientHello, two octets each, in order.";
    Ja3 = 10, "ja3", "What JA3 is the MD5 of: five decimal lists of the first ClientHello.";
    Ja3s = 11, "ja3s", "What JA3S is the MD5 of: version, suite and extensions of the ServerHello.";
    Ja4 = 12, "ja4", "JA4 of the first ClientHello, as published.";
    ClientBanner = 16, "client_banner", "SSH identification line of the client, without its line end.";
    ServerBanner = 17, "server_banner", "SSH identification line of the server, without its line end.";
    HostKeyFingerprint = 18, "host_key_fingerprint", "SHA-256 of the SSH host key blob, 32 octets.";
    ClientKexInit = 19, "client_kexinit", "Ten name-lists of the client's KEXINIT, joined by LF.";
    ServerKexInit = 20, "server_kexinit", "Ten name-lists of the server's KEXINIT, joined by LF.";
    Hassh = 22, "hassh", "What HASSH is the MD5 of: four name-lists of the client's KEXINIT.";
    HasshServer = 23, "hassh_server", "The same of the server's KEXINIT.";
    Upgrade = 21, "upgrade", "The protocol whose upgrade led to the handshake.";
}

/// One text of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What it holds.
    pub kind: TextKind,
    /// Its octets, raw.
    pub bytes: Box<[u8]>,
}

/// One alert seen in clear, or told by its record length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Alert {
    /// Who sent it.
    pub from: super::Side,
    /// AlertLevel; zero when encrypted.
    pub level: u8,
    /// AlertDescription; zero when encrypted.
    pub description: u8,
    /// Whether it was seen only as an encrypted record.
    pub encrypted: bool,
}

impl Alert {
    /// The four octets in which an alert travels in a row: side, level, description, encrypted.
    pub const fn octets(self) -> [u8; 4] {
        [self.from as u8, self.level, self.description, self.encrypted as u8]
    }
}
