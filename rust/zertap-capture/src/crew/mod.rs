//! Several taps that read the same capture, each in a thread of its own, as if one tap had read it.
//!
//! The capture is read once, in stretches of about a thousand packets: whichever worker is ahead reads the next one, says
//! whose each packet is (`scouting`) and lays it out for all (`trail`); every worker follows its share of each stretch.
//! What they tell comes through one bounded channel each and is merged into the order in which one tap would have written
//! it (`merge`); connections get the numbers that it would have given them (`openings`).

mod merge;
mod oddities;
mod openings;
mod piece;
mod scouting;
mod trail;
mod worker;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use zertap_core::config::Config;
use zertap_core::event::Row;
use zertap_core::flow::TableCounters;
use zertap_core::ledger::Ledger;
use zertap_core::tap::{Share, Tap, TapCounters};
use zertap_core::time::Timestamp;

use crate::error::CaptureError;
use crate::source::Source;
use merge::Merge;
use oddities::Oddities;
use scouting::Scouting;
use trail::{Rest, Trail};
use worker::{Message, Place, Work};

/// Messages of one worker that may wait.
const WAITING: usize = 4;

/// Packets of a stretch: what is known of them stays in a core's cache until they are followed.
const STRETCH: usize = 1024;

/// How many ended connections each of `count` taps remembers at least, so that together they remember the last `whole` ones of all:
/// a keyed hash tells whose a connection is, so none gets more than a sixteenth and 64 beyond its part.
fn share_of_ended(whole: usize, count: usize) -> usize {
    let part = whole.div_ceil(count);
    (part + part / 16 + 64).min(whole)
}

/// Taps that share the connections of the captures they read.
pub struct Crew {
    /// The taps, while no capture is being read.
    taps: Vec<Tap>,
    /// Most packets of a stretch.
    stretch: usize,
    running: Option<Running>,
    merge: Merge,
    oddities: Oddities,
    fetched: u64,
    clock: Option<(Timestamp, Timestamp)>,
    frames: u64,
    bytes_read: u64,
    reader: Option<Source>,
}

/// A capture being read.
struct Running {
    trail: Arc<Trail>,
    hands: Vec<Hand>,
}

/// One worker, seen from outside.
struct Hand {
    messages: Receiver<Message>,
    thread: Option<JoinHandle<()>>,
    tap: Option<Tap>,
}

impl Hand {
    /// Whether more is to come from it.
    fn is_busy(&self) -> bool {
        self.tap.is_none() && self.thread.is_some()
    }
}

/// How far the reading is.
#[derive(Debug)]
pub enum Progress {
    /// There is more to come.
    More,
    /// The capture is over.
    Over,
}

impl Crew {
    /// So many workers. Limits on what a tap remembers of connections are divided among them.
    pub fn new(config: &Config, workers: u32) -> Self {
        let count = workers.max(1);
        let part = |whole: usize| whole.div_ceil(count as usize);
        let each = Config {
            max_connections: part(config.max_connections),
            max_half_open: part(config.max_half_open),
            max_ended: part(config.max_ended),
            least_ended: share_of_ended(config.least_ended, count as usize),
            ..config.clone()
        };
        let taps = (0..count).map(|index| Tap::shared(each.clone(), Share { index, count })).collect();
        Self {
            taps,
            stretch: STRETCH,
            running: None,
            merge: Merge::new(count as usize),
            oddities: Oddities::default(),
            fetched: 0,
            clock: None,
            frames: 0,
            bytes_read: 0,
            reader: None,
        }
    }

    /// The same with so many packets in a stretch, at least one: no other rows come of it.
    #[must_use]
    pub fn in_stretches_of(mut self, packets: usize) -> Self {
        self.stretch = packets.max(1);
        self
    }

    /// Whether a capture is being read.
    pub fn is_reading(&self) -> bool {
        self.running.is_some()
    }

    /// Begins to read the capture at `path`, a regular file; the one before must be over.
    pub fn begin(&mut self, path: &Path) {
        self.rest();
        self.merge.restart(self.taps.first().map_or(0, |tap| tap.counters().frames));
        let Some(scout) = self.taps.first().and_then(Tap::scout) else { return };
        let scouting = Scouting::new(path.to_owned(), scout, self.stretch);
        let trail = Arc::new(Trail::new(scouting, self.taps.len()));
        let place = |worker| Place { worker, trail: Arc::clone(&trail) };
        let taps = self.taps.drain(..).enumerate();
        let hands = taps.map(|(worker, tap)| hand(tap, place(worker), path)).collect();
        self.running = Some(Running { trail, hands });
    }

    /// Takes what the slowest worker tells next, or returns after `patience`. An error ends the reading; what was seen
    /// before can be drained.
    pub fn wait(&mut self, patience: Duration) -> Result<Progress, CaptureError> {
        let Some(running) = &mut self.running else { return Ok(Progress::Over) };
        let busy = |index: &usize| running.hands.get(*index).is_some_and(Hand::is_busy);
        let slowest = (0..running.hands.len()).filter(busy).min_by_key(|index| self.merge.position(*index));
        let Some(index) = slowest else { return self.close() };
        let Some(hand) = running.hands.get_mut(index) else { return self.close() };
        match hand.messages.recv_timeout(patience) {
            Ok(message) => self.take(index, message),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => propagate(hand.thread.take()),
        }
        Ok(Progress::More)
    }

