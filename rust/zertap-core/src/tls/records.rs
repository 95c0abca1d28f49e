//! Octets in, records out: the loop over one direction's octets, and where each kind of record goes.

use super::assembly::{Part, tells_by_content};
use super::observer::TlsObserver;
use super::record::{EMPTY_LIMIT, Mark, content};
use super::state::{Era, Remaining, Saw};
use super::walk::{HEADER, Step, resynchronises};
use crate::handshake::{Chunk, Evidence, Fault, Flag, Phase, Room, Shown, Side};
use std::borrow::Cow;

impl TlsObserver {
    pub(super) fn feed(&mut self, side: Side, rest: &mut &[u8], seen: u64, room: &mut Room) {
        while !self.is_over() {
            let lane = &mut self.lanes[side];
            if room.journal.is_none()
                && let Some(body) = lane.walk.whole(rest)
            {
                lane.seen = seen;
                self.on_whole(side, body, room);
                if rest.is_empty() {
                    return;
                }
                continue;
            }
            if lane.walk.is_between_records() && !rest.is_empty() {
                lane.seen = seen;
            }
            let before = rest.len();
            let step = lane.walk.step(rest);
            lane.advance(before - rest.len());
            match step {
                Step::Need => return,
                Step::Header => self.on_header(side),
                Step::Body { octets, last } => {
                    let before = self.before(side, room);
                    match self.lanes[side].walk.kind() {
                        content::HANDSHAKE => self.read_messages(side, octets, room),
                        content::APPLICATION_DATA => {}
                        _ => self.on_part(side, octets),
                    }
                    if last && !self.is_over() {
                        self.on_record(side);
                    }
                    if let Some(before) = before {
                        self.tell(side, &before, last, room);
                    }
                    if rest.is_empty() {
                        return;
                    }
                }
                Step::NotRecord => {
                    room.note(side, Shown::NotRecord, 0);
                    self.on_contradiction(side, Fault::ProtocolViolation);
                }
                Step::TooLong => {
                    room.note(side, Shown::TooLong, 0);
                    self.on_contradiction(side, Fault::BadLength);
                }
            }
        }
    }

    /// A record that holds something and lies whole in hand: what the steps of the walk would come to, one after another.
    #[inline]
    fn on_whole(&mut self, side: Side, body: &[u8], room: &mut Room) {
        let lane = &mut self.lanes[side];
        lane.set(Mark::Started);
        lane.empties = 0;
        let kind = lane.walk.kind();
        if kind != content::ALERT {
            lane.octet = None;
        }
        match kind {
            content::APPLICATION_DATA => {
                lane.advance(HEADER + body.len());
                self.on_application_data(side);
            }
            content::HANDSHAKE => {
                lane.advance(HEADER);
                self.on_handshake_header(side);
                self.lanes[side].advance(body.len());
                self.read_messages(side, body, room);
                if !self.is_over() {
                    self.on_handshake_record(side);
                }
            }
            content::CHANGE_CIPHER_SPEC => {
                lane.advance(HEADER + body.len());
                lane.octet = body.last().copied();
                self.on_key_change(side);
            }
            _ => {
                lane.advance(HEADER + body.len());
                self.on_part(side, body);
                if !self.is_over() {
                    self.on_record(side);
                }
            }
        }
    }

