//! Captured frames, looked at in batches, so that waiting for the memory of one connection overlaps with the others'.
//!
//! Three walks over a batch: each frame is read and its connection named; each connection's slot is asked for; each
//! segment is handled, in order.

use super::{RawFrame, Tap, TapCounters, wake};
use crate::flow::{Arrival, Boundaries, Cause, Guess, Identity, Table, Workplace};
use crate::time::Timestamp;
use crate::wire::{Corners, Decoder, Ipv4Corners, LinkType, Naming, Usual};

/// How many frames are looked at together.
const BATCH: usize = 16;

/// A frame that was looked at but not handled.
#[derive(Clone, Copy)]
struct Seen<'a> {
    at: Timestamp,
    what: What<'a>,
    /// Of the usual one.
    identity: Identity,
    guess: Guess,
}

#[derive(Clone, Copy)]
enum What<'a> {
    Usual(Usual<'a>),
    Other { link: LinkType, bytes: &'a [u8], wire_length: u32 },
}

impl Seen<'_> {
    /// No frame yet.
    const NONE: Self = Seen {
        at: Timestamp(0),
        what: What::Other { link: LinkType::NULL, bytes: &[], wire_length: 0 },
        identity: Identity::NOBODY,
        guess: Guess::NONE,
    };
}

/// Names connections in the place where the names will stand.
struct NamedIn<'t> {
    table: &'t Table,
    place: &'t mut Identity,
}

impl Naming for NamedIn<'_> {
    type Name = ();

    #[inline]
    fn ipv4(self, corners: Ipv4Corners) {
        *self.place = self.table.identify_ipv4(&corners);
    }

    // Apart: where both wrote to one place, what they write would go through memory first.
    #[inline(never)]
    fn ipv6(self, corners: Corners) {
        *self.place = self.table.identify(&corners);
    }
}

impl Tap {
    /// Takes captured frames, in order.
    pub fn push_frames<'f>(&mut self, frames: &mut impl Iterator<Item = RawFrame<'f>>) {
        let mut batch = [Seen::NONE; BATCH];
        loop {
            let seen = self.look(frames, &mut batch);
            self.expect(seen);
            self.handle_seen(seen);
            if seen.len() < BATCH {
                return;
            }
        }
    }

    /// Reads frames and names their connections; those that were there, as many as the batch holds.
    #[inline]
    fn look<'b, 'f>(
        &self,
        frames: &mut impl Iterator<Item = RawFrame<'f>>,
        batch: &'b mut [Seen<'f>; BATCH],
    ) -> &'b mut [Seen<'f>] {
        let mut places = batch.iter_mut();
        // No frame is asked for that has no place.
        while places.len() > 0 {
            let Some(RawFrame { at, link, bytes, wire_length }) = frames.next() else { break };
            let Some(seen) = places.next() else { break };
            let naming = NamedIn { table: &self.table, place: &mut seen.identity };
            seen.at = at;
            seen.what = match self.decoder.name(link, bytes, naming) {
                Some(((), usual)) => What::Usual(usual),
                None => What::Other { link, bytes, wire_length },
            };
        }
        let count = BATCH - places.len();
        batch.get_mut(..count).unwrap_or_default()
    }

    /// Asks for the slots of the connections.
    #[inline]
    fn expect(&self, batch: &mut [Seen<'_>]) {
        // One alone waits here as long as it would wait later.
        let several = batch.len() > 1;
        for seen in batch {
            seen.guess = match seen.what {
                What::Usual(_) if several => self.table.expect(seen.identity.hash),
                _ => Guess::NONE,
            };
        }
    }

    /// Handles the segments, each at its time.
    #[inline]
    fn handle_seen(&mut self, batch: &[Seen<'_>]) {
        let Self { shop, decoder, table, boundaries, began, now, elsewhere, counters, .. } = self;
        let cause = Cause { at: *now, packet: counters.frames + *elsewhere };
        counters.frames += batch.len() as u64;
        // The ways out of the loop below count no segment that is a usual one.
        counters.segments += batch.len() as u64;
        let mut place = shop.place(cause);
        // Only timers and what is not usual move it.
        let mut due = next_due(*began, boundaries, table);
        for Seen { at, what, identity, guess } in batch {
            // Below the sum above, so it cannot wrap.
            place.cause.packet = place.cause.packet.wrapping_add(1);
            if *at > place.cause.at {
                place.cause.at = *at;
                if due <= *at {
                    began.get_or_insert(*at);
                    wake(boundaries, table, &mut place);
                    due = next_due(*began, boundaries, table);
                }
            } else if *at < place.cause.at {
                counters.clock_backwards += 1;
            }
            match what {
                What::Usual(usual) => {
                    if !table.follow(&mut place, identity, usual, *guess) {
                        due = next_due(*began, boundaries, table);
                    }
                }
                What::Other { link, bytes, wire_length } => {
                    let frame = RawFrame { at: *at, link: *link, bytes, wire_length: *wire_length };
                    counters.segments -= 1;
                    take_unusual(
                        decoder,
                        table,
                        &mut place,
                        counters,
                        &frame,
                        |table, place, segment, identity| {
                            table.segment(place, segment, identity, Guess::NONE);
                        },
                    );
                    due = next_due(*began, boundaries, table);
                }
            }
        }
        *now = place.cause.at;
    }
}

/// Before this moment there is nothing to do but packets.
#[inline]
pub(super) fn next_due(began: Option<Timestamp>, boundaries: &Boundaries, table: &Table) -> Timestamp {
    // With the first packet the clock begins.
    began.map_or(Timestamp(0), |_| boundaries.next().min(table.earliest()))
}

/// Handles one frame layer by layer, its time come.
pub(super) fn take_unusual(
    decoder: &mut Decoder,
    table: &mut Table,
    place: &mut Workplace<'_>,
    counters: &mut TapCounters,
    frame: &RawFrame<'_>,
    handle: impl FnOnce(&mut Table, &mut Workplace<'_>, &Arrival<'_>, &Identity),
) {
    match decoder.unusual(place.cause.at, frame.link, frame.bytes, frame.wire_length) {
        Ok(segment) => {
            counters.segments += 1;
            let identity = table.identify(&Corners::of(&segment));
            handle(table, place, &Arrival::of(&segment), &identity);
        }
        Err(skip) => counters.skip(skip),
    }
}
