//! What a capture is like: its times, its silences, how its frames were cut. Counted while it is read, for whoever asks.
//!
//! It sees of each frame only what stands in the capture's own record ([`Seen`]), and keeps a few numbers whatever the
//! capture's length.

use crate::frame::Frame;
use zertap_core::time::{Span, Timestamp};

/// Silences kept: the longest.
const LONGEST: usize = 10;

/// What the tally needs of one frame.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    at: Option<Timestamp>,
    interface: u32,
    captured: u32,
    wire: u32,
}

impl Seen {
    /// What is needed of `frame`.
    #[inline]
    pub fn of(frame: &Frame<'_>) -> Self {
        Self {
            at: frame.time_valid.then_some(frame.at),
            interface: frame.interface,
            captured: frame.bytes.len() as u32,
            wire: frame.wire_length,
        }
    }
}

/// A stretch of time without any frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Number of the frame that ended it, in its capture, from 1.
    pub packet: u64,
    /// When it began: the latest time before it.
    pub start: Timestamp,
    /// How long it lasted.
    pub length: Span,
}

/// Steps of the clock back in time, from one frame to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// How many.
    pub count: u64,
    /// The largest. Unit: nanoseconds.
    pub largest: u64,
    /// Number of the frame behind the largest.
    pub packet: u64,
}

/// The frames of one interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterfaceTally {
    /// How many.
    pub packets: u64,
    /// Octets captured of them.
    pub captured: u64,
    /// Octets they had on the wire.
    pub wire: u64,
    /// How many were cut.
    pub cut: u64,
    /// Most octets kept of a frame that was cut.
    pub kept_of_cut: u32,
}

/// The counts of one capture.
#[derive(Clone, Debug)]
pub struct Tally {
    shortest: Span,
    packets: u64,
    untimed: u64,
    earliest: Option<Timestamp>,
    latest: Timestamp,
    previous: Timestamp,
    steps: Steps,
    silences: u64,
    silent: Span,
    longest: Vec<Silence>,
    interfaces: Vec<InterfaceTally>,
}

impl Tally {
    /// Nothing counted yet; `shortest` is the least time without a frame that counts as a silence.
    pub fn new(shortest: Span) -> Self {
        Self {
            shortest,
            packets: 0,
            untimed: 0,
            earliest: None,
            latest: Timestamp(0),
            previous: Timestamp(0),
            steps: Steps::default(),
            silences: 0,
            silent: Span(0),
            longest: Vec::new(),
            interfaces: Vec::new(),
        }
    }

    /// Counts one frame.
    #[inline]
    pub fn note(&mut self, seen: Seen) {
        self.packets += 1;
        self.count(seen);
        match seen.at {
            Some(at) => self.pass(at),
            None => self.untimed += 1,
        }
    }

    fn count(&mut self, seen: Seen) {
        let index = seen.interface as usize;
        if index >= self.interfaces.len() {
            self.interfaces.resize(index + 1, InterfaceTally::default());
        }
        if let Some(tally) = self.interfaces.get_mut(index) {
            tally.packets += 1;
            tally.captured += u64::from(seen.captured);
            tally.wire += u64::from(seen.wire.max(seen.captured));
            if seen.captured < seen.wire {
                tally.cut += 1;
                tally.kept_of_cut = tally.kept_of_cut.max(seen.captured);
            }
        }
    }

    fn pass(&mut self, at: Timestamp) {
        let Some(earliest) = self.earliest else {
            (self.earliest, self.latest, self.previous) = (Some(at), at, at);
            return;
        };
        self.earliest = Some(earliest.min(at));
        if at < self.previous {
            self.step_back(self.previous.0 - at.0);
        }
        self.previous = at;
        if at > self.latest {
            let silence = at.since(self.latest);
            if silence >= self.shortest {
                self.keep(Silence { packet: self.packets, start: self.latest, length: silence });
            }
            self.latest = at;
        }
    }

    #[cold]
    fn step_back(&mut self, length: u64) {
        self.steps.count += 1;
        if length > self.steps.largest {
            self.steps.largest = length;
            self.steps.packet = self.packets;
        }
    }

    #[cold]
    fn keep(&mut self, silence: Silence) {
        self.silences += 1;
        self.silent = Span(self.silent.0.saturating_add(silence.length.0));
        let place = self.longest.partition_point(|longer| longer.length >= silence.length);
        self.longest.insert(place, silence);
        self.longest.truncate(LONGEST);
    }

    /// Frames counted.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Frames without a time that can be held.
    pub fn untimed(&self) -> u64 {
        self.untimed
    }

    /// The earliest and the latest time of a frame.
    pub fn times(&self) -> Option<(Timestamp, Timestamp)> {
        self.earliest.map(|earliest| (earliest, self.latest))
    }

    /// Steps back in time.
    pub fn steps(&self) -> Steps {
        self.steps
    }

    /// How many silences there were, and how long together.
    pub fn silences(&self) -> (u64, Span) {
        (self.silences, self.silent)
    }

    /// The longest of them, longest first.
    pub fn longest(&self) -> &[Silence] {
        &self.longest
    }

    /// The frames of each interface, by its index; interfaces after the last that gave a frame are left out.
    pub fn interfaces(&self) -> &[InterfaceTally] {
        &self.interfaces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Seen {
        Seen { at: Some(Timestamp(seconds * 1_000_000_000)), interface: 0, captured: 60, wire: 60 }
    }

    fn tally(frames: &[Seen]) -> Tally {
        let mut tally = Tally::new(Span::seconds(10));
        for frame in frames {
            tally.note(*frame);
        }
        tally
    }

    #[test]
    fn a_silence_is_measured_from_the_latest_time_and_not_from_a_step_back() {
        let counted = tally(&[at(100), at(105), at(101), at(114), at(124), at(150)]);
        assert_eq!(counted.silences(), (2, Span::seconds(36)));
        let found: Vec<(u64, u64)> =
            counted.longest().iter().map(|each| (each.packet, each.length.0)).collect();
        assert_eq!(found, [(6, 26_000_000_000), (5, 10_000_000_000)]);
        assert_eq!(counted.steps(), Steps { count: 1, largest: 4_000_000_000, packet: 3 });
        assert_eq!(counted.times(), Some((Timestamp(100_000_000_000), Timestamp(150_000_000_000))));
    }

    #[test]
    fn only_the_longest_silences_are_kept_and_all_are_counted() {
        let frames: Vec<Seen> = (0..30u64).map(|n| at(n * n * 20)).collect();
        let counted = tally(&frames);
        assert_eq!(counted.silences().0, 29);
        assert_eq!(counted.longest().len(), LONGEST);
        assert!(counted.longest().is_sorted_by(|left, right| left.length >= right.length));
    }

    #[test]
    fn frames_are_counted_by_interface_and_cut_ones_apart() {
        let frames = [
            Seen { at: None, interface: 2, captured: 96, wire: 1514 },
            Seen { at: None, interface: 0, captured: 54, wire: 54 },
            Seen { at: None, interface: 2, captured: 90, wire: 90 },
        ];
        let counted = tally(&frames);
        let cut = InterfaceTally { packets: 2, captured: 186, wire: 1604, cut: 1, kept_of_cut: 96 };
        assert_eq!(counted.interfaces().len(), 3);
        assert_eq!(counted.interfaces().get(2), Some(&cut));
        assert_eq!((counted.untimed(), counted.times()), (3, None));
    }
}
