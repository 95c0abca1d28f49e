//! Where connections stand: from a key's hash to the slot, one cache line a look-up in the usual case.
//!
//! Open addressing with linear probing over entries of eight octets, at most five eighths full; deletion closes the
//! gap, so no tombstones gather. An entry keeps 32 bits of the hash: its place follows from them, so that growing
//! reads no slot, and a look-up reads a slot only where they agree.
//!
//! The hash is NH of UMAC (RFC 4418 section 5.2) over the key's five words, reduced by a keyed multilinear sum. For
//! secret random words two given keys collide with a probability near 2^-32, whatever an attacker chose them to be; it
//! costs five multiplications.

use super::key::FlowKey;
use crate::prefetch::prefetch;
use siphasher::sip::SipHasher13;
use std::collections::TryReserveError;
use std::hash::Hasher;

/// The keyed hash of flow keys.
#[derive(Clone, Copy, Debug)]
pub struct FlowHash {
    words: [u64; 8],
}

impl FlowHash {
    /// The hash whose secret words follow from `key`.
    pub fn new(key: [u64; 2]) -> Self {
        let mut number = 0;
        let words = [0; 8].map(|_: u64| {
            number += 1;
            let mut sip = SipHasher13::new_with_keys(key[0], key[1]);
            sip.write_u64(number);
            sip.finish()
        });
        Self { words }
    }

    /// The hash of a key.
    #[inline]
    pub fn of(&self, key: &FlowKey) -> u64 {
        let [.., ports] = key.words();
        self.reduce(self.ends(key).wrapping_add(self.rest(ports)))
    }

    /// The hash of a key, and another one, independent of it, of the key without its lane.
    #[inline]
    pub fn with_laneless(&self, key: &FlowKey, others: [u64; 2]) -> (u64, u64) {
        let ([.., ports], ends) = (key.words(), self.ends(key));
        let hash = self.reduce(ends.wrapping_add(self.rest(ports)));
        (hash, reduce(ends.wrapping_add(self.rest(ports >> 32 << 32)), others))
    }

    #[inline]
    fn ends(&self, key: &FlowKey) -> u128 {
        let ([low0, low1, high0, high1, _], [k0, k1, k2, k3, ..]) = (key.words(), self.words);
        let [low, high] = [[(low0, k0), (low1, k1)], [(high0, k2), (high1, k3)]].map(|pair| {
            let [one, other] = pair.map(|(word, secret)| u128::from(word.wrapping_add(secret)));
            one.wrapping_mul(other)
        });
        low.wrapping_add(high)
    }

    #[inline]
    fn rest(&self, ports: u64) -> u128 {
        let [.., k4, k5, _, _] = self.words;
        u128::from(ports.wrapping_add(k4)).wrapping_mul(u128::from(k5))
    }

    #[inline]
    fn reduce(&self, sum: u128) -> u64 {
        let [.., k6, k7] = self.words;
        reduce(sum, [k6, k7])
    }
}

#[inline]
fn reduce(sum: u128, [one, other]: [u64; 2]) -> u64 {
    let (low, high) = (sum as u64, (sum >> 64) as u64);
    // The upper half of a multilinear sum is the one that is close to uniform.
    low.wrapping_mul(one | 1).wrapping_add(high.wrapping_mul(other | 1)).rotate_left(32)
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    tag: u32,
    slot: u32,
}

const VACANT: u32 = u32::MAX;
const NOTHING: Entry = Entry { tag: 0, slot: VACANT };
const FIRST_CAPACITY: usize = 1024;

/// From hashes to slot numbers. A number may be anything but `u32::MAX`.
#[derive(Debug)]
pub struct Index {
    entries: Vec<Entry>,
    mask: usize,
    len: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self { entries: vec![NOTHING; FIRST_CAPACITY], mask: FIRST_CAPACITY - 1, len: 0 }
    }
}

impl Index {
    /// Asks for the memory that a look-up of this hash will read.
    #[inline]
    pub fn expect(&self, hash: u64) {
        if let Some(entry) = self.entries.get(self.home(tag(hash))) {
            prefetch(entry);
        }
    }

