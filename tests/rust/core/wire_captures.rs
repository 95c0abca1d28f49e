//! Every frame of the shared captures, counted per pair of endpoints and compared with tshark's count.
//!
//! The captures are not part of the repository: `ZERTAP_SHARED` or `../shared` beside it; without them the test says so.
//! Only what the oracle counts as one TCP connection is compared: frames, and payload octets by the IP length.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use zertap_core::time::Timestamp;
use zertap_core::wire::{Decoder, LinkType, Skip, WireConfig};

/// Endpoints in order, then frames and octets.
type Counts = BTreeMap<((IpAddr, u16), (IpAddr, u16)), (u64, u64)>;

/// Captures in which the oracle opens what we do not, or counts otherwise; each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[(
    "tcp/reassembly.pcap",
    "frames shorter than their IP length: the sequence numbers show that the IP length is right",
)];

#[test]
fn every_capture_gives_the_segments_that_tshark_counts() {
    let Some(captures) = captures() else {
        println!("skipped: no captures at $ZERTAP_SHARED or ../shared");
        return;
    };
    let (mut compared, mut failures) = (0, Vec::new());
    for expected in files(&captures.join("expected")) {
        let text = std::fs::read_to_string(&expected).expect("expected rows are text");
        let rows: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("rows are JSON")).collect();
        let file = rows[0]["file"].as_str().expect("the first row names the file");
        let Some(frames) = std::fs::read(captures.join(file)).ok().and_then(|octets| frames(&octets)) else {
            continue;
        };
        let theirs = oracle(&rows);
        let ours = decode(&frames);
        if file.starts_with("corrupt/") {
            // Read for the balance of the counters; how much of a damaged file counts is not this test's question.
            continue;
        }
        compared += 1;
        let excepted = EXCEPTIONS.iter().any(|(name, _)| file.ends_with(name));
        if (ours == theirs) == excepted {
            failures.push(format!("{file}: excepted {excepted}\n{}", difference(&ours, &theirs)));
        }
    }
    println!("compared {compared} captures");
    assert!(compared > 100, "only {compared} captures could be read");
    assert!(failures.is_empty(), "{} captures differ:\n{}", failures.len(), failures.join("\n"));
}

