//! Where connections stand: from a key's hash to the slot, one cache line a look-up in the usual case.
//!
//! Open addressing with linear probing over entries of eight octets, at most five eighths full; deletion closes the
//! gap, so no tombstones gather. An entry keeps 32 bits of the hash: its place follows from them, so that growing
//! reads no slot, and a look-up reads a slot only where they agree.
//!
//! The hash is Multilinear-HM (Lemire and Kaser, "Strongly universal string hashing is fast", Computer Journal 57, 2014):
//! over pairs (s, t) of the key's pieces of 32 bits the sum of (k + s)(k' + t), and one more secret number, all of 64 bits
//! and modulo 2^64; its upper half is strongly universal. For secret random numbers two given keys collide in it with a
//! probability of 2^-32, whatever an attacker chose them to be, and in all 64 bits with 2^-33 at most. It costs five
//! multiplications; between IPv4 addresses two, because three pairs are the same for all of them.

use super::key::FlowKey;
use crate::prefetch::prefetch;
use siphasher::sip::SipHasher13;
use std::collections::TryReserveError;
use std::hash::Hasher;

/// The keyed hash of flow keys.
#[derive(Clone, Copy, Debug)]
pub struct FlowHash {
    /// Of each pair of pieces, see `pairs`.
    secrets: [[u64; 2]; 5],
    /// What is added to the products.
    addend: u64,
    /// The same with the products of the pairs that are equal in all keys between IPv4 addresses.
    addend_of_ipv4: u64,
}

/// The pieces of a key, in pairs: those of the two addresses that stand at one place, then the ports and the lane. The first
/// three follow from the addresses' being IPv4.
#[inline]
fn pairs(key: &FlowKey) -> [[u64; 2]; 5] {
    let [low0, low1, high0, high1, ports] = key.words();
    let (upper, lower) = (|word: u64| word >> 32, |word: u64| word & 0xffff_ffff);
    [
        [upper(low0), upper(high0)],
        [lower(low0), lower(high0)],
        [upper(low1), upper(high1)],
        [lower(low1), lower(high1)],
        [upper(ports), lower(ports)],
    ]
}

/// What one pair adds.
#[inline]
fn product([piece, other]: [u64; 2], [secret, other_secret]: [u64; 2]) -> u64 {
    piece.wrapping_add(secret).wrapping_mul(other.wrapping_add(other_secret))
}

impl FlowHash {
    /// The hash whose secret numbers follow from `key`.
    pub fn new(key: [u64; 2]) -> Self {
        let mut number = 0;
        let mut secret = || {
            number += 1;
            let mut sip = SipHasher13::new_with_keys(key[0], key[1]);
            sip.write_u64(number);
            sip.finish()
        };
        let (secrets, addend) = ([(); 5].map(|()| [secret(), secret()]), secret());
        let [first, second, third, ..] = pairs(&FlowKey::between_ipv4(0, 0, 0, 0));
        let alike = product(first, secrets[0])
            .wrapping_add(product(second, secrets[1]))
            .wrapping_add(product(third, secrets[2]));
        Self { secrets, addend, addend_of_ipv4: alike.wrapping_add(addend) }
    }

    /// The hash of a key.
    #[inline]
    pub fn of(&self, key: &FlowKey) -> u64 {
        let products = pairs(key).into_iter().zip(self.secrets).map(|(pair, secrets)| product(pair, secrets));
        // The upper half comes first: it is the one that is strongly universal.
        products.fold(self.addend, u64::wrapping_add).rotate_left(32)
    }

