//! What the observer hands over: facts, names, alerts, offers.

use super::kept::Cold;
use super::observer::TlsObserver;
use super::state::Saw;
use crate::certificate::LeafCertificate;
use crate::handshake::{CryptoProfile, Evidence, Kept, Outline, TextKind, Texts, TlsProfile, outcome};
use std::sync::Arc;

impl TlsObserver {
    /// The negotiated facts; `None` before anything was negotiated.
    pub(super) fn profile(&self) -> Option<CryptoProfile> {
        let traits = |leaf: &Option<Arc<LeafCertificate>>| leaf.as_ref().map(|leaf| leaf.traits.clone());
        self.is_anything_settled().then(|| {
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

    /// Whether anything was negotiated.
    fn is_anything_settled(&self) -> bool {
        self.saw(Saw::ServerHello) || self.saw(Saw::Retry) || self.phase().is_complete()
    }

    /// The findings in a few numbers; `None` where they are more than that.
    #[inline]
    pub fn outline(&self) -> Option<Outline<'_>> {
        if self.colder().is_some_and(Cold::has_texts) {
            return None;
        }
        let mut evidence = self.facts.evidence_outcome;
        if self.is_in_doubt() {
            evidence = Evidence::NotVisible;
        }
        let client = self.saw(Saw::RoleKnown).then_some(self.client);
        let kept = Kept::Tls(
            [&self.certificates[self.server()], &self.certificates[self.client]].map(Option::as_ref),
        );
        let [parameters, exchange, small] = self.facts.numbers();
        let [low, high] = self.facts.alpn_numbers()?;
        let [protocol, server, own] = kept.places();
        let told = outcome(self.fault, self.gave_up, client, evidence)
            | u64::from(self.is_anything_settled()) << 24
            | protocol << 25;
        let words = [parameters, exchange, small, low, high, told, server, own];
        let (name, session) = (self.kept.name(), self.session());
        Some(Outline { words, kept, lines: [&[]; 2], name, session, flags: self.flags })
    }

    /// Names, session id, alerts, offers.
    pub(super) fn texts(&self) -> Texts {
        let (name, session) = (self.kept.name(), self.session());
        let mut texts = Texts::of_one(name, session);
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
