//! The TLS observer: follows one connection from its first octets until the handshake's outcome is known.
//!
//! # Theory
//!
//! Two directions (*lanes*), each a stream of records (`walk.rs`, `record.rs`) that carries messages
//! (`assembly.rs`). Nothing is decrypted; what the outcome is follows from what passes in clear and from
//! lengths. Three questions are answered in this order, and each answer stands:
//!
//! ```text
//! is it TLS?       candidate ──contradiction──────────────────────────────► Clear
//!                     │        (peer's first octets are foreign: `seen` of the hello decides, A3)
//! what is agreed?   Begun ──ServerHello──► Agreed          era: Open ─► UpTo12 | Tls13 | Ssl2
//! did it complete?  Agreed ─┬─ both Finished (≤ 1.2), client's octets suffice (1.3) ──► Complete
//!                           ├─ the same, and the client sent a certificate (1.3) ─────► Provisional
//!                           ├─ an alert, an end, octets that cannot be ───────────────► Failed
//!                           └─ the deciding octets were lost and it ended ────────────► Lost
//! ```
//!
//! # Rules
//!
//! * Every rule is a function of the octets, their order within a lane, and `seen`; never of how octets
//!   were cut. Where the two lanes' order matters, `seen` orders them, not arrival.
//! * A lane *lacks* what completion still needs, or has *settled*, or is *unknown* (some of it was lost, or
//!   it is not captured). An end fails the handshake only where a lane lacks; where nothing lacks and
//!   something is unknown, the outcome is `Lost` (A8).
//! * ChangeCipherSpec counts only after the key exchange (TLS-53), or as the mark of an abbreviated
//!   handshake; after it a lane's handshake records are opaque. In 1.3 it means nothing.
//! * After completion only `Walk` remains. Octets behind the completing record in the same chunk are walked
//!   here; the caller asks `walk()` whether one already stands at `Clear`.
//!
//! # For the caller
//!
//! * Make one when `probe` says `Begun` for either side's first octets, and push both directions from their
//!   start, each chunk with its own `seen`; the phase is `TlsBegun` from then on. `Finished(Clear)` may
//!   still follow.
//! * A FIN is the last octet of its direction: deliver an end only behind what its sender had seen, the
//!   other side's end included.
//! * Where SYNs are missing, the first acknowledgement number tells where the peer's stream begins: declare
//!   what was missed before its first captured octet as a gap.
//! * `Progress` names one phase. A chunk can pass several; `milestones` lists them all.
//! * After `Finished(TlsComplete)` ask `walk()`: it has already gone to the end of the chunk. A walk that
//!   stands at `Clear` means `TlsThenClear` at once.
//!
//! # Blind spots
//!
//! * 1.3 outcomes are inferred from lengths (A5): an endpoint that pads everything to one size, or two
//!   octets of application data in the place of an alert, can mislead.
//! * Events of the two sides that did not know of each other (both close at once) are taken in the order
//!   delivered.
//! * With only the server captured and 1.3, the client's Finished is told by how far the server's
//!   acknowledgements went; 0-RTT data accepted on that connection looks the same.

use super::judge13::Tally;
use super::kept::{Cold, Kept};
use super::lengths::Lengths;
use super::record::{Lane, Mark};
use super::state::{Era, Saw};
use super::walk::{Walk, WalkEvent};
use crate::certificate::LeafCertificate;
use crate::compact::compact;
use crate::handshake::{
    Chunk, End, Evidence, Fault, Findings, Flag, Flags, Observe, Options, PerSide, Phase, Progress, Room,
    Side, TlsProfile,
};
use std::sync::Arc;

/// Follows the TLS or SSL handshake of one connection.
#[derive(Debug)]
pub struct TlsObserver {
    pub(super) lanes: PerSide<Lane>,
    pub(super) facts: TlsProfile,
    pub(super) kept: Kept,
    pub(super) certificates: PerSide<Option<Arc<LeafCertificate>>>,
    cold: Option<Box<Cold>>,
    pub(super) flags: Flags,
    /// Stream offset of the server at which the ServerHello's record ends.
    pub(super) hello_end: u64,
    /// What the server had seen when it sent the ServerHello.
    pub(super) hello_seen: u64,
    /// What the lengths of 1.3 records say under the agreed suite.
    pub(super) lengths: Lengths,
    /// Stream offset of the server at which its 1.3 flight can be whole.
    pub(super) flight_end: Option<u64>,
    /// Stream offset of the client's first closing sign after its Finished.
    pub(super) farewell: Option<u64>,
    /// Stream offset of the client from which on such a sign may have been lost to the capture.
    pub(super) farewell_hidden: Option<u64>,
    pub(super) tallies: PerSide<Tally>,
    saw: u32,
    pub(super) era: Era,
    pub(super) phase: Phase,
    pub(super) fault: Fault,
    pub(super) gave_up: Option<Side>,
    pub(super) client: Side,
    pub(super) begun_by: Side,
    pub(super) ended: Option<(Side, End)>,
    pub(super) visible: Option<Side>,
    pub(super) options: Options,
}

