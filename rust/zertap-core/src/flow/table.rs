//! Finds a segment's connection, makes new ones, lets old ones go; and wakes those whose time has come.

use super::connection::{Connection, Extras, Life};
use super::follow::{Wishes, Workplace};
use super::key::{FlowKey, guess_client, side_of_low};
use super::lanes::{Lanes, is_missing_direction};
use super::milestones::Milestones;
use super::timers::{Queue, SlotRef};
use crate::config::Config;
use crate::event::RowKind;
use crate::handshake::{Flags, Phase};
use crate::stream::{Seq, Stream};
use crate::time::Timestamp;
use crate::wire::{Segment, TcpFlags};
use hashbrown::HashTable;
use siphasher::sip::SipHasher13;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// What the table counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableCounters {
    /// Connections and attempts opened.
    pub opened: u64,
    /// Ended by FIN or RST, or replaced.
    pub ended: u64,
    /// Dropped because the table was full.
    pub evicted: u64,
    /// Half-open attempts dropped because too many waited.
    pub half_open_dropped: u64,
    /// Reported as unfinished at the end of input.
    pub unfinished: u64,
    /// Segments that came after their connection's end.
    pub stragglers: u64,
    /// Connections that were established.
    pub established: u64,
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    connection: Option<Connection>,
}

/// All connections of one tap.
#[derive(Debug)]
pub struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
    index: HashTable<u32>,
    hasher: SipHasher13,
    due: Queue,
    gaps: Queue,
    closing: Queue,
    linger: Queue,
    half_open: Queue,
    half_open_count: usize,
    lingering: usize,
    ordinals: Ordinals,
    lanes: Lanes,
    /// Index entries beyond one for each connection.
    second_entries: usize,
    counters: TableCounters,
    evict_hand: usize,
}

/// How many slots are compared when one must be evicted.
const EVICTION_SAMPLE: usize = 64;