    pub(super) fn on_header(&mut self, side: Side) {
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
            self.on_handshake_header(side);
        }
    }

    /// Decides whether the record's first message must look clear to be believed: where a message header
    /// was lost, or a ChangeCipherSpec may count because the ServerHello is out of sight.
    #[inline]
    fn on_handshake_header(&mut self, side: Side) {
        let lane = &mut self.lanes[side];
        lane.unset(Mark::Opaque);
        if lane.assembly.is_lost() {
            lane.assembly.lose();
            lane.set(Mark::Suspect);
        } else if lane.is(Mark::Pending) {
            self.suspect(side);
        }
    }

    fn suspect(&mut self, side: Side) {
        if self.lanes[side].assembly.is_between_messages() && self.is_out_of_sight(self.server()) {
            self.lanes[side].set(Mark::Suspect);
        }
    }

    /// An empty record: tolerated, but not as a beginning and not without end (TLS-36, A10).
    #[cold]
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

    /// Octets of a record that holds no messages.
    fn on_part(&mut self, side: Side, octets: &[u8]) {
        let lane = &mut self.lanes[side];
        match lane.walk.kind() {
            content::CHANGE_CIPHER_SPEC => lane.octet = octets.last().copied().or(lane.octet),
            content::ALERT if !self.is_encrypted_alert(side) => self.read_alerts(side, octets),
            _ => {}
        }
    }

    pub(super) fn on_record(&mut self, side: Side) {
        let lane = &self.lanes[side];
        match lane.walk.kind() {
            content::CHANGE_CIPHER_SPEC => self.on_key_change(side),
            content::ALERT if self.is_encrypted_alert(side) => self.on_encrypted_alert(side),
            content::HANDSHAKE => self.on_handshake_record(side),
            content::APPLICATION_DATA => self.on_application_data(side),
            _ => {}
        }
    }

    /// A type-20 record ended: a ChangeCipherSpec, if it is what one must be.
    fn on_key_change(&mut self, side: Side) {
        let lane = &mut self.lanes[side];
        // Taken, so that it is not the level of a clear alert that follows.
        let value = lane.octet.take();
        let sound = lane.walk.length() == 1 && value.is_none_or(|value| value == 1);
        if sound {
            self.on_change_cipher_spec(side);
        } else if !lane.is(Mark::Changed) && lane.walk.length() > 0 {
            self.flags.insert(Flag::Malformed);
        }
    }

    /// Octets that cannot be a record header where one must be.
    #[cold]
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
        } else if !self.lanes[side.other()].is_exact()
            && (side == self.server() || self.remaining(side) == Remaining::Settled)
        {
            // What the other side said may have completed the handshake.
            if self.saw(Saw::ServerWentOn) {
                self.on_clear_data(side, fault);
            } else {
                self.lanes[side].go_blind();
            }
        } else {
            self.fail(fault, side, at, Evidence::Negotiated);
        }
    }

    /// Data in clear, or a lost framing, before the server could refuse: the handshake was complete (A5).
    #[cold]
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
    #[cold]
    pub(super) fn refuse_foreign(&mut self, side: Side) {
        let lane = &self.lanes[side];
        if lane.seen == 0 {
            return self.clear();
        }
        let at = lane.offset;
        self.fail(Fault::PeerNotTls, side, at, Evidence::Negotiated);
    }

    /// Finds record framing again at a segment's start, where it was lost (A8).
    pub(super) fn look_again(&mut self, side: Side, chunk: &Chunk<'_>) {
        let lane = &mut self.lanes[side];
        if !lane.walk.is_lost() || lane.is(Mark::Ssl2) || lane.is(Mark::Undecided) {
            return;
        }
        if chunk.starts_segment && resynchronises(chunk.bytes, chunk.cut) {
            lane.find_again();
        }
    }

    fn read_messages(&mut self, side: Side, octets: &[u8], room: &mut Room) {
        let mut rest = octets;
        if room.journal.is_none() && !self.lanes[side].is(Mark::Suspect) {
            self.read_whole_messages(side, &mut rest, room);
            if rest.is_empty() {
                return;
            }
        }
        while self.reads_messages(side) {
            match self.lanes[side].assembly.step(&mut rest, &mut room.octets) {
                Part::Need => return,
                Part::NotHello => return self.clear(),
                Part::Begins(message) => self.on_message_begins(side, message),
                Part::Content(message) => {
                    let retried = self.saw(Saw::Retry);
                    self.on_message(side, &message, Some(&mut *room));
                    if room.journal.is_some() {
                        self.tell_message(side, &message, retried, room);
                    }
                    if let Cow::Owned(octets) = message.octets {
                        room.take_back(octets);
                    }
                    if rest.is_empty() {
                        return;
                    }
                }
            }
        }
    }

    /// Messages that lie whole in hand, one after another; what is left is there to be read step by step.
    #[inline]
    fn read_whole_messages(&mut self, side: Side, rest: &mut &[u8], room: &mut Room) {
        while self.reads_messages(side)
            && let Some(message) = self.lanes[side].assembly.whole(rest)
        {
            self.on_clear_message_begins(side, message.kind);
            if tells_by_content(message.kind) {
                self.on_message(side, &message, Some(&mut *room));
            }
            if rest.is_empty() {
                return;
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

    /// Octets of this direction were lost: inside a record's body they are skipped by its length, else
    /// framing is lost (A8).
    #[cold]
    pub(super) fn skip(&mut self, side: Side, count: u64) {
        let lane = &mut self.lanes[side];
        lane.set(Mark::Holed);
        if lane.is(Mark::Ssl2) || lane.is(Mark::Undecided) {
            return self.skip_ssl2(side, count);
        }
        if lane.is(Mark::Blind) && lane.walk.is_lost() {
            lane.lack(count);
            return;
        }
        let inside = lane.walk.is_in_body() && count <= u64::from(lane.walk.left());
        if !inside && side == self.client && self.phase == Phase::TlsProvisional {
            self.farewell_hidden.get_or_insert(self.lanes[side].offset);
        }
        let lane = &mut self.lanes[side];
        if lane.walk.is_in_body() {
            self.damage(side, if inside { count } else { u64::MAX });
        }
        let lane = &mut self.lanes[side];
        lane.lack(count);
        if !inside {
            return lane.go_blind();
        }
        lane.walk.pass(u32::try_from(count).unwrap_or(u32::MAX));
        if !lane.walk.is_in_body() {
            self.on_record(side);
        }
    }

    /// Octets of the current record's body were lost.
    #[cold]
    fn damage(&mut self, side: Side, count: u64) {
        let lane = &mut self.lanes[side];
        lane.octet = None;
        if lane.walk.kind() == content::HANDSHAKE
            && self.reads_messages(side)
            && let Some(message) = self.lanes[side].assembly.skip(count)
        {
            self.on_message(side, &message, None);
        }
    }
}
