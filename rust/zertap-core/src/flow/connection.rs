//! One slot of the table: everything that is kept of one connection.

use super::chronicle::{Chronicle, Exact, Read};
use super::follow::Cause;
use super::key::FlowKey;
use super::recent::Recent;
use crate::compact::compact;
use crate::event::{History, Milestone, Settled};
use crate::handshake::{Advice, Flag, Flags, PerSide, Phase, Side};
use crate::observer::Observer;
use crate::stream::{Seq, Stream};
use crate::time::Timestamp;
use crate::tls::Walk;
use std::sync::Arc;

/// What TCP has shown of a connection's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Life {
    /// A SYN, and no answer yet.
    #[default]
    HalfOpen,
    /// Established (A2).
    Established,
    /// Both directions closed; the last acknowledgement is awaited.
    Closing,
}

/// A RST inside the window but not at the exact number (RFC 5961): an end only if nothing contradicts it.
#[derive(Clone, Copy, Debug)]
pub struct DoubtfulReset {
    /// Who sent it.
    pub side: Side,
    /// When.
    pub at: Timestamp,
    /// Its sequence number: how far its sender had come.
    pub seq: Seq,
    /// What it acknowledged.
    pub ack: Option<Seq>,
}

/// A SYN with another number on a connection that lives: a new connection, if it is answered (TCP-11).
#[derive(Clone, Copy, Debug)]
pub struct NewSyn {
    /// Who sent it.
    pub side: Side,
    /// The number after it.
    pub first: Seq,
    /// Whether its sender is the key's lower endpoint.
    pub from_low: bool,
    /// The packet that brought it.
    pub cause: Cause,
}

/// What a connection needs only while its handshake is being followed.
#[derive(Debug)]
pub struct Listening {
    /// Who listens.
    pub observer: Observer,
    /// The latest segments of each direction, to tell a true retransmission from a forged one (TCP-04).
    pub recent: PerSide<Recent>,
}

/// What only some connections need.
#[derive(Debug, Default)]
pub struct Extras {
    /// A RST in doubt.
    pub doubtful: Option<DoubtfulReset>,
    /// An exact RST that waits until the other direction was delivered up to what its sender had seen.
    pub waiting_reset: Option<DoubtfulReset>,
    /// When the handshake became complete but for the server's word on the client's certificate.
    pub provisional: Option<Milestone>,
    /// A SYN that may begin a new connection.
    pub new_syn: Option<NewSyn>,
    /// Octets and segments of each side at the previous row.
    pub told_octets: PerSide<u64>,
    /// See `told_octets`.
    pub told_segments: PerSide<u64>,
    /// Phase at the previous row.
    pub told_phase: Phase,
    /// Milestones at the previous row.
    pub told_history: u8,
    /// The note of `Tap::mark`.
    pub note: u64,
    /// What a provider said.
    pub advice: Option<Box<Advice>>,
    /// What does not fit into the chronicle.
    pub exact: Option<Box<Exact>>,
    /// The lane of the direction that travels on another one than the key's.
    pub other_lane: Option<u32>,
}

impl Extras {
    /// Whether no reset and no successor of the connection is waited for.
    pub fn is_calm(&self) -> bool {
        self.doubtful.is_none() && self.waiting_reset.is_none() && self.new_syn.is_none()
    }
}

/// One connection. What the usual segment touches stands first, in as few cache lines as it takes ([`HOT`]).
#[derive(Debug)]
#[repr(C)]
pub struct Connection {
    /// Who talks to whom.
    pub key: FlowKey,
    /// The two directions. `Side::A` is the initiator as far as known.
    pub stream: Stream,
    /// Time of the latest packet.
    pub latest: Timestamp,
    /// Listener, while the handshake is followed.
    pub listening: Option<Box<Listening>>,
    /// Rare needs.
    pub extras: Option<Box<Extras>>,
    /// What goes on behind the handshake.
    pub beyond: Beyond,
    /// What the wire has shown.
    pub phase: Phase,
    /// What TCP has shown.
    pub life: Life,
    /// `Side` of the key's lower endpoint.
    pub low_side: Side,
    /// Small facts, see the constants.
    pub bits: u8,
    /// Its numbers and milestones.
    pub chronicle: Chronicle,
    /// Anomalies found by the stream.
    pub flags: Flags,
    /// What the listener settled.
    pub settled: Option<Arc<Settled>>,
    /// Time of the first packet.
    pub start: Timestamp,
}

