//! What connections leave behind when they end: stragglers find it, and who comes next between the same endpoints.

use super::{AHEAD, ENDED, Identity, OTHER_LANE, Table};
use crate::config::Config;
use crate::flow::arrival::Arrival;
use crate::flow::ended::Ended;
use crate::flow::follow::Workplace;

/// What comes behind the end of a connection with the same addresses and ports.
pub(super) enum Behind {
    /// A connection of this ordinal that follows at once.
    Follows(u32),
    /// Something so much later that the end says nothing of it but this ordinal.
    Later(u32),
}

impl Table {
    /// A segment behind its connection's end, unless it is a straggler: that is counted here.
    #[cold]
    pub(super) fn after_the_end(
        &mut self,
        place: &Workplace<'_>,
        identity: &Identity,
        number: u32,
        segment: &Arrival<'_>,
    ) -> Option<Behind> {
        let now = place.cause.at;
        let ended = *self.ended.get(number)?;
        let ordinal = ended.ordinal().saturating_add(1);
        let lingers = ended.lingers(now, place.config.linger_span);
        if lingers && !ended.is_followed_by(identity.from_low, segment, now) {
            self.counters.stragglers += 1;
            return None;
        }
        self.ended.unlist(number);
        self.index.remove(identity.hash, number | ENDED);
        Some(if lingers { Behind::Follows(ordinal) } else { Behind::Later(ordinal) })
    }

    /// The last row is written: keep only what absorbs stragglers.
    pub(super) fn end(&mut self, place: &Workplace<'_>, index: u32) {
        self.counters.ended += 1;
        self.retire(place, index, |ended| ended);
    }

    /// Gives a slot back; of its connection is remembered what `keep` says.
    pub(super) fn retire(&mut self, place: &Workplace<'_>, index: u32, keep: impl FnOnce(Ended) -> Ended) {
        let Some(conn) = self.slots.get(index as usize).and_then(|slot| slot.connection.as_ref()) else {
            return;
        };
        let (key, other_lane) = (conn.key, conn.other_lane());
        let ended = keep(Ended::of(conn, self.hash(&key), place.cause.at));
        self.vacate(index);
        self.remember(place.config, ended, index);
        if other_lane != key.lane() {
            let other = self.hash(&key.on_lane(other_lane));
            self.remember(place.config, ended.under(other), index | OTHER_LANE);
        }
    }

    /// An ended connection stands in the place that `was` has in the index.
    pub(super) fn remember(&mut self, config: &Config, ended: Ended, was: u32) {
        let most = self.remembered(config);
        // Before it comes: one more would double the room of all.
        while self.ended.len() >= most.max(1) {
            self.forget_oldest();
        }
        if most == 0 {
            self.index.remove(ended.hash(), was);
        } else {
            let number = self.ended.push(ended);
            self.index.replace(ended.hash(), was, number | ENDED);
        }
    }

    /// How many ended connections are remembered: as many as live, within bounds; so what a long capture takes is told by how
    /// much goes on at a time.
    pub(super) fn remembered(&self, config: &Config) -> usize {
        self.live().max(config.least_ended).min(config.max_ended)
    }

    /// Lets the addresses of the connection that ended first go.
    pub(super) fn forget_oldest(&mut self) {
        if let Some(later) = self.ended.expect(AHEAD) {
            self.index.expect(later.hash());
        }
        if let Some((hash, number)) = self.ended.pop() {
            self.index.remove(hash, number | ENDED);
        }
    }
}
