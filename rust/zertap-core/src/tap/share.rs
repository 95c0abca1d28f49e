//! One of several taps that follow the same packets: it follows its share of the connections, and its rows say where they
//! stand among the rows of all.
//!
//! What frames hold is told once for all taps (`scout`), and each takes of it what is its own (`stretch`). Frames are
//! counted, time passes and fragments are put together in every tap alike, so that packet numbers, timers and recording
//! intervals are those of a tap that is alone. Only segments of the connections whose keyed hash falls to a tap reach its
//! table. The lane is no part of that hash: connections whose directions travel on two lanes, and the ordinals of
//! addresses and ports, need all lanes in one place.

use super::Tap;
use crate::batch::{EventBatch, Waiting};
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
        let Identity { key, hash, .. } = identity;
        let hash = if key.lane() == 0 { *hash } else { self.hash.of(&key.on_lane(0)) };
        self.share_of(hash) == self.own()
    }

    /// The share that follows the segments of a key with this hash, made without the lane: told by the highest bits of what a
    /// table compares, whose places follow from the lowest.
    #[inline]
    pub(super) fn share_of(&self, hash: u64) -> usize {
        (((hash & u64::from(u32::MAX)) * u64::from(self.share.count)) >> 32) as usize
    }
}

/// Rows, and their places among the rows of all shares beside them.
#[derive(Debug, Default)]
pub struct SharedRows {
    /// The rows; `connection` of each is the number of the packet that opened it.
    pub rows: Vec<Row>,
    /// The place of each.
    pub places: Vec<Place>,
    /// The packets that opened connections since the rows before were taken.
    pub openings: Vec<u64>,
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

/// Places for which room is made before there are any.
const MOST_EXPECTED: usize = 8192;

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

impl Sharing {
    /// Gives the rows without a place theirs: what they were written at.
    #[cold]
    pub(super) fn place_rows(&mut self, batch: &EventBatch, packet: u64, stage: Stage) {
        let new = batch.rows().since(self.places.len());
        self.places.extend(new.map(|row| Place::of(row, packet, stage)));
    }
}

impl Tap {
    /// The rows written since the last call, with their places, and the packets that opened connections since then. Places
    /// stand beside the rows: these are long, and nothing is copied.
    pub fn take_shared(&mut self) -> SharedRows {
        let Some(sharing) = &mut self.sharing else { return SharedRows::default() };
        sharing.place_rows(&self.shop.batch, self.counters.frames, Stage::End);
        let rows = self.shop.batch.take_alike();
        // As many again are likely to come.
        let places = Vec::with_capacity(sharing.places.len().min(MOST_EXPECTED));
        let places = std::mem::replace(&mut sharing.places, places);
        SharedRows { rows, places, openings: std::mem::take(&mut sharing.openings) }
    }
}
