//! Finds a segment's connection, makes new ones, lets old ones go; and wakes those whose time has come.

mod across;
mod deadlines;
mod ending;
mod guess;
mod half_open;
mod past;
mod sleep;

use super::arrival::Arrival;
use super::attempts::Attempts;
use super::chronicle::Chronicle;
use super::chunks::Chunks;
use super::connection::{Beyond, Connection, Life, exact};
use super::counters::TableCounters;
use super::ended::{Ended, Memory, NUMBERS};
use super::follow::{Wishes, Workplace};
use super::index::{FlowHash, Index};
use super::key::{FlowKey, guess_client, side_of_low};
use super::lanes::Lanes;
use super::sleepers::Sleepers;
use super::timers::{Queue, SlotRef};
use crate::config::Config;
use crate::event::RowKind;
use crate::handshake::{Flags, Phase};
use crate::stream::Stream;
use crate::time::Timestamp;
use crate::wire::{Corners, Ipv4Corners};
pub use guess::{Followed, Guess};
use half_open::is_bare_syn;
use past::Behind;
use std::collections::TryReserveError;

/// A place for a connection.
#[derive(Debug, Default)]
struct Slot {
    connection: Option<Connection>,
}

/// All connections of one tap.
#[derive(Debug)]
pub struct Table {
    slots: Chunks<Slot>,
    /// The how manieth connection a slot holds or will hold next. Apart: timers of connections that ended touch no slot.
    generations: Chunks<u32>,
    free: Vec<u32>,
    index: Index,
    hasher: FlowHash,
    due: Queue,
    gaps: Queue,
    closing: Queue,
    /// When to look whether a connection has stalled.
    idle: Queue,
    sleepers: Sleepers,
    ended: Memory,
    attempts: Attempts,
    half_open: Queue,
    /// Connections with slots that are half-open; attempts are not counted here.
    half_open_count: usize,
    /// No timer fires before this; so nearly every packet asks nothing else.
    earliest: Timestamp,
    lanes: Lanes,
    counters: TableCounters,
    evict_hand: usize,
    number: Option<u64>,
    /// Numbers and slots of the connections that `finish` has yet to write, the next one last, once it has begun.
    leaving: Option<Vec<(u64, u32)>>,
}

/// How many places behind the next deadline memory is asked for.
const AHEAD: usize = 8;

/// How many slots are compared when one must be evicted.
const EVICTION_SAMPLE: usize = 64;

impl Table {
    /// An empty table with a keyed hash.
    pub fn new(hash_key: [u64; 2]) -> Self {
        Self {
            slots: Chunks::default(),
            generations: Chunks::default(),
            free: Vec::new(),
            index: Index::default(),
            hasher: FlowHash::new(hash_key),
            due: Queue::default(),
            gaps: Queue::default(),
            closing: Queue::default(),
            idle: Queue::default(),
            sleepers: Sleepers::default(),
            ended: Memory::default(),
            attempts: Attempts::default(),
            half_open: Queue::default(),
            half_open_count: 0,
            earliest: Timestamp(u64::MAX),
            lanes: Lanes::default(),
            counters: TableCounters::default(),
            evict_hand: 0,
            number: None,
            leaving: None,
        }
    }

    /// What was counted.
    pub fn counters(&self) -> TableCounters {
        self.counters
    }

    /// Connections and attempts that live, those that sleep included.
    pub fn live(&self) -> usize {
        self.slots.len() - self.free.len() + self.attempts.len() + self.sleepers.len()
    }

    /// Connections that sleep.
    pub fn sleeping(&self) -> usize {
        self.sleepers.len()
    }

    /// Slots for connections, used or free.
    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Makes room for what so many segments may add, unless there is no memory for it.
    pub fn reserve(&mut self, more: usize, config: &Config) -> Result<(), TryReserveError> {
        let new = more.min(most(config).saturating_sub(self.live()));
        self.slots.try_reserve(new.saturating_sub(self.free.len()))?;
        self.generations.try_reserve(new.saturating_sub(self.free.len()))?;
        self.free.try_reserve(more)?;
        for queue in [&mut self.due, &mut self.gaps, &mut self.closing, &mut self.half_open, &mut self.idle] {
            queue.reserve(more)?;
        }
        self.attempts.reserve(new)?;
        self.sleepers.reserve(new)?;
        self.ended.reserve(more.min(self.remembered(config).saturating_sub(self.ended.len())))?;
        self.index.reserve(2 * new)
    }

