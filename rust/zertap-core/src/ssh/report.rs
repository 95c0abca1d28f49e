//! What the observer knows, in the words that all observers share.

use super::kexinit::KexInit;
use super::observer::SshObserver;
use super::ssh1;
use crate::handshake::{
    CryptoProfile, Evidence, Fault, Findings, Flag, Flags, HostKey, Kept, Outline, PerSide, Phase, Side,
    SshProfile, TextKind, Texts, outcome,
};
use std::sync::Arc;

impl SshObserver {
    /// Everything learned so far.
    pub(super) fn report(&self) -> Findings {
        Findings {
            profile: self.profile().map(|profile| CryptoProfile::Ssh(Box::new(profile))),
            fault: self.reported_fault(),
            gave_up: self.gave_up,
            flags: self.reported_flags(),
            client: Some(self.client),
            texts: self.texts(),
            handshake_octets: self.handshake_octets(),
            ..Findings::default()
        }
    }

    /// The findings in a few numbers; `None` where they are more than that.
    pub fn outline(&self) -> Option<Outline<'_>> {
        let agreed = self.agreed.as_ref().filter(|_| self.version != 1)?;
        if self.options.offers || self.options.fingerprints {
            return None;
        }
        let kept = Kept::Ssh(agreed, self.host_key());
        let [protocol, agreed, key] = kept.places();
        let told = outcome(self.reported_fault(), self.gave_up, Some(self.client), self.outcome_evidence());
        let words = [agreed, key, told | protocol << 25, 0, 0, 0, 0, 0];
        let lines = [self.client, self.client.other()].map(|side| self.sides[side].line());
        Some(Outline { words, kept, lines, name: &[], session: &[], flags: self.reported_flags() })
    }

    fn profile(&self) -> Option<SshProfile> {
        let version = self.version;
        let mut profile = match self.agreed.as_deref() {
            Some(agreed) => agreed.profile.clone(),
            None if version == 0 => return None,
            None => SshProfile { version, ..SshProfile::default() },
        };
        if version == 1 {
            self.fill_ssh1(&mut profile);
        }
        if let Some(key) = self.host_key() {
            profile.host_key_type = Some(key.name.clone());
            profile.host_key_bits = key.bits;
        }
        profile.evidence_outcome = self.outcome_evidence();
        Some(profile)
    }

    /// SSH-1 negotiates one cipher for both directions; its host keys are always RSA.
    fn fill_ssh1(&self, profile: &mut SshProfile) {
        if let Some(cipher) = self.sides[self.client].said.cipher {
            profile.cipher_c2s = Some(ssh1::cipher_name(cipher));
            profile.cipher_s2c.clone_from(&profile.cipher_c2s);
            profile.evidence_algorithms = Evidence::Negotiated;
        }
        profile.host_key = self.host_key().map(|key| key.name.clone());
    }

    fn host_key(&self) -> Option<&Arc<HostKey>> {
        let said = &self.sides[self.client.other()].said;
        let (family, misguessed) = match self.agreed.as_deref() {
            Some(agreed) => (agreed.family, agreed.server_misguessed),
            None => (super::facts::KexFamily::Unknown, false),
        };
        said.host_key.as_ref().or_else(|| said.trace.host_key(family, misguessed))
    }

    fn outcome_evidence(&self) -> Evidence {
        match self.phase {
            Phase::SshComplete if self.is_inferred() || self.version == 1 => Evidence::Inferred,
            Phase::SshComplete => Evidence::Negotiated,
            Phase::SshFailed if self.fault == Fault::Disconnect => Evidence::Negotiated,
            Phase::SshFailed => Evidence::Inferred,
            _ => Evidence::NotVisible,
        }
    }

    fn reported_fault(&self) -> Fault {
        let nothing_common = self.agreed.as_deref().is_some_and(|agreed| agreed.nothing_common);
        if self.phase == Phase::SshAgreed && nothing_common { Fault::NoCommonAlgorithm } else { self.fault }
    }

    fn reported_flags(&self) -> Flags {
        let [a, b] = Side::BOTH.map(|side| &self.sides[side]);
        let mut flags = self.flags.union(a.flags()).union(b.flags());
        if let Some(agreed) = self.agreed.as_deref() {
            if agreed.profile.strict_kex && (a.said.noise || b.said.noise) {
                flags.insert(Flag::StrictKexNoise);
            }
            if agreed.client_misguessed || agreed.server_misguessed {
                flags.insert(Flag::WrongKexGuess);
            }
        }
        flags
    }

    fn texts(&self) -> Texts {
        let (client, server) = (&self.sides[self.client], &self.sides[self.client.other()]);
        let [ours, theirs] = [client, server].map(|direction| direction.said.kexinit.as_deref());
        let wants_hassh = self.options.fingerprints;
        let hassh = ours.filter(|_| wants_hassh).and_then(super::hassh::of_client);
        let hassh_server = theirs.filter(|_| wants_hassh).and_then(super::hassh::of_server);
        let said = [
            (TextKind::ClientBanner, Some(client.line())),
            (TextKind::ServerBanner, Some(server.line())),
            (TextKind::HostKeyFingerprint, self.host_key().map(|key| &key.fingerprint[..])),
            (TextKind::ClientKexInit, ours.filter(|_| self.options.offers).map(KexInit::joined)),
            (TextKind::ServerKexInit, theirs.filter(|_| self.options.offers).map(KexInit::joined)),
            (TextKind::Hassh, hassh.as_deref()),
            (TextKind::HasshServer, hassh_server.as_deref()),
        ];
        let octets = said.iter().filter_map(|(_, octets)| octets.map(<[u8]>::len)).sum();
        let mut texts = Texts::with_room(said.len(), octets);
        for (kind, octets) in said {
            texts.push(kind, octets.unwrap_or_default());
        }
        texts
    }

    fn handshake_octets(&self) -> PerSide<u64> {
        if self.phase == Phase::SshComplete {
            PerSide(Side::BOTH.map(|side| self.sides[side].mark().unwrap_or(0)))
        } else {
            PerSide::default()
        }
    }
}