impl Table {
    /// An empty table with a keyed hash.
    pub fn new(hash_key: [u64; 2]) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            hasher: SipHasher13::new_with_keys(hash_key[0], hash_key[1]),
            due: Queue::default(),
            gaps: Queue::default(),
            closing: Queue::default(),
            linger: Queue::default(),
            half_open: Queue::default(),
            half_open_count: 0,
            lingering: 0,
            ordinals: Ordinals::default(),
            lanes: Lanes::default(),
            second_entries: 0,
            counters: TableCounters::default(),
            evict_hand: 0,
        }
    }

    /// What was counted.
    pub fn counters(&self) -> TableCounters {
        self.counters
    }

    /// Connections and attempts that live.
    pub fn live(&self) -> usize {
        self.index.len() - self.second_entries - self.lingering
    }

    /// Handles one segment.
    pub fn segment(&mut self, place: &mut Workplace<'_>, segment: &Segment<'_>) {
        let (key, from_low) = FlowKey::of(segment);
        let hash = self.hash(&key);
        let found = self.find(hash, &key).or_else(|| self.pair_lanes(&key, hash, from_low, segment));
        let Some(index) = found else {
            let ordinal = self.next_ordinal(&key);
            self.open(place, key, hash, from_low, segment, ordinal);
            return;
        };
        let Some(conn) = self.connection(index) else { return };
        if conn.life == Life::Lingering {
            let ordinal = conn.ordinal.saturating_add(1);
            if begins_anew(conn, from_low, segment) {
                self.remove(index);
                self.open(place, key, hash, from_low, segment, ordinal);
            } else {
                self.counters.stragglers += 1;
            }
            return;
        }
        let side = conn.sender(from_low);
        let was_half_open = conn.life == Life::HalfOpen;
        let wishes = place.segment(conn, side, segment);
        self.grant(place, index, wishes, was_half_open);
        if wishes.replaced {
            self.replace(place, index, key, hash, from_low, segment);
        }
    }

    /// Wakes the connections whose deadlines have come, in order of time.
    pub fn advance(&mut self, place: &mut Workplace<'_>, now: Timestamp) {
        loop {
            let next = [self.due.next(), self.gaps.next(), self.closing.next()];
            let Some(earliest) = next.into_iter().flatten().min().filter(|at| *at <= now) else { break };
            place.cause.at = earliest;
            if next[0] == Some(earliest) {
                self.fire_due(place, earliest);
            } else if next[1] == Some(earliest) {
                self.fire_gap(place, earliest);
            } else {
                self.fire_closing(place, earliest);
            }
        }
        place.cause.at = now;
        while let Some((_, slot)) = self.linger.pop_due(now) {
            self.forget(slot);
        }
    }

    /// End of input: every connection that lives gets its last row, in order of first packets.
    pub fn finish(&mut self, place: &mut Workplace<'_>) {
        for index in self.in_order(|conn| conn.life != Life::Lingering) {
            if let Some(conn) = self.connection(index) {
                place.abandon(conn, RowKind::Unfinished);
                self.counters.unfinished += 1;
            }
            self.remove(index);
        }
    }

    /// When the next timer fires.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        [self.due.next(), self.gaps.next(), self.closing.next()].into_iter().flatten().min()
    }

    /// The slots of connections that are wanted, in order of first packets.
    pub(super) fn in_order(&self, wanted: impl Fn(&Connection) -> bool) -> Vec<u32> {
        let slots = self.slots.iter().zip(0u32..);
        let connections = slots.filter_map(|(slot, index)| Some((slot.connection.as_ref()?, index)));
        let mut found: Vec<(u64, u32)> =
            connections.filter(|(conn, _)| wanted(conn)).map(|(conn, index)| (conn.number, index)).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, index)| index).collect()
    }

    fn open(
        &mut self,
        place: &mut Workplace<'_>,
        key: FlowKey,
        hash: u64,
        from_low: bool,
        segment: &Segment<'_>,
        ordinal: u32,
    ) {
        if self.index.len() >= place.config.max_connections {
            self.make_room(place);
        }
        self.counters.opened += 1;
        self.lanes.note(key.lane());
        let index = self.free.pop().unwrap_or(self.slots.len() as u32);
        if index as usize == self.slots.len() {
            self.slots.push(Slot::default());
        }
        let conn = new_connection(place, key, from_low, segment, ordinal, self.counters.opened);
        let Some(slot) = self.slots.get_mut(index as usize) else { return };
        slot.generation = slot.generation.wrapping_add(1);
        let half_open = conn.life == Life::HalfOpen;
        let side = conn.sender(from_low);
        let conn = slot.connection.insert(conn);
        if !half_open {
            place.greet(conn);
        }
        self.enter(hash, index);
        if half_open {
            self.half_open_count += 1;
            let entry = self.slot_ref(index);
            self.half_open.push(place.cause.at, entry);
            self.limit_half_open(place.config);
        } else {
            self.counters.established += 1;
            let entry = self.slot_ref(index);
            self.due.push(place.cause.at.after(place.config.waiting_span), entry);
        }
        if let Some(conn) = self.connection(index) {
            let wishes = place.segment(conn, side, segment);
            self.grant(place, index, wishes, half_open);
        }
    }

    /// Does what a connection asked for.
    fn grant(&mut self, place: &mut Workplace<'_>, index: u32, wishes: Wishes, was_half_open: bool) {
        let at = place.cause.at;
        if wishes.established {
            self.counters.established += 1;
            let entry = self.slot_ref(index);
            self.due.push(at.after(place.config.waiting_span), entry);
        }
        if was_half_open && (wishes.established || wishes.ended) {
            self.half_open_count = self.half_open_count.saturating_sub(1);
        }
        if let Some(deadline) = wishes.gap_deadline {
            let entry = self.slot_ref(index);
            self.gaps.push(deadline, entry);
        }
        if wishes.ended {
            self.end(place, index);
        } else if wishes.closing {
            let entry = self.slot_ref(index);
            self.closing.push(at.after(place.config.closing_span), entry);
        }
    }

    /// A new connection takes an old one's place: the old one ended when the new SYN came.
    fn replace(
        &mut self,
        place: &mut Workplace<'_>,
        index: u32,
        key: FlowKey,
        hash: u64,
        from_low: bool,
        segment: &Segment<'_>,
    ) {
        let Some(conn) = self.connection(index) else { return };
        let ordinal = conn.ordinal.saturating_add(1);
        let new = conn.extras.as_ref().and_then(|extras| extras.new_syn);
        let now = place.cause;
        place.supersede(conn);
        self.counters.ended += 1;
        self.remove(index);
        match new {
            None => self.open(place, key, hash, from_low, segment, ordinal),
            Some(new) => {
                // The SYN itself was taken for a repetition when it came: the new connection starts with it.
                place.cause = new.cause;
                let syn = syn_segment(&key, new.from_low, new.first.0.wrapping_sub(1));
                self.open(place, key, hash, new.from_low, &syn, ordinal);
                place.cause = now;
                self.segment(place, segment);
            }
        }
    }

    fn fire_due(&mut self, place: &mut Workplace<'_>, at: Timestamp) {
        if let Some((_, slot)) = self.due.pop_due(at)
            && let Some(conn) = self.resolve(slot)
            && conn.life == Life::Established
        {
            place.due(conn);
        }
    }

    fn fire_gap(&mut self, place: &mut Workplace<'_>, at: Timestamp) {
        if let Some((_, slot)) = self.gaps.pop_due(at)
            && let Some(conn) = self.resolve(slot)
            && matches!(conn.life, Life::Established | Life::Closing)
        {
            let wishes = place.gap_due(conn);
            self.grant(place, slot.index, wishes, false);
        }
    }

    fn fire_closing(&mut self, place: &mut Workplace<'_>, at: Timestamp) {
        if let Some((_, slot)) = self.closing.pop_due(at)
            && let Some(conn) = self.resolve(slot)
            && conn.life == Life::Closing
        {
            if let Some((closed, _)) = conn.extras.as_ref().and_then(|extras| extras.closing) {
                conn.latest = closed;
            }
            place.terminate(conn, RowKind::Closed, None);
            self.end(place, slot.index);
        }
    }

    /// The last row is written: keep only what absorbs stragglers.
    fn end(&mut self, place: &Workplace<'_>, index: u32) {
        self.counters.ended += 1;
        let entry = self.slot_ref(index);
        let Some(conn) = self.connection(index) else { return };
        conn.life = Life::Lingering;
        conn.listening = None;
        conn.settled = None;
        conn.extras = None;
        conn.walks = None;
        conn.stream.holding = None;
        self.lingering += 1;
        self.linger.push(place.cause.at.after(place.config.linger_span), entry);
        if self.lingering > place.config.max_lingering
            && let Some((_, oldest)) = self.linger.pop()
        {
            self.forget(oldest);
        }
    }

    /// Lets a lingering connection's addresses go.
    fn forget(&mut self, slot: SlotRef) {
        let Some(conn) = self.resolve(slot) else { return };
        if conn.life == Life::Lingering {
            let (key, ordinal) = (conn.key, conn.ordinal);
            let hash = self.hash(&key.on_lane(0));
            self.ordinals.remember(hash, ordinal);
            self.remove(slot.index);
        }
    }

    fn remove(&mut self, index: u32) {
        let Some(conn) = self.slots.get_mut(index as usize).and_then(|slot| slot.connection.take()) else {
            return;
        };
        if conn.life == Life::Lingering {
            self.lingering -= 1;
        }
        if conn.life == Life::HalfOpen {
            self.half_open_count = self.half_open_count.saturating_sub(1);
        }
        self.leave(self.hash(&conn.key), index);
        if conn.other_lane != conn.key.lane() {
            self.leave(self.hash(&conn.key.on_lane(conn.other_lane)), index | OTHER_LANE);
            self.second_entries -= 1;
        }
        self.free.push(index);
    }

    /// The table is full: forget the oldest that lingers, else evict the longest idle of a sample.
    fn make_room(&mut self, place: &mut Workplace<'_>) {
        while let Some((_, oldest)) = self.linger.pop() {
            if self.resolve(oldest).is_some() {
                self.forget(oldest);
                return;
            }
        }
        let slots = self.slots.len();
        let idle = |index: usize| {
            self.slots.get(index).and_then(|slot| slot.connection.as_ref()).map(|conn| conn.latest)
        };
        let victim = (0..EVICTION_SAMPLE.min(slots))
            .map(|step| (self.evict_hand + step) % slots)
            .filter_map(|index| idle(index).map(|latest| (latest, index)))
            .min();
        self.evict_hand = (self.evict_hand + EVICTION_SAMPLE) % slots.max(1);
        let Some((_, index)) = victim else { return };
        if let Some(conn) = self.connection(index as u32) {
            place.abandon(conn, RowKind::Evicted);
            let (key, ordinal) = (conn.key, conn.ordinal);
            self.counters.evicted += 1;
            self.ordinals.remember(self.hash(&key.on_lane(0)), ordinal);
        }
        self.remove(index as u32);
    }

    fn limit_half_open(&mut self, config: &Config) {
        while self.half_open_count > config.max_half_open {
            let Some((_, oldest)) = self.half_open.pop() else { break };
            if self.resolve(oldest).is_some_and(|conn| conn.life == Life::HalfOpen) {
                self.counters.half_open_dropped += 1;
                self.remove(oldest.index);
            }
        }
        // Attempts that were answered leave their entries behind; sweep before they outnumber the rest.
        if self.half_open.len() > 1024 + 2 * self.half_open_count {
            let slots = &self.slots;
            self.half_open
                .retain(|entry| resolve(slots, entry).is_some_and(|conn| conn.life == Life::HalfOpen));
        }
    }

    /// This is the n-th connection between these addresses and ports, whatever its lane.
    fn next_ordinal(&self, key: &FlowKey) -> u32 {
        let elsewhere = self.lanes.others(key.lane()).filter_map(|lane| {
            let other = key.on_lane(lane);
            let index = self.find(self.hash(&other), &other)?;
            self.slots.get(index as usize)?.connection.as_ref().map(|conn| conn.ordinal.saturating_add(1))
        });
        elsewhere.max().unwrap_or(1).max(self.ordinals.next(self.hash(&key.on_lane(0))))
    }

    fn hash(&self, key: &FlowKey) -> u64 {
        hash_of(self.hasher, key)
    }

    /// The slot of the connection that a key belongs to.
    fn find(&self, hash: u64, key: &FlowKey) -> Option<u32> {
        let found = self.index.find(hash, |entry| self.key_of(*entry).as_ref() == Some(key))?;
        Some(*found & !OTHER_LANE)
    }

    /// A connection that lacks the direction this segment brings on another lane; from now on both lead to it.
    fn pair_lanes(&mut self, key: &FlowKey, hash: u64, from_low: bool, segment: &Segment<'_>) -> Option<u32> {
        let index = self.lanes.others(key.lane()).find_map(|lane| {
            let other = key.on_lane(lane);
            let index = self.find(self.hash(&other), &other)?;
            let conn = self.slots.get(index as usize)?.connection.as_ref()?;
            is_missing_direction(conn, conn.sender(from_low), segment).then_some(index)
        })?;
        self.connection(index)?.other_lane = key.lane();
        self.enter(hash, index | OTHER_LANE);
        self.second_entries += 1;
        Some(index)
    }

    fn enter(&mut self, hash: u64, entry: u32) {
        let (slots, hasher) = (&self.slots, self.hasher);
        self.index
            .insert_unique(hash, entry, |entry| key_of(slots, *entry).map_or(0, |key| hash_of(hasher, &key)));
    }

    fn leave(&mut self, hash: u64, entry: u32) {
        if let Ok(found) = self.index.find_entry(hash, |other| *other == entry) {
            found.remove();
        }
    }

    fn key_of(&self, entry: u32) -> Option<FlowKey> {
        key_of(&self.slots, entry)
    }

    pub(super) fn connection(&mut self, index: u32) -> Option<&mut Connection> {
        self.slots.get_mut(index as usize)?.connection.as_mut()
    }

    fn resolve(&mut self, slot: SlotRef) -> Option<&mut Connection> {
        let found = self.slots.get_mut(slot.index as usize)?;
        if found.generation == slot.generation { found.connection.as_mut() } else { None }
    }

    fn slot_ref(&self, index: u32) -> SlotRef {
        SlotRef { index, generation: self.slots.get(index as usize).map_or(0, |slot| slot.generation) }
    }
}

