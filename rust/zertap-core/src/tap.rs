//! The engine's face: packets and time go in, rows come out.

mod advised;
mod frames;
mod scout;
mod share;
mod streams;
mod stretch;

pub use scout::{Scout, Stretch};
pub use share::{Place, Share, SharedRows, Stage};
pub use streams::StreamEnd;

use crate::batch::Rows;
use crate::config::Config;
use crate::event::{Row, RowKind};
use crate::flow::{self, Arrival, Boundaries, Cause, Guess, Identity, Shop, Table, TableCounters, Workplace};
use crate::handshake::Journal;
use crate::ledger::Ledger;
use crate::profiles::Profiles;
use crate::time::Timestamp;
use crate::wire::{Corners, Decoder, LinkType, Segment, Skip};
use frames::take_unusual;
use share::Sharing;
use std::collections::TryReserveError;

/// One single-threaded engine. Every connection it sees becomes rows.
#[derive(Debug)]
pub struct Tap {
    shop: Shop,
    decoder: Decoder,
    table: Table,
    boundaries: Boundaries,
    began: Option<Timestamp>,
    now: Timestamp,
    elsewhere: u64,
    counters: TapCounters,
    /// Where it is one of several.
    sharing: Option<Sharing>,
}

/// One captured frame, as a tap takes it.
#[derive(Clone, Copy, Debug)]
pub struct RawFrame<'a> {
    /// When it was captured.
    pub at: Timestamp,
    /// What its first octets are.
    pub link: LinkType,
    /// The captured octets.
    pub bytes: &'a [u8],
    /// Its length on the wire, at least `bytes.len()`. Unit: octets.
    pub wire_length: u32,
}

/// What a tap counted. `frames = segments + skipped` always holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapCounters {
    /// Frames and segments pushed.
    pub frames: u64,
    /// Of these, TCP segments that reached the table.
    pub segments: u64,
    /// Of these, frames skipped, by reason.
    pub skipped: [u64; Skip::ALL.len()],
    /// Packets whose time lay before an earlier packet's; taken as that time (A9).
    pub clock_backwards: u64,
    /// Calls that named a connection which was gone.
    pub gone: u64,
    /// Calls about a connection whose protection had been reported.
    pub late: u64,
}

impl Default for TapCounters {
    fn default() -> Self {
        Self { frames: 0, segments: 0, skipped: [0; Skip::ALL.len()], clock_backwards: 0, gone: 0, late: 0 }
    }
}

impl TapCounters {
    /// Counts a frame that never became a segment.
    fn skip(&mut self, skip: Skip) {
        if let Some(count) = self.skipped.get_mut(skip.index()) {
            *count += 1;
        }
    }
}

impl Tap {
    /// An engine with these settings.
    pub fn new(config: Config) -> Self {
        Self {
            decoder: Decoder::new(config.wire),
            table: Table::new(config.hash_key),
            boundaries: Boundaries::new(config.interval.filter(|_| config.rows.contains(RowKind::Interval))),
            began: None,
            now: Timestamp(0),
            elsewhere: 0,
            counters: TapCounters::default(),
            sharing: None,
            shop: Shop::new(config),
        }
    }

    /// One of several engines that follow the same packets; `scout`, `push_stretch` and `take_shared` serve it.
    pub fn shared(config: Config, share: Share) -> Self {
        let mut tap = Self { sharing: Some(Sharing::new(share, config.hash_key)), ..Self::new(config) };
        tap.shop.profiles = Profiles::of_share(share.index, share.count);
        tap
    }

    /// Takes one captured frame. `wire_length` is its length on the wire, at least `frame.len()`.
    pub fn push_frame(&mut self, at: Timestamp, link: LinkType, frame: &[u8], wire_length: u32) {
        self.push_frames(&mut std::iter::once(RawFrame { at, link, bytes: frame, wire_length }));
    }

    /// Makes room for what so many frames may add, unless there is no memory for it: who asks before pushing them can
    /// stop in good order. Without asking, room is made as it is needed, and a lack of memory ends the process.
    pub fn reserve(&mut self, frames: usize) -> Result<(), TryReserveError> {
        self.table.reserve(frames, &self.shop.config)?;
        self.shop.batch.reserve(frames)
    }

    /// The same for `finish_some`: a row for every connection that lives, at most so many.
    pub fn reserve_finish(&mut self, most: usize) -> Result<(), TryReserveError> {
        self.shop.batch.reserve(self.live().min(most))
    }

    /// As `push_frame`, and what TCP shows of the wanted connection goes into the journal too.
    pub fn push_frame_told(&mut self, frame: &RawFrame<'_>) {
        self.take_other(frame, Table::segment_told);
    }

    /// Keeps a journal of the connection whose first packet is the `n`-th from now; `push_frame_told` feeds it.
    pub fn keep_journal(&mut self, n: u64) {
        self.shop.room.journal = Some(Box::new(Journal::of(self.counters.frames.saturating_add(n))));
    }

    /// The journal, where one is kept.
    pub fn journal(&self) -> Option<&Journal> {
        self.shop.room.journal.as_deref()
    }

    /// Shows the table one segment, at its time.
    fn follow(&mut self, segment: &Segment<'_>, identity: &Identity, guess: Guess) {
        self.with_place(|table, place| table.segment(place, &Arrival::of(segment), identity, guess));
    }