    /// End of input: the connections that live get their last rows.
    pub fn finish(&mut self) {
        self.rest();
        std::thread::scope(|scope| {
            for tap in &mut self.taps {
                scope.spawn(|| tap.finish());
            }
        });
        for (index, tap) in self.taps.iter_mut().enumerate() {
            self.merge.add(index, tap.take_shared(), u64::MAX);
        }
        self.merge.release();
    }

    /// The rows since the last call, in the order in which one tap would have written them.
    pub fn drain(&mut self) -> Vec<Row> {
        let rows = self.merge.take();
        self.fetched += rows.len() as u64;
        rows
    }

    /// Lends room for the rows to come: that of rows which were drained and are no longer needed.
    pub fn lend(&mut self, room: Vec<Row>) {
        self.merge.lend(room);
    }

    /// How many rows can be drained.
    pub fn waiting_rows(&self) -> usize {
        self.merge.waiting()
    }

    /// The first and the latest moment of which all workers know.
    pub fn clock(&self) -> Option<(Timestamp, Timestamp)> {
        self.clock
    }

    /// Frames that every worker has passed.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// How much of the stored file has been read. Unit: octets.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The reader of the capture that is over, which knows all of its interfaces.
    pub fn take_reader(&mut self) -> Option<Source> {
        self.reader.take()
    }

    /// Frames whose time could not be told, and frames whose lengths contradict each other.
    pub fn oddities(&self) -> (u64, u64) {
        (self.oddities.time_out_of_range, self.oddities.odd_lengths)
    }

    /// What each of the taps counted of the frames that all of them saw. Ends a reading.
    pub fn counters(&mut self) -> TapCounters {
        self.rest();
        self.taps.first().map(|tap| tap.counters().clone()).unwrap_or_default()
    }

    /// What the tables counted, together. Ends a reading.
    pub fn table_counters(&mut self) -> TableCounters {
        self.rest();
        self.taps.iter().map(Tap::table_counters).sum()
    }

    /// Connections and attempts that live. Ends a reading.
    pub fn live(&mut self) -> usize {
        self.rest();
        self.taps.iter().map(Tap::live).sum()
    }

    /// The account of all that was pushed: frames once, connections and rows of all. Ends a reading.
    pub fn ledger(&mut self) -> Ledger {
        self.rest();
        let each = self.taps.iter().map(Tap::ledger);
        let mut whole =
            each.reduce(Ledger::with_share).unwrap_or_else(|| Tap::new(Config::default()).ledger());
        whole.rows_fetched = self.fetched;
        whole.rows_waiting = whole.rows.saturating_sub(self.fetched);
        whole
    }

    fn take(&mut self, index: usize, message: Message) {
        let Message { rows, position, clock, bytes_read, end } = message;
        self.merge.add(index, rows, position);
        if end.is_none() && self.merge.is_slowest(index) {
            (self.clock, self.frames) = (clock.or(self.clock), position);
        }
        if index == 0 {
            self.bytes_read = bytes_read;
        }
        if let (Some(tap), Some(running)) = (end, &mut self.running) {
            if let Some(hand) = running.hands.get_mut(index) {
                hand.tap = Some(*tap);
            }
            if !running.hands.iter().any(Hand::is_busy) {
                // All have passed all: rows that are released now may be the first ones.
                self.clock = clock.or(self.clock);
            }
        }
        self.merge.release();
    }

    /// Every worker is done: the taps come to rest.
    fn close(&mut self) -> Result<Progress, CaptureError> {
        let Some(running) = self.running.take() else { return Ok(Progress::Over) };
        for mut hand in running.hands {
            propagate(hand.thread.take());
            self.taps.extend(hand.tap);
        }
        self.clock = self.taps.first().and_then(Tap::clock).or(self.clock);
        self.frames = self.taps.first().map_or(0, |tap| tap.counters().frames);
        let Rest { source, error, oddities } = running.trail.rest();
        self.oddities.add(oddities);
        self.bytes_read = source.as_ref().map_or(0, Source::bytes_read);
        self.reader = source;
        match error {
            Some(error) => Err(error),
            None => Ok(Progress::Over),
        }
    }

    /// Ends a reading before the capture is over; every worker stops at the same packet.
    pub fn rest(&mut self) {
        if let Some(running) = &self.running {
            running.trail.stop();
        }
        while self.running.is_some() {
            if !matches!(self.wait(Duration::from_secs(1)), Ok(Progress::More)) {
                return;
            }
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.rest();
    }
}

fn hand(tap: Tap, place: Place, path: &Path) -> Hand {
    let (sender, messages) = sync_channel(WAITING);
    let work = Work { tap, place, name: path.to_string_lossy().into_owned(), sender };
    Hand { messages, thread: Some(std::thread::spawn(move || work.run())), tap: None }
}

/// Waits for a thread; what it panicked with goes on here.
fn propagate(thread: Option<JoinHandle<()>>) {
    if let Some(Err(panic)) = thread.map(JoinHandle::join) {
        std::panic::resume_unwind(panic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_what_ended_hold_the_whole_and_little_more() {
        for whole in [0, 1, 7, 1000, 16_384, 1 << 20] {
            for count in [1, 2, 3, 16, 1024] {
                let each = share_of_ended(whole, count);
                assert!(each <= whole && each * count >= whole, "{whole} {count}");
                assert!(each * count <= whole * 17 / 16 + 66 * count, "{whole} {count}");
            }
        }
        assert_eq!(share_of_ended(16_384, 2), 8768);
    }
}
