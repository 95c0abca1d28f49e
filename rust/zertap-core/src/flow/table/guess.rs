//! The straight way to a segment's connection: what the index says is asked a batch ahead, and believed once the key there
//! is the segment's.

use super::{ATTEMPT, ENDED, Identity, OTHER_LANE, Table};
use crate::flow::arrival::Arrival;
use crate::flow::connection::{Connection, HOT};
use crate::flow::follow::Workplace;
use crate::flow::key::FlowKey;
use crate::flow::known::Known;
use crate::flow::usual::{Heading, Octets, Taken, take_usual};
use crate::prefetch::prefetch_first;
use crate::wire::{Ground, Usual};

/// What the index has for a segment's connection, to be verified: a slot, or an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guess(pub(super) u32);

impl Guess {
    /// Nothing was guessed.
    pub const NONE: Self = Self(u32::MAX - 1);
    /// The index has nothing under the hash: what it says for a vacant place. No guess for later.
    pub(super) const NOBODY: Self = Self(u32::MAX);

    /// Whether it is a slot.
    #[inline]
    pub const fn is_slot(self) -> bool {
        self.0 < ATTEMPT
    }

    #[inline]
    const fn is_attempt(self) -> bool {
        self.0 & (ATTEMPT | ENDED | OTHER_LANE) == ATTEMPT
    }
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// It was counted, nothing else: no row came of it.
    Counted,
    /// It was the usual one, which moves no timer; it may have brought rows.
    Heard,
    /// It was another one.
    Otherwise,
}

/// How far a segment came on the straight road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Straight {
    /// To its end, where it was counted.
    Counted,
    /// To its end, where somebody heard its octets.
    Heard,
    /// Nowhere: the guess was wrong, or there was none.
    Elsewhere,
    /// To its connection, and nothing was done there.
    Unusual,
}

impl Table {
    /// Asks for the part of the index that `expect` will need.
    #[inline]
    pub fn expect_entry(&self, hash: u64) {
        self.index.expect(hash);
    }

    /// Asks for the slot that a segment will probably need; its part of the index should be at hand by now.
    #[inline]
    pub fn expect(&self, hash: u64) -> Guess {
        let entry = self.index.first(hash);
        // Marks are the highest bits; so is what stands for no entry at all.
        if entry < ATTEMPT {
            if let Some(slot) = self.slots.get(entry as usize) {
                prefetch_first::<HOT, _>(slot);
                return Guess(entry);
            }
        } else if Guess(entry).is_attempt() {
            self.attempts.expect(entry & !ATTEMPT);
            return Guess(entry);
        }
        Guess::NONE
    }

    /// Whether the octets of a segment will probably be read. Its slot should be at hand by now.
    #[inline]
    pub fn listens(&self, guess: Guess) -> bool {
        let slot = self.slots.get(guess.0 as usize).and_then(|slot| slot.connection.as_ref());
        slot.is_some_and(|conn| conn.listening.is_some())
    }

    /// Handles the segment of a frame of the usual shape; whether it was the usual one of the guessed connection, which moves no
    /// timer.
    #[inline]
    pub fn follow(
        &mut self,
        place: &mut Workplace<'_>,
        identity: &Identity,
        usual: &Usual<'_>,
        guess: Guess,
    ) -> bool {
        let Identity { key, from_low, .. } = identity;
        let octets = || Some(Octets::of(usual));
        match self.straight(place, (key, *from_low), Heading::of(usual), octets, guess) {
            Straight::Counted | Straight::Heard => true,
            Straight::Elsewhere => self.follow_again(place, identity, usual, guess),
            Straight::Unusual => {
                self.take_apart(place, identity, usual, guess.0);
                false
            }
        }
    }

    /// The same of a segment that was read before and lies on this ground; what became of it.
    #[expect(clippy::inline_always, reason = "see `straight`")]
    #[inline(always)]
    pub fn follow_known(
        &mut self,
        place: &mut Workplace<'_>,
        known: &Known,
        ground: Ground<'_>,
        guess: Guess,
    ) -> Followed {
        let name = (known.key(), known.is_from_low());
        let straight = self.straight(place, name, known.heading(), || known.octets(ground), guess);
        let is_there = match straight {
            Straight::Counted => return Followed::Counted,
            Straight::Heard => return Followed::Heard,
            Straight::Elsewhere => false,
            Straight::Unusual => true,
        };
        let Some(usual) = known.extent().segment(ground) else { return Followed::Counted };
        if is_there {
            self.take_apart(place, &known.identity(), &usual, guess.0);
        } else if self.follow_again(place, &known.identity(), &usual, guess) {
            return Followed::Heard;
        }
        Followed::Otherwise
    }

    /// The straight road: nearly every segment comes to its end.
    #[expect(
        clippy::inline_always,
        reason = "every packet's road, on which two kinds of callers come: as calls its steps are 100 instructions more"
    )]
    #[inline(always)]
    fn straight<'o>(
        &mut self,
        place: &mut Workplace<'_>,
        (key, from_low): (&FlowKey, bool),
        heading: Heading,
        octets: impl FnOnce() -> Option<Octets<'o>>,
        guess: Guess,
    ) -> Straight {
        let Some(conn) = self.guessed(guess, key) else { return Straight::Elsewhere };
        let side = conn.sender(from_low);
        match take_usual(conn, side, place.cause.at, heading) {
            Taken::Done => Straight::Counted,
            Taken::Heard => {
                if let Some(octets) = octets() {
                    place.hear(conn, side, octets);
                }
                Straight::Heard
            }
            Taken::No => Straight::Unusual,
        }
    }

    /// The same where the guess was wrong. Where there was none, the packets between may have made a slot.
    #[inline(never)]
    fn follow_again(
        &mut self,
        place: &mut Workplace<'_>,
        identity: &Identity,
        usual: &Usual<'_>,
        guess: Guess,
    ) -> bool {
        let again = if guess.is_slot() { Guess::NONE } else { self.guess_now(identity.hash) };
        if self.guessed(again, &identity.key).is_some() {
            return self.follow(place, identity, usual, again);
        }
        self.find_and_take(place, &Arrival::of_usual(usual), identity, again);
        false
    }

    /// Handles a segment that is not the usual one. Apart, so that the usual one carries nothing of it.
    #[inline(never)]
    fn take_apart(&mut self, place: &mut Workplace<'_>, identity: &Identity, usual: &Usual<'_>, index: u32) {
        self.take(place, index, identity, &Arrival::of_usual(usual));
    }

    /// The guessed connection, if it is the live one of a key: then there is no other.
    #[inline]
    pub(super) fn guessed(&mut self, guess: Guess, key: &FlowKey) -> Option<&mut Connection> {
        self.slots.get_mut(guess.0 as usize)?.connection.as_mut().filter(|conn| conn.key == *key)
    }

    /// What the index has at this moment.
    #[inline]
    pub(super) fn guess_now(&self, hash: u64) -> Guess {
        let guess = Guess(self.index.first(hash));
        if guess.is_slot() || guess.is_attempt() || guess == Guess::NOBODY { guess } else { Guess::NONE }
    }

    /// The guessed attempt, by its number, if it is the waiting one of a key: then there is no other, and no connection.
    #[inline]
    pub(super) fn guessed_attempt(&self, guess: Guess, key: &FlowKey) -> Option<u32> {
        let number = guess.0 & !ATTEMPT;
        (guess.is_attempt() && self.attempts.waits(number, key)).then_some(number)
    }
}
