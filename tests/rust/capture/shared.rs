//! Every capture of the shared collection: counts, an independent reader's frames, and no surprise in the corrupt ones.
//!
//! The collection is `../shared` beside the repository, or where `ZERTAP_SHARED` points.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{Block, LegacyPcapReader, PcapBlockOwned, PcapError, PcapNGReader};

use crate::build::{Outcome, drain, gzip, read, skip, zstd};
use zertap_capture::{CaptureErrorKind, Container, Source};

/// One line of the collection's index.
struct Entry {
    file: String,
    set: String,
    packets: usize,
    tshark_status: String,
}

/// Formats outside this crate, by their file name.
const OTHER_FORMATS: [&str; 1] = ["solaris.snoop"];

fn collection() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("ZERTAP_SHARED").map_or(beside, PathBuf::from);
    let captures = shared.join("captures");
    if captures.join("index.csv").is_file() {
        return Some(captures);
    }
    skip(&format!("no shared captures at {}; set ZERTAP_SHARED", captures.display()));
    None
}

/// The index's fields up to the exit status of tshark contain no quoted comma but in `licence`; quotes are honoured.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => fields.last_mut().unwrap().push(letter),
        }
    }
    fields
}

fn index(captures: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(captures.join("index.csv")).unwrap();
    let mut lines = text.lines();
    let header = fields(lines.next().unwrap());
    let column = |name| header.iter().position(|field| field == name).unwrap();
    let (file, set, packets, status) =
        (column("file"), column("set"), column("packets"), column("tshark_rc"));
    lines
        .map(fields)
        .map(|row| Entry {
            file: row[file].clone(),
            set: row[set].clone(),
            packets: row[packets].parse().unwrap(),
            tshark_status: row[status].clone(),
        })
        .collect()
}

fn read_file(path: &Path) -> Outcome {
    match Source::open(path) {
        Ok(source) => drain(source),
        Err(error) => Outcome { frames: Vec::new(), error: Some(error) },
    }
}

/// How many custom blocks a pcapng has: the index counts them as packets, because tshark does.
fn custom_blocks(path: &Path) -> usize {
    match Source::open(path) {
        Ok(source) if source.info().container == Container::Pcapng => plain_pcapng(path).1,
        _ => 0,
    }
}

#[test]
fn every_undamaged_capture_gives_as_many_frames_as_its_index_says() {
    let Some(captures) = collection() else { return };
    let mut read = 0;
    for entry in index(&captures).iter().filter(|entry| entry.set == "main") {
        let path = captures.join(&entry.file);
        if OTHER_FORMATS.iter().any(|other| entry.file.ends_with(other)) {
            let line = Source::open(&path).err().unwrap().to_string();
            assert!(line.ends_with("convert it to pcap first"), "{line}");
            continue;
        }
        let outcome = read_file(&path);
        let counted = outcome.frames.len() + custom_blocks(&path);
        assert_eq!(counted, entry.packets, "{}: {:?}", entry.file, outcome.error);
        if entry.tshark_status == "0" {
            assert!(outcome.error.is_none(), "{}", outcome.error.unwrap());
        }
        read += 1;
    }
    println!("{read} undamaged captures");
    assert!(read > 300);
}

#[test]
fn every_corrupt_capture_ends_at_once_in_rows_or_one_line() {
    let Some(captures) = collection() else { return };
    let (mut whole, mut stopped) = (0, 0);
    for entry in index(&captures).iter().filter(|entry| entry.set == "corrupt") {
        let began = Instant::now();
        let outcome = read_file(&captures.join(&entry.file));
        assert!(began.elapsed() < Duration::from_secs(1), "{}", entry.file);
        let frames = outcome.frames.len();
        if let Some(error) = outcome.error {
            stopped += 1;
            assert_eq!(error.to_string().lines().count(), 1);
            // tshark takes two of the cut ones for a film and a mail, of one frame each.
            assert!(frames >= entry.packets || error.kind() == CaptureErrorKind::Unreadable, "{error}");
        } else {
            whole += 1;
            assert!(frames >= entry.packets, "{}: {frames}", entry.file);
        }
    }
    println!("{whole} read to their end, {stopped} stopped with a line");
    assert!(whole > 100 && stopped > 30);
}

#[test]
fn the_same_frames_come_from_an_independent_reader() {
    let Some(captures) = collection() else { return };
    let mut compared = 0;
    for entry in index(&captures).iter().filter(|entry| entry.set == "main") {
        let path = captures.join(&entry.file);
        let Ok(source) = Source::open(&path) else { continue };
        let container = source.info().container;
        let outcome = drain(source);
        let ours: Vec<(u32, Vec<u8>)> =
            outcome.frames.into_iter().map(|frame| (frame.wire_length, frame.bytes)).collect();
        let theirs = match container {
            Container::Pcap => plain_pcap(&path),
            Container::Pcapng => plain_pcapng(&path).0,
        };
        assert!(theirs.starts_with(&ours), "{}: {} and {} frames", entry.file, ours.len(), theirs.len());
        // The other reader does not mind a section of a later version.
        assert!(ours.len() == theirs.len() || outcome.error.is_some(), "{}", entry.file);
        compared += ours.len();
    }
    println!("{compared} frames compared");
    assert!(compared > 10_000);
}

/// Room for every record of the collection, so that the reader need not grow.
const ROOM: usize = 2 << 20;

fn plain_pcap(path: &Path) -> Vec<(u32, Vec<u8>)> {
    let mut reader = LegacyPcapReader::new(ROOM, std::fs::File::open(path).unwrap()).unwrap();
    let mut frames = Vec::new();
    loop {
        match reader.next() {
            Ok((used, block)) => {
                if let PcapBlockOwned::Legacy(frame) = block {
                    frames.push((frame.origlen, frame.data.to_vec()));
                }
                reader.consume(used);
            }
            Err(PcapError::Incomplete(_)) => reader.refill().unwrap(),
            Err(_) => return frames,
        }
    }
}

/// The packets, and the number of custom blocks.
fn plain_pcapng(path: &Path) -> (Vec<(u32, Vec<u8>)>, usize) {
    let mut reader = PcapNGReader::new(ROOM, std::fs::File::open(path).unwrap()).unwrap();
    let (mut frames, mut custom) = (Vec::new(), 0);
    loop {
        match reader.next() {
            Ok((used, block)) => {
                match block {
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                        frames.push((packet.origlen, packet.data[..packet.caplen as usize].to_vec()));
                    }
                    PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                        let length = packet.data.len().min(packet.origlen as usize);
                        frames.push((packet.origlen, packet.data[..length].to_vec()));
                    }
                    PcapBlockOwned::NG(Block::Custom(_)) => custom += 1,
                    _ => {}
                }
                reader.consume(used);
            }
            Err(PcapError::Incomplete(_)) => reader.refill().unwrap(),
            Err(_) => return (frames, custom),
        }
    }
}

#[test]
fn captures_read_the_same_when_compressed() {
    let Some(captures) = collection() else { return };
    for entry in index(&captures).iter().filter(|entry| entry.set == "main").step_by(20) {
        let plain = std::fs::read(captures.join(&entry.file)).unwrap();
        let expected = read(&plain).frames;
        assert!(read(&gzip(&plain)).frames == expected, "{} as gzip", entry.file);
        assert!(read(&zstd(&plain)).frames == expected, "{} as zstd", entry.file);
    }
}
