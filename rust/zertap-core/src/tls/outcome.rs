//! Outcomes: how the phase moves, and what an end of the connection decides (A4, A5, A8).
//!
//! This is the only place where a phase is set. A failure stands: nothing that follows moves it.

use super::observer::TlsObserver;
use super::record::Mark;
use super::state::{Era, Remaining, Saw};
use crate::handshake::{Alert, End, Evidence, Fault, Flag, Phase, Side};

impl TlsObserver {
    /// A ServerHello settled version and suite.
    pub(super) fn agree(&mut self) {
        if self.phase == Phase::TlsBegun {
            self.phase = Phase::TlsAgreed;
        }
        // After an early failure this was the last fact wanted.
        self.forget(Saw::FailedEarly);
    }

    /// Complete, unless the server refuses the client's certificate.
    pub(super) fn provide(&mut self) {
        if self.phase == Phase::TlsFailed {
            return;
        }
        self.phase = Phase::TlsProvisional;
        self.facts.evidence_outcome = Evidence::Inferred;
        self.note(Saw::Provisional);
    }

    /// Both sides finished.
    pub(super) fn complete(&mut self, evidence: Evidence) {
        if self.phase == Phase::TlsFailed {
            return;
        }
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
        if self.phase == Phase::TlsFailed {
            return;
        }
        self.phase = Phase::TlsFailed;
        self.fault = fault;
        self.gave_up = Some(by);
        self.facts.evidence_outcome = evidence;
        self.lanes[by].done = at;
        let other = by.other();
        self.lanes[other].done = self.lanes[other].acked;
    }

    /// Nothing of a handshake: it only looked like the beginning of one.
    pub(super) fn clear(&mut self) {
        if self.phase == Phase::TlsFailed {
            return;
        }
        self.phase = Phase::Clear;
    }

    pub(super) fn lose(&mut self) {
        if self.phase == Phase::TlsFailed {
            return;
        }
        self.phase = Phase::TlsLost;
        self.fault = Fault::CaptureLoss;
        self.facts.evidence_outcome = Evidence::NotVisible;
    }

    pub(super) fn on_end(&mut self, side: Side, how: End) {
        if self.phase == Phase::TlsFailed {
            return;
        }
        self.ended.get_or_insert((side, how));
        match (self.phase, how) {
            (Phase::TlsProvisional, _) => self.end_provisional(side, how),
            (_, End::Rst) => self.decide(),
            (_, End::Fin) => {
                if self.remaining(side) == Remaining::Lacking {
                    self.fail_at_end(side);
                    if self.era == Era::Open && side == self.client {
                        self.note(Saw::FailedEarly);
                    }
                }
            }
        }
    }

    /// Nothing more will come: every open question is answered.
    pub(super) fn decide(&mut self) {
        match Side::BOTH.into_iter().find(|&side| self.remaining(side) == Remaining::Lacking) {
            Some(side) => self.fail_at_end(side),
            None => self.lose(),
        }
    }

    /// What `side` still owes.
    pub(super) fn remaining(&self, side: Side) -> Remaining {
        let lane = &self.lanes[side];
        let settled = match self.era {
            Era::Tls13 => side == self.server() && self.flight_end.is_some(),
            Era::Open if side == self.client => lane.is(Mark::Finished) || self.client_suffices(),
            Era::Open => lane.is(Mark::Finished) && self.is_hidden(side),
            Era::UpTo12 | Era::Ssl2 => lane.is(Mark::Finished),
        };
        let unknown = lane.is(Mark::Blind)
            || lane.is_short()
            || self.visible == Some(side.other())
            || (self.era == Era::Open && (lane.is(Mark::Holed) || self.may_suffice_unseen(side)));
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
