//! Both directions together: when SSH has begun, agreed, completed, failed.
//!
//! **Theory.** Up to NEWKEYS everything passes in clear, so nothing is guessed: each direction is read by
//! itself ([`Direction`]) and only a few facts are compared between them. Those facts only ever grow, and each question
//! is asked of the facts, never of the order in which octets came; so any cut and any causal order of the same octets
//! gives the same answer.
//!
//! ```text
//! SshBegun     one identification line has begun
//! SshAgreed    KEXINIT from both (SSH-1: PUBLIC_KEY and SESSION_KEY)
//! SshComplete  both directions are marked: NEWKEYS read (SSH-1: SESSION_KEY; a further server packet)
//! SshFailed    a side broke off, or can no longer send what is needed
//! SshLost      the connection ended, and only octets lost to the capture could tell
//! Clear        the peer spoke something else without having seen the identification line
//! ```
//!
//! **Roles.** The SSH client is the sender of the client's messages; before any, the side whose offer carries
//! a client's marker; else [`Side::A`]. Negotiation is directed, so it is done again when the roles turn out reversed.
//!
//! **After a gap** (EDGE_CASES A8) a direction without framing is marked by its first unreadable segment that
//! acknowledges the other side's mark or, lacking that, a key exchange reply: such octets can only be ciphertext.
//!
//! **Blind spots.** What passes behind the marks. Two sides that break the protocol independently of each
//! other: the first one delivered is blamed. An SSH-1 direction that lost its framing is not read again.

use super::direction::{Aid, Direction, Verdict};
use super::facts::KexFamily;
use super::kex;
use super::negotiate::negotiate;
use super::packet::Framing;
use crate::compact::compact;
use crate::handshake::{
    Chunk, End, Fault, Findings, Flag, Flags, Observe, Options, PerSide, Phase, Progress, Room, Scribe, Side,
    SshAgreement, SshAgreements, SshRole,
};
use std::sync::Arc;

/// Follows one SSH connection's handshake.
#[derive(Debug)]
pub struct SshObserver {
    pub(super) options: Options,
    pub(super) sides: PerSide<Direction>,
    pub(super) agreed: Option<Arc<SshAgreement>>,
    pub(super) client: Side,
    pub(super) phase: Phase,
    pub(super) version: u8,
    pub(super) fault: Fault,
    pub(super) gave_up: Option<Side>,
    pub(super) flags: Flags,
    /// Key exchange messages for which the roles were judged.
    judged: PerSide<u32>,
    first_end: Option<Side>,
    ended: PerSide<bool>,
    visible: Option<Side>,
}

