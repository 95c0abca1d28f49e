//! What was settled of connections, once where it is equal: a connection that lives on keeps a pointer.
//!
//! Servers settle the same with nearly all of their clients. What was settled lately is remembered in places that follow
//! from its hash; another thing in the same place takes it. So memory is bounded whatever names an attacker invents, and
//! what is forgotten is only written again.

use crate::event::{Facts, Settled};
use crate::handshake::Findings;
use crate::profiles::Profiles;
use foldhash::quality::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

/// Facts remembered: combinations of profile, certificates, banners and faults.
const FACTS: usize = 1024;
/// Facts with server name and session id remembered; where the ids are random, each comes once.
const WHOLE: usize = 256;

/// What was settled lately.
#[derive(Debug, Default)]
pub struct Settlements {
    facts: Vec<Option<Arc<Facts>>>,
    whole: Vec<Option<Arc<Settled>>>,
    hasher: RandomState,
}

impl Settlements {
    /// What an observer found, in memory that others may share.
    pub fn settle(&mut self, mut findings: Findings, profiles: &mut Profiles) -> Arc<Settled> {
        let (own, session_length) = findings.texts.take_own();
        let texts = findings.texts;
        let facts = Facts {
            profile: findings.profile.map(|profile| profiles.intern(profile)),
            fault: findings.fault,
            gave_up: findings.gave_up,
            protocol_client: findings.client,
            server_certificate: findings.server_certificate,
            client_certificate: findings.client_certificate,
            session_length,
            texts,
        };
        let hash = self.hash_of(&facts);
        let known = place(&mut self.facts, FACTS, hash);
        let facts = match known {
            Some(known) if is_same(known, &facts) => Arc::clone(known),
            _ => Arc::clone(known.insert(Arc::new(facts.shrunk()))),
        };
        self.with_own(facts, own)
    }

    fn with_own(&mut self, facts: Arc<Facts>, own: Box<[u8]>) -> Arc<Settled> {
        let hash = self.hasher.hash_one((Arc::as_ptr(&facts).addr(), &own));
        let known = place(&mut self.whole, WHOLE, hash);
        match known {
            Some(known) if Arc::ptr_eq(known.facts(), &facts) && *known.own() == *own => Arc::clone(known),
            _ => Arc::clone(known.insert(Arc::new(Settled::new(facts, own)))),
        }
    }

    fn hash_of(&self, facts: &Facts) -> u64 {
        let mut state = self.hasher.build_hasher();
        let certificate = facts.server_certificate.as_ref().map_or(0, |leaf| Arc::as_ptr(leaf).addr());
        let profile = facts.profile.as_ref().map_or(u32::MAX, |(number, _)| *number);
        state.write_u64(certificate as u64);
        state.write_u64(u64::from(profile) << 8 | facts.fault as u64);
        facts.texts.run().hash(&mut state);
        state.finish()
    }
}

/// Whether what is known are these facts: of what is shared already, the same, so nothing of it is read.
fn is_same(known: &Facts, facts: &Facts) -> bool {
    let profile = match (&known.profile, &facts.profile) {
        (Some((number, known)), Some((other, profile))) => number == other && Arc::ptr_eq(known, profile),
        (known, other) => known.is_none() && other.is_none(),
    };
    profile
        && (known.fault, known.gave_up, known.protocol_client)
            == (facts.fault, facts.gave_up, facts.protocol_client)
        && is_same_leaf(known.server_certificate.as_ref(), facts.server_certificate.as_ref())
        && is_same_leaf(known.client_certificate.as_ref(), facts.client_certificate.as_ref())
        && (known.session_length, &known.texts) == (facts.session_length, &facts.texts)
}

fn is_same_leaf<T>(known: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    known.map(Arc::as_ptr) == other.map(Arc::as_ptr)
}

/// Where something with this hash is remembered, among `size` places that are made when they are first needed.
fn place<T>(places: &mut Vec<Option<T>>, size: usize, hash: u64) -> &mut Option<T> {
    if places.is_empty() {
        places.resize_with(size, || None);
    }
    let at = hash as usize % places.len();
    &mut places[at]
}