    /// The key of a segment between these corners, whether its sender is the lower endpoint, and the key's hash.
    #[inline]
    pub fn identify(&self, corners: &Corners) -> Identity {
        let (key, from_low) = FlowKey::of(corners);
        let hash = self.hash(&key);
        self.index.expect(hash);
        Identity { key, from_low, hash }
    }

    /// The same between IPv4 addresses.
    #[inline]
    pub fn identify_ipv4(&self, corners: &Ipv4Corners) -> Identity {
        let (key, from_low) = FlowKey::of_ipv4(corners);
        let hash = self.hasher.of_ipv4(&key);
        self.index.expect(hash);
        Identity { key, from_low, hash }
    }

    /// The number of a connection that the next segment opens, in place of the count of connections.
    #[inline]
    pub fn number_next(&mut self, number: u64) {
        self.number = Some(number);
    }

    /// Handles one segment.
    pub fn segment(
        &mut self,
        place: &mut Workplace<'_>,
        segment: &Arrival<'_>,
        identity: &Identity,
        guess: Guess,
    ) {
        self.find_and_take(place, segment, identity, guess);
    }

    #[expect(clippy::inline_always, reason = "see `Workplace::bare`")]
    #[inline(always)]
    fn find_and_take(
        &mut self,
        place: &mut Workplace<'_>,
        segment: &Arrival<'_>,
        identity: &Identity,
        guess: Guess,
    ) {
        let waiting = self.attempts.len();
        let index = if let Some(number) = self.guessed_attempt(guess, &identity.key) {
            self.follow_attempt(place, identity, number, segment)
        } else {
            let found = if guess == Guess::NOBODY { None } else { self.find(identity.hash, &identity.key) };
            self.look_up(place, segment, identity, found)
        };
        let Some(index) = index else { return };
        let was_attempt = self.attempts.len() < waiting;
        self.take(place, index, identity, segment);
        if was_attempt {
            self.keep_waiting(index);
        }
    }

    /// Handles one segment of the connection of a slot.
    #[expect(clippy::inline_always, reason = "see `Workplace::bare`")]
    #[inline(always)]
    pub(super) fn take(
        &mut self,
        place: &mut Workplace<'_>,
        index: u32,
        identity: &Identity,
        segment: &Arrival<'_>,
    ) {
        let Some(conn) = self.connection(index) else { return };
        let side = conn.sender(identity.from_low);
        let was_half_open = conn.life == Life::HalfOpen;
        let wishes = place.segment(conn, side, segment);
        if wishes.any() {
            self.grant(place, index, &wishes, was_half_open);
            if wishes.replaced {
                self.replace(place, index, identity, segment);
            }
        }
    }

    /// The slot of a segment's connection, for which the index has `found`; `None` where that is handled already, because none lives.
    fn look_up(
        &mut self,
        place: &mut Workplace<'_>,
        segment: &Arrival<'_>,
        identity: &Identity,
        mut found: Option<u32>,
    ) -> Option<u32> {
        let mut ordinal = 1;
        if let Some(number) = found.filter(|entry| entry & ENDED != 0) {
            match self.after_the_end(place, identity, number & !ENDED, segment)? {
                Behind::Follows(ordinal) => {
                    self.open(place, identity, segment, ordinal);
                    return None;
                }
                Behind::Later(least) => (found, ordinal) = (None, least),
            }
        }
        match found.or_else(|| self.pair_lanes(place, identity, segment)) {
            None => {
                let ordinal = self.next_ordinal(&identity.key).max(ordinal);
                self.open(place, identity, segment, ordinal);
                None
            }
            Some(index) if index & ATTEMPT != 0 => {
                self.follow_attempt(place, identity, index & !ATTEMPT, segment)
            }
            Some(index) if index & ASLEEP != 0 => self.awake(place, index),
            found => found,
        }
    }

