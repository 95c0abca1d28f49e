//! Recording intervals: at each boundary a row of every connection that has something new to tell.
//!
//! The row carries what came since the connection's previous row, so that sums over an interval are exact. It is no
//! event: what the next row says of earlier rows (phase, milestones) skips it, so the other rows are the same with any
//! interval or none. A connection that was silent since its previous row gets none: it would repeat that row. So it makes
//! no difference whether time passed an idle stretch in one step or in many, and idle connections cost nothing.

use super::connection::{Connection, Life};
use super::follow::Workplace;
use super::table::Table;
use crate::event::RowKind;
use crate::handshake::{PerSide, Side};
use crate::time::{Recurring, Timestamp};

/// Where the boundaries of one tap's intervals are.
#[derive(Debug)]
pub struct Boundaries {
    recurring: Option<Recurring>,
    next: Timestamp,
}

/// No packet's time: no boundary is due.
const NEVER: Timestamp = Timestamp(u64::MAX);

impl Boundaries {
    /// Those of `recurring`; without it there are none.
    pub fn new(recurring: Option<Recurring>) -> Self {
        let mut boundaries = Self { recurring, next: NEVER };
        boundaries.wait(Timestamp(0));
        boundaries
    }

    /// Whether time that has come to `now` has passed one.
    pub fn are_due(&self, now: Timestamp) -> bool {
        self.next <= now
    }

    /// When time passes the next one.
    pub fn next(&self) -> Timestamp {
        self.next
    }

    /// Writes the rows of all boundaries up to `now`. What a timer does before a boundary belongs before it.
    pub fn pass(&mut self, table: &mut Table, place: &mut Workplace<'_>, now: Timestamp) {
        while self.next <= now && self.next != NEVER {
            let boundary = self.next;
            table.advance(place, Timestamp(boundary.0.saturating_sub(1)));
            place.cause.at = boundary;
            tell(table, place);
            // Nothing is new before a timer fires: boundaries until then need no look at every connection.
            self.wait(table.next_deadline().map_or(now, |deadline| deadline.min(now)).max(boundary));
        }
    }

    fn wait(&mut self, since: Timestamp) {
        self.next = self.recurring.and_then(|recurring| recurring.first_after(since)).unwrap_or(NEVER);
    }
}

/// The rows of one boundary, in order of the connections' first packets.
fn tell(table: &mut Table, place: &mut Workplace<'_>) {
    for index in table.in_order(has_news) {
        if let Some(conn) = table.connection(index) {
            // An open handshake's anomalies are only noted when it is settled.
            let flags = conn.flags;
            place.write(conn, RowKind::Interval);
            conn.flags = flags;
        }
    }
}

/// Whether a connection is established, and segments of it came since its previous row.
pub fn has_news(conn: &Connection) -> bool {
    let halves = &conn.stream.halves;
    let (octets, segments) = match &conn.extras {
        Some(extras) => (extras.told_octets, extras.told_segments),
        None => (PerSide::default(), PerSide::default()),
    };
    matches!(conn.life, Life::Established | Life::Closing)
        && Side::BOTH.iter().any(|side| {
            (halves[*side].octets(), halves[*side].segments()) != (octets[*side], segments[*side])
        })
}
