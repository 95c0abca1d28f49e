//! Joins what the taps tell: rows in order of time, up to the moment that all of them have passed.

use std::collections::VecDeque;
use std::time::Duration;

use super::account::Account;
use super::worker::Told;
use crossbeam_channel::Receiver;
use zertap_core::event::{Row, RowKind};
use zertap_core::time::Timestamp;

/// Rows of all taps.
#[derive(Debug)]
pub(super) struct Collector {
    told: Receiver<Told>,
    taps: Vec<Tapped>,
    began: Option<Timestamp>,
    passed: Timestamp,
}

#[derive(Debug, Default)]
struct Tapped {
    rows: VecDeque<Row>,
    now: Timestamp,
    account: Account,
    over: bool,
}

/// Messages taken at once, so that rows reach their reader while more come.
const AT_ONCE: usize = 64;

impl Collector {
    pub(super) fn new(taps: usize, told: Receiver<Told>) -> Self {
        let taps = (0..taps).map(|_| Tapped::default()).collect();
        Self { told, taps, began: None, passed: Timestamp(0) }
    }

    /// See `Live::collect`.
    pub(super) fn collect(&mut self, wait: Duration) -> Vec<Row> {
        if let Ok(told) = self.told.recv_timeout(wait) {
            self.note(told);
            for _ in 1..AT_ONCE {
                let Ok(told) = self.told.try_recv() else { break };
                self.note(told);
            }
        }
        self.release()
    }

    /// Every tap numbers its own connections; together they stay distinct.
    pub(super) fn number(&self, tap: usize, rows: &mut [Row]) {
        let (several, first) = (self.taps.len() as u64, tap as u64);
        for row in rows {
            row.connection = row.connection.saturating_sub(1) * several + first + 1;
        }
    }

    fn note(&mut self, mut told: Told) {
        self.number(told.tap, &mut told.rows);
        let Some(tap) = self.taps.get_mut(told.tap) else { return };
        tap.rows.extend(told.rows);
        (tap.account, tap.over) = (told.account, told.over);
        if let Some((began, now)) = told.clock {
            tap.now = now;
            self.began = Some(self.began.map_or(began, |known| known.min(began)));
        }
    }

    /// The rows before the moment that every tap has passed: none of them can write an earlier one.
    fn release(&mut self) -> Vec<Row> {
        let over = self.taps.iter().all(|tap| tap.over);
        let running = self.taps.iter().filter(|tap| !tap.over).map(|tap| tap.now).min();
        let latest = self.taps.iter().map(|tap| tap.now).max().unwrap_or_default();
        self.passed = self.passed.max(running.unwrap_or(latest));
        let alone = self.taps.len() == 1;
        let mut rows = Vec::new();
        for tap in &mut self.taps {
            let ready = tap.rows.partition_point(|row| over || alone || row.at < self.passed);
            rows.extend(tap.rows.drain(..ready));
        }
        if !alone {
            // A row of an interval belongs before what comes at its boundary.
            rows.sort_by_key(|row| (row.at, row.kind != RowKind::Interval));
        }
        rows
    }

    /// See `Live::is_over`.
    pub(super) fn is_over(&self) -> bool {
        self.taps.iter().all(|tap| tap.over && tap.rows.is_empty())
    }

    /// See `Live::clock`.
    pub(super) fn clock(&self) -> Option<(Timestamp, Timestamp)> {
        self.began.map(|began| (began, self.passed.max(began)))
    }

    /// What each tap counted, as far as it told.
    pub(super) fn accounts(&self) -> Vec<Account> {
        self.taps.iter().map(|tap| tap.account).collect()
    }

    /// Rows told and not collected.
    pub(super) fn waiting(&self) -> usize {
        self.taps.iter().map(|tap| tap.rows.len()).sum()
    }
}
