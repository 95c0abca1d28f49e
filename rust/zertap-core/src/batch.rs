//! Rows, in the order in which they were written.

use crate::event::Row;
use crate::ledger::Fates;

/// Rows waiting to be drained.
#[derive(Debug, Default)]
pub struct EventBatch {
    rows: Vec<Row>,
    /// Rows ever pushed, and ever taken.
    pub(crate) pushed: u64,
    pub(crate) taken: u64,
    /// How connections left, counted where their last row is written.
    pub(crate) fates: Fates,
}

impl EventBatch {
    /// The rows.
    pub fn rows(&self) -> &[Row] {
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

    /// Takes all rows out.
    pub fn take(&mut self) -> Vec<Row> {
        self.taken += self.rows.len() as u64;
        std::mem::take(&mut self.rows)
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: Row) {
        self.pushed += 1;
        self.rows.push(row);
    }
}