impl SshObserver {
    /// An observer of a connection of which nothing was pushed yet.
    ///
    /// It wants all octets of both directions from their start; [`Side::B`] may send other lines before its identification.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            sides: PerSide([Direction::new(false), Direction::new(true)]),
            agreed: None,
            client: Side::A,
            phase: Phase::Silent,
            version: 0,
            fault: Fault::None,
            gave_up: None,
            flags: Flags::default(),
            judged: PerSide::default(),
            first_end: None,
            ended: PerSide::default(),
            visible: None,
        }
    }

    /// The same where the first octets seen of a direction need not be the first that there were.
    #[must_use]
    pub fn with_beginnings(mut self, known: PerSide<bool>) -> Self {
        for side in Side::BOTH {
            self.sides[side].begins_here = known[side];
        }
        self
    }

    /// The same for a server whose first `octets` were other lines; its octets are pushed from `SSH-` on.
    #[must_use]
    pub fn after_lines(mut self, server: Side, octets: u64) -> Self {
        self.sides[server].skip_lines(octets);
        self.client = server.other();
        self
    }

    /// Whether the last phase was reached.
    fn is_finished(&self) -> bool {
        !matches!(self.phase, Phase::Silent | Phase::SshBegun | Phase::SshAgreed)
    }

    /// Draws the conclusions from what a direction has just come to.
    fn settle(
        &mut self,
        side: Side,
        verdict: Verdict,
        seen: u64,
        known: Option<&mut SshAgreements>,
    ) -> Progress {
        let before = self.phase;
        self.compare(known);
        match verdict {
            Verdict::Open => {}
            Verdict::NotSsh => self.refuse(side),
            Verdict::BannerTooLong => self.fail(Fault::BannerTooLong, Some(side)),
            Verdict::BadLength => self.fail(Fault::BadLength, Some(side)),
            Verdict::Disconnect => self.fail(Fault::Disconnect, Some(side)),
            Verdict::Violation => self.fail(Fault::ProtocolViolation, Some(side)),
            Verdict::Unreadable(at) => self.infer_mark(side, at, seen),
        }
        if !self.is_finished() {
            self.check_complete();
        }
        self.progress(before)
    }

    fn progress(&mut self, before: Phase) -> Progress {
        if self.is_finished() {
            for side in Side::BOTH {
                self.sides[side].release(self.options.offers || self.options.fingerprints);
            }
            Progress::Finished(self.phase)
        } else if self.phase == before {
            Progress::NeedMore
        } else {
            Progress::Moved(self.phase)
        }
    }

    /// Puts together what the two directions have said so far.
    fn compare(&mut self, known: Option<&mut SshAgreements>) {
        if self.phase == Phase::Silent && Side::BOTH.iter().any(|side| self.sides[*side].has_begun()) {
            self.phase = Phase::SshBegun;
        }
        let [a, b] = Side::BOTH.map(|side| self.sides[side].speaks());
        if a.zip(b).is_some_and(|(a, b)| a.both(b).is_nothing()) {
            for side in Side::BOTH {
                self.sides[side].mute();
            }
        }
        self.agree(known);
        self.version = self.settled_version();
        let [a, b] = Side::BOTH.map(|side| &self.sides[side].said);
        let keys = (a.public_key && b.session_key) || (b.public_key && a.session_key);
        if self.phase == Phase::SshBegun && (self.agreed.is_some() || keys) {
            self.phase = Phase::SshAgreed;
        }
    }

    /// Settles the roles and negotiates, as far as both offers are there.
    fn agree(&mut self, mut known: Option<&mut SshAgreements>) {
        let numbers = PerSide(Side::BOTH.map(|side| self.sides[side].said.trace.numbers(false)));
        if self.agreed.is_some() && numbers == self.judged {
            return;
        }
        self.judged = numbers;
        let client = self.presumed_client();
        if self.agreed.is_some() && client == self.client && !self.contradicts(client, self.agreed.as_deref())
        {
            return;
        }
        let agreed = self.negotiate_as(client, known.as_deref_mut());
        let reversed = self.contradicts(client, agreed.as_deref());
        let other = if reversed { self.negotiate_as(client.other(), known) } else { None };
        let reversed = reversed && !self.contradicts(client.other(), other.as_deref());
        self.client = if reversed { client.other() } else { client };
        self.agreed = if reversed { other } else { agreed };
    }

    /// The client by all evidence but the key exchange messages.
    fn presumed_client(&self) -> Side {
        let role = |side: Side| {
            let direction = &self.sides[side];
            if direction.said.session_key {
                Some(SshRole::Client)
            } else if direction.said.public_key || direction.flags().contains(Flag::LinesBeforeBanner) {
                Some(SshRole::Server)
            } else {
                direction.said.announced
            }
        };
        match (role(Side::A), role(Side::B)) {
            (Some(SshRole::Server), None | Some(SshRole::Client)) | (None, Some(SshRole::Client)) => Side::B,
            _ => Side::A,
        }
    }

    fn negotiate_as(&self, client: Side, known: Option<&mut SshAgreements>) -> Option<Arc<SshAgreement>> {
        let ours = self.sides[client].said.kexinit.as_ref()?;
        let theirs = self.sides[client.other()].said.kexinit.as_ref()?;
        Some(match known {
            Some(known) => known.of([ours, theirs], || negotiate(ours, theirs)),
            None => Arc::new(negotiate(ours, theirs)),
        })
    }

    /// Whether the key exchange messages could not have been sent in these roles.
    fn contradicts(&self, client: Side, agreed: Option<&SshAgreement>) -> bool {
        let family = agreed.map_or(KexFamily::Unknown, |agreed| agreed.family);
        let by_client =
            self.sides[client].said.trace.numbers(agreed.is_some_and(|agreed| agreed.client_misguessed));
        let by_server = self.sides[client.other()]
            .said
            .trace
            .numbers(agreed.is_some_and(|agreed| agreed.server_misguessed));
        kex::contradicts_roles(family, by_client, by_server)
    }

    /// A8: an unreadable segment after a gap is ciphertext if its sender had seen the other side finish.
    fn infer_mark(&mut self, side: Side, at: u64, seen: u64) {
        let other = &self.sides[side.other()];
        if self.sides[side].mark().is_some() || self.phase != Phase::SshAgreed {
            return;
        }
        let answers = match (other.mark(), other.lost_at()) {
            (Some(mark), _) => seen >= mark && (seen > mark || other.is_exact()),
            (None, Some(lost)) => self.has_reply(side.other()) && seen >= lost,
            (None, None) => false,
        };
        if answers {
            self.sides[side].set_mark(at);
        }
    }

    fn has_reply(&self, server: Side) -> bool {
        self.agreed.as_deref().is_some_and(|agreed| {
            server != self.client
                && kex::has_reply(agreed.family, self.sides[server].said.trace.numbers(false))
        })
    }

    fn check_complete(&mut self) {
        let complete = match self.visible {
            Some(visible) => self.sides[visible].mark().is_some() && self.sides[visible].has_more(),
            None => Side::BOTH.iter().all(|side| self.sides[*side].mark().is_some()),
        };
        if complete {
            self.phase = Phase::SshComplete;
            self.fault = Fault::None;
        }
    }

    /// `side` sent octets that are not SSH: an answer to the other's line fails the handshake, anything else came first.
    fn refuse(&mut self, side: Side) {
        let (own, other) = (&self.sides[side], &self.sides[side.other()]);
        if own.answers(other) || (own.begins_tls() && other.has_begun()) {
            self.fail(Fault::PeerNotSsh, Some(side));
        } else {
            self.phase = Phase::Clear;
        }
    }

    /// A computed absence of a common algorithm is the reason behind any kind of end (A6).
    fn fail(&mut self, fault: Fault, by: Option<Side>) {
        let ends = matches!(fault, Fault::Disconnect | Fault::Closed | Fault::Reset);
        let nothing_common = self.agreed.as_deref().is_some_and(|agreed| agreed.nothing_common);
        self.fault = if ends && nothing_common { Fault::NoCommonAlgorithm } else { fault };
        self.gave_up = by;
        self.phase = Phase::SshFailed;
    }

    /// Answers every open question: nothing more will come.
    fn conclude(&mut self, fault: Fault) -> Progress {
        let before = self.phase;
        let foreign = Side::BOTH.into_iter().find(|side| self.sides[*side].is_foreign());
        if self.is_finished() {
        } else if let Some(side) = foreign {
            self.refuse(side);
        } else if self.is_undetermined() {
            self.phase = Phase::SshLost;
            self.fault = Fault::CaptureLoss;
        } else {
            self.fail(fault, self.first_end);
        }
        self.progress(before)
    }

    /// Whether lost octets alone could tell: no side is known to have missed its part.
    fn is_undetermined(&self) -> bool {
        let hidden = |side: Side| self.visible.is_some_and(|visible| visible != side);
        let passed = |side: Side| self.sides[side].mark().is_some();
        let known = |side: Side| self.sides[side].is_exact() && !hidden(side);
        let missed = Side::BOTH.into_iter().any(|side| !passed(side) && known(side));
        let lost = Side::BOTH.into_iter().any(|side| !passed(side) && !known(side));
        lost && !missed
    }

    /// The protocol version in use: 1, 2, or zero while unknown.
    fn settled_version(&self) -> u8 {
        let said = Side::BOTH.map(|side| &self.sides[side].said);
        let framings = Side::BOTH.map(|side| self.sides[side].framing());
        if said.iter().any(|said| said.public_key || said.session_key)
            || framings.contains(&Some(Framing::One))
        {
            return 1;
        }
        if said.iter().any(|said| said.kexinit.is_some()) || self.agreed.is_some() {
            return 2;
        }
        let [a, b] = Side::BOTH.map(|side| self.sides[side].speaks());
        match a.zip(b).map(|(a, b)| a.both(b)) {
            Some(common) if common.two => 2,
            Some(common) if common.one => 1,
            _ => 0,
        }
    }

    /// Whether the outcome rests on order and loss rather than on the messages themselves.
    pub(super) fn is_inferred(&self) -> bool {
        self.visible.is_some() || Side::BOTH.iter().any(|side| !self.sides[*side].is_exact())
    }
}

