//! TLS 1.3: complete or failed, from lengths (A5), and a client certificate refused after the fact.

use super::lengths::Lengths;
use super::observer::TlsObserver;
use super::record::Mark;
use super::state::{Era, Saw};
use crate::compact::compact;
use crate::handshake::{Alert, End, Evidence, Fault, Flag, Side};

/// What the encrypted records of one side add up to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    /// Inner octets.
    inner: u32,
    /// Inner octets of records sent after the whole server flight was acknowledged (client only).
    inner_late: u32,
    /// Length of the first record (client only).
    first: u16,
    /// Length of the last record.
    last: u16,
    /// Records; stops at its largest value.
    records: u8,
    /// Records of an alert's length; stops at its largest value.
    alerts: u8,
    /// A record had the length of a Finished, or followed an EndOfEarlyData and was no shorter (client only).
    finished: bool,
}

impl Tally {
    /// No record.
    pub(super) const NONE: Tally =
        Tally { inner: 0, inner_late: 0, first: 0, last: 0, records: 0, alerts: 0, finished: false };

    /// Counts a record of either side.
    #[inline]
    fn add(&mut self, length: u16, lengths: Lengths) {
        self.inner = self.inner.saturating_add(lengths.inner(length));
        self.last = length;
        self.records = self.records.saturating_add(1);
        if length == lengths.alert() {
            self.alerts = self.alerts.saturating_add(1);
        }
    }

    /// The same for the client's, of which more is asked.
    #[inline]
    fn add_of_client(&mut self, length: u16, lengths: Lengths, knew_flight: bool) {
        if knew_flight {
            self.inner_late = self.inner_late.saturating_add(lengths.inner(length));
        }
        if self.records == 0 {
            self.first = length;
        }
        let after_early = self.records > 0 && self.last == lengths.end_of_early_data();
        self.finished |= length == lengths.finished() || (after_early && length >= lengths.finished());
        self.add(length, lengths);
    }

    /// Whether the records, added up under the lengths that are assumed, suffice under the suite of the shortest tag.
    fn may_hold_finished(&self) -> bool {
        let hidden = Lengths::MOST_HIDDEN * u32::from(self.records);
        self.inner.saturating_add(hidden) >= Lengths::ASSUMED.finished_message()
    }

    /// All there was are one or two records of an alert's length.
    const fn is_just_alerts(&self) -> bool {
        self.records > 0 && self.records <= 2 && self.records == self.alerts
    }
}

impl TlsObserver {
    /// A type-23 record ended.
    #[inline]
    pub(super) fn on_application_data(&mut self, side: Side) {
        let lane = &self.lanes[side];
        let exact = !lane.is(Mark::Blind) && !lane.is(Mark::Finished) && self.visible.is_none();
        if self.era == Era::Tls13 && side != self.client && exact && !self.is_provisional() {
            // So it is with most: what a 1.3 server sends behind its hello decides nothing.
            let length = lane.walk.length();
            if length > 0 {
                self.count_server(length, self.lengths);
            }
            return;
        }
        self.weigh_application_data(side);
    }

    /// The same of one that may decide something.
    #[inline(never)]
    fn weigh_application_data(&mut self, side: Side) {
        let lengths = self.lengths;
        let lane = &mut self.lanes[side];
        let length = lane.walk.length();
        if length == 0 {
            return;
        }
        if lane.is(Mark::Finished) {
            lane.set(Mark::Application);
        }
        if lane.is(Mark::Blind) && length != lengths.alert() {
            lane.set(Mark::ApplicationFoundAgain);
        }
        if self.is_provisional() {
            return self.on_provisional_data(side, length);
        }
        if side == self.client {
            self.count_client(length, lengths);
        } else {
            self.count_server(length, lengths);
        }
        self.judge();
    }

    /// Early data is not counted: what a client that offered it sent before the server's flight.
    #[inline]
    fn count_client(&mut self, length: u16, lengths: Lengths) {
        let lane = &self.lanes[self.client];
        let from = if self.saw(Saw::ServerHello) { self.hello_end } else { 1 };
        if self.saw(Saw::EarlyData) && lane.seen < from {
            return;
        }
        let knew_flight = self.flight_end.is_some_and(|end| lane.seen >= end);
        self.tallies[self.client].add_of_client(length, lengths, knew_flight);
    }

    #[inline]
    fn count_server(&mut self, length: u16, lengths: Lengths) {
        let server = self.server();
        let tally = &mut self.tallies[server];
        tally.add(length, lengths);
        let lane = &self.lanes[server];
        if self.flight_end.is_none() && tally.inner >= lengths.server_flight() {
            self.flight_end = Some(lane.offset);
        }
        // Enough client octets were acknowledged for a Finished, and no alert came back.
        let advance = lane.seen.saturating_sub(self.hello_seen);
        if length != lengths.alert() && advance >= u64::from(lengths.finished()) + 5 {
            self.note(Saw::ServerWentOn);
        }
    }

