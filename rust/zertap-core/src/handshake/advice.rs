//! What a provider says of a connection that it protects: a program that terminates TLS or SSH knows what no observer
//! can see.
//!
//! zERT's second source. Where provider and observation both speak of a fact, the provider's word stands: it is an end
//! of the connection, the observer only looks on. What the provider does not mention stays as it was observed.

use super::{
    CryptoProfile, Evidence, Fault, Findings, Phase, Side, SshProfile, Text, Texts, TlsProfile, TlsShape,
};
use crate::certificate::LeafCertificate;
use std::sync::Arc;

/// How the handshake ended, or what became of its protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both sides finished the handshake.
    Complete,
    /// It did not complete.
    Failed,
    /// It was complete, and data flows in clear since.
    ThenClear,
}

/// A provider's facts about one connection. What is absent (`None`, zero, false) was not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What is protected by, and the facts that protect.
    pub profile: CryptoProfile,
    /// How the handshake ended.
    pub outcome: Option<Outcome>,
    /// Why it failed.
    pub fault: Fault,
    /// Who gave up.
    pub gave_up: Option<Side>,
    /// Who acts as the protocol's client.
    pub client: Option<Side>,
    /// Leaf certificate of the protocol's server.
    pub server_certificate: Option<Arc<LeafCertificate>>,
    /// Leaf certificate of the protocol's client.
    pub client_certificate: Option<Arc<LeafCertificate>>,
    /// Names, banners.
    pub texts: Vec<Text>,
}

impl Advice {
    /// The phase that its outcome amounts to. SSH has no way back to clear data.
    pub const fn phase(&self) -> Option<Phase> {
        Some(match (&self.profile, self.outcome) {
            (_, None) | (CryptoProfile::Ssh(_), Some(Outcome::ThenClear)) => return None,
            (CryptoProfile::Tls(_), Some(Outcome::Complete)) => Phase::TlsComplete,
            (CryptoProfile::Tls(_), Some(Outcome::Failed)) => Phase::TlsFailed,
            (CryptoProfile::Tls(_), Some(Outcome::ThenClear)) => Phase::TlsThenClear,
            (CryptoProfile::Ssh(_), Some(Outcome::Complete)) => Phase::SshComplete,
            (CryptoProfile::Ssh(_), Some(Outcome::Failed)) => Phase::SshFailed,
        })
    }

    /// This advice, and what was said later: the later word stands.
    #[must_use]
    pub fn and(self, later: &Advice) -> Advice {
        let mut findings = self.clone().into_findings();
        later.lay_over(&mut findings);
        Advice {
            profile: findings.profile.unwrap_or(self.profile),
            outcome: later.outcome.or(self.outcome),
            fault: findings.fault,
            gave_up: findings.gave_up,
            client: findings.client,
            server_certificate: findings.server_certificate,
            client_certificate: findings.client_certificate,
            texts: findings.texts.to_vec(),
        }
    }

    /// Puts what the provider says in the place of what was observed.
    pub fn lay_over(&self, findings: &mut Findings) {
        let profile = match (findings.profile.take(), &self.profile) {
            (Some(CryptoProfile::Tls(seen)), CryptoProfile::Tls(told)) => {
                CryptoProfile::Tls(tls_over(seen, told))
            }
            (Some(CryptoProfile::Ssh(seen)), CryptoProfile::Ssh(told)) => {
                CryptoProfile::Ssh(Box::new(ssh_over(*seen, told)))
            }
            (_, CryptoProfile::Tls(told)) => CryptoProfile::Tls(tls_over(TlsProfile::default(), told)),
            (_, CryptoProfile::Ssh(told)) => {
                CryptoProfile::Ssh(Box::new(ssh_over(SshProfile::default(), told)))
            }
        };
        findings.profile = Some(self.with_traits(profile));
        match self.outcome {
            Some(Outcome::Complete | Outcome::ThenClear) => {
                (findings.fault, findings.gave_up) = (Fault::None, None);
            }
            Some(Outcome::Failed) if self.fault != Fault::None => findings.fault = self.fault,
            _ => {}
        }
        over(&mut findings.gave_up, self.gave_up.as_ref());
        over(&mut findings.client, self.client.as_ref());
        over(&mut findings.server_certificate, self.server_certificate.as_ref());
        over(&mut findings.client_certificate, self.client_certificate.as_ref());
        findings.texts.drop_kinds(|kind| self.texts.iter().any(|told| told.kind as u8 == kind));
        findings.texts.extend(&self.texts);
    }

