//! Rows, in the order in which they were written.

mod brief;
mod rows;

pub use brief::Brief;
pub use rows::{Rows, Waiting};

use crate::event::{Row, RowKind};
use crate::ledger::Fates;
use crate::time::Timestamp;
use std::collections::TryReserveError;

/// Rows waiting to be drained.
#[derive(Debug, Default)]
pub struct EventBatch {
    rows: Rows,
    /// Rows were taken whole: none waits brief any more, so that they need not be put in between later.
    whole: bool,
    /// Rows ever pushed, and ever taken.
    pub(crate) pushed: u64,
    pub(crate) taken: u64,
    /// When the first of all was written.
    earliest: Option<Timestamp>,
    /// How connections left, counted where their last row is written.
    pub(crate) fates: Fates,
}

impl EventBatch {
    /// The rows.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// How many rows wait.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row waits.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a row of this moment may stand before all others ever written.
    pub(crate) fn begins(&self, at: Timestamp) -> bool {
        self.earliest.is_none_or(|earliest| at <= earliest)
    }

    fn note(&mut self, at: Timestamp) {
        self.pushed += 1;
        if self.begins(at) {
            self.earliest = Some(at);
        }
    }

    /// Makes room for so many more rows, unless there is no memory for it.
    pub(crate) fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        self.rows.reserve(more)
    }

    /// Takes all rows out.
    pub fn take(&mut self) -> Rows {
        self.taken += self.rows.len() as u64;
        let next = self.rows.another();
        std::mem::replace(&mut self.rows, next)
    }

    /// The same, all of them whole. Who takes them so is likely to do it again.
    pub fn take_whole(&mut self) -> Vec<Row> {
        let rows = self.take().into_vec();
        self.whole = true;
        self.rows.expect_whole(rows.len());
        rows
    }

    /// The same, and those to come wait as they did: where most are of attempts, brief.
    pub(crate) fn take_alike(&mut self) -> Vec<Row> {
        let rows = self.take();
        self.rows.expect_whole(rows.whole());
        rows.into_vec()
    }

    /// Lends room for rows that are to be taken whole: who is done with those of a batch spares the next one fresh memory.
    pub(crate) fn lend(&mut self, room: Vec<Row>) {
        self.rows.settle_in(room);
    }

    /// Puts the rows that timers wrote, those from `first` on, into the order of their moments: at one moment the ends of
    /// recording intervals first, then connection after connection. So the order follows from the rows alone.
    #[cold]
    pub(crate) fn arrange(&mut self, first: usize) {
        let new = self.rows.whole_from(first);
        new.sort_by_key(|row| (row.at, row.kind != RowKind::Interval, row.connection));
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: Row) {
        self.note(row.at);
        self.rows.push(row);
    }

    /// Adds the row of an attempt.
    #[inline]
    pub(crate) fn push_brief(&mut self, brief: Brief) {
        if self.whole {
            return self.push(brief.row());
        }
        self.note(brief.at);
        self.rows.push_brief(brief);
    }
}