    /// Whether the client's counted records hold a Finished.
    pub(super) fn client_suffices(&self) -> bool {
        let tally = &self.tallies[self.client];
        if tally.records == 0 {
            // A Finished is never empty.
            return false;
        }
        let needed = self.lengths.finished_message();
        let proven = !self.saw(Saw::EarlyData) || tally.finished || tally.inner_late >= needed;
        tally.inner >= needed && !tally.is_just_alerts() && proven
    }

    /// Whether what this client sent could hold a Finished under some suite, the agreed one being lost to the capture:
    /// lengths that are assumed prove nothing lacking.
    pub(super) fn may_suffice_unseen(&self, side: Side) -> bool {
        side == self.client && self.is_hidden(self.server()) && self.tallies[side].may_hold_finished()
    }

    /// The ServerHello said 1.3.
    pub(super) fn judge_13(&mut self) {
        if self.client_suffices() {
            return self.finish_13();
        }
        let found_again = |side: Side| self.lanes[side].is(Mark::ApplicationFoundAgain);
        let alone = self.visible == Some(self.server()) && !self.lanes[self.client].is(Mark::Started);
        if found_again(Side::A) && found_again(Side::B) {
            self.finish_found_again();
        } else if alone && self.saw(Saw::ServerWentOn) {
            self.complete(Evidence::Inferred);
        }
    }

    /// The ServerHello was lost or its direction is not captured: a client that sends type-23 records
    /// and has sent no handshake record behind a ChangeCipherSpec speaks 1.3.
    pub(super) fn judge_13_unseen(&mut self) {
        let client = &self.lanes[self.client];
        let server = self.server();
        let is_13 = self.saw(Saw::ClientHello)
            && !client.is(Mark::Finished)
            && !self.lanes[server].is(Mark::Finished);
        if is_13 && !client.is(Mark::Blind) && self.client_suffices() {
            self.flags.insert(Flag::SuiteAssumed);
            self.finish_13();
        }
    }

    /// Both sides were found again behind a loss, in application data by its type (A8). In 1.3 the flights are such
    /// records too: only a server that had seen the client's has surely accepted what stood in them.
    pub(super) fn finish_found_again(&mut self) {
        if self.lanes[self.server()].seen >= self.lanes[self.client].offset {
            self.complete(Evidence::Inferred);
        } else {
            self.finish_13();
        }
    }

    /// The client's Finished was there: complete, or, with a certificate before it, unless the server refuses that.
    fn finish_13(&mut self) {
        let (client, server) = (self.client, self.server());
        self.lanes[client].done = self.lanes[client].offset;
        self.lanes[server].done = self.lanes[client].seen.max(self.hello_end);
        let lone_finished = self.is_lone_finished();
        let hidden = lone_finished && self.lanes[client].is(Mark::Blind);
        if self.client_may_be_asked() && (!lone_finished || hidden) && !self.saw(Saw::Due) {
            if hidden {
                self.note(Saw::CertificateUnseen);
            }
            self.provide();
            if self.lanes[server].is(Mark::Ended) {
                self.note(Saw::Refusal);
                self.close_provisional();
            }
        } else {
            self.complete(Evidence::Inferred);
        }
    }

    /// Whether the server may have asked the client for a certificate (RFC 8446 4.3.2). Where the ServerHello was lost, a
    /// key that was not offered was not chosen either.
    fn client_may_be_asked(&self) -> bool {
        let unseen = !self.saw(Saw::ServerHello);
        self.saw(Saw::NoPreSharedKey) || (unseen && self.kept.may_be_asked)
    }

    /// Whether the first record that was counted of the client's flight is a Finished: with a certificate, maybe an empty
    /// one, it would be another (A5 rule 4), unless that was lost before it.
    fn is_lone_finished(&self) -> bool {
        let first = self.tallies[self.client].first;
        match self.facts.cipher.and_then(Lengths::of) {
            Some(lengths) => first == lengths.finished(),
            None => Lengths::is_any_finished(first),
        }
    }

    /// The alert that explains why a 1.3 handshake ended, told by its length (A5 rules 2 and 3).
    pub(super) fn alert_by_length(&self) -> Option<Side> {
        let seen = self.era == Era::Tls13 && self.saw(Saw::ServerHello);
        let just_one = self.tallies[self.server()].records == 1;
        let by =
            |side: Side| seen && self.tallies[side].is_just_alerts() && !self.lanes[side].is(Mark::Blind);
        if by(self.server()) && just_one {
            return Some(self.server());
        }
        by(self.client).then_some(self.client)
    }

