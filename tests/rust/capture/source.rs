//! Inputs that wait, grow, fail or are told to hurry: EDGE_CASES FILE-13, and the counts for a progress bar.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::build::{drain, gzip, open, read, small_pcap, small_pcapng, zstd};
use zertap_capture::{CaptureErrorKind, Source};

/// Delivers one octet at a time, and an interruption before each.
struct Trickle {
    octets: std::vec::IntoIter<u8>,
    interrupt: bool,
}

impl Read for Trickle {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        match (self.octets.next(), room.first_mut()) {
            (Some(octet), Some(place)) => {
                *place = octet;
                Ok(1)
            }
            _ => Ok(0),
        }
    }
}

/// A header at once, then the rest by `Trickle`.
fn trickle(file: &[u8], at_once: usize) -> Source {
    let (front, back) = file.split_at(at_once);
    let slow = Trickle { octets: Vec::from(back).into_iter(), interrupt: false };
    let input = io::Cursor::new(front.to_vec()).chain(slow);
    Source::from_reader("slow".to_owned(), Box::new(input)).unwrap()
}

#[test]
fn a_signal_while_waiting_loses_nothing() {
    for (file, header) in [(small_pcap(), 24), (small_pcapng(), 28)] {
        let expected = read(&file).whole();
        let mut source = trickle(&file, header);
        let mut interruptions = 0;
        let mut frames = Vec::new();
        loop {
            match source.next_frame() {
                Ok(Some(frame)) => {
                    frames.push((frame.number, frame.at.0, frame.bytes.to_vec(), frame.offset));
                }
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error.kind(), CaptureErrorKind::Interrupted);
                    interruptions += 1;
                }
            }
        }
        let expected: Vec<_> =
            expected.into_iter().map(|frame| (frame.number, frame.at, frame.bytes, frame.offset)).collect();
        assert_eq!(frames, expected);
        assert!(interruptions >= file.len() - header);
    }
}

#[test]
fn an_input_that_would_block_is_waited_for() {
    struct Hesitant(io::Cursor<Vec<u8>>, bool);
    impl Read for Hesitant {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 { Err(io::Error::from(io::ErrorKind::WouldBlock)) } else { self.0.read(room) }
        }
    }
    let input = Hesitant(io::Cursor::new(small_pcap()), false);
    let source = Source::from_reader("hesitant".to_owned(), Box::new(input)).unwrap();
    assert_eq!(drain(source).whole(), read(&small_pcap()).whole());
}

#[test]
fn file_13_a_stalled_pipe_delivers_what_is_whole_and_waits_for_the_rest() {
    for (file, first) in [(small_pcap(), 2), (small_pcapng(), 3)] {
        let whole = read(&file).whole();
        let stall = whole[first].offset as usize + 7;
        let (reading, mut writing) = io::pipe().unwrap();
        let (told, heard) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            let mut source = Source::from_reader("pipe".to_owned(), Box::new(reading)).unwrap();
            while let Some(frame) = source.next_frame().unwrap() {
                told.send(frame.number).unwrap();
            }
        });
        writing.write_all(&file[..stall]).unwrap();
        for number in 1..=first as u64 {
            assert_eq!(heard.recv_timeout(Duration::from_secs(10)).unwrap(), number);
        }
        assert!(heard.recv_timeout(Duration::from_millis(50)).is_err(), "the rest is not there yet");
        writing.write_all(&file[stall..]).unwrap();
        drop(writing);
        reader.join().unwrap();
        assert_eq!(heard.iter().count(), whole.len() - first);
    }
}

#[test]
fn a_compressed_stream_is_delivered_as_far_as_it_has_come() {
    for pack in [gzip, zstd] {
        let (front, back) = (pack(&small_pcap()), pack(&small_pcap()));
        let (reading, mut writing) = io::pipe().unwrap();
        writing.write_all(&front).unwrap();
        let mut source = Source::from_reader("pipe".to_owned(), Box::new(reading)).unwrap();
        for number in 1..=3 {
            assert_eq!(source.next_frame().unwrap().unwrap().number, number);
        }
        writing.write_all(&back).unwrap();
        drop(writing);
        assert_eq!(drain(source).whole().len(), 3);
    }
}

#[test]
fn a_read_error_on_the_way_is_damage_with_its_number() {
    struct Failing(bool);
    impl Read for Failing {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            if self.0 {
                return Err(io::Error::from_raw_os_error(5));
            }
            self.0 = true;
            let file = small_pcap();
            room[..file.len() - 1].copy_from_slice(&file[..file.len() - 1]);
            Ok(file.len() - 1)
        }
    }
    let source = Source::from_reader("disk".to_owned(), Box::new(Failing(false))).unwrap();
    let (frames, error) = drain(source).damaged();
    assert_eq!(frames.len(), 2);
    assert_eq!(error.errno(), Some(5));
    assert_eq!(error.to_string(), "disk: offset 99: Input/output error");
}

/// What this test program, started again as a reader of its standard input, says of `input`.
fn said_of_stdin(input: Stdio) -> String {
    let reader = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "source::reading_standard_input", "--ignored", "--nocapture"])
        .stdin(input)
        .output()
        .unwrap();
    String::from_utf8(reader.stdout).unwrap()
}

#[test]
#[ignore = "the other half of the test of standard input"]
fn reading_standard_input() {
    match Source::open(Path::new("-")) {
        Ok(source) => println!("[{} frames]", drain(source).whole().len()),
        Err(error) => println!("[{error}]"),
    }
}

#[test]
fn file_13_standard_input_is_read_whatever_stands_behind_it() {
    let folder = std::fs::File::open(std::env::temp_dir()).unwrap();
    assert!(said_of_stdin(folder.into()).contains("[standard input: a directory, not a capture]"));
    assert!(said_of_stdin(Stdio::null()).contains("[standard input: empty: there is nothing to read]"));
    let (reading, mut writing) = io::pipe().unwrap();
    writing.write_all(&small_pcapng()).unwrap();
    drop(writing);
    assert!(said_of_stdin(reading.into()).contains("[4 frames]"));
}

#[test]
fn a_tiny_file_is_answered_at_once() {
    let began = Instant::now();
    for length in 0..64 {
        let _ = open(&vec![0xa1; length]);
    }
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_regular_file_tells_its_size_and_how_much_was_read() {
    let path = std::env::temp_dir().join(format!("zertap-capture-{}.pcap", std::process::id()));
    std::fs::write(&path, small_pcap()).unwrap();
    let mut source = Source::open(&path).unwrap();
    assert_eq!(source.total_bytes(), Some(small_pcap().len() as u64));
    while source.next_frame().unwrap().is_some() {}
    assert_eq!(source.bytes_read(), small_pcap().len() as u64);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(open(&small_pcap()).unwrap().total_bytes(), None);
}

#[test]
fn a_source_can_move_to_another_thread() {
    let source = open(&small_pcap()).unwrap();
    let frames = std::thread::spawn(move || drain(source).whole()).join().unwrap();
    assert_eq!(frames.len(), 3);
}