    /// The slots of connections that are wanted, in order of first packets.
    pub(super) fn in_order(&self, wanted: impl Fn(&Connection) -> bool) -> Vec<u32> {
        let mut found: Vec<(u64, u32)> = self.numbered(wanted).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, index)| index).collect()
    }

    /// The numbers of connections that are wanted, with their slots; attempts have none.
    fn numbered(&self, wanted: impl Fn(&Connection) -> bool) -> impl Iterator<Item = (u64, u32)> {
        let slots = self.slots.iter().zip(0u32..);
        let connections = slots.filter_map(|(slot, index)| Some((slot.connection.as_ref()?, index)));
        connections.filter(move |(conn, _)| wanted(conn)).map(|(conn, index)| (conn.number(), index))
    }

    fn open(&mut self, place: &mut Workplace<'_>, identity: &Identity, segment: &Arrival<'_>, ordinal: u32) {
        if self.live() >= most(place.config) {
            self.make_room(place);
        }
        self.counters.opened += 1;
        self.lanes.note(identity.key.lane());
        let number = self.number.unwrap_or(self.counters.opened);
        if is_bare_syn(segment) && place.room.journal.is_none() {
            self.attempt(place, identity, segment.sequence, ordinal, number);
        } else {
            self.settle(place, identity, segment, (ordinal, number));
        }
    }

    /// Gives a connection its slot, and its first segment.
    fn settle(
        &mut self,
        place: &mut Workplace<'_>,
        identity: &Identity,
        segment: &Arrival<'_>,
        (ordinal, number): (u32, u64),
    ) {
        let Identity { key, from_low, hash } = *identity;
        let conn = new_connection(place, key, from_low, segment, ordinal, number);
        let half_open = conn.life == Life::HalfOpen;
        let Some((index, conn)) = self.house(conn) else { return };
        let side = conn.sender(from_low);
        place.opened(conn, side, segment.flags);
        if !half_open {
            place.greet(conn);
        }
        self.index.insert(hash, index);
        if half_open {
            self.half_open_count += 1;
            let entry = self.slot_ref(index);
            self.half_open.push(place.cause.at, entry);
            self.limit_half_open(place);
        } else {
            self.counters.established += 1;
            self.wait_until_due(index, place.cause.at.after(place.config.waiting_span));
        }
        let Some(conn) = self.connection(index) else { return };
        let wishes = place.segment(conn, side, segment);
        self.grant(place, index, &wishes, half_open);
    }

    /// Gives a connection a slot, and says which.
    #[inline]
    fn house(&mut self, conn: Connection) -> Option<(u32, &mut Connection)> {
        let index = self.free.pop().unwrap_or(self.slots.len() as u32);
        if index as usize == self.slots.len() {
            self.slots.add();
            self.generations.add();
            self.generations.get_mut(index as usize).into_iter().for_each(|generation| *generation = 1);
        }
        let slot = self.slots.get_mut(index as usize)?;
        Some((index, slot.connection.insert(conn)))
    }

    /// Does what a connection asked for.
    fn grant(&mut self, place: &mut Workplace<'_>, index: u32, wishes: &Wishes, was_half_open: bool) {
        let at = place.cause.at;
        if wishes.established {
            self.counters.established += 1;
            self.wait_until_due(index, at.after(place.config.waiting_span));
        }
        if was_half_open && wishes.established {
            // An attempt that ends as one is counted off where its slot is given back.
            self.half_open_count = self.half_open_count.saturating_sub(1);
        }
        if let Some(deadline) = wishes.gap_deadline {
            let entry = self.slot_ref(index);
            self.gaps.push(deadline, entry);
            self.earliest = self.earliest.min(deadline);
        }
        if wishes.ended {
            self.end(place, index);
        } else if wishes.closing {
            let entry = self.slot_ref(index);
            let deadline = at.after(place.config.closing_span);
            self.closing.push(deadline, entry);
            self.earliest = self.earliest.min(deadline);
        }
    }

    /// A new connection takes an old one's place: the old one ended when the new SYN came.
    fn replace(&mut self, place: &mut Workplace<'_>, index: u32, identity: &Identity, segment: &Arrival<'_>) {
        let Some(conn) = self.connection(index) else { return };
        let ordinal = conn.ordinal().saturating_add(1);
        let new = conn.extras.as_ref().and_then(|extras| extras.new_syn);
        let now = place.cause;
        place.supersede(conn);
        self.counters.ended += 1;
        self.remove(index);
        match new {
            None => self.open(place, identity, segment, ordinal),
            Some(new) => {
                // The SYN itself was taken for a repetition when it came: the new connection starts with it.
                place.cause = new.cause;
                let syn = Arrival::of_syn(new.first.0.wrapping_sub(1));
                self.open(place, &Identity { from_low: new.from_low, ..*identity }, &syn, ordinal);
                place.cause = now;
                self.segment(place, segment, identity, Guess::NONE);
            }
        }
    }

    fn remove(&mut self, index: u32) {
        let Some(conn) = self.connection(index) else { return };
        let (key, other_lane) = (conn.key, conn.other_lane());
        self.vacate(index);
        self.index.remove(self.hash(&key), index);
        if other_lane != key.lane() {
            self.index.remove(self.hash(&key.on_lane(other_lane)), index | OTHER_LANE);
        }
    }

    /// Gives a slot back; its connection's key and other lane still stand in the index.
    fn vacate(&mut self, index: u32) {
        let Some(slot) = self.slots.get_mut(index as usize) else { return };
        let Some(conn) = &slot.connection else { return };
        if conn.life == Life::HalfOpen {
            self.half_open_count = self.half_open_count.saturating_sub(1);
        }
        slot.connection = None;
        self.release(index);
    }

    /// The same of a slot that is empty already.
    fn release(&mut self, index: u32) {
        if let Some(generation) = self.generations.get_mut(index as usize) {
            *generation = generation.wrapping_add(1);
        }
        self.free.push(index);
    }

    /// The table is full: evict the longest idle of a sample and of the attempts.
    #[cold]
    fn make_room(&mut self, place: &mut Workplace<'_>) {
        let slots = self.slots.len();
        // Those that sleep stand behind all that are awake.
        let all = slots + self.sleepers.places();
        let idle = |index: usize| match index.checked_sub(slots) {
            None => self.slots.get(index)?.connection.as_ref().map(|conn| (conn.latest, index as u32)),
            Some(number) => {
                self.sleepers.head(number as u32).map(|head| (head.latest, number as u32 | ASLEEP))
            }
        };
        let sample =
            (0..EVICTION_SAMPLE.min(all)).map(|step| (self.evict_hand + step) % all).filter_map(idle).min();
        self.evict_hand = (self.evict_hand + EVICTION_SAMPLE) % all.max(1);
        let attempt = self.attempts.oldest().and_then(|number| Some((self.attempts.get(number)?, number)));
        let victim = match (sample, attempt) {
            (Some((latest, index)), attempt) if attempt.is_none_or(|(oldest, _)| latest <= oldest.at) => {
                Some(index)
            }
            (_, Some((oldest, number))) => self.promote(place, number, self.hash(&oldest.key)),
            _ => None,
        };
        let Some(index) = victim.and_then(|index| self.awake(place, index)) else { return };
        if let Some(conn) = self.connection(index) {
            place.abandon(conn, RowKind::Evicted);
            self.counters.evicted += 1;
        }
        self.retire(place, index, Ended::counted_only);
    }

    /// The live connection of a key.
    pub(super) fn look(&self, key: &FlowKey) -> Option<&Connection> {
        let index = self.find(self.hash(key), key).filter(|index| index & (ENDED | ATTEMPT | ASLEEP) == 0)?;
        self.slots.get(index as usize)?.connection.as_ref()
    }

    #[inline]
    pub(super) fn hash(&self, key: &FlowKey) -> u64 {
        if key.is_ipv4() { self.hasher.of_ipv4(key) } else { self.hasher.of(key) }
    }

    /// The slot of the connection that a key belongs to, or `ENDED` and the number of one that lingers.
    #[inline]
    fn find(&self, hash: u64, key: &FlowKey) -> Option<u32> {
        let found = self.index.find(hash, |entry| self.is_of(entry, hash, key))?;
        Some(found & !OTHER_LANE)
    }

    /// Whether an index entry stands for this key.
    #[inline]
    fn is_of(&self, entry: u32, hash: u64, key: &FlowKey) -> bool {
        let number = entry & !OTHER_LANE;
        // Numbers of ended connections go around below `ENDED`: `ATTEMPT`'s bit is theirs too.
        if entry & ENDED != 0 {
            return self.ended.get(number & !ENDED).is_some_and(|ended| ended.hash() == hash);
        }
        if entry & ATTEMPT != 0 {
            return self.attempts.is_of(number & !ATTEMPT, key);
        }
        let Some(slot) = self.slots.get(number as usize) else {
            return entry & ASLEEP != 0 && self.sleepers.is_of(entry & !ASLEEP, key);
        };
        slot.connection.as_ref().is_some_and(|conn| {
            if entry & OTHER_LANE == 0 {
                conn.key == *key
            } else {
                conn.key.on_lane(conn.other_lane()) == *key
            }
        })
    }

    pub(super) fn connection(&mut self, index: u32) -> Option<&mut Connection> {
        self.slots.get_mut(index as usize)?.connection.as_mut()
    }

    pub(super) fn resolve(&mut self, slot: SlotRef) -> Option<&mut Connection> {
        let is_same = self.generations.get(slot.index as usize) == Some(&slot.generation);
        if is_same { self.connection(slot.index) } else { None }
    }

    /// The live connection of a slot that is still that connection's.
    pub(super) fn at(&self, slot: SlotRef) -> Option<&Connection> {
        resolve(&self.slots, &self.generations, slot)
    }

    /// The connection of a slot has had its last row, though nobody saw it end.
    pub(super) fn leave(&mut self, slot: SlotRef) {
        self.counters.unfinished += 1;
        self.remove(slot.index);
    }

    /// The slot of the live connection of a key, which may have slept.
    pub(super) fn live_slot(&mut self, place: &mut Workplace<'_>, key: &FlowKey) -> Option<SlotRef> {
        let index = self.find(self.hash(key), key).filter(|index| index & (ENDED | ATTEMPT) == 0)?;
        self.awake(place, index).map(|index| self.slot_ref(index))
    }

    fn slot_ref(&self, index: u32) -> SlotRef {
        SlotRef { index, generation: self.generations.get(index as usize).copied().unwrap_or_default() }
    }
}

