//! The engine's face: packets and time go in, rows come out.

use crate::batch::EventBatch;
use crate::config::Config;
use crate::event::{Row, RowKind};
use crate::flow::{Boundaries, Cause, Table, TableCounters, Workplace};
use crate::handshake::Room;
use crate::profiles::Profiles;
use crate::time::Timestamp;
use crate::wire::{Decoder, LinkType, Segment, Skip};

/// One single-threaded engine. Every connection it sees becomes rows.
#[derive(Debug)]
pub struct Tap {
    config: Config,
    decoder: Decoder,
    table: Table,
    boundaries: Boundaries,
    room: Room,
    profiles: Profiles,
    batch: EventBatch,
    now: Timestamp,
    counters: TapCounters,
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
}

impl Default for TapCounters {
    fn default() -> Self {
        Self { frames: 0, segments: 0, skipped: [0; Skip::ALL.len()], clock_backwards: 0 }
    }
}

impl Tap {
    /// An engine with these settings.
    pub fn new(config: Config) -> Self {
        Self {
            decoder: Decoder::new(config.wire),
            table: Table::new(config.hash_key),
            boundaries: Boundaries::new(config.interval.filter(|_| config.rows.contains(RowKind::Interval))),
            room: Room { options: config.options, ..Room::default() },
            profiles: Profiles::default(),
            batch: EventBatch::default(),
            now: Timestamp(0),
            counters: TapCounters::default(),
            config,
        }
    }

    /// Takes one captured frame. `wire_length` is its length on the wire, at least `frame.len()`.
    pub fn push_frame(&mut self, at: Timestamp, link: LinkType, frame: &[u8], wire_length: u32) {
        self.counters.frames += 1;
        self.pass_time(at);
        match self.decoder.decode(self.now, link, frame, wire_length) {
            Ok(segment) => {
                self.counters.segments += 1;
                let mut place = Workplace {
                    config: &self.config,
                    room: &mut self.room,
                    profiles: &mut self.profiles,
                    batch: &mut self.batch,
                    cause: Cause { at: self.now, packet: self.counters.frames },
                };
                self.table.segment(&mut place, &segment);
            }
            Err(skip) => self.skip(skip),
        }
    }

    /// Counts a frame that never became a segment.
    fn skip(&mut self, skip: Skip) {
        if let Some(count) = self.counters.skipped.get_mut(skip.index()) {
            *count += 1;
        }
    }

    /// Takes one TCP segment of a caller who decodes packets himself.
    pub fn push_segment(&mut self, at: Timestamp, segment: &Segment<'_>) {
        self.counters.frames += 1;
        self.counters.segments += 1;
        self.pass_time(at);
        let Self { config, table, room, profiles, batch, now, counters, .. } = self;
        let cause = Cause { at: *now, packet: counters.frames };
        table.segment(&mut Workplace { config, room, profiles, batch, cause }, segment);
    }

    /// Lets time pass without a packet: due timers fire.
    pub fn advance(&mut self, now: Timestamp) {
        self.pass_time(now);
    }

    /// End of input: the connections did not end, our view of them did (A9).
    pub fn finish(&mut self) {
        let Self { config, table, room, profiles, batch, now, counters, .. } = self;
        let cause = Cause { at: *now, packet: counters.frames };
        table.finish(&mut Workplace { config, room, profiles, batch, cause });
    }

    /// The rows written since the last call.
    pub fn drain(&mut self) -> Vec<Row> {
        self.batch.take()
    }

    /// How many rows wait to be drained.
    pub fn waiting_rows(&self) -> usize {
        self.batch.len()
    }

    /// What the tap counted.
    pub fn counters(&self) -> &TapCounters {
        &self.counters
    }

    /// What the connection table counted.
    pub fn table_counters(&self) -> TableCounters {
        self.table.counters()
    }

    /// Connections and attempts that live.
    pub fn live(&self) -> usize {
        self.table.live()
    }

    /// A9: time never runs backwards; timers fire when time passes them, before the packet that moved it.
    fn pass_time(&mut self, at: Timestamp) {
        if at < self.now {
            self.counters.clock_backwards += 1;
            return;
        }
        if at == self.now {
            return;
        }
        self.now = at;
        let Self { config, table, boundaries, room, profiles, batch, counters, .. } = self;
        let cause = Cause { at, packet: counters.frames };
        let mut place = Workplace { config, room, profiles, batch, cause };
        if boundaries.are_due(at) {
            boundaries.pass(table, &mut place, at);
        }
        table.advance(&mut place, at);
    }
}