    /// Handles one frame layer by layer.
    fn take_other(
        &mut self,
        frame: &RawFrame<'_>,
        handle: impl FnOnce(&mut Table, &mut Workplace<'_>, &Arrival<'_>, &Identity),
    ) {
        self.counters.frames += 1;
        self.pass_time(frame.at);
        let Self { shop, decoder, table, now, elsewhere, counters, .. } = self;
        let mut place = shop.place(Cause { at: *now, packet: counters.frames + *elsewhere });
        take_unusual(decoder, table, &mut place, counters, frame, handle);
    }

    /// Takes one TCP segment of a caller who decodes packets himself.
    pub fn push_segment(&mut self, at: Timestamp, segment: &Segment<'_>) {
        self.counters.frames += 1;
        self.counters.segments += 1;
        self.pass_time(at);
        let identity = self.table.identify(&Corners::of(segment));
        self.follow(segment, &identity, Guess::NONE);
    }

    /// So many frames of the same capture went to other taps: they count in the numbers of packets, and nowhere else.
    pub fn pass_over(&mut self, frames: u64) {
        self.elsewhere += frames;
    }

    /// Lets time pass without a packet: due timers fire.
    pub fn advance(&mut self, now: Timestamp) {
        self.pass_time(now);
    }

    /// End of input: the connections did not end, our view of them did (A9).
    pub fn finish(&mut self) {
        while self.finish_some(usize::MAX) {}
    }

    /// The same in parts: until `most` rows wait to be drained. Whether connections are left; then nothing may be pushed
    /// before they are finished too.
    pub fn finish_some(&mut self, most: usize) -> bool {
        self.with_place(|table, place| table.finish(place, most))
    }

    /// The rows written since the last call.
    pub fn drain(&mut self) -> Vec<Row> {
        self.shop.batch.take_whole()
    }

    /// The same as they waited: rows of attempts take a quarter of the room there.
    pub fn drain_packed(&mut self) -> Rows {
        self.shop.batch.take()
    }

    /// Lends room for the rows to come: that of rows which were drained and are no longer needed.
    pub fn lend(&mut self, room: Vec<Row>) {
        self.shop.batch.lend(room);
    }

    /// The established connections as they stand, at most `most` of them, and where to go on if there are more; begin
    /// with 0. The rows are `unfinished` ones; they are counted nowhere, and no later row differs for them.
    pub fn current(&mut self, from: usize, most: usize) -> (Vec<Row>, Option<usize>) {
        self.with_place(|table, place| flow::current(table, place, from, most))
    }

    /// How many rows wait to be drained.
    pub fn waiting_rows(&self) -> usize {
        self.shop.batch.len()
    }

    /// The first and the latest moment that were told, by packets or by `advance`; none before a known one.
    pub fn clock(&self) -> Option<(Timestamp, Timestamp)> {
        self.began.map(|began| (began, self.now))
    }

    /// What the tap counted.
    pub fn counters(&self) -> &TapCounters {
        &self.counters
    }

    /// What the connection table counted.
    pub fn table_counters(&self) -> TableCounters {
        self.table.counters()
    }

    /// The account of all that was pushed, at this moment.
    pub fn ledger(&self) -> Ledger {
        Ledger {
            frames: self.counters.frames,
            segments: self.counters.segments,
            skipped: self.counters.skipped.iter().sum(),
            opened: self.table.counters().opened,
            live: self.table.live() as u64,
            fates: self.shop.batch.fates,
            rows: self.shop.batch.pushed,
            rows_fetched: self.shop.batch.taken,
            rows_waiting: self.shop.batch.len() as u64,
        }
    }

    /// Connections that have stalled in their handshake, or before it, and are kept in few octets until they go on.
    pub fn sleeping(&self) -> usize {
        self.table.sleeping()
    }

    /// Connections and attempts that live.
    pub fn live(&self) -> usize {
        self.table.live()
    }

    /// Does something with a connection that no packet causes.
    #[inline]
    fn with_place<T>(&mut self, act: impl FnOnce(&mut Table, &mut Workplace<'_>) -> T) -> T {
        let Self { shop, table, now, elsewhere, counters, .. } = self;
        act(table, &mut shop.place(Cause { at: *now, packet: counters.frames + *elsewhere }))
    }

    /// A9: time never runs backwards; timers fire when time passes them, before the packet that moved it.
    #[inline]
    fn pass_time(&mut self, at: Timestamp) {
        if at < self.now {
            self.counters.clock_backwards += 1;
            return;
        }
        if at == self.now {
            return;
        }
        self.now = at;
        self.began.get_or_insert(at);
        if self.boundaries.are_due(at) || self.table.is_due(at) {
            self.wake(at);
        }
    }

    #[cold]
    fn wake(&mut self, at: Timestamp) {
        let Self { shop, table, boundaries, elsewhere, counters, .. } = self;
        wake(boundaries, table, &mut shop.place(Cause { at, packet: counters.frames + *elsewhere }));
    }
}

/// Fires the timers that are due at the moment that has come, and writes the rows of recording intervals that ended.
#[cold]
fn wake(boundaries: &mut Boundaries, table: &mut Table, place: &mut Workplace<'_>) {
    let (before, at) = (place.batch.len(), place.cause.at);
    if boundaries.are_due(at) {
        boundaries.pass(table, place, at);
    }
    table.advance(place, at);
    place.cause.at = at;
    if place.batch.len() > before + 1 {
        place.batch.arrange(before);
    }
}