/// What goes on when a handshake is over.
#[derive(Clone, Copy, Debug, Default)]
pub enum Beyond {
    /// Nothing that anybody looks at.
    #[default]
    Nothing,
    /// TLS records, walked in both directions.
    Walks(PerSide<Walk>),
    /// Both directions were closed: when the second FIN came, and who sent it.
    Closed(Moment, Side),
}

/// A moment that stands wherever two octets may.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(2))]
pub struct Moment(Timestamp);

/// How much of a connection the usual segment touches. Unit: octets.
pub const HOT: usize = std::mem::offset_of!(Connection, chronicle);

/// The SYN/ACK that counts came from `Side::A` (both opened, or a split handshake).
pub const SYNACK_OF_A: u8 = 1;
/// A SYN was seen.
pub const SYN_SEEN: u8 = 2;
/// A SYN/ACK was seen.
pub const SYNACK_SEEN: u8 = 4;
/// The waiting span has passed.
pub const DUE_PASSED: u8 = 8;
/// The observer was told that only one direction is captured.
pub const ONE_SIDED_TOLD: u8 = 16;
/// Payload came, and with it a listener.
pub const LISTENED: u8 = 32;
/// It reached a milestone whose row was not wanted ([`crate::config::Config::early_moves`]).
pub const MOVE_WITHHELD: u8 = 64;
/// A caller has a name of it, which tells its slot.
pub const NAMED: u8 = 128;

impl Connection {
    /// Whether a small fact holds.
    pub fn has(&self, bit: u8) -> bool {
        self.bits & bit != 0
    }

    /// The side that sent a segment.
    pub fn sender(&self, from_low: bool) -> Side {
        if from_low { self.low_side } else { self.low_side.other() }
    }

    /// The extras, made when first needed.
    pub fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// Moves the phase, and keeps the history's grammar: nothing is complete, failed or lost that was not
    /// begun; nothing is in clear again that was not complete.
    pub fn reach(&mut self, phase: Phase, at: Timestamp) -> bool {
        let moved = self.phase != phase;
        self.phase = phase;
        if phase == Phase::TlsProvisional {
            let after_due = self.has(DUE_PASSED);
            self.extras().provisional = Some(Milestone { phase: Phase::TlsComplete, at, after_due });
        } else if phase == Phase::TlsAgreed
            && let Some(extras) = &mut self.extras
        {
            // What looked complete is open again: what would tell was lost.
            extras.provisional = None;
        }
        let told = self.extras.as_ref().is_some_and(|extras| extras.told_history > 0);
        if phase == Phase::Clear && !told && !self.has(MOVE_WITHHELD) {
            // What had looked like the beginning of a handshake was none.
            self.chronicle.forget_milestones();
        }
        for needed in predecessors(phase) {
            self.note_milestone(*needed, at);
        }
        if phase.is_milestone() {
            self.note_milestone(phase, at);
        }
        moved
    }

    /// Notes that the second FIN came with the latest packet.
    pub fn close(&mut self, by: Side) {
        self.beyond = Beyond::Closed(Moment(self.latest), by);
    }

    /// When the second FIN came, and who sent it.
    pub fn closed(&self) -> Option<(Timestamp, Side)> {
        if let Beyond::Closed(Moment(at), by) = self.beyond { Some((at, by)) } else { None }
    }

    /// The record walks that go on behind a completed handshake.
    pub fn walks(&mut self) -> Option<&mut PerSide<Walk>> {
        if let Beyond::Walks(walks) = &mut self.beyond { Some(walks) } else { None }
    }

    /// The side whose SYN/ACK counts.
    pub fn synack_sender(&self) -> Option<Side> {
        let sender = if self.has(SYNACK_OF_A) { Side::A } else { Side::B };
        self.has(SYNACK_SEEN).then_some(sender)
    }

    /// Whether neither SYN nor SYN/ACK was seen.
    pub fn is_midstream(&self) -> bool {
        !self.has(SYN_SEEN | SYNACK_SEEN)
    }

