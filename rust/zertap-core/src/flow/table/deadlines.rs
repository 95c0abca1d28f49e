//! Wakes the connections whose time has come.

use super::{AHEAD, Table};
use crate::event::RowKind;
use crate::flow::connection::Life;
use crate::flow::follow::Workplace;
use crate::flow::timers::{Queue, SlotRef};
use crate::prefetch::prefetch;
use crate::time::Timestamp;

impl Table {
    /// No timer fires before this.
    #[inline]
    pub fn earliest(&self) -> Timestamp {
        self.earliest
    }

    /// Whether a timer fires at `now` or has to before.
    #[inline]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.earliest <= now
    }

    /// Wakes the connections whose deadlines have come, in order of time.
    #[inline]
    pub fn advance(&mut self, place: &mut Workplace<'_>, now: Timestamp) {
        if self.earliest <= now {
            self.wake(place, now);
        }
    }

    #[cold]
    fn wake(&mut self, place: &mut Workplace<'_>, now: Timestamp) {
        loop {
            let next = self.next_meant();
            let earliest = next.into_iter().flatten().min();
            self.earliest = earliest.unwrap_or(Timestamp(u64::MAX));
            let Some(earliest) = earliest.filter(|at| *at <= now) else { break };
            place.cause.at = earliest;
            if next[0] == Some(earliest) {
                self.fire_due(place, earliest);
            } else if next[1] == Some(earliest) {
                self.fire_gap(place, earliest);
            } else if next[2] == Some(earliest) {
                self.fire_closing(place, earliest);
            } else {
                self.fire_idle(place, earliest);
            }
        }
        place.cause.at = now;
    }

    /// When the next timer of each kind fires. Those of connections that ended are let go, the many together: nearly every
    /// connection ends before its timers do.
    fn next_meant(&mut self) -> [Option<Timestamp>; 4] {
        let Self { due, gaps, closing, idle, generations, .. } = self;
        let lives = |slot: SlotRef| generations.get(slot.index as usize) == Some(&slot.generation);
        [due, gaps, closing, idle].map(|queue| queue.next_meant(lives))
    }

    /// When the next timer fires that may write a row.
    pub(in crate::flow) fn next_deadline(&self) -> Option<Timestamp> {
        [self.due.next(), self.gaps.next(), self.closing.next()].into_iter().flatten().min()
    }

    pub(super) fn wait_until_due(&mut self, index: u32, deadline: Timestamp) {
        let entry = self.slot_ref(index);
        self.due.push(deadline, entry);
        self.earliest = self.earliest.min(deadline);
        // Connections that end leave their deadlines behind; sweep before they outnumber the rest.
        let live = self.slots.len() - self.free.len();
        if self.due.len() > 1024 + live + live / 2 {
            let generations = &self.generations;
            self.due.retain(|entry| generations.get(entry.index as usize) == Some(&entry.generation));
        }
    }

    /// Asks for a slot whose deadline comes soon: most connections need the timer no more, and their slots lie cold.
    fn expect_later(&self, queue: &Queue) {
        if let Some(later) = queue.behind(AHEAD)
            && self.generations.get(later.index as usize) == Some(&later.generation)
            && let Some(slot) = self.slots.get(later.index as usize)
        {
            prefetch(slot);
        }
    }

    fn fire_due(&mut self, place: &mut Workplace<'_>, at: Timestamp) {
        self.expect_later(&self.due);
        if let Some((_, slot)) = self.due.pop_due(at)
            && let Some(conn) = self.resolve(slot)
            && conn.life == Life::Established
        {
            place.due(conn);
            self.rest(place, slot.index, at);
        }
    }

    fn fire_idle(&mut self, place: &mut Workplace<'_>, at: Timestamp) {
        self.expect_later(&self.idle);
        if let Some((_, slot)) = self.idle.pop_due(at)
            && self.resolve(slot).is_some()
        {
            self.rest(place, slot.index, at);
        }
    }

    fn fire_gap(&mut self, place: &mut Workplace<'_>, at: Timestamp) {
        self.expect_later(&self.gaps);
        if let Some((_, slot)) = self.gaps.pop_due(at)
            && let Some(conn) = self.resolve(slot)
            && matches!(conn.life, Life::Established | Life::Closing)
        {
            let wishes = place.gap_due(conn);
            self.grant(place, slot.index, &wishes, false);
        }
    }

    fn fire_closing(&mut self, place: &mut Workplace<'_>, at: Timestamp) {
        self.expect_later(&self.closing);
        if let Some((_, slot)) = self.closing.pop_due(at)
            && let Some(conn) = self.resolve(slot)
            && conn.life == Life::Closing
        {
            if let Some((closed, _)) = conn.closed() {
                conn.latest = closed;
            }
            place.terminate(conn, RowKind::Closed, None);
            self.end(place, slot.index);
        }
    }
}
