//! A row: everything known of one connection at the moment something worth saying happened to it.

use crate::certificate::LeafCertificate;
use crate::compact::compact;
use crate::handshake::{CryptoProfile, Fault, Flags, PerSide, Phase, Side, Texts};
use crate::time::Timestamp;
use crate::wire::Address;
use arrayvec::ArrayVec;
use std::ops::Deref;
use std::sync::Arc;

/// Defines row kinds once: variant, number, word, meaning.
macro_rules! kinds {
    ($($variant:ident = $number:literal, $word:literal, $doc:literal;)*) => {
        /// Why a row was written.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum RowKind { $(#[doc = $doc] $variant = $number,)* }

        impl RowKind {
            /// Every kind, indexed by its number.
            pub const ALL: &'static [RowKind] = &[$(RowKind::$variant,)*];

            /// The word used in every output.
            pub const fn word(self) -> &'static str { match self { $(RowKind::$variant => $word,)* } }
        }
    };
}

kinds! {
    Opened = 0, "opened", "The connection was established.";
    Moved = 1, "moved", "Its phase reached a milestone.";
    Due = 2, "due", "The waiting span since its establishment has passed.";
    Closed = 3, "closed", "Both directions were closed by FIN.";
    Reset = 4, "reset", "It was reset.";
    Replaced = 5, "replaced", "A new connection took its addresses and ports.";
    Evicted = 6, "evicted", "It was dropped from memory before it ended.";
    Unfinished = 7, "unfinished", "The input ended before it did.";
    Interval = 8, "interval", "A recording interval ended while it lived.";
}

impl RowKind {
    /// Whether no row of this connection follows.
    pub const fn is_last(self) -> bool {
        matches!(
            self,
            RowKind::Closed | RowKind::Reset | RowKind::Replaced | RowKind::Evicted | RowKind::Unfinished
        )
    }

    /// Whether the TCP connection itself ended.
    pub const fn is_end(self) -> bool {
        matches!(self, RowKind::Closed | RowKind::Reset | RowKind::Replaced)
    }
}

/// Which kinds of rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowKinds(u16);

impl RowKinds {
    /// Only the last row of each connection.
    pub const LAST: RowKinds = RowKinds::NONE
        .with(RowKind::Closed)
        .with(RowKind::Reset)
        .with(RowKind::Replaced)
        .with(RowKind::Evicted)
        .with(RowKind::Unfinished);
    /// No rows.
    pub const NONE: RowKinds = RowKinds(0);

    /// This set and one more kind.
    pub const fn with(self, kind: RowKind) -> RowKinds {
        RowKinds(self.0 | 1 << kind as u16)
    }

    /// Whether the kind is wanted.
    pub const fn contains(self, kind: RowKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }
}

/// A milestone of a connection: a phase that changes what the connection means, and when it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// The phase reached.
    pub phase: Phase,
    /// When.
    pub at: Timestamp,
    /// Whether the waiting span had passed before it.
    pub after_due: bool,
}

/// The most milestones a connection can have: begun, complete, in clear; one spare.
pub const MILESTONES: usize = 4;

/// The milestones so far. Their parts stand apart from each other: together they would take nearly twice the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    at: [Timestamp; MILESTONES],
    phases: [Phase; MILESTONES],
    /// A bit for each.
    after_due: u8,
    length: u8,
}

impl Default for History {
    fn default() -> Self {
        let (at, phases) = ([Timestamp(0); MILESTONES], [Phase::Silent; MILESTONES]);
        Self { at, phases, after_due: 0, length: 0 }
    }
}

impl History {
    /// The milestones, in order.
    pub fn entries(&self) -> ArrayVec<Milestone, MILESTONES> {
        self.iter().collect()
    }

    /// The same, one after the other.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = Milestone> {
        let Self { at, phases, after_due, length } = *self;
        let parts = at.into_iter().zip(phases).enumerate().take(usize::from(length));
        parts.map(move |(n, (at, phase))| Milestone { phase, at, after_due: after_due & 1 << n != 0 })
    }

    /// Adds one; beyond the limit the last is overwritten, so that the end stays true.
    pub fn push(&mut self, milestone: Milestone) {
        let place = usize::from(self.length).min(MILESTONES - 1);
        let Milestone { phase, at, after_due } = milestone;
        (self.at[place], self.phases[place]) = (at, phase);
        self.after_due = self.after_due & !(1 << place) | u8::from(after_due) << place;
        self.length = place as u8 + 1;
    }

    /// When the phase was first reached.
    pub fn first(&self, matches: impl Fn(Phase) -> bool) -> Option<Timestamp> {
        self.iter().find(|entry| matches(entry.phase)).map(|entry| entry.at)
    }
}

