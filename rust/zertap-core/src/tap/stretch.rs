//! How one of several taps takes a stretch of packets that was scouted for all of them.
//!
//! As with frames (`frames`) several walks over a batch: what the look-ups will read is asked for, then the connections, then
//! the octets of which something will be read; then each segment is handled, in order.

use super::frames::{next_due, take_unusual};
use super::scout::{Stretch, Unknown};
use super::share::{Sharing, Stage};
use super::{Tap, TapCounters, wake};
use crate::flow::{Boundaries, Cause, Followed, Guess, Known, Table, Workplace};
use crate::prefetch::prefetch;
use crate::time::Timestamp;
use crate::wire::{Decoder, Ground, TcpFlags};

/// How many packets are looked at together.
const BATCH: usize = 16;

/// Octets of a segment that are asked for if anything of it will be read: what is read of most.
const HEAD: usize = 128;

/// Cache lines of a longer one that are asked for in any case.
const LINES: usize = 8;

/// A segment that is not handled yet.
#[derive(Clone, Copy)]
struct Seen<'s> {
    known: &'s Known,
    time: Timestamp,
    /// Which packet of the stretch it is, from 0.
    number: u32,
    guess: Guess,
}

impl Seen<'_> {
    /// No segment yet.
    const NONE: Self = Seen { known: &Known::NOTHING, time: Timestamp(0), number: 0, guess: Guess::NONE };
}

/// What of a tap its way through a stretch needs, but for the table and what it lends connections.
struct Way<'s, 't> {
    stretch: &'s Stretch,
    ground: Ground<'s>,
    decoder: &'t mut Decoder,
    boundaries: &'t mut Boundaries,
    began: &'t mut Option<Timestamp>,
    counters: &'t mut TapCounters,
    sharing: &'t mut Sharing,
    /// Packets before the stretch.
    before: u64,
    /// Packets of it that are behind the tap.
    passed: usize,
    /// Before this moment there is nothing to do but packets.
    due: Timestamp,
    /// Packets that opened a connection in this tap, ever.
    opened: u64,
    /// Rows that this tap wrote, ever: all of them have their places.
    written: u64,
    /// The packets that have to be walked layer by layer, those that are left.
    others: &'s [Unknown],
}

impl Tap {
    /// Takes a stretch of frames, in order, and follows those of its share. They stand on this ground; frames that lie beyond
    /// it count, and nobody follows them.
    ///
    /// Only for a tap of a share; one that is alone follows none of them.
    pub fn push_stretch(&mut self, stretch: &Stretch, ground: Ground<'_>) {
        let Self { shop, decoder, table, boundaries, began, now, counters, sharing, .. } = self;
        let Some(sharing) = sharing else { return };
        let before = counters.frames;
        let (opened, written) = (table.counters().opened, shop.batch.pushed);
        let mut place = shop.place(Cause { at: *now, packet: before });
        let due = next_due(*began, boundaries, table);
        let (passed, others) = (0, stretch.others());
        let mut way = Way {
            stretch,
            ground,
            decoder,
            boundaries,
            began,
            counters,
            sharing,
            before,
            passed,
            due,
            opened,
            written,
            others,
        };
        way.go(table, &mut place);
        *now = place.cause.at;
        counters.frames = before + stretch.packets() as u64;
        counters.segments += stretch.usual();
        counters.clock_backwards += stretch.backwards;
    }
}

/// What is known of some packets; what the look-ups of them will read first is asked for.
#[inline]
fn look<'b, 's>(
    table: &Table,
    stretch: &'s Stretch,
    numbers: &[u32],
    batch: &'b mut [Seen<'s>; BATCH],
) -> &'b mut [Seen<'s>] {
    for (seen, number) in batch.iter_mut().zip(numbers) {
        let Some((known, time)) = stretch.at(*number) else { break };
        table.expect_entry(known.hash());
        (seen.known, seen.time, seen.number) = (known, time, *number);
    }
    batch.get_mut(..numbers.len()).unwrap_or_default()
}

