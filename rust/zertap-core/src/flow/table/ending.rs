//! The end of input: the connections that live did not end, our view of them did (A9).

use super::{ATTEMPT, ENDED, Table};
use crate::event::RowKind;
use crate::flow::follow::Workplace;

impl Table {
    /// End of input: connections that live get their last rows, in order of first packets, until `most` rows wait.
    /// Whether more live; nothing else may be done with them then than this.
    pub fn finish(&mut self, place: &mut Workplace<'_>, most: usize) -> bool {
        let (most, mut leaving) = (most.max(1), std::mem::take(&mut self.leaving));
        if leaving.is_empty() {
            let attempts = self.attempts.numbers().map(|(number, attempt)| (number, attempt | ATTEMPT));
            leaving = attempts.chain(self.numbered(|_| true)).collect();
            // Attempts are in order already, which a sort of runs makes use of.
            leaving.sort_by_key(|(number, _)| *number);
            leaving.reverse();
        }
        while place.batch.len() < most {
            let Some((number, entry)) = leaving.pop() else {
                // One pass over the index costs less than to look for each in its turn.
                self.index.keep(|entry| entry & ENDED != 0);
                return false;
            };
            self.counters.unfinished += 1;
            if entry & ATTEMPT != 0 {
                if let Some(attempt) = self.attempts.take(entry & !ATTEMPT) {
                    place.leave_unanswered(&attempt);
                }
            } else if let Some(conn) = self.connection(entry).filter(|conn| conn.number == number) {
                place.abandon(conn, RowKind::Unfinished);
                self.vacate(entry);
            }
        }
        self.leaving = leaving;
        true
    }
}
