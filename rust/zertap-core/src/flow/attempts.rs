//! Attempts that came no further than a SYN and the SYN/ACK to it: of each only what its connection is made from, should
//! anything follow.
//!
//! A scan or a flood leaves millions of them, so they get no slot of their own (EDGE_CASES A10).

mod places;

use super::arrival::Arrival;
use super::follow::Cause;
use super::key::FlowKey;
use super::usual::TELLING;
use crate::batch::Brief;
use crate::event::RowKind;
use crate::time::Timestamp;
use crate::wire::TcpFlags;
use places::{Entry, Places};
use std::collections::{TryReserveError, VecDeque};

/// One SYN, and perhaps the answer to it.
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
    pub(super) answered: bool,
    pub(super) answer_sequence: u32,
    pub(super) answer_at: Timestamp,
}

/// What a segment is to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The SYN/ACK that answers it, and nothing else.
    Accepts,
    /// The RST that answers it, and nothing else.
    Refuses,
    /// Whatever only its connection can tell.
    Other,
}

/// Flags of the two usual answers.
const ACCEPTS: u8 = TcpFlags::SYN.0 | TcpFlags::ACK.0;
const REFUSES: u8 = TcpFlags::RST.0 | TcpFlags::ACK.0;

impl Attempt {
    /// A SYN that came with `cause`, unanswered.
    pub fn new(key: FlowKey, from_low: bool, cause: Cause, sequence: u32, ordinal: u32, number: u64) -> Self {
        let Cause { at, packet } = cause;
        let (answered, answer_sequence, answer_at) = (false, 0, at);
        Self { key, at, packet, number, sequence, ordinal, from_low, answered, answer_sequence, answer_at }
    }

    /// The packet that brought it.
    pub fn cause(&self) -> Cause {
        Cause { at: self.at, packet: self.packet }
    }

    /// When the answer came, and its sequence number.
    pub fn answer(&self) -> Option<(Timestamp, u32)> {
        self.answered.then_some((self.answer_at, self.answer_sequence))
    }

    /// When the last segment came.
    pub fn latest(&self) -> Timestamp {
        self.answer_at
    }

    /// What a segment of the same addresses and ports is to it.
    #[inline]
    pub fn reply(&self, from_low: bool, segment: &Arrival<'_>) -> Reply {
        let answers = from_low != self.from_low
            && segment.acknowledgment == self.sequence.wrapping_add(1)
            && segment.is_bare()
            && !self.answered;
        match segment.flags.0 & TELLING {
            ACCEPTS if answers => Reply::Accepts,
            REFUSES if answers => Reply::Refuses,
            _ => Reply::Other,
        }
    }

    /// Whether a segment on another lane is of the direction that is missing here.
    pub fn lacks(&self, from_low: bool, segment: &Arrival<'_>) -> bool {
        let beyond = segment.acknowledgment.wrapping_sub(self.sequence.wrapping_add(1));
        from_low != self.from_low && !self.answered && segment.flags.ack() && beyond <= 1
    }

    /// Its last row where it is left with no more than it has: that of a connection with one segment, or two.
    pub fn unanswered(&self, end: Cause) -> Brief {
        self.row(RowKind::Unfinished, end, self.latest(), u8::from(self.answered))
    }

    /// Its last row where it was refused just now.
    pub fn refused(&self, refusal: Cause) -> Brief {
        self.row(RowKind::Reset, refusal, refusal.at, 1)
    }

    #[inline]
    fn row(&self, kind: RowKind, written: Cause, end: Timestamp, answers: u8) -> Brief {
        let mut ends = self.key.endpoints();
        if !self.from_low {
            ends.reverse();
        }
        Brief {
            kind,
            segments: [1, answers],
            ports: ends.map(|end| end.port),
            lane: self.key.lane(),
            ordinal: self.ordinal,
            at: written.at,
            start: self.at,
            end,
            connection: self.number,
            packet: written.packet,
            first_packet: self.packet,
            addresses: ends.map(|end| end.address),
        }
    }
}

/// All of them, each under a number that is used again when it is free.
#[derive(Debug, Default)]
pub struct Attempts {
    places: Places,
    /// In order of time, with those that were taken out since until the next sweep.
    order: VecDeque<Entry>,
    /// Those that were answered and would have been the oldest: all are older than those in `order`.
    spared: VecDeque<Entry>,
}

/// Places beyond those in use that may stand in `order`.
const SLACK: usize = 1024;

/// How many places behind the oldest memory is asked for.
const AHEAD: usize = 8;