impl Observe for SshObserver {
    fn push(&mut self, side: Side, chunk: Chunk<'_>, room: &mut Room) -> Progress {
        let peer = self.sides[side.other()].speaks();
        let Room { journal, ssh: seen, agreements, .. } = room;
        let mut aid = Aid { scribe: Scribe::new(journal.as_deref_mut(), side), seen };
        let verdict = self.sides[side].push(&chunk, peer, &mut aid);
        self.settle(side, verdict, chunk.seen, Some(agreements))
    }

    fn gap(&mut self, side: Side, length: u64) -> Progress {
        let peer = self.sides[side.other()].speaks();
        let verdict = self.sides[side].gap(length, peer);
        self.settle(side, verdict, 0, None)
    }

    fn end(&mut self, side: Side, how: End, _seen: u64) -> Progress {
        if how == End::Rst {
            self.first_end = Some(side);
            return self.conclude(Fault::Reset);
        }
        self.ended[side] = true;
        self.first_end.get_or_insert(side);
        let direction = &self.sides[side];
        let owes = direction.mark().is_none() && direction.is_exact();
        if owes || self.ended[side.other()] { self.conclude(Fault::Closed) } else { Progress::NeedMore }
    }

    fn close(&mut self) -> Progress {
        self.conclude(Fault::Closed)
    }

    fn due(&mut self) -> Progress {
        Progress::NeedMore
    }

    fn conflict(&mut self, _side: Side) {
        self.flags.insert(Flag::OverlapConflict);
    }

    fn one_sided(&mut self, visible: Side) -> Progress {
        let before = self.phase;
        self.visible = Some(visible);
        self.flags.insert(Flag::OneSided);
        if !self.is_finished() {
            self.check_complete();
        }
        self.progress(before)
    }

    fn findings(&self) -> Findings {
        self.report()
    }
}

compact!(struct SshObserver {
    options, sides, agreed, client, phase, version, fault, gave_up, flags, judged, first_end, ended, visible,
});
