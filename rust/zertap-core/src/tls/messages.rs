//! What each clear handshake message tells the observer: facts kept, era settled, roles known.

use super::assembly::{Content, kind};
use super::certificate_message;
use super::hello::{ClientHello, ServerHello, is_13};
use super::judge13::Tally;
use super::key_exchange::KeyExchange;
use super::lengths::Lengths;
use super::observer::TlsObserver;
use super::record::Mark;
use super::state::{Era, Saw};
use crate::handshake::{Evidence, Flag, PerSide, Room, Side, TlsShape};

impl TlsObserver {
    /// A message header was read.
    pub(super) fn on_message_begins(&mut self, side: Side, message: u8) {
        if self.is_believed(side, message) {
            self.on_clear_message_begins(side, message);
        }
    }

    /// The same where nothing says that it may be none.
    pub(super) fn on_clear_message_begins(&mut self, side: Side, message: u8) {
        if side == self.client {
            if message == kind::CLIENT_KEY_EXCHANGE {
                self.lanes[side].set(Mark::Keyed);
            }
            return;
        }
        match message {
            kind::CERTIFICATE | kind::SERVER_KEY_EXCHANGE => self.note(Saw::FullFlight),
            kind::CERTIFICATE_REQUEST => {
                self.note(Saw::FullFlight);
                self.facts.client_certificate_requested = Some(true);
            }
            kind::SERVER_HELLO_DONE => {
                self.note(Saw::FullFlight);
                self.note(Saw::HelloDone);
                self.facts.client_certificate_requested.get_or_insert(false);
            }
            _ => return,
        }
        self.facts.shape = TlsShape::Full;
        self.facts.evidence_shape = Evidence::Negotiated;
    }

    /// Where octets were lost, or a ChangeCipherSpec may or may not count, a record's first message must
    /// look like one; if not, the record is taken as encrypted.
    fn is_believed(&mut self, side: Side, message: u8) -> bool {
        let lane = &mut self.lanes[side];
        if !lane.is(Mark::Suspect) {
            return true;
        }
        lane.unset(Mark::Suspect);
        if lane.looks_clear(message) {
            lane.assembly.found();
            return true;
        }
        lane.set(Mark::Opaque);
        let lost = lane.assembly.is_lost();
        lane.assembly.restart();
        if lost {
            lane.assembly.lose();
        }
        false
    }

    /// A message's content is there, as far as it is kept or was captured.
    pub(super) fn on_message(&mut self, side: Side, message: &Content<'_>, room: Option<&mut Room>) {
        if message.capped {
            self.flags.insert(Flag::MessageTooLong);
        }
        match message.kind {
            kind::CLIENT_HELLO if self.takes_client_hello(side) => self.on_client_hello(side, message),
            kind::SERVER_HELLO if self.takes_server_hello(side) => self.on_server_hello(side, message),
            kind::HELLO_RETRY_DRAFT if side == self.server() && !self.saw(Saw::ServerHello) => {
                self.on_retry();
            }
            kind::CERTIFICATE => {
                if let (Some(der), Some(room)) = (certificate_message::leaf(&message.octets), room) {
                    self.keep_certificate(side, der, room);
                }
            }
            kind::SERVER_KEY_EXCHANGE if side == self.server() => self.on_key_exchange(message),
            _ => {}
        }
    }

    /// A ClientHello is believed from the client, and from whoever speaks first of both.
    fn takes_client_hello(&mut self, side: Side) -> bool {
        let takes = side == self.client && !self.saw(Saw::ServerHello);
        if takes {
            self.note(Saw::RoleKnown);
        } else {
            self.flags.insert(Flag::Malformed);
        }
        takes
    }

    /// A ServerHello is believed from the server; on a pickup in mid-life the first one tells the roles.
    fn takes_server_hello(&mut self, side: Side) -> bool {
        if !self.saw(Saw::RoleKnown) {
            self.note(Saw::RoleKnown);
            self.client = side.other();
            // The client's beginning was not seen: nothing about it is exact.
            self.lanes[self.client].set(Mark::Holed);
        }
        let takes = side == self.server() && !self.saw(Saw::ServerHello);
        if !takes {
            self.flags.insert(Flag::Malformed);
        }
        takes
    }

