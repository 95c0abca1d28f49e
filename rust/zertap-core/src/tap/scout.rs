//! What several taps need to know of a stretch of packets, told once for all of them: whose each packet is, when it came and
//! where its octets lie.
//!
//! A packet of the usual shape is on the list of the one tap that follows its connection, read as far as the table's key.
//! Every other one (fragments, tunnels, what is no TCP) is on every list, since every tap's decoder has to see it. Of the
//! packets of others a tap needs only when they came, and even that seldom: when a timer may have fired between two of its own.

use super::share::Sieve;
use super::{RawFrame, Tap};
use crate::flow::{FlowHash, FlowKey, Identity};
use crate::time::Timestamp;
use crate::wire::{Corners, Decoder, Extent, Ipv4Corners, LinkType, Naming};

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
    /// Segments of the usual shape.
    pub(super) usual: u64,
    /// Packets whose time lay before an earlier one's.
    pub(super) backwards: u64,
    shares: Vec<Vec<Step>>,
}

/// One packet of a share. As long as a cache line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Usual(Known),
    Other(Unknown),
}

/// A segment of the usual shape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    key: FlowKey,
    hash: u64,
    /// Which packet of the stretch it is, from 0.
    pub(super) number: u32,
    pub(super) extent: Extent,
    from_low: bool,
}

impl Known {
    #[inline]
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    #[inline]
    pub(super) fn identity(&self) -> Identity {
        Identity { key: self.key, from_low: self.from_low, hash: self.hash }
    }
}

/// A frame that has to be walked layer by layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unknown {
    pub(super) number: u32,
    start: u32,
    length: u32,
    wire_length: u32,
    link: LinkType,
}

impl Unknown {
    /// The frame; without octets if they cannot be had any more.
    pub(super) fn frame<'a>(&self, at: Timestamp, octets: &'a [u8]) -> RawFrame<'a> {
        let start = self.start as usize;
        let bytes = octets.get(start..start + self.length as usize).unwrap_or_default();
        RawFrame { at, link: self.link, bytes, wire_length: self.wire_length }
    }
}

/// Names connections as the taps' tables do.
struct NamedBy<'h>(&'h FlowHash);

impl Naming for NamedBy<'_> {
    type Name = Identity;

    #[inline]
    fn ipv4(self, corners: Ipv4Corners) -> Identity {
        let (key, from_low) = FlowKey::of_ipv4(&corners);
        Identity { key, from_low, hash: self.0.of_ipv4(&key) }
    }

    #[inline]
    fn ipv6(self, corners: Corners) -> Identity {
        let (key, from_low) = FlowKey::of(&corners);
        Identity { key, from_low, hash: self.0.of(&key) }
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
        (self.usual, self.backwards) = (0, 0);
        self.shares.iter_mut().for_each(Vec::clear);
    }

    /// Every share has to look at this one.
    #[cold]
    fn add_unknown(&mut self, frame: &RawFrame<'_>, number: u32, start: u32) {
        let RawFrame { link, bytes, wire_length, .. } = *frame;
        let step = Step::Other(Unknown { number, start, length: bytes.len() as u32, wire_length, link });
        self.shares.iter_mut().for_each(|steps| steps.push(step));
    }

    /// When a packet came.
    #[inline]
    pub(super) fn time(&self, number: usize) -> Option<Timestamp> {
        self.times.get(number).copied()
    }

    /// When the packets from one to before another came.
    pub(super) fn times(&self, from: usize, to: usize) -> &[Timestamp] {
        self.times.get(from..to).unwrap_or_default()
    }

    /// What one share has to follow.
    pub(super) fn of(&self, share: usize) -> &[Step] {
        self.shares.get(share).map(Vec::as_slice).unwrap_or_default()
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
        let number = stretch.times.len() as u32;
        stretch.backwards += u64::from(frame.at < self.latest);
        self.latest = self.latest.max(frame.at);
        stretch.times.push(self.latest);
        let Some((identity, usual)) = self.decoder.name(frame.link, frame.bytes, NamedBy(self.sieve.hash()))
        else {
            return stretch.add_unknown(frame, number, start as u32);
        };
        stretch.usual += 1;
        let (share, extent) = (self.sieve.share_of(&identity), usual.extent(frame.bytes, start));
        let Identity { key, from_low, hash } = identity;
        if let Some(steps) = stretch.shares.get_mut(share) {
            steps.push(Step::Usual(Known { key, hash, number, extent, from_low }));
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
        Some(Scout { decoder: Decoder::new(self.config.wire), sieve, latest: self.now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_cache_line() {
        assert_eq!(size_of::<Step>(), 64);
    }
}
