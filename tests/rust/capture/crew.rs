//! Several workers on one capture: the rows of one, whatever the file is like and whoever disturbs them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use zertap_capture::{CaptureError, CaptureErrorKind, Crew, Progress, Source};
use zertap_core::config::Config;
use zertap_core::event::{RowKind, RowKinds};
use zertap_core::tap::{RawFrame, Tap, TapCounters};
use zertap_core::time::{Recurring, Span};
use zertap_core::wire::LinkType;

use crate::build::{Order, gzip, pcap_header, pcap_record, zstd};
use crate::said::said;

/// A file of its own that goes away with its name.
struct Capture(PathBuf);

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn capture(name: &str, octets: &[u8]) -> Capture {
    let path = std::env::temp_dir().join(format!("zertap-crew-{name}-{}", std::process::id()));
    File::create(&path).unwrap().write_all(octets).unwrap();
    Capture(path)
}

/// Every kind of row, and intervals of a second.
fn config() -> Config {
    let rows = RowKind::ALL.iter().fold(RowKinds::NONE, |kinds, kind| kinds.with(*kind));
    Config { rows, interval: Recurring::new(Span::seconds(1), Span(0)), ..Config::default() }
}

/// What a reading told: rows, counters, and why it stopped if it was not at a good end.
type Told = (Vec<String>, TapCounters, Option<String>);

fn alone(path: &Path) -> Told {
    let mut tap = Tap::new(config());
    let mut read = || -> Result<(), CaptureError> {
        let mut source = Source::open(path)?;
        while let Some(frame) = source.next_frame()? {
            tap.push_frame(frame.at, LinkType(frame.link), frame.bytes, frame.wire_length);
        }
        Ok(())
    };
    let error = read().err().map(|error| error.to_string());
    tap.finish();
    (tap.drain().iter().map(said).collect(), tap.counters().clone(), error)
}

fn read(crew: &mut Crew) -> Result<(), CaptureError> {
    while matches!(crew.wait(Duration::from_secs(1))?, Progress::More) {}
    Ok(())
}

fn together(path: &Path, workers: u32, packets: usize) -> Told {
    let mut crew = Crew::new(&config(), workers).in_stretches_of(packets);
    crew.begin(path);
    let error = read(&mut crew).err().map(|error| error.to_string());
    crew.finish();
    assert!(crew.ledger().frames == crew.frames());
    (crew.drain().iter().map(said).collect(), crew.counters(), error)
}

fn assert_alike(path: &Path, ways: &[(u32, usize)]) -> Told {
    let expected = alone(path);
    for (workers, packets) in ways {
        let told = together(path, *workers, *packets);
        assert_eq!(told, expected, "{} with {workers} workers, {packets} packets", path.display());
    }
    expected
}

fn own_captures() -> Vec<PathBuf> {
    let pcaps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pcaps");
    let inside = std::fs::read_dir(pcaps.join("captures")).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> =
        inside.filter(|path| path.is_file()).chain([pcaps.join("tour.pcap")]).collect();
    all.sort();
    all
}

#[test]
fn every_capture_of_ours_in_stretches_of_any_length() {
    let captures = own_captures();
    assert!(captures.len() > 20);
    for path in captures {
        assert_alike(&path, &[(1, 1024), (2, 1), (3, 7), (5, 64)]);
    }
}

/// A connection's packet: SYN, or octets of it behind that. The time in milliseconds.
fn packet(time: u32, connection: u32, sequence: u32, octets: &[u8]) -> Vec<u8> {
    let port = (1024 + connection % 60_000) as u16;
    let length = (40 + octets.len()) as u16;
    let flags = if octets.is_empty() { 0x02 } else { 0x10 };
    let frame = [
        &[2; 12],
        &[8, 0, 0x45, 0][..],
        &length.to_be_bytes(),
        &[0, 7, 0x40, 0, 64, 6, 0, 0, 10, 0, (connection / 60_000) as u8, 1, 10, 1, 0, 2],
        &port.to_be_bytes(),
        &443_u16.to_be_bytes(),
        &sequence.to_be_bytes(),
        &1_u32.to_be_bytes(),
        &[0x50, flags, 0xff, 0xff, 0, 0, 0, 0],
        octets,
    ]
    .concat();
    pcap_record(Order::Little, 1_000 + time / 1_000, time % 1_000 * 1_000, &frame)
}

/// Connections that begin, go on, and fall silent: so many packets, about 600 octets each.
fn crowd(packets: u32) -> Vec<u8> {
    let mut file = pcap_header(Order::Little, 0xa1b2_c3d4, 65_535, 1);
    for number in 0..packets {
        let connection = number / 12 * 3 + number % 3;
        let step = number % 12 / 3;
        let octets = vec![step as u8; if step == 0 { 0 } else { 300 + (number % 7 * 100) as usize }];
        file.extend(packet(number, connection, 1 + step * 1000, &octets));
    }
    file
}

