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

/// Texts of one connection in one run of octets: of each its kind, a 32-bit little-endian length, its octets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Texts(Vec<u8>);

/// Octets that a text takes beside its own.
const HEAD: usize = 5;

impl Texts {
    /// None yet, with room for `count` texts of `octets` altogether.
    pub fn with_room(count: usize, octets: usize) -> Self {
        Self(Vec::with_capacity(count * HEAD + octets))
    }

    /// Adds a text; an empty one says nothing and is left out.
    pub fn push(&mut self, kind: TextKind, octets: &[u8]) {
        self.push_numbered(kind as u8, octets);
    }

    /// The same by the number of its kind.
    pub fn push_numbered(&mut self, kind: u8, octets: &[u8]) {
        if let Some(length) = u32::try_from(octets.len()).ok().filter(|length| *length > 0) {
            self.0.push(kind);
            self.0.extend_from_slice(&length.to_le_bytes());
            self.0.extend_from_slice(octets);
        }
    }

    /// Adds texts.
    pub fn extend<'t>(&mut self, texts: impl IntoIterator<Item = &'t Text>) {
        texts.into_iter().for_each(|text| self.push(text.kind, &text.bytes));
    }

    /// Lets go of the texts of some kinds.
    pub fn drop_kinds(&mut self, drops: impl Fn(u8) -> bool) {
        let mut kept = Self::default();
        for (kind, octets) in self.iter().filter(|(kind, _)| !drops(*kind)) {
            kept.push_numbered(kind, octets);
        }
        *self = kept;
    }

    /// Takes out what hardly two connections have in common, in one run: server name, then session id; and how long the
    /// session id is.
    pub fn take_own(&mut self) -> (Box<[u8]>, u8) {
        let (mut name, mut session) = (&[][..], &[][..]);
        for (kind, octets) in self.iter() {
            if kind == TextKind::ServerName as u8 {
                name = octets;
            } else if kind == TextKind::SessionId as u8 {
                session = octets;
            }
        }
        let Ok(length) = u8::try_from(session.len()) else { return (Box::default(), 0) };
        let own = [name, session].concat().into_boxed_slice();
        let heads = HEAD * (usize::from(!name.is_empty()) + usize::from(!session.is_empty()));
        if own.len() + heads == self.0.len() {
            self.0 = Vec::new();
        } else if !own.is_empty() {
            self.drop_kinds(|kind| kind == TextKind::ServerName as u8 || kind == TextKind::SessionId as u8);
        }
        (own, length)
    }

    /// Gives back the memory that no text is in.
    pub fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// All of them as they lie in memory: equal where the texts are.
    pub fn run(&self) -> &[u8] {
        &self.0
    }

    /// The texts, each with the number of its kind.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || {
            let (&kind, tail) = rest.split_first()?;
            let (length, tail) = tail.split_first_chunk::<4>()?;
            let (text, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = tail;
            Some((kind, text))
        })
    }

    /// Each for itself.
    pub fn to_vec(&self) -> Vec<Text> {
        let kind = |number: u8| TextKind::ALL.iter().copied().find(|kind| *kind as u8 == number);
        self.iter()
            .filter_map(|(number, octets)| Some(Text { kind: kind(number)?, bytes: octets.into() }))
            .collect()
    }
}

impl std::fmt::Debug for Texts {
    /// Kinds and lengths: what a text says is nobody's to print by accident.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|(kind, octets)| (kind, octets.len()))).finish()
    }
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