/// A segment's connection, by name.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// Its endpoints and lane.
    pub key: FlowKey,
    /// The segment's sender is the lower endpoint.
    pub from_low: bool,
    /// Keyed hash of the key.
    pub hash: u64,
}

impl Identity {
    /// Of no segment: what stands where none was named yet.
    pub const NOBODY: Self = Self { key: FlowKey::NONE, from_low: false, hash: 0 };
}

/// Marks the second index entry of a connection whose directions travel on two lanes.
const OTHER_LANE: u32 = 1 << 31;
/// Marks an index entry that holds the number of an attempt instead of a slot's.
const ATTEMPT: u32 = 1 << 29;
/// Marks an index entry, or what stands for one, that holds the number of a connection that sleeps: no slot is so far.
const ASLEEP: u32 = 1 << 28;
/// Marks an index entry that holds the number of an ended connection instead of a slot's.
const ENDED: u32 = NUMBERS;

/// How many connections and attempts may live: no more than there are numbers for slots.
fn most(config: &Config) -> usize {
    config.max_connections.min(ASLEEP as usize)
}

fn resolve<'t>(slots: &'t Chunks<Slot>, generations: &Chunks<u32>, entry: SlotRef) -> Option<&'t Connection> {
    let is_same = generations.get(entry.index as usize) == Some(&entry.generation);
    slots.get(entry.index as usize).filter(|_| is_same)?.connection.as_ref()
}

/// A connection for its first segment (A2, A8).
fn new_connection(
    place: &Workplace<'_>,
    key: FlowKey,
    from_low: bool,
    segment: &Arrival<'_>,
    ordinal: u32,
    number: u64,
) -> Connection {
    let [low, high] = key.endpoints();
    let (syn, ack) = (segment.flags.syn(), segment.flags.ack());
    let client_is_low = match (syn, ack) {
        (true, false) => from_low,
        (true, true) => !from_low,
        _ => guess_client(low, high, from_low),
    };
    let mut extras = None;
    let chronicle = Chronicle::new(number, ordinal, place.cause.packet, || exact(&mut extras));
    Connection {
        key,
        stream: Stream::default(),
        start: place.cause.at,
        latest: place.cause.at,
        chronicle,
        flags: Flags::default(),
        listening: None,
        settled: None,
        extras,
        beyond: Beyond::Nothing,
        phase: Phase::Silent,
        life: if syn { Life::HalfOpen } else { Life::Established },
        low_side: side_of_low(client_is_low),
        bits: 0,
    }
}

#[cfg(test)]
mod tests;
