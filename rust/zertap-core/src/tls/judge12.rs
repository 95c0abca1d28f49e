//! Up to TLS 1.2: ChangeCipherSpec, alerts, Finished, and when they make a handshake complete or failed (A4).

use super::observer::TlsObserver;
use super::record::Mark;
use super::state::{Era, Saw};
use crate::handshake::{Alert, Evidence, Fault, Flag, Phase, Side, TlsShape};

/// AlertLevel and AlertDescription (RFC 5246 7.2).
const WARNING: u8 = 1;
const FATAL: u8 = 2;
const CLOSE_NOTIFY: u8 = 0;
const USER_CANCELED: u8 = 90;

impl TlsObserver {
    /// Completes the handshake if what is known suffices. Called after every record that can matter.
    pub(super) fn judge(&mut self) {
        if !self.phase.is_open() {
            return;
        }
        match self.era {
            Era::Tls13 => self.judge_13(),
            Era::UpTo12 | Era::Ssl2 => self.judge_12(),
            Era::Open if !self.is_hidden(self.server()) => {}
            Era::Open => {
                self.judge_12();
                if self.phase.is_open() {
                    self.judge_13_unseen();
                }
            }
        }
    }

    /// Both sides have sent their Finished; or, where a side's was lost, application data after it.
    fn judge_12(&mut self) {
        let [a, b] = Side::BOTH.map(|side| &self.lanes[side]);
        let finished = [a, b].map(|lane| lane.is(Mark::Finished));
        let settled = [a, b].map(|lane| lane.is(Mark::Finished) || lane.is(Mark::ApplicationFoundAgain));
        let alone = self.visible.map(|side| &self.lanes[side]);
        if finished == [true, true] {
            self.complete(Evidence::Negotiated);
        } else if settled == [true, true] && finished == [false, false] && self.era == Era::Open {
            self.finish_found_again();
        } else if settled == [true, true]
            || alone.is_some_and(|lane| lane.is(Mark::Finished) && lane.is(Mark::Application))
        {
            self.complete(Evidence::Inferred);
        }
    }

    /// ChangeCipherSpec: a type-20 record of length 1, value 1.
    pub(super) fn on_change_cipher_spec(&mut self, side: Side) {
        if self.lanes[side].is(Mark::Changed) {
            return;
        }
        match self.era {
            Era::Tls13 | Era::Ssl2 => {}
            Era::Open if self.saw(Saw::Retry) && !self.is_hidden(self.server()) => {}
            Era::Open => self.lanes[side].set(Mark::Pending),
            Era::UpTo12 if self.counts(side) => {
                self.lanes[side].set(Mark::Changed);
                if side != self.client {
                    self.settle_shape();
                }
            }
            Era::UpTo12 => self.flags.insert(Flag::EarlyCcs),
        }
    }

    /// Whether a ChangeCipherSpec comes after the key exchange, or in the place that resumption gives it
    /// (TLS-53).
    fn counts(&self, side: Side) -> bool {
        let client = &self.lanes[self.client];
        let server = &self.lanes[self.server()];
        if self.lanes[side].is(Mark::Holed) {
            return true;
        }
        if side == self.client {
            return client.is(Mark::Keyed) || server.is(Mark::Changed) || self.is_hidden(self.server());
        }
        let keyed = client.is(Mark::Keyed) || client.is(Mark::Changed);
        let unseen = self.is_out_of_sight(self.client);
        !self.saw(Saw::FullFlight) || keyed || (self.saw(Saw::HelloDone) && unseen)
    }

    /// The server's ChangeCipherSpec straight after its hello: an abbreviated handshake (A4).
    fn settle_shape(&mut self) {
        if !self.saw(Saw::FullFlight) && !self.lanes[self.server()].is(Mark::Holed) {
            self.facts.shape = TlsShape::Abbreviated;
            self.facts.evidence_shape = Evidence::Inferred;
        }
    }

    /// A type-22 record ended: behind the counted ChangeCipherSpec it is the Finished.
    #[inline]
    pub(super) fn on_handshake_record(&mut self, side: Side) {
        let lane = &self.lanes[side];
        if lane.is(Mark::Suspect) || lane.is(Mark::Opaque) || lane.is(Mark::Changed) {
            self.on_unclear_record(side);
        }
    }

    /// The same of one that is encrypted, or may be.
    fn on_unclear_record(&mut self, side: Side) {
        let lane = &mut self.lanes[side];
        if lane.is(Mark::Suspect) && lane.assembly.is_lost() {
            // Too short for a message header, where one must fill the record to be believed.
            lane.unset(Mark::Suspect);
            lane.assembly.lose();
        }
        if lane.is(Mark::Opaque) && lane.is(Mark::Pending) {
            lane.unset(Mark::Pending);
            lane.set(Mark::Changed);
        }
        if lane.is(Mark::Changed) && !lane.is(Mark::Finished) && lane.walk.length() > 0 {
            lane.set(Mark::Finished);
            lane.done = lane.offset;
            self.judge();
        }
    }

    /// Whether the current type-21 record is encrypted. Where a ChangeCipherSpec may have been missed, an
    /// alert of two octets is clear and a longer one is not.
    pub(super) fn is_encrypted_alert(&self, side: Side) -> bool {
        let lane = &self.lanes[side];
        let doubtful = lane.is(Mark::Holed) || lane.is(Mark::Pending);
        lane.is(Mark::Changed) || (self.era != Era::Tls13 && doubtful && lane.walk.length() != 2)
    }

    /// Octets of clear alerts; one may be cut over records.
    pub(super) fn read_alerts(&mut self, side: Side, octets: &[u8]) {
        for (place, &octet) in octets.iter().enumerate() {
            let lane = &mut self.lanes[side];
            let Some(level) = lane.octet.take() else {
                lane.octet = Some(octet);
                continue;
            };
            let at = lane.offset - (octets.len() - place - 1) as u64;
            self.on_alert(side, level, octet, at);
            if !self.phase.is_open() && !self.is_provisional() {
                return;
            }
        }
    }

    /// One clear alert, of which `at` is the end.
    fn on_alert(&mut self, side: Side, level: u8, description: u8, at: u64) {
        if self.phase == Phase::TlsFailed {
            return;
        }
        self.cold().note(Alert { from: side, level, description, encrypted: false });
        let ends = match self.era {
            Era::Tls13 => description != USER_CANCELED,
            _ => level == FATAL || (level == WARNING && description == CLOSE_NOTIFY),
        };
        if ends {
            self.fail(Fault::Alert, side, at, Evidence::Negotiated);
        } else if level != WARNING && level != FATAL {
            self.flags.insert(Flag::Malformed);
        }
    }

    /// A type-21 record behind a side's ChangeCipherSpec: it gives up, unless the peer has finished.
    pub(super) fn on_encrypted_alert(&mut self, side: Side) {
        if self.lanes[side].walk.length() == 0 {
            return;
        }
        self.cold().note(Alert { from: side, level: 0, description: 0, encrypted: true });
        let peer = &self.lanes[side.other()];
        if !self.is_out_of_sight(side.other()) && !peer.is(Mark::Finished) {
            let at = self.lanes[side].offset;
            self.fail(Fault::Alert, side, at, Evidence::Inferred);
        }
    }
}
