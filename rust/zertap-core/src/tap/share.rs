//! One of several taps that follow the same packets: it follows its share of the connections, and its rows say where they
//! stand among the rows of all.
//!
//! What frames hold is told once for all taps (`scout`), and each takes of it what is its own (`stretch`). Frames are
//! counted, time passes and fragments are put together in every tap alike, so that packet numbers, timers and recording
//! intervals are those of a tap that is alone. Only segments of the connections whose keyed hash falls to a tap reach its
//! table. The lane is no part of that hash: connections whose directions travel on two lanes, and the ordinals of
//! addresses and ports, need all lanes in one place.

use super::Tap;
use crate::batch::Waiting;
use crate::event::{Row, RowKind};
use crate::flow::{FlowHash, Identity};
use crate::time::Timestamp;

/// Which connections a tap follows: share `index` of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// From 0.
    pub index: u32,
    /// How many taps there are; they must have the same `hash_key`.
    pub count: u32,
}

/// Tells a share's connections: a keyed hash, the same for both directions and on all lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sieve {
    share: Share,
    hash: FlowHash,
}

impl Sieve {
    fn new(share: Share, key: [u64; 2]) -> Self {
        Self { share, hash: FlowHash::new(key) }
    }

    /// How many shares there are.
    pub(super) fn shares(&self) -> usize {
        self.share.count as usize
    }

    /// The share of this tap.
    pub(super) fn own(&self) -> usize {
        self.share.index as usize
    }

    /// The hash by which the taps' tables find a key.
    #[inline]
    pub(super) fn hash(&self) -> &FlowHash {
        &self.hash
    }

    /// Whether segments of this key are followed here.
    pub(super) fn lets(&self, identity: &Identity) -> bool {
        self.share_of(identity) == self.own()
    }

    /// The share that follows the segments of a key: told by the highest bits of what a table compares, whose places follow
    /// from the lowest.
    #[inline]
    pub(super) fn share_of(&self, identity: &Identity) -> usize {
        let Identity { key, hash, .. } = identity;
        let hash = if key.lane() == 0 { *hash } else { self.hash.of(&key.on_lane(0)) };
        (((hash & u64::from(u32::MAX)) * u64::from(self.share.count)) >> 32) as usize
    }
}

/// A row with its place among the rows of all shares.
#[derive(Clone, Debug)]
pub struct SharedRow {
    /// The place; `row.connection` is the number of the packet that opened the connection.
    pub place: Place,
    /// The row.
    pub row: Row,
}

/// Where a row stands: places compare as one tap would have written the rows. Rows of one connection may have equal places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The packet that was being handled.
    pub packet: u64,
    /// What of it was.
    pub stage: Stage,
    /// When the row was written, where timers wrote it.
    at: Timestamp,
    /// Timers come behind the recording interval that ends at the same moment.
    timer: bool,
    /// The connection, where rows of several have all else in common.
    connection: u64,
}

/// What is done for one packet, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Time passes until it came.
    Timers,
    /// It is handled.
    Packet,
    /// It was the last one.
    End,
}

impl Place {
    fn of(row: Waiting<'_>, packet: u64, stage: Stage) -> Self {
        let mut place = Self { packet, stage, at: Timestamp(0), timer: false, connection: 0 };
        if stage == Stage::Timers {
            (place.at, place.timer) = (row.at(), row.kind() != RowKind::Interval);
        }
        if stage != Stage::Packet {
            place.connection = row.connection();
        }
        place
    }
}

/// What a tap of a share keeps beside its rows.
#[derive(Debug)]
pub(super) struct Sharing {
    pub(super) sieve: Sieve,
    /// Places of the rows that wait.
    places: Vec<Place>,
    /// Packets that opened a connection, since they were last taken.
    pub(super) openings: Vec<u64>,
}

impl Sharing {
    pub(super) fn new(share: Share, hash_key: [u64; 2]) -> Self {
        Self { sieve: Sieve::new(share, hash_key), places: Vec::new(), openings: Vec::new() }
    }
}

impl Tap {
    /// Gives the rows without a place theirs.
    #[cold]
    pub(super) fn place_rows(&self, sharing: &mut Sharing, stage: Stage) {
        let packet = self.counters.frames;
        let new = self.batch.rows().since(sharing.places.len());
        sharing.places.extend(new.map(|row| Place::of(row, packet, stage)));
    }

    /// The rows written since the last call, with their places, and the packets that opened connections since then.
    pub fn drain_shared(&mut self) -> (Vec<SharedRow>, Vec<u64>) {
        let Some(mut sharing) = self.sharing.take() else { return Default::default() };
        self.place_rows(&mut sharing, Stage::End);
        let rows = self.batch.take().into_vec();
        let places = std::mem::take(&mut sharing.places);
        let openings = std::mem::take(&mut sharing.openings);
        self.sharing = Some(sharing);
        (places.into_iter().zip(rows).map(|(place, row)| SharedRow { place, row }).collect(), openings)
    }
}
