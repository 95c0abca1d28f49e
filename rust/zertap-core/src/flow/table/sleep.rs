//! Lays connections down that have stalled, and wakes them.

use super::{ASLEEP, Table};
use crate::event::Row;
use crate::flow::connection::Connection;
use crate::flow::follow::Workplace;
use crate::flow::interval::has_news;
use crate::flow::sleepers::{STALLED, has_stalled, is_open};
use crate::time::Timestamp;

impl Table {
    /// Looks whether a connection has stalled: it sleeps then. One that may do so later is looked at again.
    pub(super) fn rest(&mut self, place: &mut Workplace<'_>, index: u32, now: Timestamp) {
        let Some(conn) = self.connection(index).filter(|conn| is_open(conn)) else { return };
        if place.room.journal.is_some() {
            return;
        }
        // A boundary's row needs the connection as it was then.
        let is_told = place.config.interval.is_none() || !has_news(conn);
        if has_stalled(conn, now) && is_told {
            self.lay_down(place, index);
        } else {
            self.look_later(index, now);
        }
    }

    fn look_later(&mut self, index: u32, now: Timestamp) {
        let (entry, deadline) = (self.slot_ref(index), now.after(STALLED));
        self.idle.push(deadline, entry);
        self.earliest = self.earliest.min(deadline);
    }

    fn lay_down(&mut self, place: &mut Workplace<'_>, index: u32) {
        let Some(conn) = self.slots.get_mut(index as usize).and_then(|slot| slot.connection.take()) else {
            return;
        };
        let hash = self.hash(&conn.key);
        let number = self.sleepers.lay_down(conn, place.spare);
        self.release(index);
        self.index.replace(hash, index, number | ASLEEP);
    }

    /// The slot of what may be a slot's connection or one that sleeps: that is woken.
    #[cold]
    pub(super) fn awake(&mut self, place: &mut Workplace<'_>, entry: u32) -> Option<u32> {
        if entry & ASLEEP == 0 {
            return Some(entry);
        }
        let conn = self.sleepers.wake(entry & !ASLEEP, place.spare)?;
        let hash = self.hash(&conn.key);
        let (index, _) = self.house(conn)?;
        self.index.replace(hash, entry, index);
        self.look_later(index, place.cause.at);
        Some(index)
    }

    /// The numbers of connections that sleep, with what stands for them.
    pub(super) fn asleep(&self) -> impl Iterator<Item = (u64, u32)> {
        let sleepers = &self.sleepers;
        sleepers.numbers().filter_map(|number| Some((sleepers.head(number)?.number, number | ASLEEP)))
    }

    /// As `awake`, where nobody asks the index any more.
    pub(super) fn housed(&mut self, place: &mut Workplace<'_>, entry: u32) -> Option<u32> {
        if entry & ASLEEP == 0 {
            return Some(entry);
        }
        let conn = self.sleepers.wake(entry & !ASLEEP, place.spare)?;
        self.house(conn).map(|(index, _)| index)
    }

    /// Places of connections that sleep, used or free.
    pub(in crate::flow) fn sleeping_places(&self) -> usize {
        self.sleepers.places()
    }

    /// What `tell` says of one that sleeps; it sleeps on as it was.
    pub(in crate::flow) fn ask_asleep(
        &mut self,
        place: &mut Workplace<'_>,
        number: u32,
        tell: impl FnOnce(&mut Workplace<'_>, &mut Connection) -> Row,
    ) -> Option<Row> {
        let mut conn = self.sleepers.wake(number, place.spare)?;
        let row = tell(place, &mut conn);
        // The place that it left is the first that is free.
        self.sleepers.lay_down(conn, place.spare);
        Some(row)
    }
}