#[test]
fn a_mapped_file_a_compressed_one_and_one_that_is_still_written_are_read_alike() {
    // More than a view of 32 MiB, and stretches that straddle its border.
    let octets = crowd(80_000);
    assert!(octets.len() > 33 << 20);
    let plain = capture("plain", &octets);
    let (_, counters, _) = assert_alike(&plain.0, &[(2, 1024), (3, 100)]);
    assert_eq!(counters.frames, 80_000);
    let octets = crowd(20_000);
    let _writer = OpenOptions::new().append(true).open(&plain.0).unwrap();
    assert_alike(&plain.0, &[(2, 1024)]);
    assert_alike(&capture("gz", &gzip(&octets)).0, &[(2, 1024), (2, 100)]);
    assert_alike(&capture("zst", &zstd(&octets)).0, &[(2, 1024)]);
}

#[test]
fn damage_is_told_once_behind_everything_before_it() {
    let octets = crowd(9_000);
    for (name, octets) in [("cut", octets[..octets.len() - 9].to_vec()), ("foreign", b"no capture".to_vec())]
    {
        let (_, _, error) = assert_alike(&capture(name, &octets).0, &[(2, 1024), (4, 10)]);
        assert!(error.is_some(), "{name}");
    }
}

#[test]
fn files_follow_each_other_and_the_numbers_go_on() {
    let octets = crowd(5_000);
    let (first, second) = (capture("first", &octets), capture("second", &octets));
    let mut tap = Tap::new(config());
    for path in [&first.0, &second.0] {
        let mut source = Source::open(path).unwrap();
        while let Some(frame) = source.next_frame().unwrap() {
            let (at, link) = (frame.at, LinkType(frame.link));
            let raw = RawFrame { at, link, bytes: frame.bytes, wire_length: frame.wire_length };
            tap.push_frames(&mut std::iter::once(raw));
        }
    }
    tap.finish();
    let mut crew = Crew::new(&config(), 3).in_stretches_of(200);
    for path in [&first.0, &second.0] {
        crew.begin(path);
        read(&mut crew).unwrap();
    }
    crew.finish();
    assert_eq!(crew.counters(), *tap.counters());
    assert!(tap.counters().clock_backwards > 0);
    assert!(crew.drain().iter().map(said).eq(tap.drain().iter().map(said)));
}

/// Nobody listens for a while: the workers come to a stand, and so does the reading.
fn stalled(path: &Path) -> Crew {
    let mut crew = Crew::new(&config(), 2);
    crew.begin(path);
    std::thread::sleep(Duration::from_millis(700));
    crew
}

#[test]
fn whoever_stops_early_stops_all_at_the_same_packet() {
    let file = capture("early", &crowd(200_000));
    let mut crew = stalled(&file.0);
    crew.wait(Duration::from_secs(1)).unwrap();
    crew.rest();
    let frames = crew.frames();
    assert!(frames > 0 && frames < 150_000, "{frames}");
    assert_eq!(crew.counters().frames, frames);
    crew.finish();
    let account = crew.ledger();
    assert_eq!((account.frames, account.segments, account.live), (frames, frames, 0));
}

#[test]
fn workers_who_wait_for_a_listener_keep_no_writer_waiting() {
    let octets = crowd(200_000);
    let file = capture("writer", &octets);
    let mut crew = stalled(&file.0);
    let (told, waits) = mpsc::channel();
    let path = file.0.clone();
    std::thread::spawn(move || {
        let opened = OpenOptions::new().append(true).open(path);
        told.send(opened.is_ok()).unwrap();
        // It stays open for a while: the rest is read, not mapped.
        std::thread::sleep(Duration::from_millis(300));
    });
    assert_eq!(waits.recv_timeout(Duration::from_secs(10)), Ok(true));
    read(&mut crew).unwrap();
    crew.finish();
    let (rows, counters, _) = alone(&file.0);
    assert_eq!(crew.counters(), counters);
    assert!(crew.drain().iter().map(said).eq(rows));
}

#[test]
fn a_file_that_is_shortened_meanwhile_ends_the_reading_and_nothing_else() {
    let octets = crowd(200_000);
    let file = capture("shortened", &octets);
    let mut crew = stalled(&file.0);
    // What is behind the first packets is gone, also where it was scouted.
    OpenOptions::new().write(true).open(&file.0).unwrap().set_len(octets.len() as u64 / 50).unwrap();
    let error = read(&mut crew).unwrap_err();
    assert_eq!(error.kind(), CaptureErrorKind::Damaged);
    crew.finish();
    let account = crew.ledger();
    assert_eq!(account.frames, account.segments + account.skipped);
    assert_eq!((account.frames, account.live), (crew.frames(), 0));
}