    // ---- provisional: the client sent a certificate, the server may refuse it (A5 rule 4) ----

    fn on_provisional_data(&mut self, side: Side, length: u16) {
        let alert = self.lengths.alert();
        let lane = &self.lanes[side];
        if side == self.client {
            if length == alert {
                let at = lane.offset;
                self.farewell.get_or_insert(at);
            }
            return;
        }
        // Sent before the client's Finished was there: not an answer to it. No acknowledgement at all
        // means that none is known.
        if lane.seen < self.lanes[self.client].done && lane.seen > 0 {
            return;
        }
        if length != alert {
            return self.complete(Evidence::Inferred);
        }
        if !self.is_answered() {
            self.note(self.first_sign());
        }
    }

    /// Whether the server's first sign since the client's Finished was seen.
    fn is_answered(&self) -> bool {
        self.saw(Saw::Refusal) || self.saw(Saw::Farewell) || self.saw(Saw::Parting)
    }

    /// What the server's first sign says, by what it had seen of the client when it sent it: a closing sign, maybe one
    /// that the capture lacks, or none.
    fn first_sign(&self) -> Saw {
        let seen = self.lanes[self.server()].seen;
        let saw =
            |at: Option<u64>, least: u64| at.is_some_and(|at| seen >= at.saturating_add(least) || seen == 0);
        if saw(self.farewell, 0) {
            Saw::Farewell
        } else if saw(self.farewell_hidden, 1) {
            Saw::Parting
        } else {
            Saw::Refusal
        }
    }

    /// One side ended while the outcome is provisional.
    pub(super) fn end_provisional(&mut self, side: Side, how: End) {
        if side == self.client {
            let at = self.lanes[side].offset;
            self.farewell.get_or_insert(at);
            if how == End::Rst {
                self.close_provisional();
            }
            return;
        }
        if !self.is_answered() {
            match self.first_sign() {
                Saw::Farewell => {}
                sign => self.note(sign),
            }
        }
        self.close_provisional();
    }

    /// Whether what the server sent since the client's Finished, lost octets included, is too long to be two alerts.
    fn server_sent_more_than_alerts(&self) -> bool {
        let lane = &self.lanes[self.server()];
        lane.offset.saturating_sub(lane.done) > 2 * (u64::from(self.lengths.alert()) + 5)
    }

    /// Whether the server's answer was not lost.
    fn is_server_in_sight(&self) -> bool {
        let lane = &self.lanes[self.server()];
        !lane.is(Mark::Blind) && !lane.is_short()
    }

    /// Provisional, and the capture lacks what tells a refusal from an acceptance: the server's answer, where there was
    /// room for nothing but a refusal or a farewell, whether the client's farewell came first, or whether there was a
    /// certificate to be refused (A8).
    fn cannot_tell(&self) -> bool {
        if !self.is_provisional() || self.server_sent_more_than_alerts() {
            return false;
        }
        let lane = &self.lanes[self.server()];
        let said = lane.offset > lane.done || lane.is_short();
        let unheard = self.saw(Saw::Refusal) || (said && !self.saw(Saw::Farewell));
        let groundless = self.saw(Saw::Refusal) && self.saw(Saw::CertificateUnseen);
        self.saw(Saw::Parting) || groundless || (!self.is_server_in_sight() && unheard)
    }

    /// So it is while the connection is open, and also where octets are missing that would tell: those that lacked when
    /// the waiting span passed, or, behind what seems a refusal, the end that would make it one.
    #[inline]
    pub(super) fn is_in_doubt(&self) -> bool {
        self.is_provisional() && self.is_outcome_in_doubt()
    }

    fn is_outcome_in_doubt(&self) -> bool {
        let endless = self.saw(Saw::Refusal) && self.farewell_hidden.is_some();
        endless || self.saw(Saw::Torn) || self.cannot_tell()
    }

    /// Nothing more will come from the server.
    pub(super) fn close_provisional(&mut self) {
        if self.cannot_tell() {
            return self.lose();
        }
        if !self.is_server_in_sight() || !self.saw(Saw::Refusal) {
            return self.complete(Evidence::Inferred);
        }
        let server = self.server();
        let lane = &self.lanes[server];
        let at = lane.offset;
        if self.tallies[server].last == self.lengths.alert() {
            self.cold().note(Alert { from: server, level: 0, description: 0, encrypted: true });
        }
        self.fail(Fault::ClientCertificateRefused, server, at, Evidence::Inferred);
    }
}

compact!(struct Tally { inner, inner_late, first, last, records, alerts, finished });
