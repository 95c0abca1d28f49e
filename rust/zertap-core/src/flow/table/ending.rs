//! The end of input: the connections that live did not end, our view of them did (A9).

use super::{ENDED, Table};
use crate::event::RowKind;
use crate::flow::follow::Workplace;
use std::cmp::Reverse;

impl Table {
    /// End of input: connections that live get their last rows, in order of first packets, until `most` rows wait.
    /// Whether more live; nothing else may be done with them then than this.
    pub fn finish(&mut self, place: &mut Workplace<'_>, most: usize) -> bool {
        let most = most.max(1);
        let mut leaving = self.leaving.take().unwrap_or_else(|| {
            let mut all: Vec<(u64, u32)> = self.numbered(|_| true).chain(self.asleep()).collect();
            all.sort_unstable_by_key(|(number, _)| Reverse(*number));
            all
        });
        while place.batch.len() < most {
            let slot = leaving.last().copied();
            let is_next = |number: u64| slot.is_none_or(|(other, _)| number < other);
            if let Some(attempt) = self.attempts.take_first(is_next) {
                place.leave_unanswered(&attempt);
            } else if let Some((number, entry)) = leaving.pop() {
                if let Some(slot) = self.housed(place, entry)
                    && let Some(conn) = self.connection(slot).filter(|conn| conn.number() == number)
                {
                    place.abandon(conn, RowKind::Unfinished);
                    self.vacate(slot);
                }
            } else {
                // One pass over the index costs less than to look for each in its turn.
                self.index.keep(|entry| entry & ENDED != 0);
                return false;
            }
            self.counters.unfinished += 1;
        }
        self.leaving = Some(leaving);
        true
    }
}