/// What was settled about a connection by its observer, in common with all connections of which the same was settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Number of the negotiated profile in the tap, with the profile.
    pub profile: Option<(u32, Arc<CryptoProfile>)>,
    /// Why the handshake failed.
    pub fault: Fault,
    /// Which side gave up.
    pub gave_up: Option<Side>,
    /// Which side acts as the protocol's client.
    pub protocol_client: Option<Side>,
    /// Leaf certificate of the protocol's server.
    pub server_certificate: Option<Arc<LeafCertificate>>,
    /// Leaf certificate of the protocol's client.
    pub client_certificate: Option<Arc<LeafCertificate>>,
    /// Names, banners, offers, alerts.
    pub texts: Texts,
}

/// What was settled about a connection; shared by all rows written after. Its server name and session id, which hardly two
/// connections have in common, stand apart from the facts, which most connections to one server share.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settled {
    facts: Arc<Facts>,
    /// Server name and session id.
    own: Texts,
}

impl Facts {
    /// In no more memory than they need.
    #[must_use]
    pub fn shrunk(mut self) -> Self {
        self.texts.shrink();
        self
    }
}

impl Settled {
    /// What was settled of a connection; `own`: its server name and session id.
    pub fn new(facts: Arc<Facts>, own: Texts) -> Self {
        Self { facts, own }
    }

    /// What other connections may have in common with it.
    pub fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// Whether its server name and session id are these.
    pub fn has_own(&self, own: &Texts) -> bool {
        self.own == *own
    }

    /// The texts.
    pub fn texts(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.own.iter().chain(self.facts.texts.iter())
    }
}

impl std::fmt::Debug for Settled {
    /// Without what the texts say: see `Texts`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Settled").field(&self.facts).field(&self.own.run().len()).finish()
    }
}

impl Deref for Settled {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Why it was written.
    pub kind: RowKind,
    /// What the wire has shown.
    pub phase: Phase,
    /// The phase at the connection's previous row (`Silent` at its first), `interval` rows aside.
    pub previous: Phase,
    /// When it was written.
    pub at: Timestamp,
    /// Time of the connection's first packet.
    pub start: Timestamp,
    /// When the connection was established (A2), if it was.
    pub established: Option<Timestamp>,
    /// When it ended; for a live connection the time of its last packet.
    pub end: Timestamp,
    /// Number of the connection in this tap, from 1, in order of first packets.
    pub connection: u64,
    /// n-th connection of the same addresses and ports, from 1.
    pub ordinal: u32,
    /// Number of the packet that caused the row, counted over all frames of the tap, from 1.
    pub packet: u64,
    /// Number of the connection's first packet.
    pub first_packet: u64,
    /// VLAN and tunnel lane.
    pub lane: u32,
    /// Addresses; the client first.
    pub addresses: [Address; 2],
    /// Ports; the client first.
    pub ports: [u16; 2],
    /// Payload octets sent, by client and by server.
    pub octets: [u64; 2],
    /// Segments sent, by client and by server.
    pub segments: [u64; 2],
    /// Octets since the connection's previous row.
    pub octets_delta: [u64; 2],
    /// Segments since the connection's previous row.
    pub segments_delta: [u64; 2],
    /// Anomalies.
    pub flags: Flags,
    /// Milestones so far.
    pub history: History,
    /// How many of them the connection's previous row had, `interval` rows aside.
    pub history_before: u8,
    /// The waiting span has passed.
    pub due_passed: bool,
    /// Which `Side` is the client (observers speak of sides, rows of client and server).
    pub client: Side,
    /// The note of `Tap::mark`.
    pub note: u64,
    /// What its observer settled.
    pub settled: Option<Arc<Settled>>,
}

impl Row {
    /// Time from the first packet to the end.
    pub fn duration(&self) -> crate::time::Span {
        self.end.since(self.start)
    }

    /// When the handshake began and when it was complete, if both are known.
    pub fn handshake(&self) -> Option<(Milestone, Milestone)> {
        let begun =
            self.history.iter().find(|entry| matches!(entry.phase, Phase::TlsBegun | Phase::SshBegun))?;
        let complete = self.history.iter().find(|entry| entry.phase.is_complete())?;
        // Where octets were lost, both are told only after the wait for them, which is none of the handshake's.
        let seen = |told: Milestone| Milestone { at: told.at.min(self.end), ..told };
        Some((seen(begun), seen(complete)))
    }

    /// The texts of this connection.
    pub fn texts(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.settled.iter().flat_map(|settled| settled.texts())
    }

    /// Orders a value per side as client, server.
    pub fn by_role<T: Copy>(client: Side, value: &PerSide<T>) -> [T; 2] {
        [value[client], value[client.other()]]
    }
}

compact!(struct Milestone { phase, at, after_due });