    fn on_client_hello(&mut self, side: Side, message: &Content<'_>) {
        let hello = ClientHello::read(&message.octets);
        let again = self.saw(Saw::ClientHello) && !self.saw(Saw::Retry);
        let server = self.server();
        if again && !self.is_hidden(server) && !self.lanes[server].is_short() {
            self.flags.insert(Flag::SecondClientHello);
        }
        self.note(Saw::ClientHello);
        self.mark_breaks(hello.whole, message);
        self.flags = self.flags.union(hello.flags);
        self.facts.early_data_offered |= hello.early_data;
        self.forget(Saw::EarlyData);
        if hello.early_data && !self.saw(Saw::Retry) {
            self.note(Saw::EarlyData);
        }
        self.forget(Saw::AlpnOffered);
        if !hello.alpn.is_empty() {
            self.note(Saw::AlpnOffered);
            self.facts.evidence_alpn = Evidence::Offered;
        }
        self.kept.keep(&hello);
        if self.options.offers {
            self.cold().offer(&hello);
        }
        if self.options.fingerprints && hello.whole && message.whole {
            self.cold().fingerprint_client(&hello);
        }
        self.tallies[side] = Tally::NONE;
    }

    fn mark_breaks(&mut self, read: bool, message: &Content<'_>) {
        if !read && message.whole {
            self.flags.insert(Flag::Malformed);
        }
    }

    /// HelloRetryRequest: the handshake goes on in clear with a second ClientHello (TLS-12).
    fn on_retry(&mut self) {
        self.note(Saw::Retry);
        self.forget(Saw::EarlyData);
        self.facts.hello_retry = true;
        for side in Side::BOTH {
            self.lanes[side].unset(Mark::Pending);
        }
    }

    fn on_server_hello(&mut self, side: Side, message: &Content<'_>) {
        let mut hello = ServerHello::read(&message.octets);
        self.mark_breaks(hello.whole, message);
        // Cut behind its compression method, it reads like one without extensions.
        hello.whole &= message.whole;
        self.flags = self.flags.union(hello.flags);
        if self.options.fingerprints && hello.whole {
            self.cold().fingerprint_server(&hello);
        }
        if hello.retry {
            self.facts.group = hello.group;
            self.facts.evidence_group =
                if hello.group.is_some() { Evidence::Offered } else { Evidence::NotVisible };
            return self.on_retry();
        }
        let Some((era, version)) = self.settle_version(&hello) else { return };
        self.note(Saw::ServerHello);
        self.era = era;
        self.facts.version = version;
        self.agree_on(hello.suite.map(u32::from));
        self.facts.compression = hello.compression;
        self.facts.evidence_parameters = if hello.whole { Evidence::Negotiated } else { Evidence::Inferred };
        self.hello_end = self.lanes[side].record_end();
        self.hello_seen = self.lanes[side].seen;
        self.tallies = PerSide([Tally::NONE; 2]);
        self.flight_end = None;
        self.forget(Saw::ServerWentOn);
        self.compare_with_offer(&hello);
        if era == Era::Tls13 {
            self.begin_13(&hello);
        } else {
            self.begin_12(&hello);
        }
        self.agree();
    }

    /// Era and version of a ServerHello. One that broke off is told by its suite, since the suites of 1.3
    /// serve no other version; `None` where even that is missing.
    fn settle_version(&mut self, hello: &ServerHello<'_>) -> Option<(Era, u16)> {
        let own = hello.version?;
        let suite = hello.suite?;
        match hello.selected {
            Some(selected) if is_13(selected) => return Some((Era::Tls13, selected)),
            Some(_) => self.flags.insert(Flag::SelectedVersionOdd),
            None => {}
        }
        if own >> 8 == 0x7F {
            return Some((Era::Tls13, own));
        }
        if !hello.whole && hello.selected.is_none() && Lengths::of(u32::from(suite)).is_some() {
            return Some((Era::Tls13, 0x0304));
        }
        // legacy_version never means 1.3 (RFC 8446 4.1.3): a larger one says nothing.
        Some((Era::UpTo12, if own <= 0x0303 { own } else { 0 }))
    }

