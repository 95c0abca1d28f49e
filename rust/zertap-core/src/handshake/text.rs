//! Facts that belong to one connection alone: names, banners, offers, alerts.
//!
//! They are written once, when a row is made, so that nothing lasting is kept per connection for them.

use arrayvec::ArrayVec;

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

/// Texts of one connection in one run of octets: of each its kind, its length (seven bits an octet, the lowest first, the
/// eighth set in all but the last), its octets.
#[derive(Clone, Default)]
pub struct Texts(Run);

/// A run of octets: a short one where it is, a longer one in memory of its own.
#[derive(Clone)]
enum Run {
    Short(ArrayVec<u8, SHORT>),
    Long(Vec<u8>),
}

/// What a server name of 36 octets and a session id take: few have a longer one.
const SHORT: usize = 72;

const _: () = assert!(SHORT <= LOW as usize);
/// Octets that most texts take beside their own.
const HEAD: usize = 2;
/// What one octet of a length tells.
const LOW: u32 = 0x7f;

impl Texts {
    /// None yet, with room for `count` texts of `octets` altogether.
    pub fn with_room(count: usize, octets: usize) -> Self {
        let needed = count * HEAD + octets;
        Self(if needed > SHORT { Run::Long(Vec::with_capacity(needed)) } else { Run::default() })
    }

    /// A server name and a session id.
    pub fn of_one(name: &[u8], session: &[u8]) -> Self {
        let all = [(TextKind::ServerName, name), (TextKind::SessionId, session)];
        if let Some(run) = short_run(all) {
            return Self(Run::Short(run));
        }
        let mut texts = Self::with_room(all.len(), name.len() + session.len());
        for (kind, text) in all {
            texts.push(kind, text);
        }
        texts
    }

    /// The text of this kind; empty where there is none.
    pub fn get(&self, kind: TextKind) -> &[u8] {
        self.iter().find(|(number, _)| *number == kind as u8).map_or(&[], |(_, octets)| octets)
    }

    /// Adds a text; an empty one says nothing and is left out.
    pub fn push(&mut self, kind: TextKind, octets: &[u8]) {
        self.push_numbered(kind as u8, octets);
    }

    /// The same by the number of its kind.
    pub fn push_numbered(&mut self, kind: u8, octets: &[u8]) {
        if let Some(length) = u32::try_from(octets.len()).ok().filter(|length| *length > 0) {
            if length <= LOW {
                self.0.extend([kind, length as u8], octets);
                return;
            }
            let mut head = ArrayVec::<u8, 6>::new();
            head.push(kind);
            let mut left = length;
            while left > LOW {
                head.push(left as u8 | !LOW as u8);
                left >>= 7;
            }
            head.push(left as u8);
            self.0.extend_long(&head, octets);
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

    /// Takes out what hardly two connections have in common: server name and session id.
    pub fn take_own(&mut self) -> Texts {
        let is_own = |kind: u8| kind == TextKind::ServerName as u8 || kind == TextKind::SessionId as u8;
        let (mut own, mut others) = (false, false);
        for (kind, _) in self.iter() {
            (own, others) = (own || is_own(kind), others || !is_own(kind));
        }
        if !others {
            return std::mem::take(self);
        }
        let mut taken = Self::default();
        if own {
            self.iter()
                .filter(|(kind, _)| is_own(*kind))
                .for_each(|(kind, octets)| taken.push_numbered(kind, octets));
            self.drop_kinds(is_own);
        }
        taken
    }

    /// Gives back the memory that no text is in.
    pub fn shrink(&mut self) {
        if let Run::Long(octets) = &mut self.0 {
            octets.shrink_to_fit();
        }
    }

    /// All of them as they lie in memory: equal where the texts are.
    pub fn run(&self) -> &[u8] {
        match &self.0 {
            Run::Short(octets) => octets,
            Run::Long(octets) => octets,
        }
    }

    /// The texts, each with the number of its kind.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        texts_of(self.run())
    }

    /// Each for itself.
    pub fn to_vec(&self) -> Vec<Text> {
        let kind = |number: u8| TextKind::ALL.iter().copied().find(|kind| *kind as u8 == number);
        self.iter()
            .filter_map(|(number, octets)| Some(Text { kind: kind(number)?, bytes: octets.into() }))
            .collect()
    }
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.run() == other.run()
    }
}

