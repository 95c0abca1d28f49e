//! A live capture over devices that play captures: whatever the number of taps, rows and account are those of one tap.

use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use zertap_capture::Source;
use zertap_capture::live::{Counts, Device, Heard, Live, LiveError, LiveErrorKind, Losses};
use zertap_core::config::Config;
use zertap_core::event::Row;
use zertap_core::tap::Tap;
use zertap_core::time::Timestamp;
use zertap_core::wire::LinkType;

type Kept = (Timestamp, Vec<u8>, u32);

/// An interface that hears what it was given, a little at a time.
struct Player {
    name: String,
    frames: std::vec::IntoIter<Kept>,
    heard: u64,
    lost: bool,
    shut: Arc<AtomicBool>,
}

impl Device for Player {
    fn name(&self) -> &str {
        &self.name
    }

    fn link(&self) -> u16 {
        1
    }

    fn read(&mut self, most: usize, take: &mut dyn FnMut(Heard<'_>)) -> Result<usize, LiveError> {
        let mut count = 0;
        for (at, bytes, wire_length) in self.frames.by_ref().take(most.min(7)) {
            count += 1;
            take(Heard { at, bytes: &bytes, wire_length });
        }
        self.heard += count as u64;
        if count == 0 && self.lost {
            let interface = self.name.clone();
            return Err(LiveError { kind: LiveErrorKind::Lost, interface, reason: "went away".to_owned() });
        }
        Ok(count)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn losses(&mut self) -> Losses {
        Losses { received: self.heard + 3, dropped: 3, interface_dropped: 1 }
    }

    fn shut(&mut self) -> Result<(), LiveError> {
        self.shut.store(true, Ordering::Relaxed);
        Ok(())
    }
}

fn frames() -> Vec<Kept> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../pcaps/tour.pcap");
    let mut source = Source::open(Path::new(&path)).expect("the tour");
    let mut found = Vec::new();
    while let Some(frame) = source.next_frame().expect("a frame") {
        found.push((frame.at, frame.bytes.to_vec(), frame.wire_length));
    }
    found
}

fn player(name: &str, frames: Vec<Kept>, lost: bool) -> Box<dyn Device> {
    let (name, frames) = (name.to_owned(), frames.into_iter());
    Box::new(Player { name, frames, heard: 0, lost, shut: Arc::default() })
}

/// What a row says, without the numbers that a tap gives.
fn told(row: &Row) -> String {
    let ends = (row.addresses, row.ports, row.first_packet, row.packet, row.kind.word(), row.phase.name());
    format!("{ends:?} {:?} {:?} {:?} {:?} {:?}", row.start, row.end, row.octets, row.segments, row.flags)
}

fn by_one_tap(config: Config) -> Vec<String> {
    let mut tap = Tap::new(config);
    for (at, bytes, wire_length) in frames() {
        tap.push_frame(at, LinkType(1), &bytes, wire_length);
    }
    tap.finish();
    let mut rows: Vec<String> = tap.drain().iter().map(told).collect();
    rows.sort();
    rows
}

/// The rows of a whole capture in the order in which they were collected, and its account.
fn by_live(devices: Vec<Box<dyn Device>>, taps: usize) -> (Vec<Row>, Counts, Vec<LiveError>) {
    let configs = vec![Config::default(); taps];
    let mut live = Live::start(devices, configs).expect("threads");
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    while !live.is_over() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not end");
        if begun.elapsed() > Duration::from_millis(300) {
            live.stop();
        }
        rows.extend(live.collect(Duration::from_millis(20)));
        faults.extend(live.take_faults());
    }
    (rows, live.counts(), faults)
}

fn check(counts: &Counts, read: u64) {
    let reader = &counts.reader;
    assert_eq!(reader.frames, read);
    assert_eq!(reader.interfaces.iter().map(|(_, _, frames)| frames).sum::<u64>(), read);
    assert_eq!(reader.frames, reader.segments + reader.skipped.iter().sum::<u64>());
    let observed: u64 = counts.taps.iter().map(|tap| tap.segments + tap.unobserved).sum();
    assert_eq!(reader.segments, observed + reader.lost_here);
    assert_eq!((reader.lost_here, counts.rows_waiting), (0, 0));
}

/// Rows of connections that never end depend on when the capture ends, which one tap alone is not told.
fn ended(rows: &[Row]) -> Vec<String> {
    let mut found: Vec<String> = rows.iter().filter(|row| row.kind.is_end()).map(told).collect();
    found.sort();
    found
}

