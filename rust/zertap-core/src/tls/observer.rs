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
//! # Blind spots
//!
//! * 1.3 outcomes are inferred from lengths (A5): an endpoint that pads everything to one size, or two
//!   octets of application data in the place of an alert, can mislead.
//! * Events of the two sides that did not know of each other (both close at once) are taken in the order
//!   delivered.
//! * With only the server captured and 1.3, the client's Finished is told by how far the server's
//!   acknowledgements went; 0-RTT data accepted on that connection looks the same.

use super::assembly::Part;
use super::judge13::Tally;
use super::kept::{Cold, Kept};
use super::record::{EMPTY_LIMIT, Lane, Mark, content};
use super::walk::{Step, Walk, WalkEvent, resynchronises};
use crate::certificate::LeafCertificate;
use crate::handshake::{
    Alert, Chunk, End, Evidence, Fault, Findings, Flag, Flags, Observe, Options, PerSide, Phase, Progress,
    Room, Side, TlsProfile,
};
use std::sync::Arc;

/// Which rules hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Era {
    /// No ServerHello yet, or it was lost.
    #[default]
    Open,
    /// SSLv3 to TLS 1.2 (A4).
    UpTo12,
    /// TLS 1.3 and its drafts (A5).
    Tls13,
    /// SSLv2.
    Ssl2,
}

/// Things that have happened in this handshake.
#[derive(Clone, Copy, Debug)]
#[repr(u16)]
pub(super) enum Saw {
    ClientHello = 1 << 0,
    ServerHello = 1 << 1,
    /// HelloRetryRequest.
    Retry = 1 << 2,
    /// Certificate, ServerKeyExchange, CertificateRequest or ServerHelloDone: a full handshake up to 1.2.
    FullFlight = 1 << 3,
    HelloDone = 1 << 4,
    /// A whole 1.3 ServerHello without pre_shared_key: the client may be asked for a certificate.
    NoPreSharedKey = 1 << 5,
    /// early_data in the only ClientHello.
    EarlyData = 1 << 6,
    /// ALPN in the ClientHello.
    AlpnOffered = 1 << 7,
    /// The waiting span has passed.
    Due = 1 << 8,
    /// The phase was `TlsProvisional` once.
    Provisional = 1 << 9,
    /// Provisional: the server's first record after the client's Finished is an alert by length, not
    /// caused by a closing sign of the client.
    Refusal = 1 << 10,
    /// Provisional: the same, but the client's closing sign came first.
    Farewell = 1 << 11,
    /// Only the server is visible, and it went on after the client had sent a Finished's worth of octets.
    ServerWentOn = 1 << 12,
    /// The side that began is the client for certain (not so on a pickup in mid-life).
    RoleKnown = 1 << 13,
    /// The ServerHello echoed the client's session id.
    SessionEchoed = 1 << 14,
}

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
    /// Stream offset of the server at which its 1.3 flight can be whole.
    pub(super) flight_end: Option<u64>,
    /// Stream offset of the client's first closing sign after its Finished.
    pub(super) farewell: Option<u64>,
    pub(super) tallies: PerSide<Tally>,
    saw: u16,
    pub(super) era: Era,
    phase: Phase,
    fault: Fault,
    gave_up: Option<Side>,
    pub(super) client: Side,
    begun_by: Side,
    ended: Option<(Side, End)>,
    pub(super) visible: Option<Side>,
    pub(super) options: Options,
}

