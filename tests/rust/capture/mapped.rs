//! Closed files are mapped, and only as long as nobody writes to them.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use zertap_capture::{CaptureErrorKind, Source};

use crate::build::{Order, drain, drain_in_batches, pcap_header, pcap_record};

/// A file of its own that goes away with its name.
struct Capture(PathBuf);

impl Drop for Capture {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// More than two views of 32 MiB, so that records straddle their borders, and those of the pieces in them.
const RECORDS: u32 = 60_000;

fn octets(records: u32) -> Vec<u8> {
    let mut file = pcap_header(Order::Little, 0xa1b2_c3d4, 65_535, 1);
    for number in 0..records {
        let frame = vec![number as u8; 900 + number as usize % 600];
        file.extend(pcap_record(Order::Little, number, 0, &frame));
    }
    file
}

fn capture(name: &str, octets: &[u8]) -> Capture {
    let path = std::env::temp_dir().join(format!("zertap-mapped-{name}-{}", std::process::id()));
    File::create(&path).unwrap().write_all(octets).unwrap();
    Capture(path)
}

/// How many parts of the file this process has mapped.
fn views(capture: &Capture) -> usize {
    let name = capture.0.to_string_lossy().into_owned();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().filter(|line| line.ends_with(&name)).count()
}

fn advance(source: &mut Source, frames: usize) {
    for _ in 0..frames {
        assert!(source.next_frame().unwrap().is_some());
    }
}

fn rest(source: &mut Source) -> usize {
    let mut count = 0;
    while source.next_frame().unwrap().is_some() {
        count += 1;
    }
    count
}

#[test]
fn a_mapped_file_is_read_like_a_stream() {
    let octets = octets(RECORDS);
    assert!(octets.len() > 65 << 20);
    let file = capture("same", &octets);
    let stream = || Source::from_reader("stream".to_owned(), Box::new(std::io::Cursor::new(octets.clone())));
    let expected = drain(stream().unwrap()).whole();
    assert_eq!(expected.len(), RECORDS as usize);
    assert_eq!(drain(Source::open(&file.0).unwrap()).whole(), expected);
    assert_eq!(drain_in_batches(Source::open(&file.0).unwrap()).whole(), expected);
}

#[test]
fn a_closed_file_is_mapped_and_an_open_one_is_not() {
    let file = capture("open", &octets(2000));
    let mut source = Source::open(&file.0).unwrap();
    advance(&mut source, 1);
    assert_eq!(views(&file), 1);
    drop(source);
    assert_eq!(views(&file), 0);
    let _writer = OpenOptions::new().append(true).open(&file.0).unwrap();
    let mut source = Source::open(&file.0).unwrap();
    advance(&mut source, 1);
    assert_eq!(views(&file), 0);
    assert_eq!(rest(&mut source), 1999);
}

#[test]
fn a_file_that_ends_within_a_record_says_so() {
    let octets = octets(2000);
    let file = capture("cut", &octets[..octets.len() - 5]);
    let (frames, error) = drain(Source::open(&file.0).unwrap()).damaged();
    assert_eq!(frames.len(), 1999);
    assert!(error.to_string().contains("lacks 5 of its"), "{error}");
}

/// Truncating a mapped file would end the process; the lease makes the writer wait instead, and a pause lets it go on.
#[test]
fn who_wants_to_write_waits_and_the_rest_is_read() {
    let file = capture("lease", &octets(RECORDS));
    let mut source = Source::open(&file.0).unwrap();
    advance(&mut source, 10);
    let refused = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(&file.0);
    assert_eq!(refused.unwrap_err().raw_os_error(), Some(libc::EWOULDBLOCK));
    // The next piece sees that somebody waits, and the file is read from there on.
    assert_eq!(rest(&mut source), RECORDS as usize - 10);
    assert_eq!(views(&file), 0);
    assert!(OpenOptions::new().write(true).open(&file.0).is_ok());
}

#[test]
fn a_paused_reader_keeps_nobody_waiting() {
    let file = capture("pause", &octets(2000));
    let mut source = Source::open(&file.0).unwrap();
    advance(&mut source, 10);
    source.pause();
    let (told, waits) = mpsc::channel();
    let path = file.0.clone();
    std::thread::spawn(move || {
        let opened = OpenOptions::new().append(true).open(path);
        told.send(opened.is_ok()).unwrap();
    });
    let begun = Instant::now();
    assert_eq!(waits.recv_timeout(Duration::from_secs(10)), Ok(true));
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(rest(&mut source), 1990);
}

#[test]
fn a_file_that_was_shortened_during_a_pause_ends_where_it_ends_now() {
    let octets = octets(2000);
    let file = capture("short", &octets);
    let mut source = Source::open(&file.0).unwrap();
    advance(&mut source, 10);
    source.pause();
    OpenOptions::new().write(true).open(&file.0).unwrap().set_len(octets.len() as u64 / 2).unwrap();
    let error = loop {
        match source.next_frame() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the file ends within a record"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), CaptureErrorKind::Damaged);
}

#[test]
fn a_file_that_was_replaced_during_a_pause_is_still_the_one_that_was_opened() {
    let octets = octets(2000);
    let file = capture("replaced", &octets);
    let mut source = Source::open(&file.0).unwrap();
    advance(&mut source, 10);
    source.pause();
    std::fs::remove_file(&file.0).unwrap();
    File::create(&file.0).unwrap();
    assert_eq!(rest(&mut source), 1990);
    let mut now = Vec::new();
    File::open(&file.0).unwrap().read_to_end(&mut now).unwrap();
    assert!(now.is_empty());
}