#[test]
fn rows_do_not_depend_on_the_number_of_taps() {
    let whole: Vec<String> = by_one_tap(Config::default());
    for taps in [1, 2, 5] {
        let (rows, counts, faults) = by_live(vec![player("a", frames(), false)], taps);
        check(&counts, frames().len() as u64);
        assert!(faults.is_empty());
        assert_eq!(rows.len(), whole.len());
        let found = ended(&rows);
        assert!(found.len() > 10);
        for row in &found {
            assert!(whole.contains(row), "{taps} taps: {row}");
        }
        let mut numbers: Vec<u64> = rows.iter().map(|row| row.connection).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), rows.len(), "numbers of connections are distinct");
    }
}

#[test]
fn rows_of_several_taps_come_in_order_of_time() {
    let (rows, _, _) = by_live(vec![player("a", frames(), false)], 4);
    assert!(rows.is_sorted_by_key(|row| row.at));
}

#[test]
fn two_interfaces_that_hear_one_direction_each_give_the_rows_of_one_that_hears_both() {
    let (one, two): (Vec<Kept>, Vec<Kept>) =
        frames().into_iter().partition(|(_, bytes, _)| bytes.get(26..30) == Some(&[10, 99, 0, 1]));
    assert!(one.len() > 50 && two.len() > 50);
    let (rows, counts, _) = by_live(vec![player("in", one, false), player("out", two, false)], 3);
    check(&counts, frames().len() as u64);
    let (whole, _, _) = by_live(vec![player("both", frames(), false)], 1);
    assert_eq!(ended(&rows), ended(&whole));
    let backwards: u64 = counts.taps.iter().map(|tap| tap.clock_backwards).sum();
    assert_eq!(backwards, 0, "frames were handed on in order of time");
}

/// An interface that hears a frame at a moment of its own, and whose reader waits for a processor while it reads.
struct Late {
    begun: Instant,
    clock: Timestamp,
    /// Since it began: when its frame can be read.
    ready: Duration,
    /// The frame's stamp, likewise.
    stamp: Duration,
    delay: Duration,
    read: bool,
}

impl Device for Late {
    fn name(&self) -> &'static str {
        "late"
    }

    fn link(&self) -> u16 {
        1
    }

    fn read(&mut self, _: usize, take: &mut dyn FnMut(Heard<'_>)) -> Result<usize, LiveError> {
        if self.read || self.begun.elapsed() < self.ready {
            return Ok(0);
        }
        self.read = true;
        let (_, bytes, wire_length) = frames().swap_remove(0);
        let since = u64::try_from(self.stamp.as_nanos()).expect("short");
        take(Heard { at: Timestamp(self.clock.0 + since), bytes: &bytes, wire_length });
        std::thread::sleep(self.delay);
        Ok(1)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn losses(&mut self) -> Losses {
        Losses::default()
    }

    fn shut(&mut self) -> Result<(), LiveError> {
        Ok(())
    }
}

/// The first interface has nothing when it is asked; the thread waits longer than a silent interface is waited for before it
/// hands on what the second one heard; only then the first one has what it heard just before that.
#[test]
fn frames_stay_in_order_where_the_reader_has_to_wait_for_a_processor() {
    let (begun, since) = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970"));
    let clock = Timestamp(u64::try_from(since.as_nanos()).expect("before 2554"));
    let late = |ready, stamp, delay| -> Box<dyn Device> {
        let [ready, stamp, delay] = [ready, stamp, delay].map(Duration::from_millis);
        Box::new(Late { begun, clock, ready, stamp, delay, read: false })
    };
    let (_, counts, _) = by_live(vec![late(60, 45, 0), late(50, 50, 180)], 1);
    check(&counts, 2);
    assert_eq!(counts.taps[0].clock_backwards, 0);
}

#[test]
fn an_interface_that_is_lost_is_told_and_its_rows_are_kept() {
    let (rows, counts, faults) = by_live(vec![player("gone", frames(), true)], 2);
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].to_string(), "gone: went away");
    check(&counts, frames().len() as u64);
    assert!(ended(&rows).len() > 10);
}

#[test]
fn nothing_is_observed_while_there_is_no_engine_and_the_account_says_so() {
    let mut live =
        Live::start(vec![player("a", frames(), false)], vec![Config::default(); 2]).expect("threads");
    live.renew(None);
    let begun = Instant::now();
    let mut rows = Vec::new();
    while !live.is_over() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not end");
        if begun.elapsed() > Duration::from_millis(300) {
            live.stop();
        }
        rows.extend(live.collect(Duration::from_millis(20)));
    }
    let counts = live.counts();
    check(&counts, frames().len() as u64);
    assert!(counts.taps.iter().map(|tap| tap.unobserved).sum::<u64>() > 0);
    assert_eq!(rows.len() as u64, counts.taps.iter().map(|tap| tap.rows).sum::<u64>());
}