    /// The first number under this hash that `is_it` accepts.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let tag = tag(hash);
        let mut at = self.home(tag);
        loop {
            let entry = self.entries.get(at)?;
            if entry.slot == VACANT {
                return None;
            }
            if entry.tag == tag && is_it(entry.slot) {
                return Some(entry.slot);
            }
            at = (at + 1) & self.mask;
        }
    }

    /// Adds a number under a hash.
    pub fn insert(&mut self, hash: u64, slot: u32) {
        self.add(Entry { tag: tag(hash), slot });
    }

    fn add(&mut self, entry: Entry) {
        if (self.len + 1) * 8 > self.entries.len() * 5 {
            self.grow();
        }
        self.place(entry);
        self.len += 1;
    }

    /// Puts a number in the place of another under the same hash, or adds it where that one is not.
    pub fn replace(&mut self, hash: u64, slot: u32, by: u32) {
        match self.at(hash, slot) {
            Some(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    entry.slot = by;
                }
            }
            None => self.insert(hash, by),
        }
    }

    /// Takes a number out again, if it is there.
    pub fn remove(&mut self, hash: u64, slot: u32) {
        let Some(at) = self.at(hash, slot) else { return };
        self.len -= 1;
        self.close(at);
    }

    /// Where a number stands.
    fn at(&self, hash: u64, slot: u32) -> Option<usize> {
        let mut at = self.home(tag(hash));
        loop {
            match self.entries.get(at) {
                Some(entry) if entry.slot == slot => return Some(at),
                Some(entry) if entry.slot != VACANT => at = (at + 1) & self.mask,
                _ => return None,
            }
        }
    }

    /// Lets all numbers go that are not wanted, in one pass.
    pub fn keep(&mut self, is_wanted: impl Fn(u32) -> bool) {
        let kept: Vec<Entry> = self
            .entries
            .iter()
            .copied()
            .filter(|entry| entry.slot != VACANT && is_wanted(entry.slot))
            .collect();
        // It was as large as it had to be; what is kept may need far less.
        *self = Self::default();
        for entry in kept {
            self.add(entry);
        }
    }

    #[inline]
    fn home(&self, tag: u32) -> usize {
        tag as usize & self.mask
    }

    fn place(&mut self, entry: Entry) {
        let mut at = self.home(entry.tag);
        while let Some(found) = self.entries.get_mut(at) {
            if found.slot == VACANT {
                *found = entry;
                return;
            }
            at = (at + 1) & self.mask;
        }
    }

    /// Moves entries back over the hole at `hole` that would not be found behind it.
    fn close(&mut self, mut hole: usize) {
        let mut at = hole;
        loop {
            at = (at + 1) & self.mask;
            let Some(&entry) = self.entries.get(at) else { return };
            if entry.slot == VACANT {
                break;
            }
            let distance = at.wrapping_sub(self.home(entry.tag)) & self.mask;
            if distance >= at.wrapping_sub(hole) & self.mask {
                if let Some(place) = self.entries.get_mut(hole) {
                    *place = entry;
                }
                hole = at;
            }
        }
        if let Some(place) = self.entries.get_mut(hole) {
            *place = NOTHING;
        }
    }

    /// Makes room for so many more numbers, unless there is no memory for it.
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        while (self.len + more) * 8 > self.entries.len() * 5 {
            self.entries.try_reserve_exact(self.entries.len())?;
            self.widen();
        }
        Ok(())
    }

    #[cold]
    fn grow(&mut self) {
        self.entries.reserve_exact(self.entries.len());
        self.widen();
    }

    /// Doubles the table in place, so that what it has of memory stays its own: each entry stays near, or moves by half of
    /// the new table.
    fn widen(&mut self) {
        let old = self.entries.len();
        self.entries.resize(2 * old, NOTHING);
        self.mask = 2 * old - 1;
        // A cluster may have gone around the old end: what stands before the first vacant place waits aside.
        let first = self.entries.iter().take_while(|entry| entry.slot != VACANT).count();
        let aside: Vec<Entry> =
            self.entries.iter_mut().take(first).map(|entry| std::mem::replace(entry, NOTHING)).collect();
        // Each of the others finds its new place at the latest where it stood: all before it in its cluster have been placed.
        for at in first..old {
            if let Some(entry) = self.entries.get_mut(at)
                && entry.slot != VACANT
            {
                let entry = std::mem::replace(entry, NOTHING);
                self.place(entry);
            }
        }
        for entry in aside {
            self.place(entry);
        }
    }
}