    /// The one direction that was captured, if the other never was.
    pub fn only_visible(&self) -> Option<Side> {
        match Side::BOTH.map(|side| self.stream.halves[side].is_visible()) {
            [true, false] => Some(Side::A),
            [false, true] => Some(Side::B),
            _ => None,
        }
    }

    /// When both FINs lie behind what was delivered, the sequence number that acknowledges `side`'s FIN.
    pub fn fin_end(&self, side: Side) -> Option<Seq> {
        self.stream.fin(side).map(|fin| fin.plus(1))
    }

    /// Adds an anomaly.
    pub fn flag(&mut self, flag: Flag) {
        self.flags.insert(flag);
    }

    #[inline]
    fn note_milestone(&mut self, phase: Phase, at: Timestamp) {
        if !self.chronicle.contains(phase) {
            self.add_milestone(phase, at);
        }
    }

    fn add_milestone(&mut self, phase: Phase, at: Timestamp) {
        // A handshake that was complete but for the server's word was complete when it became so.
        let earlier =
            self.extras.as_ref().and_then(|extras| extras.provisional).filter(|then| then.phase == phase);
        self.push_milestone(earlier.unwrap_or(Milestone { phase, at, after_due: self.has(DUE_PASSED) }));
    }
}

/// What stands in the chronicle.
impl Connection {
    /// Adds a milestone.
    pub fn push_milestone(&mut self, milestone: Milestone) {
        let Self { chronicle, start, extras, .. } = self;
        chronicle.push(*start, milestone, || exact(extras));
    }

    /// Notes that it was established.
    pub fn establish(&mut self, at: Timestamp) {
        let Self { chronicle, start, extras, .. } = self;
        chronicle.establish(*start, at, || exact(extras));
    }

    /// When it was established.
    pub fn established(&self) -> Timestamp {
        self.chronicle.established(self.read())
    }

    /// Milestones.
    pub fn history(&self) -> History {
        self.chronicle.history(self.read())
    }

    /// The milestone with which a handshake began, if it came first.
    pub fn begun(&self) -> Option<Milestone> {
        self.chronicle.begun(self.read())
    }

    /// Number in the tap.
    pub fn number(&self) -> u64 {
        self.chronicle.number(self.read())
    }

    /// Number of the first packet.
    pub fn first_packet(&self) -> u64 {
        self.chronicle.first_packet(self.read())
    }

    /// n-th connection of this key.
    pub fn ordinal(&self) -> u32 {
        self.chronicle.ordinal(self.read())
    }

    /// The lane of the direction that travels on another one than the key's, else the key's own.
    pub fn other_lane(&self) -> u32 {
        self.extras.as_ref().and_then(|extras| extras.other_lane).unwrap_or(self.key.lane())
    }

    fn read(&self) -> Read<'_> {
        (self.start, self.extras.as_ref().and_then(|extras| extras.exact.as_deref()))
    }
}

/// Where that goes which does not fit into the chronicle.
pub fn exact(extras: &mut Option<Box<Extras>>) -> &mut Exact {
    extras.get_or_insert_default().exact.get_or_insert_default()
}

fn predecessors(phase: Phase) -> &'static [Phase] {
    match phase {
        Phase::TlsAgreed | Phase::TlsProvisional | Phase::TlsComplete | Phase::TlsFailed | Phase::TlsLost => {
            &[Phase::TlsBegun]
        }
        Phase::TlsThenClear => &[Phase::TlsBegun, Phase::TlsComplete],
        Phase::SshAgreed | Phase::SshComplete | Phase::SshFailed | Phase::SshLost => &[Phase::SshBegun],
        _ => &[],
    }
}

impl Connection {
    /// Whether it was ever established (A2).
    pub fn was_established(&self) -> bool {
        self.life != Life::HalfOpen
    }

    /// Whether the waiting span has passed.
    pub fn due_passed(&self) -> bool {
        self.has(DUE_PASSED)
    }
}

compact!(struct Listening { observer, recent });
// Of a connection that may sleep: nothing is in doubt, and it has one lane.
compact!(
    struct Extras { provisional, told_octets, told_segments, told_phase, told_history, note, advice, exact } else default
);
compact!(
    enum Life {
        HalfOpen,
        Established,
        Closing,
    }
);