impl TlsObserver {
    /// An observer of a connection whose side `begun_by` began with what `probe` calls `Begun`.
    ///
    /// All octets of both directions are to be pushed from the start.
    pub fn new(begun_by: Side, options: Options) -> Self {
        let mut observer = Self::blank(begun_by, options);
        observer.note(Saw::RoleKnown);
        observer.lanes[begun_by].assembly.must_begin_with(1 << 1);
        observer
    }

    /// As `new`, where the start of the connection was not seen, or only one direction is: `begun_by` may
    /// begin with a ServerHello (A3, A8).
    pub fn midstream(begun_by: Side, options: Options) -> Self {
        let mut observer = Self::blank(begun_by, options);
        observer.lanes[begun_by].assembly.must_begin_with(1 << 1 | 1 << 2);
        observer
    }

    /// The same where octets of `side` were lost before: its hello may be among them.
    #[must_use]
    pub fn behind_loss(mut self, side: Side) -> Self {
        self.lanes[side].set(Mark::Holed);
        self.lanes[side].go_blind();
        self
    }

    /// An observer of a connection whose side `begun_by` began with what `probe_ssl2` calls `Begun`.
    pub fn ssl2(begun_by: Side, options: Options) -> Self {
        let mut observer = Self::blank(begun_by, options);
        observer.note(Saw::RoleKnown);
        observer.lanes[begun_by].set(Mark::Ssl2);
        observer.lanes[begun_by.other()].set(Mark::Undecided);
        observer
    }

    fn blank(begun_by: Side, options: Options) -> Self {
        Self {
            lanes: PerSide([Lane::BLANK, Lane::BLANK]),
            facts: TlsProfile::default(),
            kept: Kept::default(),
            certificates: PerSide::default(),
            cold: None,
            flags: Flags::default(),
            hello_end: 0,
            hello_seen: 0,
            lengths: Lengths::ASSUMED,
            flight_end: None,
            farewell: None,
            farewell_hidden: None,
            tallies: PerSide([Tally::NONE; 2]),
            saw: 0,
            era: Era::Open,
            phase: Phase::TlsBegun,
            fault: Fault::None,
            gave_up: None,
            client: begun_by,
            begun_by,
            ended: None,
            visible: None,
            options,
        }
    }

    /// What the wire has shown so far. Where the server may have refused unseen, it has shown an agreement only.
    #[inline]
    pub fn phase(&self) -> Phase {
        if self.is_in_doubt() { Phase::TlsAgreed } else { self.phase }
    }

    /// The milestones passed so far, in order, the present phase last: several can be passed within one
    /// call, of which `Progress` names the last.
    pub fn milestones(&self) -> impl Iterator<Item = Phase> + use<> {
        let begun = (self.phase != Phase::Clear).then_some(Phase::TlsBegun);
        let provisional = self.saw(Saw::Provisional).then_some(Phase::TlsProvisional);
        let now = Some(self.phase).filter(|phase| {
            phase.is_milestone() && !matches!(phase, Phase::TlsBegun | Phase::TlsProvisional)
        });
        let walked_clear = self
            .walk()
            .is_some_and(|walks| Side::BOTH.iter().any(|&side| walks[side].standing() == WalkEvent::Clear));
        let clear = walked_clear.then_some(Phase::TlsThenClear);
        [begun, provisional, now, clear].into_iter().flatten()
    }

    /// The record walk to go on with after `TlsComplete`; `None` before it and with SSLv2.
    ///
    /// A direction may already stand at `Clear`: then data in clear followed in the same segment, and the
    /// connection goes on to `TlsThenClear` at once. One that stands at `Desync` is not followed.
    pub fn walk(&self) -> Option<PerSide<Walk>> {
        let followed = self.phase == Phase::TlsComplete && self.era != Era::Ssl2;
        followed.then(|| PerSide([self.lanes[Side::A].parked(), self.lanes[Side::B].parked()]))
    }

    /// As `due`, while octets are missing that may still come: what may be refused in them is not complete.
    pub fn due_while_torn(&mut self) -> Progress {
        let before = self.standing();
        self.note(Saw::Due);
        self.note(Saw::Torn);
        self.progress(before)
    }

    pub(super) const fn saw(&self, what: Saw) -> bool {
        self.saw & what as u32 != 0
    }

    pub(super) const fn note(&mut self, what: Saw) {
        self.saw |= what as u32;
    }

    pub(super) const fn forget(&mut self, what: Saw) {
        self.saw &= !(what as u32);
    }

    pub(super) const fn server(&self) -> Side {
        self.client.other()
    }

    pub(super) fn cold(&mut self) -> &mut Cold {
        self.cold.get_or_insert_default()
    }

    pub(super) fn colder(&self) -> Option<&Cold> {
        self.cold.as_deref()
    }