/// Asks for the slots of the connections.
#[inline]
fn expect(table: &Table, batch: &mut [Seen<'_>]) {
    for seen in batch {
        seen.guess = table.expect(seen.known.hash());
    }
}

/// Asks for what will be read of a segment's octets.
#[inline]
fn ask_for_octets(table: &Table, seen: &Seen<'_>, ground: Ground<'_>) {
    let extent = seen.known.extent();
    let heard = extent.octets() > 0 && table.listens(seen.guess);
    if !heard && extent.flags() == TcpFlags::ACK && seen.guess.is_slot() {
        return;
    }
    let start = extent.range().start;
    if let Some(head) = ground.head::<HEAD>(start) {
        prefetch(head);
    }
    if heard && extent.octets() as usize > HEAD {
        let all = ground.get(start + HEAD..extent.range().end).unwrap_or_default().as_chunks::<64>().0;
        // What is read to its end the core follows by itself.
        let (first, more) = all.split_at(all.len().min(LINES));
        first.iter().chain(more.iter().step_by(4)).for_each(prefetch);
    }
}

impl Way<'_, '_> {
    /// Goes to its end.
    #[inline]
    fn go(&mut self, table: &mut Table, place: &mut Workplace<'_>) {
        let (stretch, ground) = (self.stretch, self.ground);
        let mine = stretch.of(self.sharing.sieve.own(), ground.end());
        let mut batch = [Seen::NONE; BATCH];
        let mut batches = mine.chunks(BATCH).peekable();
        while let Some(numbers) = batches.next() {
            // Another core may have written it.
            batches.peek().copied().unwrap_or_default().iter().for_each(|number| stretch.expect(*number));
            let seen = look(table, stretch, numbers, &mut batch);
            expect(table, seen);
            for seen in &*seen {
                ask_for_octets(table, seen, ground);
            }
            for seen in seen {
                self.take(table, place, seen);
            }
        }
        self.come_to_end(table, place);
    }

    /// Handles a segment, at its time.
    #[inline]
    fn take(&mut self, table: &mut Table, place: &mut Workplace<'_>, seen: &Seen<'_>) {
        let Seen { known, time, number, guess } = *seen;
        if self.others.first().is_some_and(|other| other.number < number) {
            self.take_others(table, place, number);
        }
        if time > place.cause.at {
            if time >= self.due {
                self.step_to(table, place, number as usize);
            }
            place.cause.at = time;
        }
        self.passed = number as usize + 1;
        place.cause.packet = self.before.wrapping_add(u64::from(number) + 1);
        table.number_next(place.cause.packet);
        let followed = table.follow_known(place, known, self.ground, guess);
        if followed != Followed::Counted {
            self.note(table, place, followed);
        }
    }

    /// Takes the packets before this one that have to be walked layer by layer.
    #[cold]
    fn take_others(&mut self, table: &mut Table, place: &mut Workplace<'_>, before: u32) {
        while let Some((other, behind)) = self.others.split_first() {
            if other.number >= before {
                return;
            }
            self.others = behind;
            self.take_other(table, place, other);
        }
    }

    fn take_other(&mut self, table: &mut Table, place: &mut Workplace<'_>, other: &Unknown) {
        self.come_to(table, place, other.number as usize);
        table.number_next(place.cause.packet);
        let frame = other.frame(place.cause.at, self.ground);
        let sharing = &*self.sharing;
        take_unusual(self.decoder, table, place, self.counters, &frame, |table, place, segment, identity| {
            if sharing.sieve.lets(identity) {
                table.segment(place, segment, identity, Guess::NONE);
            }
        });
        self.note(table, place, Followed::Otherwise);
    }

    /// Behind a packet of which more came than counts.
    #[inline]
    fn note(&mut self, table: &Table, place: &Workplace<'_>, followed: Followed) {
        if followed == Followed::Otherwise {
            self.due = next_due(*self.began, self.boundaries, table);
            let opened = table.counters().opened;
            if opened != self.opened {
                self.opened = opened;
                self.sharing.openings.push(place.cause.packet);
            }
        }
        if place.batch.pushed != self.written {
            self.place_rows(place, Stage::Packet);
        }
    }

    /// Lets time pass up to a packet of the stretch.
    fn come_to(&mut self, table: &mut Table, place: &mut Workplace<'_>, number: usize) {
        let Some(time) = self.stretch.times().get(number).copied() else { return };
        if time > place.cause.at {
            if time >= self.due {
                self.step_to(table, place, number);
            }
            place.cause.at = time;
        }
        self.passed = number + 1;
        place.cause.packet = self.before + number as u64 + 1;
    }

    /// The same up to the last one.
    fn come_to_end(&mut self, table: &mut Table, place: &mut Workplace<'_>) {
        self.take_others(table, place, u32::MAX);
        if let Some(last) = self.stretch.packets().checked_sub(1) {
            self.come_to(table, place, last);
        }
    }

    /// Packet by packet: something becomes due at one of them.
    #[cold]
    fn step_to(&mut self, table: &mut Table, place: &mut Workplace<'_>, number: usize) {
        let times = self.stretch.times().get(self.passed..=number).unwrap_or_default();
        for (time, packet) in times.iter().zip(self.before + self.passed as u64 + 1..) {
            if *time > place.cause.at {
                place.cause = Cause { at: *time, packet };
                if self.due <= *time {
                    self.pass_time(table, place);
                }
            }
        }
    }

    /// Timers fire before the packet that moved the time.
    fn pass_time(&mut self, table: &mut Table, place: &mut Workplace<'_>) {
        self.began.get_or_insert(place.cause.at);
        wake(self.boundaries, table, place);
        self.due = next_due(*self.began, self.boundaries, table);
        if place.batch.pushed != self.written {
            self.place_rows(place, Stage::Timers);
        }
    }

    /// Says where the rows stand that were just written.
    #[cold]
    fn place_rows(&mut self, place: &Workplace<'_>, stage: Stage) {
        self.sharing.place_rows(place.batch, place.cause.packet, stage);
        self.written = place.batch.pushed;
    }
}
