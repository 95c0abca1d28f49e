//! One of several taps that follow the same packets: it follows its share of the connections, and its rows say where they
//! stand among the rows of all.
//!
//! Each tap is shown every frame. Frames are counted, time passes and fragments are put together in every tap alike, so
//! that packet numbers, timers and recording intervals are those of a tap that is alone. Only segments of the
//! connections whose keyed hash falls to a tap reach its table. The lane is no part of that hash: connections whose
//! directions travel on two lanes, and the ordinals of addresses and ports, need all lanes in one place.

use super::{RawFrame, Ready, Tap};
use crate::event::{Row, RowKind};
use crate::flow::{FlowKey, Guess, Identity, Table};
use crate::time::Timestamp;
use crate::wire::Segment;
use arrayvec::ArrayVec;

/// Which connections a tap follows: share `index` of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// From 0.
    pub index: u32,
    /// How many taps there are; they must have the same `hash_key`.
    pub count: u32,
}

impl Share {
    /// Whether connections with this hash are followed here. The hash also finds the place in the table, so it is mixed:
    /// a share must not be a part of the places.
    #[inline]
    fn has(self, hash: u64) -> bool {
        let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        (mixed * u64::from(self.count)) >> 32 == u64::from(self.index)
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
    fn of(row: &Row, packet: u64, stage: Stage) -> Self {
        let mut place = Self { packet, stage, at: Timestamp(0), timer: false, connection: 0 };
        if stage == Stage::Timers {
            (place.at, place.timer) = (row.at, row.kind != RowKind::Interval);
        }
        if stage != Stage::Packet {
            place.connection = row.connection;
        }
        place
    }
}

/// What a tap of a share keeps beside its rows.
#[derive(Debug)]
pub(super) struct Sharing {
    share: Share,
    /// Places of the rows that wait.
    places: Vec<Place>,
    /// Packets that opened a connection, since they were last taken.
    openings: Vec<u64>,
}

impl Sharing {
    pub(super) fn new(share: Share) -> Self {
        Self { share, places: Vec::new(), openings: Vec::new() }
    }
}

/// A frame of a batch, looked at but not handled.
enum Seen<'a> {
    Here(Ready<'a>),
    Elsewhere(Timestamp),
}

/// How many frames are looked at together; some are followed elsewhere.
const BATCH: usize = 32;

impl Tap {
    /// Takes captured frames, in order, and follows those of its share.
    pub fn push_shared<'f>(&mut self, frames: &mut impl Iterator<Item = RawFrame<'f>>) {
        let Some(mut sharing) = self.sharing.take() else { return self.push_frames(frames) };
        loop {
            let mut batch = ArrayVec::<Seen<'_>, BATCH>::new();
            for frame in frames.by_ref().take(BATCH) {
                batch.push(match self.decoder.usual(frame.link, frame.bytes) {
                    Some(segment) => match identify(&self.table, sharing.share, &segment) {
                        Some(identity) => {
                            let guess = Guess::default();
                            Seen::Here(Ready::Usual { at: frame.at, identity, segment, guess })
                        }
                        None => Seen::Elsewhere(frame.at),
                    },
                    None => Seen::Here(Ready::Other(frame)),
                });
            }
            for seen in &mut batch {
                if let Seen::Here(Ready::Usual { identity, guess, .. }) = seen {
                    *guess = self.table.expect(identity.hash);
                }
            }
            for seen in &batch {
                self.counters.frames += 1;
                match seen {
                    Seen::Elsewhere(at) => {
                        self.counters.segments += 1;
                        self.time_before_packet(*at, &mut sharing);
                    }
                    Seen::Here(Ready::Usual { at, identity, segment, guess }) => {
                        self.time_before_packet(*at, &mut sharing);
                        self.counters.segments += 1;
                        self.handle(segment, identity, *guess, &mut sharing);
                    }
                    Seen::Here(Ready::Other(frame)) => self.handle_other(frame, &mut sharing),
                }
            }
            if !batch.is_full() {
                break;
            }
        }
        self.sharing = Some(sharing);
    }

    /// Handles one frame layer by layer.
    fn handle_other(&mut self, frame: &RawFrame<'_>, sharing: &mut Sharing) {
        self.time_before_packet(frame.at, sharing);
        // The segment borrows the decoder's room, so the decoder stands aside meanwhile.
        let mut decoder = std::mem::take(&mut self.decoder);
        match decoder.unusual(self.now, frame.link, frame.bytes, frame.wire_length) {
            Ok(segment) => {
                self.counters.segments += 1;
                if let Some(identity) = identify(&self.table, sharing.share, &segment) {
                    self.handle(&segment, &identity, Guess::default(), sharing);
                }
            }
            Err(skip) => self.skip(skip),
        }
        self.decoder = decoder;
    }

    /// Lets time pass up to a packet.
    #[inline]
    fn time_before_packet(&mut self, at: Timestamp, sharing: &mut Sharing) {
        let before = self.batch.len();
        self.pass_time(at);
        if self.batch.len() > before {
            self.place_rows(sharing, Stage::Timers);
        }
    }

    /// Handles a segment of this share.
    #[inline]
    fn handle(&mut self, segment: &Segment<'_>, identity: &Identity, guess: Guess, sharing: &mut Sharing) {
        let (before, opened) = (self.batch.len(), self.table.counters().opened);
        self.table.number_next(self.counters.frames);
        self.follow(segment, identity, guess);
        if self.table.counters().opened > opened {
            sharing.openings.push(self.counters.frames);
        }
        if self.batch.len() > before {
            self.place_rows(sharing, Stage::Packet);
        }
    }

    /// Gives the rows without a place theirs.
    #[cold]
    fn place_rows(&self, sharing: &mut Sharing, stage: Stage) {
        let packet = self.counters.frames;
        let new = self.batch.rows().get(sharing.places.len()..).unwrap_or_default();
        sharing.places.extend(new.iter().map(|row| Place::of(row, packet, stage)));
    }

    /// The rows written since the last call, with their places, and the packets that opened connections since then.
    pub fn drain_shared(&mut self) -> (Vec<SharedRow>, Vec<u64>) {
        let Some(mut sharing) = self.sharing.take() else { return Default::default() };
        self.place_rows(&mut sharing, Stage::End);
        let rows = self.batch.take();
        let places = std::mem::take(&mut sharing.places);
        let openings = std::mem::take(&mut sharing.openings);
        self.sharing = Some(sharing);
        (places.into_iter().zip(rows).map(|(place, row)| SharedRow { place, row }).collect(), openings)
    }
}

/// The key of a segment and its hash, if its connection is followed here.
#[inline]
fn identify(table: &Table, share: Share, segment: &Segment<'_>) -> Option<Identity> {
    let (key, from_low) = FlowKey::of(segment);
    let on_no_lane = table.hash(&key.on_lane(0));
    if !share.has(on_no_lane) {
        return None;
    }
    let hash = if key.lane() == 0 { on_no_lane } else { table.hash(&key) };
    Some(table.expected(Identity { key, from_low, hash }))
}
