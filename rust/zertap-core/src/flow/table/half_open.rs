//! What waits for an answer: attempts without slots, connections with a slot that are half-open, and their limit
//! (EDGE_CASES A10).

use super::{ATTEMPT, Identity, Table, resolve};
use crate::flow::arrival::Arrival;
use crate::flow::attempts::{Attempt, Reply};
use crate::flow::connection::{Connection, Life};
use crate::flow::ended::Ended;
use crate::flow::follow::Workplace;
use crate::flow::usual::TELLING;
use crate::wire::TcpFlags;

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
        let attempt = Attempt::new(key, from_low, place.cause, sequence, ordinal, number);
        let number = self.attempts.push(&attempt);
        self.index.insert(hash, number | ATTEMPT);
        self.limit_half_open(place);
    }

    /// Something follows a SYN: the slot of its connection, unless what follows is the usual answer.
    pub(super) fn follow_attempt(
        &mut self,
        place: &mut Workplace<'_>,
        identity: &Identity,
        number: u32,
        segment: &Arrival<'_>,
    ) -> Option<u32> {
        let reply = self.attempts.get(number)?.reply(identity.from_low, segment);
        match reply {
            _ if place.room.journal.is_some() => self.promote(place, number, identity.hash),
            Reply::Accepts => {
                self.attempts.answer(number, place.cause.at, segment.sequence);
                None
            }
            Reply::Refuses => {
                self.refuse(place, identity.hash, number);
                None
            }
            Reply::Other => self.promote(place, number, identity.hash),
        }
    }

    /// An attempt's connection is made as it would have been when the SYN came, and its answer. `hash`: its key's.
    pub(super) fn promote(&mut self, place: &mut Workplace<'_>, number: u32, hash: u64) -> Option<u32> {
        let attempt = self.attempts.take(number)?;
        let (index, conn) = self.house(Connection::of_attempt(&attempt))?;
        if place.room.journal.is_some() {
            let now = std::mem::replace(&mut place.cause, attempt.cause());
            place.opened(conn, conn.sender(attempt.from_low), TcpFlags::SYN);
            place.cause = now;
        }
        self.index.replace(hash, number | ATTEMPT, index);
        // It has waited already, and what follows it now will tell whether it has to any longer.
        self.half_open_count += 1;
        Some(index)
    }

    /// The usual end of an attempt that nobody wants: its last row, and what absorbs stragglers.
    fn refuse(&mut self, place: &mut Workplace<'_>, hash: u64, number: u32) {
        let Some(attempt) = self.attempts.take(number) else { return };
        place.leave_refused(&attempt);
        self.counters.ended += 1;
        self.remember(place.config, Ended::of_attempt(&attempt, hash, place.cause.at), number | ATTEMPT);
    }

    /// A connection that was an attempt, and is half-open still, waits with the others.
    pub(super) fn keep_waiting(&mut self, index: u32) {
        if let Some(conn) = self.connection(index)
            && conn.life == Life::HalfOpen
        {
            let start = conn.start;
            let entry = self.slot_ref(index);
            self.half_open.push(start, entry);
        }
    }

    pub(super) fn limit_half_open(&mut self, place: &mut Workplace<'_>) {
        while self.half_open_count + self.attempts.len() > place.config.max_half_open {
            if let Some(key) = self.attempts.expect_oldest() {
                self.index.expect(self.hash(&key));
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
pub(super) fn is_bare_syn(segment: &Arrival<'_>) -> bool {
    segment.flags.0 & TELLING == TcpFlags::SYN.0 && segment.is_bare()
}
