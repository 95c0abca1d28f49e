//! What waits for an answer: attempts without slots, connections with a slot that are half-open, and their limit
//! (EDGE_CASES A10).

use super::{ATTEMPT, Identity, Table, resolve, syn_segment};
use crate::flow::attempts::Attempt;
use crate::flow::connection::Life;
use crate::flow::follow::{Cause, TELLING, Workplace};
use crate::wire::{Segment, TcpFlags};

impl Table {
    /// Remembers a SYN and nothing else.
    pub(super) fn attempt(
        &mut self,
        place: &mut Workplace<'_>,
        identity: &Identity,
        sequence: u32,
        ordinal: u32,
        number: u64,
    ) {
        let Identity { key, from_low, hash } = *identity;
        let Cause { at, packet } = place.cause;
        let attempt = Attempt { key, at, packet, number, sequence, ordinal, from_low };
        let number = self.attempts.push(attempt);
        self.index.insert(hash, number | ATTEMPT);
        self.limit_half_open(place);
    }

    /// Something follows a SYN: its connection is made as it would have been when the SYN came.
    pub(super) fn promote(&mut self, place: &mut Workplace<'_>, number: u32) -> Option<u32> {
        let attempt = self.attempts.take(number)?;
        let Attempt { key, from_low, ordinal, .. } = attempt;
        let identity = Identity { key, from_low, hash: self.hash(&key) };
        let now = place.cause;
        place.cause = attempt.cause();
        let syn = syn_segment(&key, from_low, attempt.sequence);
        let index = self.settle(place, &identity, &syn, ordinal, attempt.number, Some(number | ATTEMPT));
        place.cause = now;
        index
    }

    pub(super) fn limit_half_open(&mut self, place: &mut Workplace<'_>) {
        while self.half_open_count + self.attempts.len() > place.config.max_half_open {
            if let Some(key) = self.attempts.expect_oldest() {
                self.index.expect(self.hash(key));
            }
            let dropped = match self.attempts.oldest() {
                Some(number) => self.drop_attempt(number),
                None => self.drop_half_open(),
            };
            let Some(dropped) = dropped else { break };
            self.counters.half_open_dropped += u64::from(dropped);
            place.batch.fates.never_established += u64::from(dropped);
        }
        // Attempts that were answered leave their entries behind; sweep before they outnumber the rest.
        if self.half_open.len() > 1024 + 2 * self.half_open_count {
            let (slots, generations) = (&self.slots, &self.generations);
            self.half_open.retain(|entry| {
                resolve(slots, generations, entry).is_some_and(|conn| conn.life == Life::HalfOpen)
            });
        }
    }

    /// Forgets a SYN that nobody answered.
    fn drop_attempt(&mut self, number: u32) -> Option<bool> {
        let attempt = self.attempts.take(number)?;
        self.index.remove(self.hash(&attempt.key), number | ATTEMPT);
        Some(true)
    }

    /// Forgets the half-open connection that has waited longest; `None` where there is no more to look at.
    fn drop_half_open(&mut self) -> Option<bool> {
        let (_, oldest) = self.half_open.pop()?;
        let waits = self.resolve(oldest).is_some_and(|conn| conn.life == Life::HalfOpen);
        if waits {
            self.remove(oldest.index);
        }
        Some(waits)
    }
}

/// Whether a segment is a SYN and nothing else, so that it can be made again.
pub(super) fn is_bare_syn(segment: &Segment<'_>) -> bool {
    let only_syn = segment.flags.0 & TELLING == TcpFlags::SYN.0;
    only_syn && segment.payload_on_wire == 0 && segment.payload.is_empty() && !segment.fragment_overlap
}
