//! Ended connections, as little as absorbs their stragglers and counts their successors: a ring in order of ending.
//!
//! Their slots are free for new connections at once, so that the slots in use stay few and near. Nothing of a key is kept but
//! its keyed hash of 64 bits. Two given keys agree in it with a probability of 2^-33 at most (see `index`); then one connection is
//! counted behind the other, or what of it begins without a SYN is taken for a straggler. No SYN is, but a copy within `COPIES`.

use super::arrival::Arrival;
use super::attempts::Attempt;
use super::connection::Connection;
use super::key::side_of_low;
use crate::handshake::Side;
use crate::prefetch::prefetch;
use crate::time::{Span, Timestamp};
use std::collections::{TryReserveError, VecDeque};

/// What is kept of an ended connection.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub struct Ended {
    hash: u64,
    at: Timestamp,
    /// The sequence numbers that the octets of the lower and of the higher endpoint began with.
    first: [u32; 2],
    /// Which of the two are known, and more; above them the ordinal.
    marks: u32,
}

const KNOWN: [u32; 2] = [1, 2];
/// Its stragglers are absorbed for a while.
const LINGERS: u32 = 4;
/// Its place in the index has not been given up.
const LISTED: u32 = 8;
/// Where the ordinal begins; so many connections between the same addresses and ports are counted, and no more.
const ORDINAL: u32 = 4;
const MOST: u32 = u32::MAX >> ORDINAL;

impl Ended {
    /// What to keep of a connection that ended at this moment. `hash`: its key's.
    pub fn of(conn: &Connection, hash: u64, at: Timestamp) -> Self {
        let first = |side: Side| conn.stream.halves[side].first().map(|first| first.0);
        let ends = [first(conn.low_side), first(conn.low_side.other())];
        Self::new(hash, at, ends, conn.ordinal())
    }

    /// What to keep of an attempt that was refused at this moment.
    pub fn of_attempt(attempt: &Attempt, hash: u64, at: Timestamp) -> Self {
        // The one that refused has told no number.
        let mut ends = [Some(attempt.sequence.wrapping_add(1)), None];
        if side_of_low(attempt.from_low) == Side::B {
            ends.reverse();
        }
        Self::new(hash, at, ends, attempt.ordinal)
    }

    fn new(hash: u64, at: Timestamp, ends: [Option<u32>; 2], ordinal: u32) -> Self {
        let known =
            ends.iter().zip(KNOWN).filter(|(end, _)| end.is_some()).map(|(_, mark)| mark).sum::<u32>();
        let marks = ordinal.min(MOST) << ORDINAL | LISTED | LINGERS | known;
        Self { hash, at, first: ends.map(Option::unwrap_or_default), marks }
    }

    /// The same under the hash of another key that led to it.
    pub fn under(self, hash: u64) -> Self {
        Self { hash, ..self }
    }

    /// The same, but what comes later belongs to another connection.
    pub fn counted_only(self) -> Self {
        Self { marks: self.marks & !LINGERS, ..self }
    }

    /// The hash of its key.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// It was the n-th of its addresses and ports.
    pub fn ordinal(&self) -> u32 {
        self.marks >> ORDINAL
    }

    /// Whether a segment that comes now is a straggler, if it is none that begins another connection.
    pub fn lingers(&self, now: Timestamp, span: Span) -> bool {
        self.marks & LINGERS != 0 && now.since(self.at) < span
    }

    /// Whether a segment behind a connection's end begins another one: a SYN, or, where the SYN is not captured, a SYN/ACK with
    /// another number. A SYN with the number that this connection began with is a copy that came late (STATE-21), unless its
    /// sender may have sent it again: whoever does has not heard of the end.
    pub fn is_followed_by(&self, from_low: bool, segment: &Arrival<'_>, now: Timestamp) -> bool {
        let end = usize::from(!from_low);
        let [known, first] = [self.marks & KNOWN[end], self.first[end]];
        let same = (known != 0).then_some(first == segment.sequence.wrapping_add(1));
        let copy = same == Some(true) && now.since(self.at) < COPIES;
        segment.flags.syn() && if segment.flags.ack() { same == Some(false) } else { !copy }
    }
}

/// How long after an end copies of its connection's SYN may still arrive. A SYN is sent again after a second at the earliest
/// (RFC 6298 section 2.1).
const COPIES: Span = Span(500_000_000);

/// Ended connections that are still remembered, each under a number.
#[derive(Debug, Default)]
pub struct Memory {
    ring: VecDeque<Ended>,
    /// The number of the ring's first entry, modulo `NUMBERS`.
    first: u32,
}

/// Numbers go around below this power of two; so many can never be remembered at once.
pub const NUMBERS: u32 = 1 << 30;

impl Memory {
    /// How many are remembered, those that were followed by another connection included.
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Asks for the memory of the one that will be the oldest twice so many places later, and says which will be after
    /// once so many.
    pub fn expect(&self, places: usize) -> Option<&Ended> {
        if let Some(later) = self.ring.get(2 * places) {
            prefetch(later);
        }
        self.ring.get(places)
    }

    /// Makes room for so many more, unless there is no memory for it.
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        self.ring.try_reserve(more)
    }

    /// Remembers one and says its number.
    pub fn push(&mut self, ended: Ended) -> u32 {
        let number = self.first.wrapping_add(self.ring.len() as u32) % NUMBERS;
        self.ring.push_back(ended);
        number
    }

    /// The one with this number.
    #[inline]
    pub fn get(&self, number: u32) -> Option<&Ended> {
        self.ring.get(self.place(number))
    }

    /// It is in the index no longer.
    pub fn unlist(&mut self, number: u32) {
        let place = self.place(number);
        if let Some(found) = self.ring.get_mut(place) {
            found.marks &= !LISTED;
        }
    }

    /// Takes the oldest out; its hash and its number, if it is still in the index.
    pub fn pop(&mut self) -> Option<(u64, u32)> {
        let ended = self.ring.pop_front()?;
        let number = self.first;
        self.first = (self.first + 1) % NUMBERS;
        (ended.marks & LISTED != 0).then_some((ended.hash, number))
    }

    #[inline]
    fn place(&self, number: u32) -> usize {
        (number.wrapping_sub(self.first) % NUMBERS) as usize
    }
}

#[cfg(test)]
impl Memory {
    /// As if so many had ended before.
    pub(super) fn numbered_from(first: u32) -> Self {
        Self { first, ..Self::default() }
    }
}