/// What a lane still owes to completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remaining {
    /// Nothing.
    Settled,
    /// Octets that were surely not sent.
    Lacking,
    /// It may have sent them unseen.
    Unknown,
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
            lanes: PerSide::default(),
            facts: TlsProfile::default(),
            kept: Kept::default(),
            certificates: PerSide::default(),
            cold: None,
            flags: Flags::default(),
            hello_end: 0,
            hello_seen: 0,
            flight_end: None,
            farewell: None,
            tallies: PerSide::default(),
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

    /// What the wire has shown so far.
    pub const fn phase(&self) -> Phase {
        self.phase
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

    pub(super) const fn saw(&self, what: Saw) -> bool {
        self.saw & what as u16 != 0
    }

    pub(super) const fn note(&mut self, what: Saw) {
        self.saw |= what as u16;
    }

    pub(super) const fn forget(&mut self, what: Saw) {
        self.saw &= !(what as u16);
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

    const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Clear | Phase::TlsComplete | Phase::TlsFailed | Phase::TlsLost)
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

    fn progress(&self, before: Phase) -> Progress {
        match self.phase {
            phase if phase == before => Progress::NeedMore,
            phase if self.is_over() => Progress::Finished(phase),
            phase => Progress::Moved(phase),
        }
    }

    // ---- outcomes ----

    /// A ServerHello settled version and suite.
    pub(super) fn agree(&mut self) {
        if self.phase == Phase::TlsBegun {
            self.phase = Phase::TlsAgreed;
        }
    }

    /// Complete, unless the server refuses the client's certificate.
    pub(super) fn provide(&mut self) {
        self.phase = Phase::TlsProvisional;
        self.facts.evidence_outcome = Evidence::Inferred;
        self.note(Saw::Provisional);
    }

    /// Both sides finished.
    pub(super) fn complete(&mut self, evidence: Evidence) {
        self.phase = Phase::TlsComplete;
        self.facts.evidence_outcome = evidence;
        for side in Side::BOTH {
            let lane = &mut self.lanes[side];
            if lane.done == 0 {
                lane.done = lane.offset;
            }
            if self.era != Era::Ssl2 && !lane.is_exact() {
                self.flags.insert(Flag::Desync);
            }
        }
    }

    /// The handshake did not complete; `at` is the stream offset of `by` that shows it.
    pub(super) fn fail(&mut self, fault: Fault, by: Side, at: u64, evidence: Evidence) {
        self.phase = Phase::TlsFailed;
        self.fault = fault;
        self.gave_up = Some(by);
        self.facts.evidence_outcome = evidence;
        self.lanes[by].done = at;
        let other = by.other();
        self.lanes[other].done = self.lanes[other].acked;
    }

    /// Nothing of a handshake: it only looked like the beginning of one.
    fn clear(&mut self) {
        self.phase = Phase::Clear;
    }

    fn lose(&mut self) {
        self.phase = Phase::TlsLost;
        self.fault = Fault::CaptureLoss;
    }

    // ---- records ----

    fn feed(&mut self, side: Side, rest: &mut &[u8], seen: u64, room: &mut Room) {
        while !self.is_over() {
            let lane = &mut self.lanes[side];
            if lane.walk.is_between_records() && !rest.is_empty() {
                lane.seen = seen;
            }
            let before = rest.len();
            let step = lane.walk.step(rest);
            lane.offset += (before - rest.len()) as u64;
            match step {
                Step::Need => return,
                Step::Header => self.on_header(side),
                Step::Body { octets, last } => {
                    self.on_body(side, octets, room);
                    if last && !self.is_over() {
                        self.on_record(side);
                    }
                }
                Step::NotRecord => self.on_contradiction(side, Fault::ProtocolViolation),
                Step::TooLong => self.on_contradiction(side, Fault::BadLength),
            }
        }
    }

    fn on_header(&mut self, side: Side) {
        let lane = &mut self.lanes[side];
        lane.set(Mark::Started);
        if lane.walk.kind() != content::ALERT {
            lane.octet = None;
        }
        if lane.walk.length() == 0 {
            return self.on_empty(side);
        }
        lane.empties = 0;
        if lane.walk.kind() == content::HANDSHAKE {
            lane.unset(Mark::Opaque);
            if lane.assembly.is_lost() {
                lane.assembly.lose();
                lane.set(Mark::Suspect);
            } else if lane.is(Mark::Pending) && lane.assembly.is_between_messages() {
                lane.set(Mark::Suspect);
            }
        }
    }

    /// An empty record: tolerated, but not as a beginning and not without end (TLS-36, A10).
    fn on_empty(&mut self, side: Side) {
        let candidate = self.is_candidate(side);
        let lane = &mut self.lanes[side];
        lane.empties = lane.empties.saturating_add(1);
        let at = lane.offset;
        if candidate {
            self.clear();
        } else if lane.empties > EMPTY_LIMIT && !self.is_provisional() {
            self.flags.insert(Flag::EmptyRecords);
            self.fail(Fault::ProtocolViolation, side, at, Evidence::Negotiated);
        }
    }

    /// Whether this side's octets may yet turn out not to begin a handshake.
    fn is_candidate(&self, side: Side) -> bool {
        side == self.begun_by && self.lanes[side].assembly.is_candidate()
    }

    fn on_body(&mut self, side: Side, octets: &[u8], room: &mut Room) {
        let lane = &mut self.lanes[side];
        match lane.walk.kind() {
            content::CHANGE_CIPHER_SPEC => lane.octet = octets.last().copied().or(lane.octet),
            content::ALERT if !self.is_encrypted_alert(side) => self.read_alerts(side, octets),
            content::HANDSHAKE => self.read_messages(side, octets, room),
            _ => {}
        }
    }

    pub(super) fn on_record(&mut self, side: Side) {
        let lane = &mut self.lanes[side];
        match lane.walk.kind() {
            content::CHANGE_CIPHER_SPEC => {
                let sound = lane.walk.length() == 1 && lane.octet.is_none_or(|value| value == 1);
                if sound {
                    self.on_change_cipher_spec(side);
                } else if !lane.is(Mark::Changed) && lane.walk.length() > 0 {
                    self.flags.insert(Flag::Malformed);
                }
            }
            content::ALERT if self.is_encrypted_alert(side) => self.on_encrypted_alert(side),
            content::HANDSHAKE => self.on_handshake_record(side),
            content::APPLICATION_DATA => self.on_application_data(side),
            _ => {}
        }
    }

    /// Octets that cannot be a record header where one must be.
    fn on_contradiction(&mut self, side: Side, fault: Fault) {
        if self.is_provisional() {
            return self.on_clear_data(side, fault);
        }
        let candidate = self.is_candidate(side);
        let lane = &mut self.lanes[side];
        let at = lane.offset;
        if candidate {
            self.clear();
        } else if !lane.is_exact() {
            lane.go_blind();
        } else if fault == Fault::ProtocolViolation && !lane.is(Mark::Started) && side != self.begun_by {
            self.refuse_foreign(side);
        } else {
            self.fail(fault, side, at, Evidence::Negotiated);
        }
    }

    /// Data in clear, or a lost framing, before the server could refuse: the handshake was complete (A5).
    fn on_clear_data(&mut self, side: Side, fault: Fault) {
        let lane = &mut self.lanes[side];
        if lane.is_exact() && fault == Fault::ProtocolViolation {
            lane.walk.mark_clear();
        } else {
            lane.walk.lose();
            self.flags.insert(Flag::Desync);
        }
        self.complete(Evidence::Inferred);
    }

    /// The answering side's first octets are not TLS (A3): an answer if it had seen any of the hello.
    pub(super) fn refuse_foreign(&mut self, side: Side) {
        let lane = &self.lanes[side];
        if lane.seen == 0 {
            return self.clear();
        }
        let at = lane.offset;
        self.fail(Fault::PeerNotTls, side, at, Evidence::Negotiated);
    }

    /// Finds record framing again at a segment's start, where it was lost (A8).
    fn look_again(&mut self, side: Side, chunk: &Chunk<'_>) {
        let lane = &mut self.lanes[side];
        let tls = !lane.is(Mark::Ssl2) && !lane.is(Mark::Undecided);
        if tls && lane.walk.is_lost() && chunk.starts_segment && resynchronises(chunk.bytes, chunk.cut) {
            lane.find_again();
        }
    }

    // ---- messages ----

    fn read_messages(&mut self, side: Side, octets: &[u8], room: &mut Room) {
        let mut rest = octets;
        while self.reads_messages(side) {
            match self.lanes[side].assembly.step(&mut rest) {
                Part::Need => return,
                Part::NotHello => return self.clear(),
                Part::Begins(message) => self.on_message_begins(side, message),
                Part::Content(message) => self.on_message(side, &message, Some(&mut *room)),
            }
        }
    }

    /// Whether this side's handshake messages are (still) in clear.
    pub(super) fn reads_messages(&self, side: Side) -> bool {
        let lane = &self.lanes[side];
        let opaque = lane.is(Mark::Changed) || lane.is(Mark::Opaque);
        let hidden = self.era == Era::Tls13 && self.saw(Saw::ServerHello);
        !opaque && !hidden && !self.is_over() && !self.is_provisional()
    }

    // ---- ends ----

    fn on_end(&mut self, side: Side, how: End) {
        self.ended.get_or_insert((side, how));
        match (self.phase, how) {
            (Phase::TlsProvisional, _) => self.end_provisional(side, how),
            (_, End::Rst) => self.decide(),
            (_, End::Fin) => {
                if self.remaining(side) == Remaining::Lacking {
                    self.fail_at_end(side);
                }
            }
        }
    }

    /// Nothing more will come: every open question is answered.
    fn decide(&mut self) {
        match Side::BOTH.into_iter().find(|&side| self.remaining(side) == Remaining::Lacking) {
            Some(side) => self.fail_at_end(side),
            None => self.lose(),
        }
    }

    /// What `side` still owes.
    fn remaining(&self, side: Side) -> Remaining {
        let lane = &self.lanes[side];
        let settled = match self.era {
            Era::Tls13 => side == self.server() && self.flight_end.is_some(),
            Era::Open => lane.is(Mark::Finished) || (side == self.client && self.client_suffices()),
            Era::UpTo12 | Era::Ssl2 => lane.is(Mark::Finished),
        };
        let unknown = lane.is(Mark::Blind)
            || lane.is_short()
            || self.visible == Some(side.other())
            || (self.era == Era::Open && lane.is(Mark::Holed));
        match (settled, unknown) {
            (true, _) => Remaining::Settled,
            (false, true) => Remaining::Unknown,
            (false, false) => Remaining::Lacking,
        }
    }

    /// `lacking` ended, or all did, before completion: an alert told by its length explains it, else who
    /// ended first.
    fn fail_at_end(&mut self, lacking: Side) {
        if let Some(by) = self.alert_by_length() {
            let at = self.lanes[by].offset;
            self.cold().note(Alert { from: by, level: 0, description: 0, encrypted: true });
            return self.fail(Fault::Alert, by, at, Evidence::Inferred);
        }
        let (by, fault) = match self.ended {
            Some((by, End::Rst)) => (by, Fault::Reset),
            Some((by, End::Fin)) => (by, Fault::Closed),
            None => (lacking, Fault::Closed),
        };
        let at = self.lanes[by].offset;
        self.fail(fault, by, at, Evidence::Negotiated);
        if self.ended.is_none() {
            self.gave_up = None;
        }
    }
}

