//! The pieces of one fragmented datagram, and what happens when they overlap.
//!
//! ```text
//! octets   | third | first      | second |      in order of arrival, never moved
//! pieces   first -> second -> (hole) -> third   in order of offset, each knowing its place in `octets`
//! ```
//!
//! IPv4: an octet that came twice keeps its first copy, and the datagram is marked unless both copies were equal.
//! IPv6: any overlap but an exact duplicate spoils the datagram (RFC 8200 section 4.5). In both, contradictory ends
//! spoil it. A spoiled datagram keeps its entry until it is old, so that its last pieces cannot begin a new one.

use super::fragment::{Piece, Whole};
use crate::time::{Span, Timestamp};

/// A range of octets of the datagram: `start < end <= 65535`.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    start: u32,
    end: u32,
}

impl Extent {
    /// The range of one fragment, if a datagram can have it: not empty, whole units of eight unless it is the last,
    /// within the longest datagram.
    pub(super) fn of(piece: &Piece<'_>) -> Option<Extent> {
        let length = piece.body.wire;
        let end = piece.offset.checked_add(length)?;
        let possible = length != 0 && end <= LONGEST && (length.is_multiple_of(8) || !piece.more);
        possible.then_some(Extent { start: piece.offset, end })
    }

    const fn meets(self, other: Extent) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// A stretch of the datagram that is here.
#[derive(Clone, Copy)]
struct Stretch {
    extent: Extent,
    /// Where its octets begin in the store.
    at: u32,
}

/// One datagram in the making.
pub(super) struct Datagram {
    /// Tells it from an earlier one of the same identity.
    pub serial: u64,
    pub spoiled: bool,
    since: Timestamp,
    octets: Vec<u8>,
    /// Sorted, never overlapping.
    pieces: Vec<Stretch>,
    /// Octets covered by `pieces`.
    covered: u32,
    /// Length of the whole, once the last fragment came.
    end: Option<u32>,
    /// What the datagram carries, once the first fragment came.
    carried: Option<u8>,
    overlap: bool,
}

impl Datagram {
    pub(super) fn new(serial: u64, since: Timestamp) -> Self {
        Self {
            serial,
            spoiled: false,
            since,
            octets: Vec::new(),
            pieces: Vec::new(),
            covered: 0,
            end: None,
            carried: None,
            overlap: false,
        }
    }

    /// Whether a fragment of this time may still belong to it. A clock that was set back far ends it as well.
    pub(super) fn fits(&self, at: Timestamp, age: Span) -> bool {
        at.since(self.since).0.max(self.since.since(at).0) <= age.0
    }

    /// Octets of memory, bookkeeping included.
    pub(super) fn memory(&self) -> usize {
        ENTRY + self.octets.capacity() + self.pieces.capacity() * size_of::<Stretch>()
    }

    /// Takes one fragment in; `false` if the datagram is spoiled, now or before.
    pub(super) fn add(&mut self, extent: Extent, piece: &Piece<'_>, version: u8, most_pieces: usize) -> bool {
        if self.spoiled || !self.ends_agree(extent, piece.more) {
            return self.spoil();
        }
        let octets = piece.body.octets;
        if self.pieces.iter().any(|stretch| stretch.extent.meets(extent)) {
            let same = self.repeats(extent, octets);
            let exact =
                self.pieces.iter().any(|s| s.extent.start == extent.start && s.extent.end == extent.end);
            if version == 6 && !(same && exact) {
                return self.spoil();
            }
            self.overlap |= !(same && self.holes(extent).is_empty());
        }
        for hole in self.holes(extent) {
            if self.pieces.len() >= most_pieces {
                return self.spoil();
            }
            self.store(hole, extent, octets);
        }
        if extent.start == 0 {
            self.carried = self.carried.or(Some(piece.carried));
        }
        true
    }

    /// The whole datagram into `buffer`, if nothing lacks.
    pub(super) fn join(&self, buffer: &mut Vec<u8>) -> Option<Whole> {
        let carried = self.carried?;
        if self.end != Some(self.covered) {
            return None;
        }
        buffer.clear();
        for stretch in &self.pieces {
            buffer.extend_from_slice(self.stored(*stretch));
        }
        Some(Whole { carried, overlap: self.overlap })
    }

    /// Whether this fragment and those before it can belong to one datagram; learns its end from the last one.
    fn ends_agree(&mut self, extent: Extent, more: bool) -> bool {
        match self.end {
            Some(end) => {
                if more {
                    extent.end <= end
                } else {
                    extent.end == end
                }
            }
            None if more => true,
            None => {
                self.end = Some(extent.end);
                self.pieces.last().is_none_or(|last| last.extent.end <= extent.end)
            }
        }
    }

    /// Whether all that is here of `extent` has the octets that come again now.
    fn repeats(&self, extent: Extent, octets: &[u8]) -> bool {
        self.pieces.iter().filter(|stretch| stretch.extent.meets(extent)).all(|stretch| {
            let both = Extent {
                start: stretch.extent.start.max(extent.start),
                end: stretch.extent.end.min(extent.end),
            };
            part(self.stored(*stretch), stretch.extent, both) == part(octets, extent, both)
        })
    }

    /// The ranges within `extent` that are not here yet.
    fn holes(&self, extent: Extent) -> Vec<Extent> {
        let mut holes = Vec::new();
        let mut start = extent.start;
        for stretch in self.pieces.iter().filter(|stretch| stretch.extent.meets(extent)) {
            if start < stretch.extent.start {
                holes.push(Extent { start, end: stretch.extent.start });
            }
            start = stretch.extent.end;
        }
        if start < extent.end {
            holes.push(Extent { start, end: extent.end });
        }
        holes
    }

    /// Keeps the octets of one hole.
    fn store(&mut self, hole: Extent, extent: Extent, octets: &[u8]) {
        let at = self.octets.len() as u32;
        self.octets.extend_from_slice(part(octets, extent, hole));
        let place = self.pieces.partition_point(|stretch| stretch.extent.start < hole.start);
        self.pieces.insert(place, Stretch { extent: hole, at });
        self.covered += hole.end - hole.start;
    }

    fn stored(&self, stretch: Stretch) -> &[u8] {
        let (at, length) = (stretch.at as usize, (stretch.extent.end - stretch.extent.start) as usize);
        self.octets.get(at..at + length).unwrap_or_default()
    }

    /// Forgets the octets, keeps the entry.
    fn spoil(&mut self) -> bool {
        self.spoiled = true;
        self.octets = Vec::new();
        self.pieces = Vec::new();
        false
    }
}

/// The octets of `wanted`, out of those of `extent` in which it lies.
fn part(octets: &[u8], extent: Extent, wanted: Extent) -> &[u8] {
    let (from, to) = (wanted.start - extent.start, wanted.end - extent.start);
    octets.get(from as usize..to as usize).unwrap_or_default()
}

/// No datagram's payload is longer: the IPv4 total length and the IPv6 payload length have 16 bits.
const LONGEST: u32 = 65535;

/// What an entry takes beside its octets and pieces: twice for the order, the map's slack.
const ENTRY: usize = 2 * size_of::<Datagram>() + 128;