    /// The traits of its certificates, and how the outcome is known.
    fn with_traits(&self, mut profile: CryptoProfile) -> CryptoProfile {
        match &mut profile {
            CryptoProfile::Tls(tls) => {
                for (place, leaf) in [
                    (&mut tls.server_certificate, &self.server_certificate),
                    (&mut tls.client_certificate, &self.client_certificate),
                ] {
                    if let Some(leaf) = leaf {
                        *place = Some(leaf.traits.clone());
                        tls.evidence_certificates = Evidence::Advised;
                    }
                }
                if self.outcome.is_some() {
                    tls.evidence_outcome = Evidence::Advised;
                }
            }
            CryptoProfile::Ssh(ssh) => {
                if self.outcome.is_some() {
                    ssh.evidence_outcome = Evidence::Advised;
                }
            }
        }
        profile
    }

    fn into_findings(self) -> Findings {
        let mut texts = Texts::default();
        texts.extend(&self.texts);
        Findings {
            profile: Some(self.profile),
            fault: self.fault,
            gave_up: self.gave_up,
            client: self.client,
            server_certificate: self.server_certificate,
            client_certificate: self.client_certificate,
            texts,
            ..Findings::default()
        }
    }
}

/// Takes a value where one was told; whether it was.
fn over<T: Clone>(place: &mut Option<T>, told: Option<&T>) -> bool {
    if let Some(told) = told {
        *place = Some(told.clone());
    }
    told.is_some()
}

fn known(evidence: &mut Evidence, is_told: bool) {
    if is_told {
        *evidence = Evidence::Advised;
    }
}

fn tls_over(mut seen: TlsProfile, told: &TlsProfile) -> TlsProfile {
    seen.provider.clone_from(&told.provider);
    if told.version != 0 {
        seen.version = told.version;
    }
    let suite = over(&mut seen.cipher, told.cipher.as_ref());
    known(&mut seen.evidence_parameters, suite || told.version != 0);
    known(&mut seen.evidence_group, over(&mut seen.group, told.group.as_ref()));
    over(&mut seen.dh_bits, told.dh_bits.as_ref());
    over(&mut seen.signature_scheme, told.signature_scheme.as_ref());
    if told.shape != TlsShape::Unknown {
        seen.shape = told.shape;
    }
    known(&mut seen.evidence_shape, told.shape != TlsShape::Unknown);
    known(&mut seen.evidence_alpn, over(&mut seen.alpn, told.alpn.as_ref()));
    over(&mut seen.extended_master_secret, told.extended_master_secret.as_ref());
    over(&mut seen.encrypt_then_mac, told.encrypt_then_mac.as_ref());
    over(&mut seen.compression, told.compression.as_ref());
    over(&mut seen.client_certificate_requested, told.client_certificate_requested.as_ref());
    seen
}

fn ssh_over(mut seen: SshProfile, told: &SshProfile) -> SshProfile {
    seen.provider.clone_from(&told.provider);
    if told.version != 0 {
        seen.version = told.version;
    }
    let mut is_told = false;
    for (place, told) in [
        (&mut seen.kex, &told.kex),
        (&mut seen.host_key, &told.host_key),
        (&mut seen.cipher_c2s, &told.cipher_c2s),
        (&mut seen.cipher_s2c, &told.cipher_s2c),
        (&mut seen.mac_c2s, &told.mac_c2s),
        (&mut seen.mac_s2c, &told.mac_s2c),
        (&mut seen.compression_c2s, &told.compression_c2s),
        (&mut seen.compression_s2c, &told.compression_s2c),
    ] {
        is_told |= over(place, told.as_ref());
    }
    known(&mut seen.evidence_algorithms, is_told);
    over(&mut seen.host_key_type, told.host_key_type.as_ref());
    over(&mut seen.host_key_bits, told.host_key_bits.as_ref());
    seen
}
