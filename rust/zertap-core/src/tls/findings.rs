//! What the observer hands over, and what it does about octets that were never captured.

use super::observer::{Saw, TlsObserver};
use super::record::{Mark, content};
use crate::certificate::LeafCertificate;
use crate::handshake::{CryptoProfile, Side, Text, TextKind, TlsProfile};
use std::sync::Arc;

impl TlsObserver {
    /// The negotiated facts; `None` before anything was negotiated.
    pub(super) fn profile(&self) -> Option<CryptoProfile> {
        let anything = self.saw(Saw::ServerHello) || self.saw(Saw::Retry) || self.phase().is_complete();
        let traits = |leaf: &Option<Arc<LeafCertificate>>| leaf.as_ref().map(|leaf| leaf.traits.clone());
        anything.then(|| {
            CryptoProfile::Tls(TlsProfile {
                server_certificate: traits(&self.certificates[self.server()]),
                client_certificate: traits(&self.certificates[self.client]),
                ..self.facts.clone()
            })
        })
    }

    /// Names, session id, alerts, offers.
    pub(super) fn texts(&self) -> Vec<Text> {
        let mut texts = Vec::new();
        let mut add = |kind: TextKind, octets: &[u8]| {
            if !octets.is_empty() {
                texts.push(super::kept::text((kind, octets)));
            }
        };
        add(TextKind::ServerName, self.kept.name());
        add(TextKind::SessionId, self.session());
        if let Some(cold) = self.colder() {
            let alerts: Vec<u8> = cold.alerts.iter().flat_map(|alert| alert.octets()).collect();
            add(TextKind::Alerts, &alerts);
            texts.extend(cold.offers.iter().cloned());
        }
        texts
    }

    /// legacy_session_id of the ServerHello: usually the client's, echoed.
    fn session(&self) -> &[u8] {
        if !self.saw(Saw::ServerHello) {
            return &[];
        }
        let own = self.colder().map_or(&[][..], |cold| &cold.session);
        if own.is_empty() && self.saw(Saw::SessionEchoed) { self.kept.session() } else { own }
    }

    /// Octets of this direction were lost: inside a record's body they are skipped by its length, else
    /// framing is lost (A8).
    pub(super) fn skip(&mut self, side: Side, count: u64) {
        let lane = &mut self.lanes[side];
        lane.set(Mark::Holed);
        if lane.is(Mark::Ssl2) || lane.is(Mark::Undecided) {
            return self.skip_ssl2(side, count);
        }
        if lane.is(Mark::Blind) && lane.walk.is_lost() {
            lane.offset += count;
            return;
        }
        let inside = lane.walk.is_in_body() && count <= u64::from(lane.walk.left());
        if lane.walk.is_in_body() {
            self.damage(side, if inside { count } else { u64::MAX });
        }
        let lane = &mut self.lanes[side];
        lane.offset += count;
        if !inside {
            return lane.go_blind();
        }
        lane.walk.pass(u32::try_from(count).unwrap_or(u32::MAX));
        if !lane.walk.is_in_body() {
            self.on_record(side);
        }
    }

    /// Octets of the current record's body were lost.
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
