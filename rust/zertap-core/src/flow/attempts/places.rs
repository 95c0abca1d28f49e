//! Where attempts are kept: those between IPv4 addresses in one cache line each, others in somewhat more.

use super::Attempt;
use crate::flow::chunks::Chunks;
use crate::flow::key::FlowKey;
use crate::prefetch::prefetch;
use crate::time::Timestamp;
use std::collections::TryReserveError;

/// An attempt that may have been taken out since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number: its place, and in the lowest bit whether its name is a long one.
    pub number: u32,
    generation: u32,
}

/// How an attempt's key is kept.
trait Name: Copy + Default + Eq {
    /// The name of a key, if it can be said in this way.
    fn of(key: &FlowKey) -> Option<Self>;
    fn key(self) -> FlowKey;
}

/// Both IPv4 addresses, the ports, the lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Short {
    low: u32,
    high: u32,
    ports: u32,
    lane: u32,
}

/// What stands before an IPv4 address in its mapped form.
const MAPPED: u64 = 0xffff_u64 << 32;

impl Name for Short {
    #[inline]
    fn of(key: &FlowKey) -> Option<Self> {
        let [_, low1, _, high1, rest] = key.words();
        key.is_ipv4().then_some(Self {
            low: low1 as u32,
            high: high1 as u32,
            ports: (rest >> 32) as u32,
            lane: rest as u32,
        })
    }

    #[inline]
    fn key(self) -> FlowKey {
        let [low, high] = [self.low, self.high].map(|address| MAPPED | u64::from(address));
        FlowKey::of_words([0, low, 0, high, u64::from(self.ports) << 32 | u64::from(self.lane)])
    }
}

impl Name for FlowKey {
    #[inline]
    fn of(key: &FlowKey) -> Option<Self> {
        Some(*key)
    }

    #[inline]
    fn key(self) -> FlowKey {
        self
    }
}

// The lowest bits of `marks`; above them stands how often the place was given away.
const THERE: u32 = 1;
const FROM_LOW: u32 = 2;
const ANSWERED: u32 = 4;
const GENERATION: u32 = 3;

#[derive(Debug, Default)]
struct Place<N> {
    name: N,
    at: Timestamp,
    packet: u64,
    number: u64,
    answer_at: Timestamp,
    sequence: u32,
    answer_sequence: u32,
    ordinal: u32,
    marks: u32,
}

impl<N: Name> Place<N> {
    fn of(name: N, attempt: &Attempt, generation: u32) -> Self {
        let Attempt { at, packet, number, sequence, ordinal, .. } = *attempt;
        let marks = THERE
            | if attempt.from_low { FROM_LOW } else { 0 }
            | if attempt.answered { ANSWERED } else { 0 }
            | generation << GENERATION;
        let (answer_sequence, answer_at) = (attempt.answer_sequence, attempt.answer_at);
        Self { name, at, packet, number, answer_at, sequence, answer_sequence, ordinal, marks }
    }

    #[inline]
    fn attempt(&self) -> Option<Attempt> {
        let Self { at, packet, number, sequence, ordinal, answer_sequence, answer_at, marks, .. } = *self;
        let (from_low, answered) = (marks & FROM_LOW != 0, marks & ANSWERED != 0);
        let key = self.name.key();
        (marks & THERE != 0).then_some(Attempt {
            key,
            at,
            packet,
            number,
            sequence,
            ordinal,
            from_low,
            answered,
            answer_sequence,
            answer_at,
        })
    }
}

#[derive(Debug)]
struct Pool<N> {
    places: Chunks<Place<N>>,
    free: Vec<u32>,
}

impl<N> Default for Pool<N> {
    fn default() -> Self {
        Self { places: Chunks::default(), free: Vec::new() }
    }
}

impl<N: Name> Pool<N> {
    fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        self.places.try_reserve(more.saturating_sub(self.free.len()))?;
        self.free.try_reserve(more)
    }

    /// Its place, and the generation of that.
    #[inline]
    fn push(&mut self, name: N, attempt: &Attempt) -> (u32, u32) {
        let index = self.free.pop().unwrap_or(self.places.len() as u32);
        if index as usize == self.places.len() {
            self.places.add();
        }
        let Some(place) = self.places.get_mut(index as usize) else { return (index, 0) };
        let generation = (place.marks >> GENERATION).wrapping_add(1) << GENERATION >> GENERATION;
        *place = Place::of(name, attempt, generation);
        (index, generation)
    }

    #[inline]
    fn is_there(&self, index: u32, generation: u32) -> bool {
        let marks = self.places.get(index as usize).map_or(0, |place| place.marks);
        marks & THERE != 0 && marks >> GENERATION == generation
    }

    #[inline]
    fn take_if(&mut self, index: u32, is_wanted: impl FnOnce(u64) -> bool) -> Option<Attempt> {
        let place = self.places.get_mut(index as usize).filter(|place| is_wanted(place.number))?;
        let attempt = place.attempt()?;
        place.marks &= !THERE;
        self.free.push(index);
        Some(attempt)
    }

    #[inline]
    fn answer(&mut self, index: u32, at: Timestamp, sequence: u32) {
        if let Some(place) = self.places.get_mut(index as usize) {
            place.marks |= ANSWERED;
            (place.answer_at, place.answer_sequence) = (at, sequence);
        }
    }
}

/// Places of both sizes.
#[derive(Debug, Default)]
pub struct Places {
    short: Pool<Short>,
    long: Pool<FlowKey>,
    /// How many hold an attempt.
    held: usize,
}

impl Places {
    #[inline]
    pub fn len(&self) -> usize {
        self.held
    }

