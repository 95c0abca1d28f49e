//! Waiting spans as queues driven by packet time: few fixed durations, so first in is first due.

use crate::time::{Span, Timestamp};
use std::collections::{TryReserveError, VecDeque};

/// A reference to a slot that may have been given to another connection since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotRef {
    /// Index of the slot.
    pub index: u32,
    /// The slot's generation when the reference was made.
    pub generation: u32,
}

/// Deadlines of one fixed span, in order. They stand in pieces: as many as there are deadlines for, however many there
/// were before, and none is ever copied to grow.
#[derive(Debug, Default)]
pub struct Queue {
    pieces: VecDeque<Piece>,
    /// Empty pieces: the one that was used up last, and what `reserve` has made.
    spare: Vec<Entries>,
    /// How many of the first piece are gone.
    gone: usize,
    len: usize,
}

/// Some deadlines, as distances from the first of them: none is longer than 32 bits tell.
#[derive(Debug)]
struct Piece {
    first: Timestamp,
    entries: Entries,
}

/// Distances in nanoseconds.
type Entries = Vec<(u32, SlotRef)>;

/// The most deadlines in one piece.
const PIECE: usize = 256;

impl Piece {
    /// The distance of a deadline, if the piece takes one more.
    fn fits(&self, deadline: Timestamp) -> Option<u32> {
        let distance = u32::try_from(deadline.since(self.first).0).ok();
        distance.filter(|_| self.entries.len() < PIECE)
    }
}