#[inline]
fn tag(hash: u64) -> u32 {
    hash as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[derive(Clone, Debug)]
    enum Act {
        Insert(u8, u32),
        Remove(usize),
        Replace(usize, u32),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (any::<u8>(), 0_u32..1000).prop_map(|(hash, slot)| Act::Insert(hash, slot)),
            any::<usize>().prop_map(Act::Remove),
            (any::<usize>(), 0_u32..1000).prop_map(|(which, slot)| Act::Replace(which, slot))
        ]
    }

    fn chosen(model: &HashMap<u32, u64>, which: usize) -> Option<(u32, u64)> {
        let mut known: Vec<_> = model.iter().map(|(slot, hash)| (*slot, *hash)).collect();
        known.sort_unstable();
        known.get(which % known.len().max(1)).copied()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        /// Few different hashes near the end of the table: long clusters that wrap around.
        #[test]
        fn it_finds_what_was_put_in_and_not_what_was_taken_out(acts in prop::collection::vec(act(), 0..300)) {
            let mut index = Index::default();
            let mut model: HashMap<u32, u64> = HashMap::new();
            for act in acts {
                match act {
                    Act::Insert(hash, slot) => {
                        let hash = u64::from(hash % 16) + FIRST_CAPACITY as u64 - 8;
                        if let std::collections::hash_map::Entry::Vacant(place) = model.entry(slot) {
                            place.insert(hash);
                            index.insert(hash, slot);
                        }
                    }
                    Act::Remove(which) => {
                        if let Some((slot, hash)) = chosen(&model, which) {
                            index.remove(hash, slot);
                            model.remove(&slot);
                            prop_assert_eq!(index.find(hash, |other| other == slot), None);
                        }
                    }
                    Act::Replace(which, by) => {
                        if let Some((slot, hash)) = chosen(&model, which).filter(|_| !model.contains_key(&by)) {
                            index.replace(hash, slot, by);
                            model.remove(&slot);
                            model.insert(by, hash);
                            prop_assert_eq!(index.find(hash, |other| other == slot), None);
                        }
                    }
                }
                prop_assert_eq!(index.len, model.len());
                for (slot, hash) in &model {
                    prop_assert_eq!(index.find(*hash, |other| other == *slot), Some(*slot));
                }
            }
        }
    }

    /// Clusters at the end of the table that go around it, when it grows and when it does not.
    #[test]
    fn a_table_that_grows_in_place_loses_nothing() {
        for spread in [1, 3, 64, 1 << 20] {
            let hash = |slot: u32| {
                u64::from(slot.wrapping_mul(0x9e37_79b1) % spread).wrapping_sub(u64::from(spread / 2 + 1))
            };
            let mut index = Index::default();
            for slot in 0..3000 {
                index.insert(hash(slot), slot);
                if slot % 3 == 0 {
                    index.remove(hash(slot / 2), slot / 2);
                }
            }
            let gone: std::collections::HashSet<u32> = (0..3000).step_by(3).map(|slot| slot / 2).collect();
            for slot in 0..3000 {
                let found = index.find(hash(slot), |other| other == slot);
                assert_eq!(found.is_none(), gone.contains(&slot), "{spread} {slot}");
            }
            assert_eq!(index.len, 3000 - gone.len());
            assert!(index.entries.len() >= 2 * FIRST_CAPACITY);
        }
    }

    #[test]
    fn what_is_not_wanted_goes_and_the_rest_is_found() {
        let mut index = Index::default();
        for slot in 0..500 {
            index.insert(u64::from(slot % 7), slot);
        }
        index.keep(|slot| slot % 3 == 0);
        assert_eq!(index.len, 167);
        for slot in 0..500 {
            let found = index.find(u64::from(slot % 7), |other| other == slot);
            assert_eq!(found, (slot % 3 == 0).then_some(slot));
        }
    }

    #[test]
    fn it_grows_and_still_finds_everything() {
        let mut index = Index::default();
        let hash = |slot: u32| u64::from(slot).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for slot in 0..10_000 {
            index.insert(hash(slot), slot);
        }
        assert_eq!(index.len, 10_000);
        assert!((0..10_000).all(|slot| index.find(hash(slot), |other| other == slot) == Some(slot)));
        assert!(index.entries.len() >= 16_000);
    }
}