    /// Makes room for so many more of either size, unless there is no memory for it.
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        self.short.reserve(more)?;
        self.long.reserve(more)
    }

    #[inline]
    pub fn push(&mut self, attempt: &Attempt) -> Entry {
        self.held += 1;
        let (number, generation) = if let Some(name) = Short::of(&attempt.key) {
            let (index, generation) = self.short.push(name, attempt);
            (index << 1, generation)
        } else {
            let (index, generation) = self.long.push(attempt.key, attempt);
            (index << 1 | 1, generation)
        };
        Entry { number, generation }
    }

    #[inline]
    pub fn get(&self, number: u32) -> Option<Attempt> {
        let index = (number >> 1) as usize;
        if number & 1 == 0 {
            self.short.places.get(index)?.attempt()
        } else {
            self.long.places.get(index)?.attempt()
        }
    }

    /// Whether the attempt under a number is of this key.
    #[inline]
    pub fn is_of(&self, number: u32, key: &FlowKey) -> bool {
        let index = (number >> 1) as usize;
        if number & 1 == 0 {
            self.short.places.get(index).is_some_and(|place| Short::of(key) == Some(place.name))
        } else {
            self.long.places.get(index).is_some_and(|place| place.name == *key)
        }
    }

    /// The same, and it was not taken out.
    #[inline]
    pub fn waits(&self, number: u32, key: &FlowKey) -> bool {
        let index = (number >> 1) as usize;
        if number & 1 == 0 {
            let there = self.short.places.get(index).filter(|place| place.marks & THERE != 0);
            there.is_some_and(|place| Short::of(key) == Some(place.name))
        } else {
            let there = self.long.places.get(index).filter(|place| place.marks & THERE != 0);
            there.is_some_and(|place| place.name == *key)
        }
    }

    #[inline]
    pub fn is_there(&self, entry: Entry) -> bool {
        let Entry { number, generation } = entry;
        if number & 1 == 0 {
            self.short.is_there(number >> 1, generation)
        } else {
            self.long.is_there(number >> 1, generation)
        }
    }

    #[inline]
    pub fn answer(&mut self, number: u32, at: Timestamp, sequence: u32) {
        if number & 1 == 0 {
            self.short.answer(number >> 1, at, sequence);
        } else {
            self.long.answer(number >> 1, at, sequence);
        }
    }

    /// Takes one out, if its connection's number is wanted.
    #[inline]
    pub fn take_if(&mut self, number: u32, is_wanted: impl FnOnce(u64) -> bool) -> Option<Attempt> {
        let index = number >> 1;
        let taken = if number & 1 == 0 {
            self.short.take_if(index, is_wanted)
        } else {
            self.long.take_if(index, is_wanted)
        };
        self.held -= usize::from(taken.is_some());
        taken
    }

    #[inline]
    pub fn expect(&self, number: u32) {
        let index = (number >> 1) as usize;
        if number & 1 == 0 {
            self.short.places.get(index).into_iter().for_each(prefetch);
        } else {
            self.long.places.get(index).into_iter().for_each(prefetch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::follow::Cause;
    use crate::wire::{Address, Corners};
    use proptest::prelude::*;

    #[test]
    fn an_attempt_between_ipv4_addresses_is_kept_in_one_cache_line() {
        assert_eq!((size_of::<Place<Short>>(), size_of::<Place<FlowKey>>()), (64, 88));
    }

    fn address() -> impl Strategy<Value = Address> {
        prop_oneof![
            any::<[u8; 4]>().prop_map(Address::v4),
            any::<[u8; 16]>().prop_map(Address),
            Just(Address([0; 16])),
            Just(Address([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 1])),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn what_is_kept_comes_out_as_it_went_in(
            ends in [address(), address()],
            ports in any::<[u16; 2]>(),
            lane in any::<u32>(),
            numbers in any::<[u64; 4]>(),
            words in any::<[u32; 3]>(),
            answered in any::<bool>(),
        ) {
            let corners = Corners { addresses: ends.map(|end| u128::from_ne_bytes(end.0)), ports, lane };
            let (key, from_low) = FlowKey::of(&corners);
            let cause = Cause { at: Timestamp(numbers[0]), packet: numbers[1] };
            let mut attempt = Attempt::new(key, from_low, cause, words[0], words[1], numbers[2]);
            let mut places = Places::default();
            let entry = places.push(&attempt);
            if answered {
                places.answer(entry.number, Timestamp(numbers[3]), words[2]);
                (attempt.answered, attempt.answer_at, attempt.answer_sequence) =
                    (true, Timestamp(numbers[3]), words[2]);
            }
            prop_assert!(places.is_there(entry) && places.is_of(entry.number, &key));
            prop_assert!(!places.is_of(entry.number, &key.on_lane(lane.wrapping_add(1))));
            prop_assert!(places.waits(entry.number, &key));
            prop_assert!(!places.waits(entry.number, &key.on_lane(lane.wrapping_add(1))));
            prop_assert_eq!(entry.number & 1 == 0, ends.iter().all(|end| end.is_ipv4()));
            let kept = places.take_if(entry.number, |number| number == numbers[2]);
            prop_assert_eq!(format!("{kept:?}"), format!("{:?}", Some(attempt)));
            prop_assert!(!places.is_there(entry) && places.get(entry.number).is_none() && places.len() == 0);
            prop_assert!(!places.waits(entry.number, &key));
            let again = places.push(&attempt);
            prop_assert_eq!(again.number, entry.number);
            prop_assert!(places.is_there(again) && !places.is_there(entry));
        }
    }
}
