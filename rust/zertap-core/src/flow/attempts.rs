//! SYNs that nothing has answered yet: of each only what its connection is made from, should anything follow.
//!
//! A scan or a flood leaves millions of them, so they get no slot of their own (EDGE_CASES A10).

use super::chunks::Chunks;
use super::follow::Cause;
use super::key::FlowKey;
use crate::event::{History, Row, RowKind};
use crate::handshake::{Flag, Flags, Phase, Side};
use crate::prefetch::prefetch;
use crate::time::Timestamp;
use std::collections::{TryReserveError, VecDeque};

/// One SYN, alone so far.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Who wants to talk to whom.
    pub key: FlowKey,
    /// When it came.
    pub at: Timestamp,
    /// Its number in the tap.
    pub packet: u64,
    /// Its connection's number in the tap.
    pub number: u64,
    /// Its sequence number.
    pub sequence: u32,
    /// It is the n-th of its addresses and ports.
    pub ordinal: u32,
    /// The lower endpoint sent it.
    pub from_low: bool,
}

impl Attempt {
    /// The packet that brought it.
    pub fn cause(&self) -> Cause {
        Cause { at: self.at, packet: self.packet }
    }

    /// Its last row, where the end of input leaves it unanswered: that of a connection with one segment.
    pub fn unanswered(&self, end: Cause) -> Row {
        let mut ends = self.key.endpoints();
        if !self.from_low {
            ends.reverse();
        }
        let mut flags = Flags::default();
        flags.insert(Flag::NeverEstablished);
        Row {
            kind: RowKind::Unfinished,
            phase: Phase::Silent,
            previous: Phase::Silent,
            at: end.at,
            start: self.at,
            established: None,
            end: self.at,
            connection: self.number,
            ordinal: self.ordinal,
            packet: end.packet,
            first_packet: self.packet,
            lane: self.key.lane(),
            addresses: ends.map(|end| end.address),
            ports: ends.map(|end| end.port),
            octets: [0; 2],
            segments: [1, 0],
            octets_delta: [0; 2],
            segments_delta: [1, 0],
            flags,
            history: History::default(),
            history_before: 0,
            due_passed: false,
            client: Side::A,
            note: 0,
            settled: None,
        }
    }
}

#[derive(Debug, Default)]
struct Place {
    attempt: Option<Attempt>,
    generation: u32,
}

/// All of them, each under a number that is used again when it is free.
#[derive(Debug, Default)]
pub struct Attempts {
    places: Chunks<Place>,
    free: Vec<u32>,
    /// In order of time, with those that were taken out since until the next sweep.
    order: VecDeque<(u32, u32)>,
}

/// Places beyond those in use that may stand in `order`.
const SLACK: usize = 1024;

/// How many places behind the oldest memory is asked for.
const AHEAD: usize = 8;

impl Attempts {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Makes room for so many more, unless there is no memory for it.
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        self.places.try_reserve(more.saturating_sub(self.free.len()))?;
        self.free.try_reserve(more)?;
        self.order.try_reserve(more)
    }

    /// Adds one, later than all before, and gives its number.
    pub fn push(&mut self, attempt: Attempt) -> u32 {
        let number = self.free.pop().unwrap_or(self.places.len() as u32);
        if number as usize == self.places.len() {
            self.places.push(Place::default());
        }
        if let Some(place) = self.places.get_mut(number as usize) {
            place.attempt = Some(attempt);
            place.generation = place.generation.wrapping_add(1);
            self.order.push_back((number, place.generation));
        }
        if self.order.len() > SLACK + 2 * self.len() {
            let places = &self.places;
            self.order.retain(|entry| is_there(places, *entry));
        }
        number
    }

    /// The attempt under a number.
    #[inline]
    pub fn get(&self, number: u32) -> Option<&Attempt> {
        self.places.get(number as usize)?.attempt.as_ref()
    }

    /// Takes one out.
    pub fn take(&mut self, number: u32) -> Option<Attempt> {
        let attempt = self.places.get_mut(number as usize)?.attempt.take()?;
        self.free.push(number);
        Some(attempt)
    }

    /// The number of the oldest.
    pub fn oldest(&mut self) -> Option<u32> {
        loop {
            let entry = *self.order.front()?;
            if is_there(&self.places, entry) {
                return Some(entry.0);
            }
            self.order.pop_front();
        }
    }

    /// Asks for the memory of one.
    #[inline]
    pub fn expect(&self, number: u32) {
        if let Some(place) = self.places.get(number as usize) {
            prefetch(place);
        }
    }

    /// Asks for the memory of those that will be the oldest, and says whose place in the index will be needed soon.
    pub fn expect_oldest(&self) -> Option<&FlowKey> {
        if let Some((number, _)) = self.order.get(2 * AHEAD) {
            self.expect(*number);
        }
        let (number, _) = self.order.get(AHEAD)?;
        self.get(*number).map(|attempt| &attempt.key)
    }

    /// Every connection's number with the attempt's, in order of time.
    pub fn numbers(&self) -> impl Iterator<Item = (u64, u32)> {
        let there = self.order.iter().filter(|entry| is_there(&self.places, **entry));
        there.filter_map(|(number, _)| Some((self.get(*number)?.number, *number)))
    }
}

fn is_there(places: &Chunks<Place>, (number, generation): (u32, u32)) -> bool {
    places.get(number as usize).is_some_and(|place| place.attempt.is_some() && place.generation == generation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Address, Corners, Segment, TcpFlags};

    fn attempt(number: u64) -> Attempt {
        let segment = Segment {
            source: Address::v4([10, 0, 0, 1]),
            destination: Address::v4([10, 0, 0, 2]),
            source_port: number as u16,
            destination_port: 443,
            lane: 0,
            sequence: 1,
            acknowledgment: 0,
            flags: TcpFlags::SYN,
            window: 0,
            options: &[],
            payload: &[],
            payload_on_wire: 0,
            fragment_overlap: false,
        };
        let (key, from_low) = FlowKey::of(&Corners::of(&segment));
        Attempt { key, at: Timestamp(number), packet: number, number, sequence: 1, ordinal: 1, from_low }
    }

    #[test]
    fn an_attempt_costs_at_most_96_octets() {
        assert!(size_of::<Place>() <= 96, "{}", size_of::<Place>());
    }

    #[test]
    fn the_oldest_is_the_one_that_came_first_and_was_not_taken_out() {
        let mut attempts = Attempts::default();
        let numbers: Vec<u32> = (1..=5).map(|number| attempts.push(attempt(number))).collect();
        assert_eq!(attempts.oldest(), Some(numbers[0]));
        assert!(attempts.take(numbers[0]).is_some() && attempts.take(numbers[1]).is_some());
        assert!(attempts.take(numbers[1]).is_none());
        // Its number is used again; it is the youngest none the less.
        let again = attempts.push(attempt(6));
        assert!(numbers.contains(&again));
        assert_eq!(attempts.oldest(), Some(numbers[2]));
        assert_eq!(attempts.len(), 4);
        let all: Vec<u64> = attempts.numbers().map(|(number, _)| number).collect();
        assert_eq!(all, [3, 4, 5, 6]);
    }

    #[test]
    fn what_was_answered_leaves_nothing_behind() {
        let mut attempts = Attempts::default();
        let unanswered = attempts.push(attempt(0));
        for number in 1..100_000 {
            let answered = attempts.push(attempt(number));
            attempts.take(answered);
        }
        assert_eq!((attempts.len(), attempts.oldest()), (1, Some(unanswered)));
        assert!(attempts.order.len() <= SLACK + 4 && attempts.places.len() == 2);
    }
}
