//! Rows of several workers, put into the order in which one tap would have written them.
//!
//! A row can go out when every worker has passed the packet at which it was written. The rows of each worker come in
//! order of their places already.

use std::collections::VecDeque;
use std::vec::IntoIter;

use zertap_core::event::Row;
use zertap_core::tap::{Place, SharedRows};

use super::openings::Openings;

/// Rows that came from workers, and those of them that are in order.
pub(super) struct Merge {
    workers: Vec<Told>,
    openings: Openings,
    merged: Vec<Row>,
    /// For how many rows room is made with the first.
    expected: usize,
}

/// Rows for which room is made before there are any.
const MOST_EXPECTED: usize = 8192;

/// The place of a worker's next row, and which worker's.
type Next = (Place, usize);

/// What one worker told.
#[derive(Default)]
struct Told {
    pieces: VecDeque<Piece>,
    /// The last packet that it has passed.
    position: u64,
}

/// Some of its rows, with their places.
struct Piece {
    rows: IntoIter<Row>,
    places: IntoIter<Place>,
}

impl Told {
    /// The place of its next row.
    fn next(&mut self) -> Option<Place> {
        loop {
            if let Some(first) = self.pieces.front()?.places.as_slice().first() {
                return Some(*first);
            }
            self.pieces.pop_front();
        }
    }

    /// Moves its next rows behind others as long as their places are wanted, at most those of one piece.
    fn move_while(&mut self, others: &mut Vec<Row>, is_wanted: impl Fn(Place) -> bool) {
        let Some(Piece { rows, places }) = self.pieces.front_mut() else { return };
        let count = places.as_slice().iter().take_while(|place| is_wanted(**place)).count();
        places.by_ref().take(count).for_each(drop);
        others.extend(rows.take(count));
    }
}

impl Merge {
    pub(super) fn new(workers: usize) -> Self {
        let workers = (0..workers).map(|_| Told::default()).collect();
        Self { workers, openings: Openings::default(), merged: Vec::new(), expected: 0 }
    }

    /// A worker came to `position`, and told these rows on its way.
    pub(super) fn add(&mut self, worker: usize, rows: SharedRows, position: u64) {
        let SharedRows { rows, places, openings } = rows;
        for packet in openings {
            self.openings.note(packet);
        }
        if let Some(told) = self.workers.get_mut(worker) {
            told.pieces.push_back(Piece { rows: rows.into_iter(), places: places.into_iter() });
            told.position = position;
        }
    }

    /// Another capture begins behind packet `position`.
    pub(super) fn restart(&mut self, position: u64) {
        for told in &mut self.workers {
            told.position = position;
        }
    }

    /// How far a worker is.
    pub(super) fn position(&self, worker: usize) -> u64 {
        self.workers.get(worker).map_or(0, |told| told.position)
    }

    /// Whether no worker is behind this one.
    pub(super) fn is_slowest(&self, worker: usize) -> bool {
        self.workers.iter().all(|told| told.position >= self.position(worker))
    }

    /// Puts the rows in order that nothing can come before.
    pub(super) fn release(&mut self) {
        if self.merged.capacity() == 0 {
            self.merged.reserve_exact(self.expected);
        }
        let passed = self.workers.iter().map(|told| told.position).min().unwrap_or(0);
        loop {
            let [first, second] = self.next_two(passed);
            let Some((_, worker)) = first else { return };
            let Some(told) = self.workers.get_mut(worker) else { return };
            // Up to where the next row of another one stands, this one's follow each other.
            let is_next =
                |place: Place| place.packet <= passed && second.is_none_or(|second| (place, worker) < second);
            let before = self.merged.len();
            told.move_while(&mut self.merged, is_next);
            for row in self.merged.get_mut(before..).unwrap_or_default() {
                row.connection = self.openings.up_to(row.connection);
            }
        }
    }

    /// The first and the second of the workers' next rows that may go out.
    fn next_two(&mut self, passed: u64) -> [Option<Next>; 2] {
        let (mut first, mut second) = (None, None);
        for (worker, told) in self.workers.iter_mut().enumerate() {
            let Some(place) = told.next().filter(|place| place.packet <= passed) else { continue };
            let next = (place, worker);
            if first.is_none_or(|first| next < first) {
                (first, second) = (Some(next), first);
            } else if second.is_none_or(|second| next < second) {
                second = Some(next);
            }
        }
        [first, second]
    }

    /// Takes the rows that are in order.
    pub(super) fn take(&mut self) -> Vec<Row> {
        // As many again are likely to come, or some more: one row too many would double the room of all.
        let taken = self.merged.len();
        self.expected = (taken + taken / 8).min(MOST_EXPECTED);
        std::mem::take(&mut self.merged)
    }

    /// Lends room for rows to come, if there is none yet.
    pub(super) fn lend(&mut self, mut room: Vec<Row>) {
        if self.merged.capacity() == 0 {
            room.clear();
            self.merged = room;
        }
    }

    /// How many rows are in order.
    pub(super) fn waiting(&self) -> usize {
        self.merged.len()
    }
}
