//! How one of several taps takes a stretch of packets that was scouted for all of them.

use super::Tap;
use super::scout::{Known, Step, Stretch, Unknown};
use super::share::{Sharing, Stage};
use crate::flow::Guess;
use crate::prefetch::prefetch;
use crate::time::Timestamp;
use crate::wire::{Corners, Usual};
use arrayvec::ArrayVec;

/// How many packets are looked at together.
const BATCH: usize = 32;

/// Octets of a segment that are asked for before it is handled: what is read of most.
const HEAD: usize = 128;

/// How many packets ahead the octets of those are asked for that will be read.
const SOON: usize = 6;

/// Cache lines of such a segment that are asked for in any case.
const LINES: usize = 8;

/// How far a tap is in a stretch.
struct Way<'s> {
    stretch: &'s Stretch,
    octets: &'s [u8],
    /// Packets before the stretch.
    before: u64,
    /// Packets of it that are behind the tap.
    passed: usize,
}

impl Tap {
    /// Takes a stretch of frames, in order, and follows those of its share. `octets` are those in which they stand; frames
    /// that lie beyond count, and nobody follows them.
    ///
    /// Only for a tap of a share; one that is alone follows none of them.
    pub fn push_stretch(&mut self, stretch: &Stretch, octets: &[u8]) {
        let Some(mut sharing) = self.sharing.take() else { return };
        let mut way = Way { stretch, octets, before: self.counters.frames, passed: 0 };
        let mut batches = stretch.of(sharing.sieve.own()).chunks(BATCH).peekable();
        self.ask_for(batches.peek().copied().unwrap_or_default(), octets);
        while let Some(batch) = batches.next() {
            self.ask_for(batches.peek().copied().unwrap_or_default(), octets);
            let guesses: ArrayVec<Guess, BATCH> = batch.iter().map(|step| self.guess(step)).collect();
            let expected = batch.iter().zip(guesses.iter().copied());
            let mut soon = expected.clone();
            soon.by_ref().take(SOON).for_each(|(step, guess)| self.ask_for_octets(step, guess, octets));
            for (step, guess) in expected {
                if let Some((step, guess)) = soon.next() {
                    self.ask_for_octets(step, guess, octets);
                }
                match step {
                    Step::Usual(known) => self.take_known(&mut way, known, guess, &mut sharing),
                    Step::Other(unknown) => self.take_unknown(&mut way, unknown, &mut sharing),
                }
            }
        }
        self.come_to(&mut way, stretch.packets(), &mut sharing);
        self.counters.segments += stretch.usual;
        self.counters.clock_backwards += stretch.backwards;
        self.sharing = Some(sharing);
    }

    /// Asks for what the look-ups of some packets will read first.
    #[inline]
    fn ask_for(&self, steps: &[Step], octets: &[u8]) {
        for step in steps {
            if let Step::Usual(known) = step {
                self.table.expect_entry(known.hash());
                let head = octets.get(known.extent.start()..).and_then(<[u8]>::first_chunk::<HEAD>);
                if let Some(head) = head {
                    prefetch(head);
                }
            }
        }
    }

    /// Asks for a segment's octets, if the connection to which it probably belongs reads them.
    #[inline]
    fn ask_for_octets(&self, step: &Step, guess: Guess, octets: &[u8]) {
        if let Step::Usual(known) = step
            && known.extent.range().len() > HEAD
            && self.table.listens(guess)
        {
            let all = octets.get(known.extent.range()).unwrap_or_default().as_chunks::<64>().0;
            // What is read to its end the core follows by itself.
            let (first, more) = all.split_at(all.len().min(LINES));
            first.iter().chain(more.iter().step_by(4)).for_each(prefetch);
        }
    }

    #[inline]
    fn guess(&self, step: &Step) -> Guess {
        match step {
            Step::Usual(known) => self.table.expect(known.hash()),
            Step::Other(_) => Guess::NONE,
        }
    }

    #[inline]
    fn take_known(&mut self, way: &mut Way<'_>, known: &Known, guess: Guess, sharing: &mut Sharing) {
        self.come_to(way, known.number as usize + 1, sharing);
        let Some(usual) = Usual::find(known.extent, way.octets) else { return };
        let identity = known.identity();
        self.handle(sharing, |tap| {
            tap.with_place(|table, place| {
                table.follow(place, &identity, &usual, guess);
            });
        });
    }

    /// Handles one frame layer by layer.
    fn take_unknown(&mut self, way: &mut Way<'_>, unknown: &Unknown, sharing: &mut Sharing) {
        self.come_to(way, unknown.number as usize + 1, sharing);
        let frame = unknown.frame(self.now, way.octets);
        // The segment borrows the decoder's room, so the decoder stands aside meanwhile.
        let mut decoder = std::mem::take(&mut self.decoder);
        match decoder.unusual(self.now, frame.link, frame.bytes, frame.wire_length) {
            Ok(segment) => {
                self.counters.segments += 1;
                let identity = self.table.identify(&Corners::of(&segment));
                if sharing.sieve.lets(&identity) {
                    self.handle(sharing, |tap| tap.follow(&segment, &identity, Guess::NONE));
                }
            }
            Err(skip) => self.counters.skip(skip),
        }
        self.decoder = decoder;
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

    /// Lets time pass up to the last of so many packets of the stretch.
    #[inline]
    fn come_to(&mut self, way: &mut Way<'_>, packets: usize, sharing: &mut Sharing) {
        let Some(at) = packets.checked_sub(1).and_then(|last| way.stretch.time(last)) else { return };
        if at > self.now {
            if self.began.is_none() || self.boundaries.are_due(at) || self.table.is_due(at) {
                self.step_to(way, packets, sharing);
            }
            self.now = at;
        }
        way.passed = packets;
        self.counters.frames = way.before + packets as u64;
    }

    /// The same packet by packet: something becomes due at one of them.
    #[cold]
    fn step_to(&mut self, way: &Way<'_>, packets: usize, sharing: &mut Sharing) {
        for (at, number) in way.stretch.times(way.passed, packets).iter().zip(way.passed..) {
            self.counters.frames = way.before + number as u64 + 1;
            self.time_before_packet(*at, sharing);
        }
    }

    /// Lets time pass up to a packet.
    fn time_before_packet(&mut self, at: Timestamp, sharing: &mut Sharing) {
        let before = self.batch.len();
        self.pass_time(at);
        if self.batch.len() > before {
            self.place_rows(sharing, Stage::Timers);
        }
    }
}
