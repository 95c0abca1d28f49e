//! Rows of several workers, put into the order in which one tap would have written them.
//!
//! A row can go out when every worker has passed the packet at which it was written. The rows of each worker come in
//! order of their places already.

use std::collections::VecDeque;
use std::vec::IntoIter;

use zertap_core::event::Row;
use zertap_core::tap::{Place, SharedRow};

use super::openings::Openings;

/// Rows that came from workers, and those of them that are in order.
pub(super) struct Merge {
    workers: Vec<Told>,
    openings: Openings,
    merged: Vec<Row>,
}

/// What one worker told.
#[derive(Default)]
struct Told {
    pieces: VecDeque<IntoIter<SharedRow>>,
    /// The last packet that it has passed.
    position: u64,
}

impl Told {
    /// The place of its next row.
    fn next(&mut self) -> Option<Place> {
        loop {
            let piece = self.pieces.front()?;
            if let Some(first) = piece.as_slice().first() {
                return Some(first.place);
            }
            self.pieces.pop_front();
        }
    }
}

impl Merge {
    pub(super) fn new(workers: usize) -> Self {
        let workers = (0..workers).map(|_| Told::default()).collect();
        Self { workers, openings: Openings::default(), merged: Vec::new() }
    }

    /// A worker came to `position`, and told these rows on its way.
    pub(super) fn add(&mut self, worker: usize, rows: Vec<SharedRow>, openings: &[u64], position: u64) {
        for packet in openings {
            self.openings.note(*packet);
        }
        if let Some(told) = self.workers.get_mut(worker) {
            told.pieces.push_back(rows.into_iter());
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
        let passed = self.workers.iter().map(|told| told.position).min().unwrap_or(0);
        loop {
            let next = self.workers.iter_mut().enumerate().filter_map(|(at, told)| Some((told.next()?, at)));
            let Some((_, worker)) = next.filter(|(place, _)| place.packet <= passed).min() else { break };
            let piece = self.workers.get_mut(worker).and_then(|told| told.pieces.front_mut());
            let Some(SharedRow { mut row, .. }) = piece.and_then(Iterator::next) else { break };
            row.connection = self.openings.up_to(row.connection);
            self.merged.push(row);
        }
    }

    /// Takes the rows that are in order.
    pub(super) fn take(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.merged)
    }

    /// How many rows are in order.
    pub(super) fn waiting(&self) -> usize {
        self.merged.len()
    }
}