    /// The same of a key between IPv4 addresses.
    #[inline]
    pub fn of_ipv4(&self, key: &FlowKey) -> u64 {
        let ([.., addresses, ports], [.., third, fourth]) = (pairs(key), self.secrets);
        let products = product(addresses, third).wrapping_add(product(ports, fourth));
        self.addend_of_ipv4.wrapping_add(products).rotate_left(32)
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    tag: u32,
    slot: u32,
}

/// What stands in a vacant place: no number.
const VACANT: u32 = u32::MAX;
const NOTHING: Entry = Entry { tag: 0, slot: VACANT };
const FIRST_CAPACITY: usize = 1024;

/// From hashes to slot numbers. A number may be anything but `u32::MAX`.
#[derive(Debug)]
pub struct Index {
    /// A power of two of them.
    entries: Vec<Entry>,
    len: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self { entries: vec![NOTHING; FIRST_CAPACITY], len: 0 }
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
            at = (at + 1) & self.mask();
        }
    }

    /// The first number under this hash, or `VACANT`.
    #[inline]
    pub fn first(&self, hash: u64) -> u32 {
        let tag = tag(hash);
        let mut at = self.home(tag);
        while let Some(entry) = self.entries.get(at) {
            // A vacant place with the same tag says itself that it is none.
            if entry.tag == tag || entry.slot == VACANT {
                return entry.slot;
            }
            at = (at + 1) & self.mask();
        }
        VACANT
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
                Some(entry) if entry.slot != VACANT => at = (at + 1) & self.mask(),
                _ => return None,
            }
        }
    }

    /// Lets all numbers go that are not wanted, in one pass.
    pub fn keep(&mut self, is_wanted: impl Fn(u32) -> bool) {
        let is_kept = |entry: &Entry| entry.slot != VACANT && is_wanted(entry.slot);
        let kept = self.entries.iter().filter(|entry| is_kept(entry)).count();
        if kept * 8 > self.entries.len() {
            self.keep_in_place(kept, is_wanted);
            return;
        }
        // It was as large as it had to be; what is kept needs far less.
        let all = std::mem::take(self).entries;
        all.into_iter().filter(is_kept).for_each(|entry| self.add(entry));
    }

    /// The same where what is kept is much.
    fn keep_in_place(&mut self, kept: usize, is_wanted: impl Fn(u32) -> bool) {
        self.len = kept;
        for at in 0..self.entries.len() {
            // What takes the place of one that goes is looked at too: it stood behind it, or was looked at before.
            while self.entries.get(at).is_some_and(|entry| entry.slot != VACANT && !is_wanted(entry.slot)) {
                self.close(at);
            }
        }
    }

    /// What of a number says a place: of the length itself, so that no place needs a look whether it is there.
    #[inline]
    fn mask(&self) -> usize {
        self.entries.len().wrapping_sub(1)
    }

    #[inline]
    fn home(&self, tag: u32) -> usize {
        tag as usize & self.mask()
    }

    fn place(&mut self, entry: Entry) {
        let mut at = self.home(entry.tag);
        while let Some(found) = self.entries.get_mut(at) {
            if found.slot == VACANT {
                *found = entry;
                return;
            }
            at = (at + 1) & self.mask();
        }
    }

    /// Moves entries back over the hole at `hole` that would not be found behind it.
    fn close(&mut self, mut hole: usize) {
        let mut at = hole;
        loop {
            at = (at + 1) & self.mask();
            let Some(&entry) = self.entries.get(at) else { return };
            if entry.slot == VACANT {
                break;
            }
            let distance = at.wrapping_sub(self.home(entry.tag)) & self.mask();
            if distance >= at.wrapping_sub(hole) & self.mask() {
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
    use crate::wire::Corners;
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

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        /// Much and little of what is there, in clusters around the end of the table too.
        #[test]
        fn what_is_kept_is_found_and_nothing_else(
            count in 1_u32..600, spread in 1_u64..2000, first: u64, wanted in 1_u32..9, of in 1_u32..9,
        ) {
            let hash = |slot: u32| first.wrapping_add(u64::from(slot.wrapping_mul(0x9e37_79b1)) % spread);
            let is_wanted = |slot: u32| slot % of < wanted;
            let mut index = Index::default();
            (0..count).for_each(|slot| index.insert(hash(slot), slot));
            index.keep(is_wanted);
            prop_assert_eq!(index.len, (0..count).filter(|slot| is_wanted(*slot)).count());
            for slot in 0..count {
                let found = index.find(hash(slot), |other| other == slot);
                prop_assert_eq!(found, is_wanted(slot).then_some(slot));
            }
            prop_assert_eq!(index.entries.iter().filter(|entry| entry.slot != VACANT).count(), index.len);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn the_hash_of_ipv4_is_the_hash_of_the_key(key: [u64; 2], ends: [u64; 2], lane: u32) {
            let end = |end: u64| (end as u32, (end >> 32) as u16);
            let [(source, from), (destination, to)] = ends.map(end);
            let (low, high) = ((source, from).min((destination, to)), (source, from).max((destination, to)));
            let ports = u32::from(low.1) << 16 | u32::from(high.1);
            let (hash, key) = (FlowHash::new(key), FlowKey::between_ipv4(low.0, high.0, ports, lane));
            prop_assert_eq!(hash.of_ipv4(&key), hash.of(&key));
        }

        /// Every piece counts, and twins that differ in one bit do not meet.
        #[test]
        fn keys_that_differ_have_other_hashes(key: [u64; 2], ends: [[u64; 2]; 2], ports: [u16; 2], lane: u32, bit in 0_u32..320) {
            let hash = FlowHash::new(key);
            let word = |end: [u64; 2]| u128::from(end[0]) << 64 | u128::from(end[1]);
            let corners = Corners { addresses: ends.map(|end| word(end).to_be()), ports, lane };
            let mut other = corners;
            match bit {
                0..256 => other.addresses[bit as usize / 128] ^= 1 << (bit % 128),
                256..288 => other.ports[(bit as usize - 256) / 16] ^= 1 << (bit % 16),
                _ => other.lane ^= 1 << (bit - 288),
            }
            let [one, another] = [corners, other].map(|corners| FlowKey::of(&corners).0);
            prop_assert!(one == another || tag(hash.of(&one)) != tag(hash.of(&another)));
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
