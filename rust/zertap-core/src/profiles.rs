//! Each distinct negotiated profile once, numbered, bounded.

use crate::handshake::CryptoProfile;
use foldhash::quality::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// How many distinct profiles are remembered; traffic of a whole site shows a few hundred.
const LIMIT: usize = 16_384;

/// Interned profiles of one tap. Numbers are never used twice.
#[derive(Debug)]
pub struct Profiles {
    known: HashMap<Arc<CryptoProfile>, u32, RandomState>,
    next: u32,
    step: u32,
}

impl Default for Profiles {
    fn default() -> Self {
        Self::of_share(0, 1)
    }
}

impl Profiles {
    /// None yet; the first will have this number.
    pub fn numbered_from(first: u32) -> Self {
        Self { next: first, ..Self::default() }
    }

    /// Those of one tap of `count`, which never uses a number that another one uses.
    pub fn of_share(index: u32, count: u32) -> Self {
        Self { known: HashMap::default(), next: index, step: count }
    }

    /// The number of a profile, the same for equal profiles as long as both are remembered.
    ///
    /// Beyond the limit all are forgotten at once: an attacker who invents profiles costs numbers, not memory.
    pub fn intern(&mut self, profile: CryptoProfile) -> (u32, Arc<CryptoProfile>) {
        if let Some((shared, &number)) = self.known.get_key_value(&profile) {
            return (number, Arc::clone(shared));
        }
        if self.known.len() >= LIMIT {
            self.known.clear();
        }
        let shared = Arc::new(profile);
        let number = self.next;
        self.next = self.next.wrapping_add(self.step);
        self.known.insert(Arc::clone(&shared), number);
        (number, shared)
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}
