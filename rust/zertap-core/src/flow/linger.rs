//! Ended connections, as little as absorbs their stragglers: a ring in order of ending.
//!
//! Their slots are free for new connections at once, so that the slots in use stay few and near.

use super::attempts::Attempt;
use super::connection::Connection;
use super::key::{FlowKey, side_of_low};
use crate::handshake::{PerSide, Side};
use crate::prefetch::prefetch;
use crate::stream::Seq;
use crate::time::{Span, Timestamp};
use crate::wire::Segment;
use std::collections::{TryReserveError, VecDeque};

/// What is kept of an ended connection.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// Who talked to whom.
    pub key: FlowKey,
    /// The lane of the other direction, where it differs from the key's.
    pub other_lane: u32,
    /// It was the n-th of its addresses and ports.
    pub ordinal: u32,
    first: PerSide<Option<Seq>>,
    low_side: Side,
    until: Timestamp,
    /// Its place in the index has not been given up.
    listed: bool,
}

impl Ended {
    /// What to keep of a connection until then.
    pub fn of(conn: &Connection, until: Timestamp) -> Self {
        let first = PerSide(Side::BOTH.map(|side| conn.stream.halves[side].first()));
        let (key, other_lane, ordinal, low_side) =
            (conn.key, conn.other_lane(), conn.ordinal(), conn.low_side);
        Self { key, other_lane, ordinal, first, low_side, until, listed: true }
    }

    /// What to keep of an attempt that was refused, until then.
    pub fn of_attempt(attempt: &Attempt, until: Timestamp) -> Self {
        let Attempt { key, ordinal, from_low, .. } = *attempt;
        // The one that refused has told no number.
        let first = PerSide([Some(Seq(attempt.sequence).plus(1)), None]);
        let (other_lane, low_side) = (key.lane(), side_of_low(from_low));
        Self { key, other_lane, ordinal, first, low_side, until, listed: true }
    }

    /// When it is to be forgotten.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether a segment that comes so long behind a connection's end begins another one: a SYN, or, where the SYN is not
    /// captured, a SYN/ACK with another number. A SYN with the number that this connection began with is a copy that came
    /// late (STATE-21), unless its sender may have sent it again: whoever does has not heard of the end.
    pub fn is_followed_by(&self, from_low: bool, segment: &Segment<'_>, behind: Span) -> bool {
        let side = if from_low { self.low_side } else { self.low_side.other() };
        let same = self.first[side].map(|first| first == Seq(segment.sequence).plus(1));
        let copy = same == Some(true) && behind < COPIES;
        segment.flags.syn() && if segment.flags.ack() { same == Some(false) } else { !copy }
    }
}

/// How long after an end copies of its connection's SYN may still arrive. A SYN is sent again after a second at the earliest
/// (RFC 6298 section 2.1).
const COPIES: Span = Span(500_000_000);

/// Ended connections that are still remembered, each under a number.
#[derive(Debug, Default)]
pub struct Linger {
    ring: VecDeque<Ended>,
    /// The number of the ring's first entry, modulo `NUMBERS`.
    first: u32,
}

/// Numbers go around below this power of two; so many can never linger at once.
pub const NUMBERS: u32 = 1 << 30;

impl Linger {
    /// How many are remembered, those that were followed by another connection included.
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// When the oldest is to be forgotten.
    pub fn next(&self) -> Option<Timestamp> {
        self.ring.front().map(|oldest| oldest.until)
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
    pub fn unlist(&mut self, number: u32) -> Option<Ended> {
        let place = self.place(number);
        let found = self.ring.get_mut(place)?;
        found.listed = false;
        Some(*found)
    }

    /// Takes the oldest out; it and its number, if it is still in the index.
    pub fn pop(&mut self) -> Option<(u32, Ended)> {
        let ended = self.ring.pop_front()?;
        let number = self.first;
        self.first = (self.first + 1) % NUMBERS;
        ended.listed.then_some((number, ended))
    }

    #[inline]
    fn place(&self, number: u32) -> usize {
        (number.wrapping_sub(self.first) % NUMBERS) as usize
    }
}

#[cfg(test)]
impl Linger {
    /// As if so many had ended before.
    pub(super) fn numbered_from(first: u32) -> Self {
        Self { first, ..Self::default() }
    }
}