    fn compare_with_offer(&mut self, hello: &ServerHello<'_>) {
        let echoed = hello.session == self.kept.session();
        if echoed {
            self.note(Saw::SessionEchoed);
        } else if !hello.session.is_empty() {
            self.cold().session = hello.session.get(..32).unwrap_or(hello.session).into();
        }
        if !self.saw(Saw::ClientHello) {
            return;
        }
        let final_13 = self.era == Era::Tls13 && hello.version.is_some_and(|version| version >> 8 != 0x7F);
        if final_13 && !echoed {
            self.flags.insert(Flag::SessionIdNotEchoed);
        }
        if hello.suite.is_some_and(|suite| !self.kept.offers(suite)) {
            self.flags.insert(Flag::SuiteNotOffered);
        }
    }

    fn begin_13(&mut self, hello: &ServerHello<'_>) {
        for side in Side::BOTH {
            for mark in [Mark::Pending, Mark::Changed, Mark::Finished, Mark::Application] {
                self.lanes[side].unset(mark);
            }
        }
        if hello.suite.and_then(|suite| Lengths::of(u32::from(suite))).is_none() {
            self.flags.insert(Flag::SuiteAssumed);
        }
        if hello.group.is_some() || hello.whole {
            self.facts.group = hello.group;
            self.facts.evidence_group =
                if hello.group.is_some() { Evidence::Negotiated } else { Evidence::NotVisible };
        }
        if hello.pre_shared_key {
            self.facts.shape = TlsShape::Abbreviated;
            self.facts.evidence_shape = Evidence::Negotiated;
        } else if hello.whole {
            self.note(Saw::NoPreSharedKey);
            self.facts.shape = TlsShape::Full;
            self.facts.evidence_shape = Evidence::Negotiated;
        }
    }

    fn begin_12(&mut self, hello: &ServerHello<'_>) {
        for side in Side::BOTH {
            let lane = &mut self.lanes[side];
            if lane.is(Mark::Pending) || lane.is(Mark::Changed) {
                self.flags.insert(Flag::EarlyCcs);
            }
            for mark in [Mark::Pending, Mark::Changed, Mark::Finished, Mark::Application] {
                lane.unset(mark);
            }
        }
        if hello.downgrade {
            self.flags.insert(Flag::DowngradeSentinel);
        }
        let read = |present: bool| (present || hello.whole).then_some(present);
        self.facts.extended_master_secret = read(hello.extended_master_secret);
        self.facts.encrypt_then_mac = read(hello.encrypt_then_mac);
        self.facts.truncated_hmac = read(hello.truncated_hmac);
        self.facts.secure_renegotiation = read(hello.renegotiation_info);
        self.facts.max_fragment_length = hello.max_fragment_length;
        self.facts.record_size_limit = hello.record_size_limit;
        self.facts.sni_acknowledged = if self.saw(Saw::ClientHello) && self.kept.name().is_empty() {
            None
        } else {
            read(hello.name_acknowledged)
        };
        self.facts.alpn = hello.alpn.map(Into::into);
        if hello.alpn.is_some() || (hello.whole && self.saw(Saw::AlpnOffered)) {
            self.facts.evidence_alpn = Evidence::Negotiated;
        }
    }

    fn on_key_exchange(&mut self, message: &Content<'_>) {
        let suite = self.facts.cipher.and_then(|suite| u16::try_from(suite).ok()).unwrap_or(0);
        let read = KeyExchange::read(&message.octets, self.facts.version, suite);
        self.facts.group = read.group;
        self.facts.dh_bits = read.dh_bits;
        self.facts.signature_scheme = read.scheme;
        if read.group.is_some() || read.dh_bits.is_some() {
            self.facts.evidence_group = Evidence::Negotiated;
        }
    }

    /// Keeps the facts of a leaf certificate, where they are asked for.
    pub(super) fn keep_certificate(&mut self, side: Side, der: &[u8], room: &mut Room) {
        if self.options.certificates {
            self.certificates[side] = room.certificates.read(der);
            if self.certificates[side].is_some() {
                self.facts.evidence_certificates = Evidence::Negotiated;
            }
        }
    }
}