fn captures() -> Option<PathBuf> {
    let shared = std::env::var_os("ZERTAP_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    Some(shared.join("captures")).filter(|path| path.join("expected").is_dir())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn oracle(rows: &[Value]) -> Counts {
    let end = |end: &Value| {
        let ip: IpAddr = end["ip"].as_str().expect("an address").parse().expect("an address");
        (ip.to_canonical(), end["port"].as_u64().expect("a port") as u16)
    };
    let sum = |both: &Value| both["c2s"].as_u64().unwrap_or(0) + both["s2c"].as_u64().unwrap_or(0);
    let mut counts = Counts::new();
    for row in rows.iter().filter(|row| row["kind"] == "tcp") {
        let (client, server) = (end(&row["client"]), end(&row["server"]));
        let count = counts.entry((client.min(server), client.max(server))).or_default();
        count.0 += sum(&row["packets"]);
        count.1 += sum(&row["bytes_raw"]);
    }
    counts
}

fn decode(frames: &[Frame]) -> Counts {
    let mut decoder = Decoder::new(WireConfig::default());
    let (mut segments, mut skipped) = (0, [0_usize; Skip::COUNT]);
    let mut counts = Counts::new();
    for frame in frames {
        match decoder.decode(frame.at, frame.link, &frame.octets, frame.wire_length) {
            Ok(segment) => {
                segments += 1;
                let source = (IpAddr::from(segment.source), segment.source_port);
                let destination = (IpAddr::from(segment.destination), segment.destination_port);
                let count = counts.entry((source.min(destination), source.max(destination))).or_default();
                count.0 += 1;
                count.1 += u64::from(segment.payload_on_wire);
            }
            Err(skip) => skipped[skip.index()] += 1,
        }
    }
    assert_eq!(segments + skipped.iter().sum::<usize>(), frames.len());
    counts
}

fn difference(ours: &Counts, theirs: &Counts) -> String {
    let mut lines = String::new();
    for pair in ours.keys().chain(theirs.keys().filter(|pair| !ours.contains_key(pair))) {
        let (our, their) = (ours.get(pair).copied(), theirs.get(pair).copied());
        if our != their && lines.len() < 400 {
            writeln!(lines, "  {pair:?}: ours {our:?}, theirs {their:?}").expect("a String takes everything");
        }
    }
    lines
}

struct Frame {
    at: Timestamp,
    link: LinkType,
    wire_length: u32,
    octets: Vec<u8>,
}

/// The frames of a pcap or pcapng file up to the first damage; enough of both formats for this test.
fn frames(file: &[u8]) -> Option<Vec<Frame>> {
    let magic: [u8; 4] = file.get(..4)?.try_into().ok()?;
    match u32::from_le_bytes(magic) {
        0xa1b2_c3d4 | 0xa1b2_3c4d => Some(pcap(file, u32::from_le_bytes)),
        0xd4c3_b2a1 | 0x4d3c_b2a1 => Some(pcap(file, u32::from_be_bytes)),
        0x0a0d_0d0a if file.get(8)? == &0x4d => Some(pcapng(file, u32::from_le_bytes)),
        0x0a0d_0d0a => Some(pcapng(file, u32::from_be_bytes)),
        _ => None,
    }
}

fn pcap(file: &[u8], number: fn([u8; 4]) -> u32) -> Vec<Frame> {
    let word = |at: usize| Some(number(file.get(at..at + 4)?.try_into().ok()?));
    let link = LinkType(word(20).unwrap_or(0) as u16);
    let (mut frames, mut at) = (Vec::new(), 24);
    while let (Some(seconds), Some(captured), Some(wire_length)) = (word(at), word(at + 8), word(at + 12)) {
        let Some(octets) = file.get(at + 16..at + 16 + captured as usize) else { break };
        let time = Timestamp(u64::from(seconds) * 1_000_000_000);
        frames.push(Frame { at: time, link, wire_length, octets: octets.to_vec() });
        at += 16 + captured as usize;
    }
    frames
}

fn pcapng(file: &[u8], number: fn([u8; 4]) -> u32) -> Vec<Frame> {
    let word = |at: usize| Some(number(file.get(at..at + 4)?.try_into().ok()?));
    let (mut frames, mut links, mut at) = (Vec::new(), Vec::new(), 0);
    while let (Some(kind), Some(length)) = (word(at), word(at + 4)) {
        match kind {
            0x0a0d_0d0a => links.clear(),
            1 => {
                let half = file.get(at + 8..at + 10).map_or([0, 0], |half| [half[0], half[1]]);
                let swapped = number([0, 0, 0, 1]) == 1;
                links.push(LinkType(if swapped {
                    u16::from_be_bytes(half)
                } else {
                    u16::from_le_bytes(half)
                }));
            }
            6 => {
                let (Some(interface), Some(captured), Some(wire_length)) =
                    (word(at + 8), word(at + 20), word(at + 24))
                else {
                    break;
                };
                let ticks =
                    u64::from(word(at + 12).unwrap_or(0)) << 32 | u64::from(word(at + 16).unwrap_or(0));
                let (Some(link), Some(octets)) =
                    (links.get(interface as usize), file.get(at + 28..at + 28 + captured as usize))
                else {
                    break;
                };
                // Microseconds, which is what nearly all of them have.
                let time = Timestamp(ticks.saturating_mul(1000));
                frames.push(Frame { at: time, link: *link, wire_length, octets: octets.to_vec() });
            }
            _ => {}
        }
        if length < 12 {
            break;
        }
        at += length as usize;
    }
    frames
}
