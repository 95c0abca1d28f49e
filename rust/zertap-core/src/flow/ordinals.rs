//! Which connection of the same addresses and ports comes next, where the last one lingers no longer.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

/// The ordinals of connections that no longer linger: bounded, the oldest forgotten first.
#[derive(Debug, Default)]
pub struct Ordinals {
    known: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
    order: VecDeque<u64>,
}

impl Ordinals {
    /// The ordinal of a new connection whose key has this hash.
    pub fn next(&self, hash: u64) -> u32 {
        if self.known.is_empty() { 1 } else { self.known.get(&hash).map_or(1, |last| last.saturating_add(1)) }
    }

    /// Remembers an ordinal; beyond `limit` the oldest is forgotten.
    pub fn remember(&mut self, hash: u64, ordinal: u32, limit: usize) {
        if let Some(known) = self.known.get_mut(&hash) {
            *known = ordinal;
            return;
        }
        // Before it comes: one more would double the room of all.
        if self.order.len() >= limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        if limit > 0 {
            self.known.insert(hash, ordinal);
            self.order.push_back(hash);
        }
    }
}

/// The key is a keyed hash already.
#[derive(Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        // Only `u64` keys are hashed; other writes fold in without losing octets.
        for octet in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*octet);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}
