//! One of several taps that follow the same packets: it follows its share of the connections, and its rows say where they
//! stand among the rows of all.
//!
//! Each tap is shown every frame. Frames are counted, time passes and fragments are put together in every tap alike, so
//! that packet numbers, timers and recording intervals are those of a tap that is alone. Only segments of the
//! connections whose keyed hash falls to a tap reach its table; of the others no segment is made. The lane is no part of that hash: connections whose
//! directions travel on two lanes, and the ordinals of addresses and ports, need all lanes in one place.

use super::{RawFrame, Ready, Tap};
use crate::batch::Waiting;
use crate::event::{Row, RowKind};
use crate::flow::Guess;
use crate::time::Timestamp;
use crate::wire::Corners;
use arrayvec::ArrayVec;
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// Which connections a tap follows: share `index` of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// From 0.
    pub index: u32,
    /// How many taps there are; they must have the same `hash_key`.
    pub count: u32,
}

/// Tells a share's connections: a keyed hash, the same for both directions.
#[derive(Clone, Copy, Debug)]
struct Sieve {
    share: Share,
    words: [u64; 3],
}

impl Sieve {
    fn new(share: Share, key: [u64; 2]) -> Self {
        // Not the words by which tables hash: a share must be no part of a table's places.
        let mut number = 0;
        let words = [0; 3].map(|_: u64| {
            number += 1;
            let mut sip = SipHasher13::new_with_keys(key[1], key[0]);
            sip.write_u64(number);
            sip.finish()
        });
        Self { share, words }
    }

    /// Whether a segment between these ends is followed here.
    #[inline]
    fn lets(&self, corners: &Corners) -> bool {
        let [k0, k1, k2] = self.words;
        let end = |address: u128, port: u16| {
            let (upper, lower) = ((address >> 64) as u64 ^ u64::from(port), address as u64);
            let product = u128::from(upper.wrapping_add(k0)).wrapping_mul(u128::from(lower.wrapping_add(k1)));
            (product >> 64) as u64 ^ product as u64
        };
        let [source, destination] = corners.addresses;
        let sum = end(source, corners.ports[0]).wrapping_add(end(destination, corners.ports[1]));
        let mixed = sum.wrapping_mul(k2 | 1) >> 32;
        (mixed * u64::from(self.share.count)) >> 32 == u64::from(self.share.index)
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
    sieve: Sieve,
    /// Places of the rows that wait.
    places: Vec<Place>,
    /// Packets that opened a connection, since they were last taken.
    openings: Vec<u64>,
}

impl Sharing {
    pub(super) fn new(share: Share, hash_key: [u64; 2]) -> Self {
        Self { sieve: Sieve::new(share, hash_key), places: Vec::new(), openings: Vec::new() }
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
                let sieve = sharing.sieve;
                batch.push(match self.decoder.usual(frame.link, frame.bytes) {
                    Some((corners, usual)) if sieve.lets(&corners) => {
                        let identity = self.table.identify(&corners);
                        Seen::Here(Ready::Usual { at: frame.at, identity, usual, guess: Guess::default() })
                    }
                    Some(_) => Seen::Elsewhere(frame.at),
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
                    Seen::Here(Ready::Usual { at, identity, usual, guess }) => {
                        self.time_before_packet(*at, &mut sharing);
                        self.counters.segments += 1;
                        self.handle(&mut sharing, |tap| tap.follow_usual(usual, identity, *guess));
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
                let corners = Corners::of(&segment);
                if sharing.sieve.lets(&corners) {
                    let identity = self.table.identify(&corners);
                    self.handle(sharing, |tap| tap.follow(&segment, &identity, Guess::default()));
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
    fn handle(&mut self, sharing: &mut Sharing, follow: impl FnOnce(&mut Self)) {
        let (before, opened) = (self.batch.len(), self.table.counters().opened);
        self.table.number_next(self.counters.frames);
        follow(self);
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
