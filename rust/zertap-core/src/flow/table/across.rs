//! Connections whose directions travel on two lanes, and what other lanes tell of the same endpoints.

use super::{ASLEEP, ATTEMPT, ENDED, Identity, OTHER_LANE, Table};
use crate::flow::arrival::Arrival;
use crate::flow::follow::Workplace;
use crate::flow::key::FlowKey;
use crate::flow::lanes::{LIMIT, is_missing_direction};
use arrayvec::ArrayVec;

impl Table {
    /// This is the n-th connection between these addresses and ports, as far as other lanes tell.
    pub(super) fn next_ordinal(&self, key: &FlowKey) -> u32 {
        let elsewhere = self.lanes.others(key.lane()).filter_map(|lane| {
            let other = key.on_lane(lane);
            let entry = self.find(self.hash(&other), &other)?;
            let last = if entry & ENDED != 0 {
                self.ended.get(entry & !ENDED)?.ordinal()
            } else if entry & ATTEMPT != 0 {
                self.attempts.get(entry & !ATTEMPT)?.ordinal
            } else if entry & ASLEEP != 0 {
                self.sleepers.head(entry & !ASLEEP)?.ordinal
            } else {
                self.slots.get(entry as usize)?.connection.as_ref()?.ordinal()
            };
            Some(last.saturating_add(1))
        });
        elsewhere.max().unwrap_or(1)
    }

    /// A connection that lacks the direction this segment brings on another lane; from now on both lead to it.
    pub(super) fn pair_lanes(
        &mut self,
        place: &mut Workplace<'_>,
        identity: &Identity,
        segment: &Arrival<'_>,
    ) -> Option<u32> {
        let Identity { key, from_low, hash } = *identity;
        if !self.lanes.has_others(key.lane()) {
            return None;
        }
        let others: ArrayVec<u32, LIMIT> = self.lanes.others(key.lane()).collect();
        let index = others.into_iter().find_map(|lane| {
            let other = key.on_lane(lane);
            let hash = self.hash(&other);
            let entry = self.find(hash, &other).filter(|entry| entry & ENDED == 0)?;
            if entry & ATTEMPT != 0 {
                let number = entry & !ATTEMPT;
                return if self.attempts.get(number)?.lacks(from_low, segment) {
                    self.promote(place, number, hash)
                } else {
                    None
                };
            }
            let entry = self.awake(place, entry)?;
            let conn = self.slots.get(entry as usize)?.connection.as_ref()?;
            is_missing_direction(conn, conn.sender(from_low), segment).then_some(entry)
        })?;
        self.connection(index)?.extras().other_lane = Some(key.lane());
        self.index.insert(hash, index | OTHER_LANE);
        Some(index)
    }
}
