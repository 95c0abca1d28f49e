//! Anomalies worth telling, none of which ever changes a verdict.

use crate::compact::{Compact, Reading, Writer};

/// Defines the flags once: variant, bit, output word, meaning.
macro_rules! flags {
    ($($variant:ident = $bit:literal, $word:literal, $doc:literal;)*) => {
        /// One anomaly or quality mark of a connection.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Flag { $(#[doc = $doc] $variant = $bit,)* }

        impl Flag {
            /// Every flag, in bit order.
            pub const ALL: &'static [Flag] = &[$(Flag::$variant,)*];

            /// The word used in every output.
            pub const fn word(self) -> &'static str { match self { $(Flag::$variant => $word,)* } }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str { match self { $(Flag::$variant => $doc,)* } }
        }
    };
}

flags! {
    // What the tap saw of the connection.
    NeverEstablished = 0, "never_established", "A connection attempt that was never accepted.";
    Midstream = 1, "midstream", "Neither SYN nor SYN/ACK was seen.";
    OneSided = 2, "one_sided", "Only one direction was captured.";
    Gap = 3, "gap", "Octets that the peer acknowledged were never captured.";
    Truncated = 4, "truncated", "Segments were cut by the capture's snap length.";
    OverlapConflict = 5, "overlap_conflict", "A retransmission carried other octets than the first copy; the first was used.";
    RoleGuessed = 6, "role_guessed", "Which side is the client was guessed; no SYN was seen.";
    TimeOutOfRange = 7, "time_out_of_range", "A packet's time could not be represented; the last valid one was used.";
    Urgent = 8, "urgent", "Urgent data was marked; its octets were read in line.";
    BeyondFin = 9, "beyond_fin", "Segments beyond the FIN or below the first octet were ignored.";
    Evicted = 10, "evicted", "The connection was dropped from memory before it ended.";
    FragmentOverlap = 11, "fragment_overlap", "IPv4 fragments overlapped; the first copy was used.";
    ResetIgnored = 12, "reset_ignored", "A RST outside the window, or contradicted by later traffic, was ignored.";
    // TLS.
    MidstreamTls = 16, "midstream_tls", "A TLS handshake was recognised after data in clear, where upgrades are not followed.";
    Upgraded = 17, "upgraded", "The handshake followed after data in clear.";
    EchOffered = 18, "ech_offered", "Encrypted ClientHello was offered (or GREASE of it); the server name is the outer one.";
    EarlyCcs = 19, "early_ccs", "A ChangeCipherSpec came before the key exchange and was not counted.";
    DuplicateExtension = 20, "duplicate_extension", "An extension appeared twice; the first was used.";
    DowngradeSentinel = 21, "downgrade_sentinel", "ServerHello.random ends with the downgrade mark of RFC 8446 4.1.3.";
    Desync = 22, "desync", "Record framing was lost after completion; the end of protection can no longer be seen.";
    SecondClientHello = 23, "second_client_hello", "A second ClientHello came without a HelloRetryRequest.";
    SuiteNotOffered = 24, "suite_not_offered", "The server chose a cipher suite that the client had not offered.";
    SessionIdNotEchoed = 25, "session_id_not_echoed", "A TLS 1.3 server did not echo the legacy session id.";
    SuiteAssumed = 26, "suite_assumed", "Lengths were judged by an assumed suite (tag 16, hash 32).";
    SelectedVersionOdd = 27, "selected_version_odd", "supported_versions of the ServerHello selected a version below TLS 1.3.";
    MessageTooLong = 28, "message_too_long", "A handshake message passed the memory limit; its content was skipped.";
    EmptyRecords = 29, "empty_records", "Many empty records in a row.";
    Malformed = 30, "malformed", "A handshake message could not be read to its end; what was readable was used.";
    // SSH.
    LongBanner = 36, "long_banner", "An SSH identification line over 255 octets.";
    OddBanner = 37, "odd_banner", "An SSH identification line with a NUL, or ended by CR or LF alone.";
    KexInitTwice = 38, "kexinit_twice", "A second KEXINIT came before NEWKEYS; the first was used.";
    StrictKexNoise = 39, "strict_kex_noise", "Messages that strict key exchange forbids came before NEWKEYS.";
    WrongKexGuess = 40, "wrong_kex_guess", "A guessed first key exchange packet was wrong and ignored (RFC 4253 7.1).";
    LinesBeforeBanner = 41, "lines_before_banner", "The server sent other lines before its SSH identification.";
}

/// A set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u64);

impl Flags {
    /// Adds one flag.
    pub const fn insert(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u8;
    }

    /// This set without one flag.
    #[must_use]
    pub const fn without(self, flag: Flag) -> Flags {
        Flags(self.0 & !(1 << flag as u8))
    }

    /// Whether the flag is in the set.
    pub const fn contains(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u8) != 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// The flags of the set, in bit order.
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.iter().copied().filter(move |flag| self.contains(*flag))
    }
}

impl Compact for Flags {
    fn write(self, to: &mut Writer) {
        self.0.write(to);
    }

    fn read(from: &mut Reading<'_>) -> Option<Self> {
        Compact::read(from).map(Self)
    }
}
