//! What several taps need to know of a stretch of packets, told once for all of them: whose each packet is, when it came and
//! where its octets lie.
//!
//! A packet of the usual shape is on the list of the one tap that follows its connection, and what its header says is known.
//! Every other one (fragments, tunnels, what is no TCP) is for every tap, since every tap's decoder has to see it. Of the
//! packets of others a tap needs only when they came, and even that seldom: when a timer may have fired between two of its own.

use std::ops::Range;

use super::share::Sieve;
use super::{RawFrame, Tap};
use crate::flow::Known;
use crate::prefetch::prefetch;
use crate::time::Timestamp;
use crate::wire::{Decoder, Ground, LinkType};

/// Looks at frames ahead of the taps that share them.
#[derive(Debug)]
pub struct Scout {
    decoder: Decoder,
    sieve: Sieve,
    /// The latest moment so far: time never runs backwards (A9).
    latest: Timestamp,
}

/// Some packets that follow each other, as a [`Scout`] found them.
#[derive(Debug, Default)]
pub struct Stretch {
    /// When each came, and never before the one before it.
    times: Vec<Timestamp>,
    /// At least as many: of each of the usual shape what is known, of others nothing that means anything.
    known: Vec<Known>,
    /// Those of another shape.
    others: Vec<Unknown>,
    /// Packets whose time lay before an earlier one's.
    pub(super) backwards: u64,
    /// The packets of the usual shape by whose they are, from 0.
    shares: Vec<Vec<u32>>,
}

/// A frame that has to be walked layer by layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unknown {
    /// Which packet of the stretch it is, from 0.
    pub(super) number: u32,
    start: u32,
    length: u32,
    wire_length: u32,
    link: LinkType,
}

impl Unknown {
    /// The frame; without octets if they cannot be had any more.
    pub(super) fn frame<'a>(&self, at: Timestamp, ground: Ground<'a>) -> RawFrame<'a> {
        let bytes = ground.get(self.range()).unwrap_or_default();
        RawFrame { at, link: self.link, bytes, wire_length: self.wire_length }
    }

    fn range(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.length as usize
    }
}

impl Stretch {
    /// How many packets it has.
    pub fn packets(&self) -> usize {
        self.times.len()
    }

    /// Forgets all, and keeps the room for as much.
    pub fn clear(&mut self) {
        self.times.clear();
        self.others.clear();
        self.backwards = 0;
        self.shares.iter_mut().for_each(Vec::clear);
    }

    /// Room for as many more.
    #[cold]
    fn grow(&mut self) {
        self.known.resize((2 * self.known.len()).max(64), Known::NOTHING);
    }

    /// Every share has to look at this one.
    #[cold]
    fn add_unknown(&mut self, frame: &RawFrame<'_>, number: u32, start: u32) {
        let RawFrame { link, bytes, wire_length, .. } = *frame;
        self.others.push(Unknown { number, start, length: bytes.len() as u32, wire_length, link });
    }

    /// How many segments of the usual shape there are.
    pub(super) fn usual(&self) -> u64 {
        (self.times.len() - self.others.len()) as u64
    }

    /// When each packet came.
    pub(super) fn times(&self) -> &[Timestamp] {
        &self.times
    }

    /// Asks for what is known of a segment.
    #[inline]
    pub(super) fn expect(&self, number: u32) {
        self.known.get(number as usize).into_iter().for_each(prefetch);
    }

    /// What is known of a segment, and when it came.
    #[inline]
    pub(super) fn at(&self, number: u32) -> Option<(&Known, Timestamp)> {
        let number = number as usize;
        Some((self.known.get(number)?, *self.times.get(number)?))
    }

    /// The packets that are not of the usual shape.
    pub(super) fn others(&self) -> &[Unknown] {
        &self.others
    }

    /// Which of the others one share has to follow: those of them that lie before `end`.
    pub(super) fn of(&self, share: usize, end: usize) -> &[u32] {
        let numbers = self.shares.get(share).map(Vec::as_slice).unwrap_or_default();
        let lies_before = |number: &u32| {
            self.known.get(*number as usize).is_some_and(|known| known.extent().range().end <= end)
        };
        // Frames lie in order.
        numbers.get(..numbers.partition_point(lies_before)).unwrap_or_default()
    }

    /// Within which of the octets all of it lies.
    pub fn range(&self) -> Range<usize> {
        let usual = self.shares.iter().flatten().filter_map(|number| self.known.get(*number as usize));
        let usual = usual.map(|known| known.extent().range());
        let others = self.others.iter().map(Unknown::range).filter(|range| !range.is_empty());
        let both =
            |one: Range<usize>, other: Range<usize>| one.start.min(other.start)..one.end.max(other.end);
        usual.chain(others).reduce(both).unwrap_or_default()
    }
}

impl Scout {
    /// Adds a frame to a stretch, where its octets will stand from `start` on. All of a stretch are at most 4 GiB.
    #[expect(
        clippy::inline_always,
        reason = "a frame that is handed over in memory costs as much as finding it"
    )]
    #[inline(always)]
    pub fn look(&mut self, stretch: &mut Stretch, frame: &RawFrame<'_>, start: usize) {
        let number = stretch.times.len();
        if frame.at < self.latest {
            stretch.backwards += 1;
        } else {
            self.latest = frame.at;
        }
        stretch.times.push(self.latest);
        if number >= stretch.known.len() {
            stretch.grow();
        }
        let Some(known) = stretch.known.get_mut(number) else { return };
        let naming = known.naming(self.sieve.hash());
        let Some((named, usual)) = self.decoder.name(frame.link, frame.bytes, naming) else {
            return stretch.add_unknown(frame, number as u32, start as u32);
        };
        known.note(&usual, named, frame.bytes, start);
        if let Some(share) = stretch.shares.get_mut(self.sieve.share_of(named.hash)) {
            share.push(number as u32);
        }
    }

    /// A stretch without packets, to be filled.
    pub fn stretch(&self) -> Stretch {
        Stretch { shares: vec![Vec::new(); self.sieve.shares()], ..Stretch::default() }
    }
}

impl Tap {
    /// Who looks at the next frames for this tap and for all others that share them. None for a tap that is alone.
    pub fn scout(&self) -> Option<Scout> {
        let sieve = self.sharing.as_ref()?.sieve;
        Some(Scout { decoder: Decoder::new(self.shop.config.wire), sieve, latest: self.now })
    }
}
