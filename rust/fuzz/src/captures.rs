//! Capture readers: every step makes progress, reading ends, and how the input trickles in does not matter.
//!
//! Input: how many octets one read gives, then the capture.

use std::io::{self, Read};

use zertap_capture::{CaptureErrorKind, Source};

/// Reads the capture in one go and in small pieces.
pub fn hold(data: &[u8]) {
    let Some((&piece, capture)) = data.split_first() else { return };
    let whole = read_all(capture, usize::MAX);
    let pieces = read_all(capture, usize::from(piece).max(1));
    assert_eq!(whole, pieces, "reads of {piece} octets");
}

/// The capture, given out a few octets at a time.
struct Trickle {
    rest: Vec<u8>,
    at: usize,
    piece: usize,
}

impl Read for Trickle {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let rest = self.rest.get(self.at..).unwrap_or_default();
        let length = rest.len().min(self.piece).min(room.len());
        room[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(length)
    }
}

/// What reading showed: the frames, each with a sum of its octets, and the words at the end.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    frames: Vec<(u64, u64, u16, u32, u32, u64)>,
    end: String,
}

fn read_all(capture: &[u8], piece: usize) -> Told {
    let input = Trickle { rest: capture.to_vec(), at: 0, piece };
    let mut source = match Source::from_reader("fuzz".to_owned(), Box::new(input)) {
        Ok(source) => source,
        Err(error) => {
            assert_eq!(error.kind(), CaptureErrorKind::Unreadable);
            return Told { frames: Vec::new(), end: one_line(error.to_string()) };
        }
    };
    let mut told = Told { frames: Vec::new(), end: String::new() };
    let mut offset = None;
    loop {
        match source.next_frame() {
            Ok(Some(frame)) => {
                assert_eq!(frame.number, told.frames.len() as u64 + 1);
                assert!(offset < Some(frame.offset), "no progress: {offset:?}, {}", frame.offset);
                assert!(frame.bytes.len() <= LONGEST_FRAME);
                offset = Some(frame.offset);
                let sum =
                    frame.bytes.iter().fold(0u64, |sum, octet| sum.wrapping_mul(31) + u64::from(*octet));
                let at = frame.at.0;
                told.frames.push((at, frame.offset, frame.link, frame.interface, frame.wire_length, sum));
            }
            Ok(None) => break,
            Err(error) => {
                assert_eq!(error.kind(), CaptureErrorKind::Damaged);
                told.end = one_line(error.to_string());
                break;
            }
        }
        if told.frames.len() > MOST_FRAMES {
            // A compressed input may hold any number; a record that is not compressed has octets of its own.
            return told;
        }
    }
    assert!(source.next_frame().is_ok_and(|frame| frame.is_none()), "over is over");
    assert!(source.bytes_read() <= capture.len() as u64);
    told
}

fn one_line(message: String) -> String {
    assert!(!message.contains('\n'), "{message}");
    message
}

/// EDGE_CASES A10. Unit: octets.
const LONGEST_FRAME: usize = 16 * 1024 * 1024;

const MOST_FRAMES: usize = 20_000;
