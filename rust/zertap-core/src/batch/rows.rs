//! Rows as they wait: those of attempts brief, all others whole, in one order.
//!
//! A scan leaves millions of attempts, and a whole row of each would be written for somebody who asks how many there were.

use super::Brief;
use crate::event::{Row, RowKind};
use crate::time::Timestamp;
use std::collections::TryReserveError;

/// Rows in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    whole: Vec<Row>,
    /// Where among all rows each whole one stands.
    at: Vec<usize>,
    brief: Vec<Brief>,
    /// For how many whole ones room is made with the first.
    expected: usize,
}

/// Whole rows for which room is made before there are any.
const MOST_EXPECTED: usize = 8192;

/// Doubled eight times, this is room for the 4,096 rows that usually wait and a few more: with a power of two, one row too many would
/// double all of it.
const FIRST: usize = 17;

/// One row where it waits.
#[derive(Clone, Copy, Debug)]
pub enum Waiting<'a> {
    /// A row.
    Whole(&'a Row),
    /// The row of an attempt.
    Brief(&'a Brief),
}

impl Waiting<'_> {
    /// Why it was written.
    pub fn kind(&self) -> RowKind {
        match self {
            Self::Whole(row) => row.kind,
            Self::Brief(brief) => brief.kind,
        }
    }

    /// When it was written.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Whole(row) => row.at,
            Self::Brief(brief) => brief.at,
        }
    }

    /// Number of the connection.
    pub fn connection(&self) -> u64 {
        match self {
            Self::Whole(row) => row.connection,
            Self::Brief(brief) => brief.connection,
        }
    }
}

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.whole.len() + self.brief.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of them wait whole.
    pub(super) fn whole(&self) -> usize {
        self.whole.len()
    }

    /// All of them, whole.
    pub fn into_vec(self) -> Vec<Row> {
        if self.brief.is_empty() {
            return self.whole;
        }
        let mut rows = Vec::with_capacity(self.len());
        let mut brief = self.brief.iter().map(Brief::row);
        for (row, at) in self.whole.into_iter().zip(self.at) {
            rows.extend(brief.by_ref().take(at - rows.len()));
            rows.push(row);
        }
        rows.extend(brief);
        rows
    }

    /// Those from `first` on, as they wait.
    pub fn since(&self, first: usize) -> impl Iterator<Item = Waiting<'_>> {
        let mut whole = self.at.partition_point(|at| *at < first);
        let mut brief = first - whole.min(first);
        std::iter::from_fn(move || {
            if self.at.get(whole).is_some_and(|at| *at == whole + brief) {
                whole += 1;
                return self.whole.get(whole - 1).map(Waiting::Whole);
            }
            brief += 1;
            self.brief.get(brief - 1).map(Waiting::Brief)
        })
    }

    /// The rows from `first` on, where all of them are whole; else none.
    pub(super) fn whole_from(&mut self, first: usize) -> &mut [Row] {
        let first = first.checked_sub(self.brief.len());
        first.and_then(|first| self.whole.get_mut(first..)).unwrap_or_default()
    }

    /// Makes room for so many more, of either kind, unless there is no memory for it.
    pub(super) fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        if self.whole.capacity() == 0 {
            self.begin(more)?;
        }
        self.whole.try_reserve(more)?;
        self.at.try_reserve(more)?;
        self.brief.try_reserve(more)
    }

    /// An empty one, with room for as many brief rows as stand in this one: who takes them is likely to take as many again. For whole
    /// ones, which are large, it is made when the first comes, and these have probably gone.
    pub(super) fn another(&self) -> Self {
        let mut brief = Vec::new();
        // Where there is no memory to spare, room is made as it is needed.
        let _ = brief.try_reserve(self.brief.len());
        // Of one size, it is likely to lie where the one before it lay.
        let room = self.whole.capacity();
        let expected = if self.whole.len() > room / 2 { room.min(MOST_EXPECTED) } else { 0 };
        Self { brief, expected, ..Self::default() }
    }

    /// Expects as many whole rows as were taken before, and some more for who asks ahead, unless those were the many of an end.
    pub(super) fn expect_whole(&mut self, before: usize) {
        self.expected = self.expected.max((before + before / 16).min(MOST_EXPECTED));
    }

    /// Room for whole ones that somebody else has done with, if there is none yet.
    pub(super) fn settle_in(&mut self, mut room: Vec<Row>) {
        if self.whole.capacity() == 0 {
            room.clear();
            // Where there is no memory to spare, room is made as it is needed.
            let _ = self.at.try_reserve(room.capacity());
            self.whole = room;
        }
    }

    pub(super) fn push(&mut self, row: Row) {
        if self.whole.capacity() == 0 {
            // Where there is no memory to spare, room is made as it is needed.
            let _ = self.begin(FIRST);
        }
        self.at.push(self.len());
        self.whole.push(row);
    }

    /// Room for as many as are expected and `least` at least, at once and no more: who asks again before the last of them copies
    /// none. It doubles from here.
    #[cold]
    fn begin(&mut self, least: usize) -> Result<(), TryReserveError> {
        let room = self.expected.max(least);
        self.whole.try_reserve_exact(room)?;
        self.at.try_reserve_exact(room)
    }

    #[inline]
    pub(super) fn push_brief(&mut self, brief: Brief) {
        self.brief.push(brief);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Address;

    fn brief(connection: u64) -> Brief {
        Brief {
            kind: RowKind::Unfinished,
            segments: [1, 0],
            ports: [50_000, 443],
            lane: 0,
            ordinal: 1,
            at: Timestamp(9),
            start: Timestamp(7),
            end: Timestamp(7),
            connection,
            packet: 3,
            first_packet: 2,
            addresses: [Address::v4([10, 0, 0, 1]), Address::v4([10, 0, 0, 2])],
        }
    }

    #[test]
    fn rows_of_both_kinds_stand_in_the_order_in_which_they_were_pushed() {
        for pattern in 0..1 << 7_u32 {
            let mut rows = Rows::default();
            for number in 0..7 {
                if pattern & 1 << number == 0 {
                    rows.push_brief(brief(number));
                } else {
                    rows.push(brief(number).row());
                }
            }
            for first in 0..8 {
                let since: Vec<u64> = rows.since(first).map(|row| row.connection()).collect();
                assert!(since.iter().copied().eq(first as u64..7), "{pattern:b} {first} {since:?}");
            }
            assert_eq!((rows.len(), rows.another().len()), (7, 0));
            assert!(rows.into_vec().iter().map(|row| row.connection).eq(0..7));
        }
    }

    #[test]
    fn rows_of_timers_are_whole_and_can_be_put_in_order() {
        let mut rows = Rows::default();
        rows.push_brief(brief(1));
        rows.push(brief(2).row());
        rows.push(brief(3).row());
        assert_eq!(rows.whole_from(1).len(), 2);
        assert_eq!(rows.whole_from(2).len(), 1);
        assert!(rows.whole_from(0).is_empty());
    }
}
