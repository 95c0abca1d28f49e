//! What the observer hands over: facts, names, alerts, offers.

use super::observer::TlsObserver;
use super::state::Saw;
use crate::certificate::LeafCertificate;
use crate::handshake::{CryptoProfile, Evidence, TextKind, Texts, TlsProfile};
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
                evidence_outcome: if self.is_in_doubt() {
                    Evidence::NotVisible
                } else {
                    self.facts.evidence_outcome
                },
                ..self.facts.clone()
            })
        })
    }

    /// Names, session id, alerts, offers.
    pub(super) fn texts(&self) -> Texts {
        let (name, session) = (self.kept.name(), self.session());
        let count = usize::from(!name.is_empty()) + usize::from(!session.is_empty());
        let mut texts = Texts::with_room(count, name.len() + session.len());
        texts.push(TextKind::ServerName, name);
        texts.push(TextKind::SessionId, session);
        if let Some(cold) = self.colder() {
            let alerts: Vec<u8> = cold.alerts.iter().flat_map(|alert| alert.octets()).collect();
            texts.push(TextKind::Alerts, &alerts);
            texts.extend(cold.offers.iter().chain(&cold.fingerprints));
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
}