impl Eq for Texts {}

impl Default for Run {
    fn default() -> Self {
        Self::Short(ArrayVec::new_const())
    }
}

impl Run {
    /// Adds two octets and those behind them.
    #[inline]
    fn extend(&mut self, head: [u8; HEAD], octets: &[u8]) {
        match self {
            Self::Short(short) if HEAD + octets.len() <= short.remaining_capacity() => {
                // They fit.
                let _ = short.try_extend_from_slice(&head).and_then(|()| short.try_extend_from_slice(octets));
            }
            _ => self.extend_long(&head, octets),
        }
    }

    #[inline(never)]
    fn extend_long(&mut self, head: &[u8], octets: &[u8]) {
        if let Self::Short(short) = self {
            let mut long = Vec::with_capacity(short.len() + head.len() + octets.len());
            long.extend_from_slice(short);
            *self = Self::Long(long);
        }
        if let Self::Long(long) = self {
            long.extend_from_slice(head);
            long.extend_from_slice(octets);
        }
    }
}

/// A run of these texts, where it is short; written at once.
#[inline]
fn short_run(texts: [(TextKind, &[u8]); 2]) -> Option<ArrayVec<u8, SHORT>> {
    let mut octets = [0; SHORT];
    let mut rest = &mut octets[..];
    for (kind, text) in texts {
        if !text.is_empty() {
            let (head, tail) = rest.split_first_chunk_mut::<HEAD>()?;
            let (place, tail) = tail.split_at_mut_checked(text.len())?;
            *head = [kind as u8, text.len() as u8];
            place.copy_from_slice(text);
            rest = tail;
        }
    }
    // Shorter than `LOW`, all of them.
    let used = SHORT - rest.len();
    let mut run = ArrayVec::from(octets);
    run.truncate(used);
    Some(run)
}

/// The texts of a run.
fn texts_of(run: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = run;
    std::iter::from_fn(move || {
        let (&kind, mut tail) = rest.split_first()?;
        let (mut length, mut shift) = (0, 0);
        loop {
            let (&octet, behind) = tail.split_first()?;
            tail = behind;
            length |= (u32::from(octet) & LOW).checked_shl(shift)?;
            shift += 7;
            if u32::from(octet) <= LOW {
                break;
            }
        }
        let (text, tail) = tail.split_at_checked(length as usize)?;
        rest = tail;
        Some((kind, text))
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_length_are_read_as_they_were_pushed() {
        let lengths = [1, 127, 128, 129, 16_383, 16_384, 65_536, 3_000_000];
        let mut texts = Texts::with_room(2, 0);
        for length in lengths {
            texts.push(TextKind::Alerts, &vec![length as u8; length]);
            texts.push(TextKind::Ja4, b"");
            texts.push(TextKind::ServerName, b"name");
        }
        let told: Vec<_> = texts.iter().filter(|(kind, _)| *kind == TextKind::Alerts as u8).collect();
        assert_eq!(texts.iter().count(), 2 * lengths.len());
        assert!(told.iter().map(|(_, octets)| octets.len()).eq(lengths));
        assert!(told.iter().all(|(_, octets)| octets.iter().all(|octet| *octet == octets.len() as u8)));
        let run = texts.run().to_vec();
        // A run that was cut tells the texts that are whole.
        assert_eq!(texts_of(run.get(..1000).unwrap_or_default()).count(), 8);
        // Equal, wherever they lie.
        let (mut one, mut other) = (Texts::with_room(1, 2), Texts::with_room(1, 100));
        assert!(one == other && one == Texts::default());
        for octet in 0..40 {
            one.push(TextKind::ServerName, &[octet]);
            assert!(one != other);
            other.push(TextKind::ServerName, &[octet]);
            assert!(one == other && one.iter().count() == usize::from(octet) + 1);
        }
        let own = texts.take_own();
        assert_eq!((own.iter().count(), texts.iter().count()), (lengths.len(), lengths.len()));
        assert!(
            own.iter().all(|(kind, octets)| (kind, octets) == (TextKind::ServerName as u8, &b"name"[..]))
        );
    }
}