    /// Whether nothing more is wanted. After a FIN that came before the ServerHello the outcome stands, but
    /// what the server answers is still read for its facts.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Clear | Phase::TlsComplete | Phase::TlsFailed | Phase::TlsLost)
            && !self.saw(Saw::FailedEarly)
    }

    #[inline]
    fn standing(&self) -> (Phase, bool) {
        (self.phase(), self.is_over())
    }

    pub(super) const fn is_provisional(&self) -> bool {
        matches!(self.phase, Phase::TlsProvisional)
    }

    /// Whether something of this side was lost for good, or is not captured: its hello may be in there.
    pub(super) fn is_hidden(&self, side: Side) -> bool {
        self.lanes[side].is(Mark::Holed)
            || self.lanes[side].is(Mark::Blind)
            || self.visible == Some(side.other())
    }

    /// Whether this side is hidden, or nothing of it was seen, or less than the other side has seen.
    pub(super) fn is_out_of_sight(&self, side: Side) -> bool {
        let lane = &self.lanes[side];
        self.is_hidden(side) || !lane.is(Mark::Started) || lane.is_short()
    }

    /// Keeps the suite that was agreed.
    pub(super) fn agree_on(&mut self, cipher: Option<u32>) {
        self.facts.cipher = cipher;
        self.lengths = cipher.and_then(Lengths::of).unwrap_or(Lengths::ASSUMED);
    }

    #[inline]
    fn progress(&self, before: (Phase, bool)) -> Progress {
        match self.standing() {
            now if now == before => Progress::NeedMore,
            (phase, true) => Progress::Finished(phase),
            (phase, false) => Progress::Moved(phase),
        }
    }
}

impl Observe for TlsObserver {
    fn push(&mut self, side: Side, chunk: Chunk<'_>, room: &mut Room) -> Progress {
        if self.saw(Saw::FailedEarly) && self.lanes[side].is(Mark::Ended) {
            return Progress::NeedMore;
        }
        let before = self.standing();
        let other = &mut self.lanes[side.other()];
        other.acked = other.acked.max(chunk.seen);
        self.look_again(side, &chunk);
        let mut rest = chunk.bytes;
        while let Some(&first) = rest.first()
            && !self.is_over()
        {
            if self.is_ssl2(side, first) {
                self.feed_ssl2(side, &mut rest, chunk.seen, room);
            } else {
                self.feed(side, &mut rest, chunk.seen, room);
            }
        }
        self.lanes[side].advance(rest.len());
        if !rest.is_empty() && self.phase == Phase::TlsComplete {
            self.tell_rest(side, before.0, rest, room);
            if self.lanes[side].walk.advance(rest) == WalkEvent::Desync {
                self.flags.insert(Flag::Desync);
            }
        }
        self.progress(before)
    }

    fn gap(&mut self, side: Side, length: u64) -> Progress {
        let before = self.standing();
        if length > 0 && !self.is_over() {
            self.flags.insert(Flag::Gap);
            self.skip(side, length);
            self.judge();
        }
        self.progress(before)
    }

    fn end(&mut self, side: Side, how: End, seen: u64) -> Progress {
        let before = self.standing();
        if !self.is_over() {
            let other = &mut self.lanes[side.other()];
            other.acked = other.acked.max(seen);
            self.lanes[side].seen = seen;
            self.lanes[side].set(Mark::Ended);
            self.on_end(side, how);
        }
        self.progress(before)
    }

    fn close(&mut self) -> Progress {
        let before = self.standing();
        if self.is_provisional() {
            self.close_provisional();
        } else if self.saw(Saw::FailedEarly) {
            self.forget(Saw::FailedEarly);
        } else if !self.is_over() {
            self.decide();
        }
        self.progress(before)
    }

    fn due(&mut self) -> Progress {
        let before = self.standing();
        self.note(Saw::Due);
        if self.is_provisional() && !self.is_in_doubt() {
            self.complete(Evidence::Inferred);
        }
        self.progress(before)
    }

    fn conflict(&mut self, side: Side) {
        self.lanes[side].set(Mark::Conflict);
    }

    fn one_sided(&mut self, visible: Side) -> Progress {
        let before = self.standing();
        self.flags.insert(Flag::OneSided);
        self.visible = Some(visible);
        self.judge();
        self.progress(before)
    }

    fn findings(&self) -> Findings {
        let roles_known = self.saw(Saw::RoleKnown);
        Findings {
            profile: self.profile(),
            fault: self.fault,
            gave_up: self.gave_up,
            flags: self.flags,
            client: roles_known.then_some(self.client),
            server_certificate: self.certificates[self.server()].clone(),
            client_certificate: self.certificates[self.client].clone(),
            texts: self.texts(),
            handshake_octets: if (self.is_over() || self.is_provisional()) && self.phase != Phase::Clear {
                PerSide([self.lanes[Side::A].done, self.lanes[Side::B].done])
            } else {
                PerSide::default()
            },
        }
    }
}

compact!(struct TlsObserver {
    lanes, facts, kept, certificates, cold, flags, hello_end, hello_seen, lengths, flight_end, farewell, farewell_hidden,
    tallies, saw, era, phase, fault, gave_up, client, begun_by, ended, visible, options,
});