impl Observe for TlsObserver {
    fn push(&mut self, side: Side, chunk: Chunk<'_>, room: &mut Room) -> Progress {
        let before = self.phase;
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
        self.lanes[side].offset += rest.len() as u64;
        if self.phase == Phase::TlsComplete && self.lanes[side].walk.advance(rest) == WalkEvent::Desync {
            self.flags.insert(Flag::Desync);
        }
        self.progress(before)
    }

    fn gap(&mut self, side: Side, length: u64) -> Progress {
        let before = self.phase;
        if length > 0 && !self.is_over() {
            self.flags.insert(Flag::Gap);
            self.skip(side, length);
            self.judge();
        }
        self.progress(before)
    }

    fn end(&mut self, side: Side, how: End, seen: u64) -> Progress {
        let before = self.phase;
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
        let before = self.phase;
        if self.is_provisional() {
            self.close_provisional();
        } else if !self.is_over() {
            self.decide();
        }
        self.progress(before)
    }

    fn due(&mut self) -> Progress {
        let before = self.phase;
        self.note(Saw::Due);
        if self.is_provisional() {
            self.complete(Evidence::Inferred);
        }
        self.progress(before)
    }

    fn conflict(&mut self, side: Side) {
        self.lanes[side].set(Mark::Conflict);
    }

    fn one_sided(&mut self, visible: Side) -> Progress {
        let before = self.phase;
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
            handshake_octets: if self.is_over() && self.phase != Phase::Clear {
                PerSide([self.lanes[Side::A].done, self.lanes[Side::B].done])
            } else {
                PerSide::default()
            },
        }
    }
}