impl Queue {
    /// Adds a deadline; it must not lie before the last one added (packet time never runs backwards).
    pub fn push(&mut self, deadline: Timestamp, slot: SlotRef) {
        self.len += 1;
        if let Some(last) = self.pieces.back_mut()
            && let Some(distance) = last.fits(deadline)
        {
            last.entries.push((distance, slot));
        } else {
            let mut entries = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(PIECE));
            entries.push((0, slot));
            self.pieces.push_back(Piece { first: deadline, entries });
        }
    }

    /// Makes room for so many more at about one time, unless there is no memory for it.
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        let wanted = more.div_ceil(PIECE);
        self.pieces.try_reserve(wanted)?;
        while self.spare.len() < wanted {
            let mut entries = Vec::new();
            entries.try_reserve_exact(PIECE)?;
            self.spare.try_reserve(1)?;
            self.spare.push(entries);
        }
        Ok(())
    }

    /// When the next deadline is.
    #[inline]
    pub fn next(&self) -> Option<Timestamp> {
        self.first().map(|(deadline, _)| deadline)
    }

    #[inline]
    fn first(&self) -> Option<(Timestamp, SlotRef)> {
        let first = self.pieces.front()?;
        let (distance, slot) = *first.entries.get(self.gone)?;
        Some((first.first.after(Span(distance.into())), slot))
    }

    /// When the next deadline is that means something still; those before it are let go, whenever they would come.
    pub fn next_meant(&mut self, is_meant: impl Fn(SlotRef) -> bool) -> Option<Timestamp> {
        while let Some(first) = self.pieces.front() {
            let left = first.entries.get(self.gone..).unwrap_or_default();
            if let Some(passed) = left.iter().position(|(_, slot)| is_meant(*slot)) {
                self.gone += passed;
                self.len -= passed;
                return self.next();
            }
            self.len -= left.len();
            self.give_up_first();
        }
        None
    }

    /// The slot whose deadline comes so many places behind the next.
    pub fn behind(&self, places: usize) -> Option<SlotRef> {
        let mut place = self.gone + places;
        for piece in &self.pieces {
            match piece.entries.get(place) {
                Some((_, slot)) => return Some(*slot),
                None => place -= piece.entries.len(),
            }
        }
        None
    }

    /// The next slot whose deadline is at or before `now`.
    pub fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, SlotRef)> {
        if self.next()? <= now { self.pop() } else { None }
    }

    /// The oldest entry, due or not.
    pub fn pop(&mut self) -> Option<(Timestamp, SlotRef)> {
        let entry = self.first()?;
        self.gone += 1;
        self.len -= 1;
        if self.pieces.front().is_some_and(|first| self.gone == first.entries.len()) {
            self.give_up_first();
        }
        Some(entry)
    }

    fn give_up_first(&mut self) {
        self.gone = 0;
        if let Some(mut piece) = self.pieces.pop_front()
            && self.spare.is_empty()
        {
            piece.entries.clear();
            self.spare.push(piece.entries);
        }
    }

    /// How many wait.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Keeps only the entries that still mean something.
    pub fn retain(&mut self, keep: impl Fn(SlotRef) -> bool) {
        let mut kept = Self { spare: std::mem::take(&mut self.spare), ..Self::default() };
        while let Some((deadline, slot)) = self.pop() {
            // What is used up on the way is filled again.
            kept.spare.append(&mut self.spare);
            if keep(slot) {
                kept.push(deadline, slot);
            }
        }
        kept.spare.truncate(1);
        *self = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(index: u32) -> SlotRef {
        SlotRef { index, generation: 1 }
    }

    #[test]
    fn deadlines_come_due_in_order_and_at_their_time() {
        let mut queue = Queue::default();
        queue.push(Timestamp(10), slot(1));
        queue.push(Timestamp(10), slot(2));
        queue.push(Timestamp(20), slot(3));
        assert_eq!((queue.next(), queue.pop_due(Timestamp(9))), (Some(Timestamp(10)), None));
        assert_eq!(queue.pop_due(Timestamp(10)), Some((Timestamp(10), slot(1))));
        assert_eq!(queue.pop_due(Timestamp(15)), Some((Timestamp(10), slot(2))));
        assert_eq!(queue.pop_due(Timestamp(15)), None);
        assert_eq!(queue.pop(), Some((Timestamp(20), slot(3))));
        assert_eq!((queue.next(), queue.len()), (None, 0));
    }

    #[test]
    fn what_means_nothing_any_more_is_passed_over_to_the_next_that_does() {
        let mut queue = Queue::default();
        for index in 0..3 * PIECE as u32 {
            queue.push(Timestamp(u64::from(index)), slot(index));
        }
        for wanted in [0, 1, 7, PIECE as u32 - 1, PIECE as u32, 2 * PIECE as u32 + 9] {
            let at = Timestamp(wanted.into());
            assert_eq!(queue.next_meant(|slot| slot.index >= wanted), Some(at));
            assert_eq!((queue.next(), queue.len()), (Some(at), 3 * PIECE - wanted as usize));
        }
        assert_eq!(queue.next_meant(|_| false), None);
        assert_eq!((queue.next(), queue.len(), queue.pieces.len(), queue.gone), (None, 0, 0, 0));
    }

    #[test]
    fn what_means_nothing_any_more_is_swept_and_the_order_stays() {
        let mut queue = Queue::default();
        for index in 0..10 {
            queue.push(Timestamp(u64::from(index)), slot(index));
        }
        queue.retain(|entry| entry.index % 3 == 0);
        let left: Vec<u32> = std::iter::from_fn(|| queue.pop()).map(|(_, entry)| entry.index).collect();
        assert_eq!(left, [0, 3, 6, 9]);
    }

    #[test]
    fn pieces_are_given_up_when_they_are_used_up_and_the_order_goes_over_their_bounds() {
        let mut queue = Queue::default();
        let count = 5 * PIECE as u32 + 7;
        queue.reserve(2 * PIECE).expect("some room");
        for index in 0..count {
            queue.push(Timestamp(u64::from(index)), slot(index));
            let behind = index.checked_sub(8).map(|_| slot(8));
            assert_eq!((queue.behind(8), queue.len()), (behind, index as usize + 1));
        }
        for index in 0..count {
            assert_eq!(
                queue.behind(PIECE).map(|slot| slot.index),
                (index + (PIECE as u32) < count).then_some(index + PIECE as u32)
            );
            assert_eq!(queue.pop(), Some((Timestamp(u64::from(index)), slot(index))));
        }
        assert_eq!((queue.pop(), queue.len(), queue.pieces.len(), queue.spare.len()), (None, 0, 0, 1));
        for index in 0..count {
            queue.push(Timestamp(u64::from(index)), slot(index));
        }
        queue.retain(|slot| slot.index % 5 == 0);
        assert_eq!((queue.len(), queue.pieces.len(), queue.spare.len()), (count.div_ceil(5) as usize, 2, 1));
        queue.push(Timestamp(u64::from(count)), slot(count));
        let left: Vec<u32> = std::iter::from_fn(|| queue.pop()).map(|(_, slot)| slot.index).collect();
        assert!(left.iter().copied().eq((0..count).step_by(5).chain([count])));
    }

    #[test]
    fn deadlines_far_from_each_other_are_kept_to_the_nanosecond() {
        let at = [0, u64::from(u32::MAX), 1 << 32, (1 << 32) + 1, 1 << 63, u64::MAX].map(Timestamp);
        let mut queue = Queue::default();
        (0..).zip(at).for_each(|(index, at)| queue.push(at, slot(index)));
        assert_eq!((queue.pieces.len(), queue.behind(3).map(|slot| slot.index)), (4, Some(3)));
        let left: Vec<(Timestamp, u32)> =
            std::iter::from_fn(|| queue.pop()).map(|(at, slot)| (at, slot.index)).collect();
        assert!(left.into_iter().eq(at.into_iter().zip(0..)));
    }
}