/// Marks the second index entry of a connection whose directions travel on two lanes.
const OTHER_LANE: u32 = 1 << 31;

/// The key that an index entry stands for.
fn key_of(slots: &[Slot], entry: u32) -> Option<FlowKey> {
    let conn = slots.get((entry & !OTHER_LANE) as usize)?.connection.as_ref()?;
    Some(if entry & OTHER_LANE == 0 { conn.key } else { conn.key.on_lane(conn.other_lane) })
}

/// Whether a segment behind a connection's end begins another one: a SYN, or, where the SYN is not captured, a
/// SYN/ACK with another number.
fn begins_anew(conn: &Connection, from_low: bool, segment: &Segment<'_>) -> bool {
    let half = &conn.stream.halves[conn.sender(from_low)];
    let another = half.is_known() && half.offset_of(Seq(segment.sequence).plus(1)) != Some(0);
    segment.flags.syn() && (!segment.flags.ack() || another)
}

fn resolve(slots: &[Slot], entry: SlotRef) -> Option<&Connection> {
    let slot = slots.get(entry.index as usize)?;
    if slot.generation == entry.generation { slot.connection.as_ref() } else { None }
}

fn hash_of(mut hasher: SipHasher13, key: &FlowKey) -> u64 {
    key.hash(&mut hasher);
    hasher.finish()
}

