//! Connections whose two directions travel on different lanes.
//!
//! Tunnels often number each direction by its destination (VXLAN, Geneve), and some taps tag the two
//! directions differently. Equal addresses and ports on two lanes are two connections (EDGE_CASES IP-07)
//! unless one of them lacks exactly the direction that the other brings, and its numbers fit.

use super::arrival::Arrival;
use super::connection::Connection;
use crate::handshake::Side;
use crate::stream::Seq;

/// How many lanes are remembered; beyond, directions on new lanes are not paired.
pub const LIMIT: usize = 64;

/// The lanes that were seen, in order of their numbers: which of two is asked first must not depend on other connections.
#[derive(Debug, Default)]
pub struct Lanes {
    seen: Vec<u32>,
}

impl Lanes {
    /// Remembers a lane.
    pub fn note(&mut self, lane: u32) {
        if self.seen.len() < LIMIT
            && let Err(place) = self.seen.binary_search(&lane)
        {
            self.seen.insert(place, lane);
        }
    }

    /// Whether another lane was seen.
    #[inline]
    pub fn has_others(&self, lane: u32) -> bool {
        self.seen.len() > 1 || self.seen.first().is_some_and(|only| *only != lane)
    }

    /// The lanes other than `lane` on which the other direction might travel.
    pub fn others(&self, lane: u32) -> impl Iterator<Item = u32> {
        self.seen.iter().copied().filter(move |other| *other != lane)
    }
}

/// Whether a segment that `side` would have sent is the direction that a connection lacks.
pub fn is_missing_direction(conn: &Connection, side: Side, segment: &Arrival<'_>) -> bool {
    let other = &conn.stream.halves[side.other()];
    let ack = Seq(segment.acknowledgment);
    conn.other_lane() == conn.key.lane()
        && !conn.stream.halves[side].is_visible()
        && segment.flags.ack()
        && other.is_known()
        && other.offset_of(ack).is_some()
        && other.highest().distance_to(ack) <= 1
}
