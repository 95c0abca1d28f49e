//! Frames just read, put in order of time.
//!
//! The kernel hands a ring over block by block, so what two interfaces heard at one moment may be read some milliseconds
//! apart. With one interface nothing waits; with several, frames wait until nothing older can come.

use super::device::Heard;
use zertap_core::tap::RawFrame;
use zertap_core::time::Timestamp;
use zertap_core::wire::LinkType;

/// Frames that were read and not handed on.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    frames: Vec<Kept>,
    octets: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    at: Timestamp,
    link: LinkType,
    start: usize,
    length: usize,
    wire_length: u32,
}

impl Sweep {
    /// Adds a frame.
    pub(super) fn push(&mut self, link: LinkType, heard: Heard<'_>) {
        let (start, length) = (self.octets.len(), heard.bytes.len());
        self.octets.extend_from_slice(heard.bytes);
        self.frames.push(Kept { at: heard.at, link, start, length, wire_length: heard.wire_length });
    }

    /// How many octets wait.
    pub(super) fn octets(&self) -> usize {
        self.octets.len()
    }

    /// Puts the frames in order of time; those of one moment stay as they were read.
    pub(super) fn sort(&mut self) {
        self.frames.sort_by_key(|kept| kept.at);
    }

    /// The frames up to the moment `until`, after `sort`.
    pub(super) fn ready(&self, until: Timestamp) -> impl Iterator<Item = RawFrame<'_>> {
        let count = self.frames.partition_point(|kept| kept.at <= until);
        self.frames.iter().take(count).map(|kept| RawFrame {
            at: kept.at,
            link: kept.link,
            bytes: self.octets.get(kept.start..kept.start + kept.length).unwrap_or_default(),
            wire_length: kept.wire_length,
        })
    }

    /// Forgets the first so many frames.
    pub(super) fn forget(&mut self, count: usize) {
        self.frames.drain(..count.min(self.frames.len()));
        if self.frames.is_empty() {
            self.octets.clear();
            self.octets.shrink_to(MOST_KEPT);
            return;
        }
        let mut octets = Vec::new();
        for kept in &mut self.frames {
            let start = octets.len();
            octets
                .extend_from_slice(self.octets.get(kept.start..kept.start + kept.length).unwrap_or_default());
            kept.start = start;
        }
        self.octets = octets;
    }
}

/// Room that an empty sweep keeps. Unit: octets.
const MOST_KEPT: usize = 8 << 20;

/// The moment before which nothing can come any more: `None` as an interface's latest frame means that it has none.
///
/// `quiet` is the moment before which an interface that has nothing to read has handed over everything.
pub(super) fn watermark(latest: impl Iterator<Item = Option<Timestamp>>, quiet: Timestamp) -> Timestamp {
    latest.map(|at| at.unwrap_or(quiet)).min().unwrap_or(quiet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(at: u64, bytes: &[u8]) -> Heard<'_> {
        Heard { at: Timestamp(at), bytes, wire_length: 60 }
    }

    #[test]
    fn frames_of_two_interfaces_come_in_order_of_time_and_the_rest_waits() {
        let mut sweep = Sweep::default();
        for (at, octet) in [(1, b"a"), (4, b"b"), (2, b"c"), (9, b"d"), (4, b"e")] {
            sweep.push(LinkType(1), heard(at, octet));
        }
        sweep.sort();
        let seen: Vec<u8> = sweep.ready(Timestamp(4)).flat_map(|frame| frame.bytes.to_vec()).collect();
        assert_eq!(seen, b"acbe");
        sweep.forget(4);
        let seen: Vec<u8> = sweep.ready(Timestamp(99)).flat_map(|frame| frame.bytes.to_vec()).collect();
        assert_eq!((seen.as_slice(), sweep.octets()), (b"d".as_slice(), 1));
    }

    #[test]
    fn the_interface_that_is_furthest_behind_decides() {
        let quiet = Timestamp(50);
        assert_eq!(watermark([Some(Timestamp(20)), None].into_iter(), quiet), Timestamp(20));
        assert_eq!(watermark([None, Some(Timestamp(70))].into_iter(), quiet), quiet);
        assert_eq!(watermark([].into_iter(), quiet), quiet);
    }
}
