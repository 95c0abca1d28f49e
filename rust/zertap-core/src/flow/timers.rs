//! Waiting spans as queues driven by packet time: few fixed durations, so first in is first due.

use crate::time::Timestamp;
use std::collections::{TryReserveError, VecDeque};

/// A reference to a slot that may have been given to another connection since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotRef {
    /// Index of the slot.
    pub index: u32,
    /// The slot's generation when the reference was made.
    pub generation: u32,
}

/// Deadlines of one fixed span, in order.
#[derive(Debug, Default)]
pub struct Queue {
    entries: VecDeque<(Timestamp, SlotRef)>,
}

impl Queue {
    /// Adds a deadline; it must not lie before the last one added (packet time never runs backwards).
    pub fn push(&mut self, deadline: Timestamp, slot: SlotRef) {
        self.entries.push_back((deadline, slot));
    }

    /// Makes room for so many more, unless there is no memory for it.
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        self.entries.try_reserve(more)
    }

    /// When the next deadline is.
    pub fn next(&self) -> Option<Timestamp> {
        self.entries.front().map(|(deadline, _)| *deadline)
    }

    /// The slot whose deadline comes so many places behind the next.
    pub fn behind(&self, places: usize) -> Option<SlotRef> {
        self.entries.get(places).map(|(_, slot)| *slot)
    }

    /// The next slot whose deadline is at or before `now`.
    pub fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, SlotRef)> {
        if self.next()? <= now { self.entries.pop_front() } else { None }
    }

    /// The oldest entry, due or not.
    pub fn pop(&mut self) -> Option<(Timestamp, SlotRef)> {
        self.entries.pop_front()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Keeps only the entries that still mean something.
    pub fn retain(&mut self, keep: impl Fn(SlotRef) -> bool) {
        self.entries.retain(|(_, slot)| keep(*slot));
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
    fn what_means_nothing_any_more_is_swept_and_the_order_stays() {
        let mut queue = Queue::default();
        for index in 0..10 {
            queue.push(Timestamp(u64::from(index)), slot(index));
        }
        queue.retain(|entry| entry.index % 3 == 0);
        let left: Vec<u32> = std::iter::from_fn(|| queue.pop()).map(|(_, entry)| entry.index).collect();
        assert_eq!(left, [0, 3, 6, 9]);
    }
}
