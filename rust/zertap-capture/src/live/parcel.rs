//! What goes from the reader to one tap: segments, copied out of the ring, many at once.

use zertap_core::config::Config;
use zertap_core::time::Timestamp;
use zertap_core::wire::{Address, Segment, TcpFlags};

/// Octets from which a parcel is full.
const FULL_OCTETS: usize = 256 << 10;
/// Segments from which a parcel is full.
const FULL_SEGMENTS: usize = 512;

/// What a tap is told.
#[derive(Debug)]
pub(super) enum Message {
    /// Segments came.
    Parcel(Parcel),
    /// Time has come to this moment, and everything before it was sent.
    Clock(Timestamp),
    /// Begin anew, or observe nothing.
    Renew(Option<Box<Config>>),
}

/// Segments in the order of their frames.
#[derive(Debug, Default)]
pub(super) struct Parcel {
    held: Vec<Held>,
    octets: Vec<u8>,
    /// Time has come to this moment once they are taken.
    pub(super) clock: Timestamp,
}

/// One segment; its options and payload stand in the parcel's octets.
#[derive(Clone, Copy, Debug)]
struct Held {
    number: u64,
    at: Timestamp,
    ends: [(Address, u16); 2],
    lane: u32,
    sequence: u32,
    acknowledgment: u32,
    flags: TcpFlags,
    window: u16,
    fragment_overlap: bool,
    start: usize,
    options: usize,
    payload: usize,
    payload_on_wire: u32,
}

impl Parcel {
    /// Adds the segment of frame `number`.
    pub(super) fn push(&mut self, number: u64, at: Timestamp, segment: &Segment<'_>) {
        self.held.push(Held {
            number,
            at,
            ends: [(segment.source, segment.source_port), (segment.destination, segment.destination_port)],
            lane: segment.lane,
            sequence: segment.sequence,
            acknowledgment: segment.acknowledgment,
            flags: segment.flags,
            window: segment.window,
            fragment_overlap: segment.fragment_overlap,
            start: self.octets.len(),
            options: segment.options.len(),
            payload: segment.payload.len(),
            payload_on_wire: segment.payload_on_wire,
        });
        self.octets.extend_from_slice(segment.options);
        self.octets.extend_from_slice(segment.payload);
    }

    /// Each segment with its frame's number and time.
    pub(super) fn segments(&self) -> impl Iterator<Item = (u64, Timestamp, Segment<'_>)> {
        self.held.iter().map(|held| (held.number, held.at, self.segment(held)))
    }

    fn segment(&self, held: &Held) -> Segment<'_> {
        let rest = self.octets.get(held.start..).unwrap_or_default();
        let (options, rest) = rest.split_at_checked(held.options).unwrap_or_default();
        let [(source, source_port), (destination, destination_port)] = held.ends;
        Segment {
            source,
            destination,
            source_port,
            destination_port,
            lane: held.lane,
            sequence: held.sequence,
            acknowledgment: held.acknowledgment,
            flags: held.flags,
            window: held.window,
            options,
            payload: rest.get(..held.payload).unwrap_or_default(),
            payload_on_wire: held.payload_on_wire,
            fragment_overlap: held.fragment_overlap,
        }
    }

    /// How many segments it has.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether it should go.
    pub(super) fn is_full(&self) -> bool {
        self.held.len() >= FULL_SEGMENTS || self.octets.len() >= FULL_OCTETS
    }

    /// Empties it; its room is used again, unless huge frames made it larger than others.
    pub(super) fn clear(&mut self) {
        self.held.clear();
        self.octets.clear();
        self.octets.shrink_to(2 * FULL_OCTETS);
    }
}
