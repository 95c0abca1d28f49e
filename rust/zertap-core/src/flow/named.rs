//! Connections by name: what a caller may hold of one without holding it, and what a conversation's next segment is.

use super::arrival::Arrival;
use super::connection::{Connection, Life, NAMED};
use super::follow::Workplace;
use super::key::{Endpoint, FlowKey};
use super::table::{Identity, Table};
use super::timers::SlotRef;
use crate::event::RowKind;
use crate::handshake::Side;

/// Names one connection of one tap for as long as it lives; afterwards it names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionRef(u64);

impl ConnectionRef {
    /// The name as a number, for callers that hand it through another language.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The name that this number was made of; of no connection if it is a number of the caller's own.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    pub(super) const fn of(slot: SlotRef) -> Self {
        Self((slot.generation as u64) << 32 | slot.index as u64)
    }

    pub(super) const fn slot(self) -> SlotRef {
        SlotRef { index: self.0 as u32, generation: (self.0 >> 32) as u32 }
    }
}

/// Where in its conversation one side is: the addresses and numbers of the next segment that it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The sender.
    pub from: Endpoint,
    /// The receiver.
    pub to: Endpoint,
    /// VLAN and tunnel lane.
    pub lane: u32,
    /// Number of the next octet.
    pub sequence: u32,
    /// What is acknowledged with it.
    pub acknowledgment: u32,
}

impl Table {
    /// The live connection of these addresses and ports. `number`: only if it is the one with this number.
    pub fn named(
        &mut self,
        place: &mut Workplace<'_>,
        key: &FlowKey,
        number: Option<u64>,
    ) -> Option<ConnectionRef> {
        let slot = self.live_slot(place, key)?;
        let conn = self.resolve(slot)?;
        let is_meant = number.is_none_or(|number| conn.number() == number);
        is_meant.then(|| {
            // From now on it keeps its slot.
            conn.bits |= NAMED;
            ConnectionRef::of(slot)
        })
    }

    /// The turn of `side`. `seen`: octets of the other side that it had got by now; `None`: all there were.
    pub fn turn(&self, whom: ConnectionRef, side: Side, seen: Option<u64>) -> Option<Turn> {
        let conn = self.at(whom.slot()).filter(|conn| conn.life != Life::HalfOpen)?;
        let [half, other] = [&conn.stream.halves[side], &conn.stream.halves[side.other()]];
        let acknowledgment = match seen {
            Some(seen) if seen < other.delivered() => other.first()?.plus(seen as u32),
            _ => other.awaited(),
        };
        let (from, to) = ends(conn, side);
        Some(Turn {
            from,
            to,
            lane: conn.key.lane(),
            sequence: half.awaited().0,
            acknowledgment: acknowledgment.0,
        })
    }
}

impl Table {
    /// Handles one segment that `side` of a connection sent, which needs not be looked up; `false` where it is gone.
    pub fn segment_of(
        &mut self,
        place: &mut Workplace<'_>,
        whom: ConnectionRef,
        side: Side,
        segment: &Arrival<'_>,
    ) -> bool {
        let slot = whom.slot();
        let Some(conn) = self.resolve(slot) else { return false };
        let (key, from_low) = (conn.key, conn.sender(true) == side);
        let identity = Identity { key, from_low, hash: self.hash(&key) };
        self.take(place, slot.index, &identity, segment);
        true
    }

    /// Whether both sides have closed and only the last acknowledgement is missing.
    pub fn is_closing(&self, whom: ConnectionRef) -> bool {
        self.at(whom.slot()).is_some_and(|conn| conn.life == Life::Closing)
    }

    /// Whether `side` sends no more.
    pub fn has_closed(&self, whom: ConnectionRef, side: Side) -> bool {
        self.at(whom.slot()).is_some_and(|conn| conn.stream.halves[side].fin_delivered())
    }

    /// Ends our view of a connection; `false` where it is gone.
    pub fn abandon(&mut self, place: &mut Workplace<'_>, whom: ConnectionRef) -> bool {
        let Some(conn) = self.resolve(whom.slot()) else { return false };
        place.abandon(conn, RowKind::Unfinished);
        self.leave(whom.slot());
        true
    }
}

/// The endpoint of `side`, and the other.
fn ends(conn: &Connection, side: Side) -> (Endpoint, Endpoint) {
    let [low, high] = conn.key.endpoints();
    if conn.low_side == side { (low, high) } else { (high, low) }
}