/// A connection for its first segment (A2, A8).
fn new_connection(
    place: &Workplace<'_>,
    key: FlowKey,
    from_low: bool,
    segment: &Segment<'_>,
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
    Connection {
        key,
        stream: Stream::default(),
        start: place.cause.at,
        established: place.cause.at,
        latest: place.cause.at,
        number,
        first_packet: place.cause.packet,
        history: Milestones::default(),
        flags: Flags::default(),
        listening: None,
        settled: None,
        extras: None::<Box<Extras>>,
        walks: None,
        other_lane: key.lane(),
        ordinal,
        phase: Phase::Silent,
        life: if syn { Life::HalfOpen } else { Life::Established },
        low_side: side_of_low(client_is_low),
        bits: 0,
    }
}

/// The SYN of a connection, made again from what was kept of it.
fn syn_segment(key: &FlowKey, from_low: bool, sequence: u32) -> Segment<'static> {
    let [low, high] = key.endpoints();
    let (source, destination) = if from_low { (low, high) } else { (high, low) };
    Segment {
        source: source.address,
        destination: destination.address,
        source_port: source.port,
        destination_port: destination.port,
        lane: key.lane(),
        sequence,
        acknowledgment: 0,
        flags: TcpFlags::SYN,
        window: 0,
        options: &[],
        payload: &[],
        payload_on_wire: 0,
        fragment_overlap: false,
    }
}

/// The ordinals of connections that no longer linger: bounded, the oldest forgotten first.
#[derive(Debug, Default)]
struct Ordinals {
    known: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
    order: VecDeque<u64>,
}

/// Beyond this many, the oldest is forgotten.
const REMEMBERED_ORDINALS: usize = 65_536;

impl Ordinals {
    /// The ordinal of a new connection whose key has this hash.
    fn next(&self, hash: u64) -> u32 {
        if self.known.is_empty() { 1 } else { self.known.get(&hash).map_or(1, |last| last.saturating_add(1)) }
    }

    fn remember(&mut self, hash: u64, ordinal: u32) {
        if self.known.insert(hash, ordinal).is_none() {
            self.order.push_back(hash);
        }
        if self.order.len() > REMEMBERED_ORDINALS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

/// The key is a keyed hash already.
#[derive(Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        // Only `u64` keys are hashed; other writes fold in without losing octets.
        for octet in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*octet);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}