impl Attempts {
    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Makes room for so many more, unless there is no memory for it.
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        self.places.reserve(more)?;
        self.order.try_reserve(more)
    }

    /// Adds one, later than all before, and gives its number.
    pub fn push(&mut self, attempt: &Attempt) -> u32 {
        let entry = self.places.push(attempt);
        self.order.push_back(entry);
        let most = SLACK + 2 * self.len();
        for queue in [&mut self.order, &mut self.spared] {
            if queue.len() > most {
                let places = &self.places;
                queue.retain(|entry| places.is_there(*entry));
            }
        }
        entry.number
    }

    /// The attempt under a number.
    #[inline]
    pub fn get(&self, number: u32) -> Option<Attempt> {
        self.places.get(number)
    }

    /// Whether the attempt under a number is of this key.
    #[inline]
    pub fn is_of(&self, number: u32, key: &FlowKey) -> bool {
        self.places.is_of(number, key)
    }

    /// Whether the attempt under a number is of this key and was not taken out.
    #[inline]
    pub fn waits(&self, number: u32, key: &FlowKey) -> bool {
        self.places.waits(number, key)
    }

    /// The SYN/ACK to it came.
    #[inline]
    pub fn answer(&mut self, number: u32, at: Timestamp, sequence: u32) {
        self.places.answer(number, at, sequence);
    }

    /// Takes one out.
    #[inline]
    pub fn take(&mut self, number: u32) -> Option<Attempt> {
        self.places.take_if(number, |_| true)
    }

    /// The number of the oldest that nothing has answered; where there is none, of the oldest.
    pub fn oldest(&mut self) -> Option<u32> {
        while let Some(entry) = self.order.front().copied() {
            if self.places.is_there(entry) {
                if !self.places.get(entry.number)?.answered {
                    return Some(entry.number);
                }
                self.spared.push_back(entry);
            }
            self.order.pop_front();
        }
        first(&mut self.spared, &self.places)
    }

    /// Takes the one out that came first, if its connection's number is wanted.
    pub fn take_first(&mut self, is_wanted: impl FnOnce(u64) -> bool) -> Option<Attempt> {
        let Self { places, order, spared } = self;
        if let Some(later) = order.get(AHEAD) {
            places.expect(later.number);
        }
        let queue = if first(spared, places).is_some() { spared } else { order };
        let number = first(queue, places)?;
        let attempt = places.take_if(number, is_wanted)?;
        queue.pop_front();
        Some(attempt)
    }

    /// Asks for the memory of one.
    #[inline]
    pub fn expect(&self, number: u32) {
        self.places.expect(number);
    }

    /// Asks for the memory of those that will be the oldest, and says whose place in the index will be needed soon.
    pub fn expect_oldest(&self) -> Option<FlowKey> {
        if let Some(later) = self.order.get(2 * AHEAD) {
            self.places.expect(later.number);
        }
        self.get(self.order.get(AHEAD)?.number).map(|attempt| attempt.key)
    }
}

/// The first of a queue that is still there; those before it are forgotten.
fn first(queue: &mut VecDeque<Entry>, places: &Places) -> Option<u32> {
    while let Some(entry) = queue.front() {
        if places.is_there(*entry) {
            return Some(entry.number);
        }
        queue.pop_front();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Address, Corners, Segment};

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
        let cause = Cause { at: Timestamp(number), packet: number };
        Attempt::new(key, from_low, cause, 1, 1, number)
    }

    #[test]
    fn the_oldest_is_the_one_that_came_first_and_was_not_taken_out() {
        let mut attempts = Attempts::default();
        let numbers: Vec<u32> = (1..=5).map(|number| attempts.push(&attempt(number))).collect();
        assert_eq!(attempts.oldest(), Some(numbers[0]));
        assert!(attempts.take(numbers[0]).is_some() && attempts.take(numbers[1]).is_some());
        assert!(attempts.take(numbers[1]).is_none());
        // Its number is used again; it is the youngest none the less.
        let again = attempts.push(&attempt(6));
        assert!(numbers.contains(&again));
        assert_eq!(attempts.oldest(), Some(numbers[2]));
        assert_eq!(attempts.len(), 4);
        assert_eq!(in_order(&mut attempts), [3, 4, 5, 6]);
    }

    fn in_order(attempts: &mut Attempts) -> Vec<u64> {
        assert!(attempts.take_first(|_| false).is_none());
        std::iter::from_fn(|| attempts.take_first(|_| true)).map(|attempt| attempt.number).collect()
    }

    #[test]
    fn those_that_were_answered_are_spared_and_stay_in_their_order() {
        let mut attempts = Attempts::default();
        let numbers: Vec<u32> = (1..=4).map(|number| attempts.push(&attempt(number))).collect();
        attempts.answer(numbers[0], Timestamp(7), 5);
        attempts.answer(numbers[1], Timestamp(7), 5);
        assert_eq!(attempts.oldest(), Some(numbers[2]));
        assert!(attempts.take(numbers[2]).is_some());
        assert_eq!(attempts.oldest(), Some(numbers[3]));
        attempts.answer(numbers[3], Timestamp(8), 5);
        assert_eq!(attempts.oldest(), Some(numbers[0]));
        assert!(attempts.take(numbers[0]).is_some());
        assert_eq!(attempts.oldest(), Some(numbers[1]));
        attempts.push(&attempt(9));
        assert_eq!(in_order(&mut attempts), [2, 4, 9]);
        assert_eq!((attempts.len(), attempts.oldest()), (0, None));
    }

    #[test]
    fn what_was_spared_and_went_on_leaves_nothing_behind() {
        let mut attempts = Attempts::default();
        let stays = attempts.push(&attempt(0));
        attempts.answer(stays, Timestamp(1), 5);
        for number in 1..100_000 {
            let answered = attempts.push(&attempt(number));
            attempts.answer(answered, Timestamp(number), 5);
            assert_eq!(attempts.oldest(), Some(stays));
            attempts.take(answered);
        }
        assert!(attempts.order.len() + attempts.spared.len() <= SLACK + 8);
    }

    #[test]
    fn what_was_answered_leaves_nothing_behind() {
        let mut attempts = Attempts::default();
        let unanswered = attempts.push(&attempt(0));
        for number in 1..100_000 {
            let answered = attempts.push(&attempt(number));
            attempts.take(answered);
        }
        assert_eq!((attempts.len(), attempts.oldest()), (1, Some(unanswered)));
        assert!(attempts.order.len() <= SLACK + 4);
    }
}
