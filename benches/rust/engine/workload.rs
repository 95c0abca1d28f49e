//! Many connections out of one recorded conversation: fresh addresses, ports and sequence numbers, interleaved.
//!
//! The engine verifies no checksums unless asked to, so they stay as they were recorded. Only what the benches need of a
//! pcap is read: classic, little-endian, Ethernet, IPv4 without options.

use std::path::Path;

use zertap_core::config::Config;
use zertap_core::tap::Tap;
use zertap_core::time::{Span, Timestamp};
use zertap_core::wire::LinkType;

/// Frames in the order of the wire, one behind the other in memory.
#[derive(Default)]
pub(crate) struct Frames {
    octets: Vec<u8>,
    ends: Vec<usize>,
}

impl Frames {
    /// Appends one frame.
    pub(crate) fn add(&mut self, frame: &[u8]) {
        self.octets.extend(frame);
        self.ends.push(self.octets.len());
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.ends.len() as u64
    }

    /// The frames.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| &self.octets[*start..*end])
    }

    /// Pushes all frames, a microsecond apart, from `now` on; returns the time after the last.
    pub(crate) fn push(&self, tap: &mut Tap, mut now: Timestamp) -> Timestamp {
        for frame in self.iter() {
            now = now.after(Span(1000));
            tap.push_frame(now, LinkType::ETHERNET, frame, frame.len() as u32);
        }
        now
    }
}

/// A recorded TCP connection.
pub(crate) struct Conversation {
    frames: Vec<Vec<u8>>,
    /// Source and destination port as they stand in a frame of the client.
    client: [u8; 4],
    /// The same in a frame of the server.
    server: [u8; 4],
}

impl Conversation {
    /// The conversation in `pcaps/captures/NAME.pcap`, which holds one connection and begins with its SYN.
    pub(crate) fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pcaps/captures");
        let file = std::fs::read(folder.join(name).with_extension("pcap")).expect("a capture of ours");
        let mut frames = Vec::new();
        let mut rest = file.get(24..).expect("a pcap");
        while let Some((header, tail)) = rest.split_first_chunk::<16>() {
            let length = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
            let (frame, tail) = tail.split_at(length as usize);
            assert!(frame.len() >= 54 && frame[12..15] == [8, 0, 0x45], "IPv4 without options on Ethernet");
            frames.push(frame.to_vec());
            rest = tail;
        }
        let first = frames.first().expect("a frame");
        assert_eq!(first[47] & 0x12, 2, "begins with a SYN");
        let ports: [u8; 4] = first[34..38].try_into().expect("four octets");
        let (client, server) = (ports, swapped(ports));
        Self { frames, client, server }
    }

    /// The same without what ends it: everything before the first FIN or RST.
    pub(crate) fn left_open(mut self) -> Self {
        let end = self.frames.iter().position(|frame| frame[47] & 0x05 != 0);
        self.frames.truncate(end.unwrap_or(self.frames.len()));
        self
    }

    /// The SYN alone.
    pub(crate) fn only_the_first_frame(mut self) -> Self {
        self.frames.truncate(1);
        self
    }

    /// `count` connections of this kind, `at_once` of them interleaved frame by frame.
    pub(crate) fn repeated(&self, count: u32, at_once: u32) -> Frames {
        let mut frames = Frames::default();
        for first in (0..count).step_by(at_once as usize) {
            for frame in &self.frames {
                for number in first..count.min(first + at_once) {
                    frames.add(&self.renumbered(frame, number));
                }
            }
        }
        frames
    }

    /// Data from the servers of connections 0 to `count`, as it would follow: `rounds` segments each, every second
    /// one acknowledged. The octets are TLS application data records that no segment ends with.
    pub(crate) fn bulk(&self, count: u32, rounds: u32) -> Frames {
        let (from_client, from_server) = (self.last(self.client), self.last(self.server));
        let (mut frames, sent) =
            (Frames::default(), sequence(&from_server).wrapping_add(payload(&from_server)));
        let records = records(rounds as usize * SEGMENT);
        for round in 0..rounds {
            let offset = round * SEGMENT as u32;
            let piece = &records[offset as usize..][..SEGMENT];
            let mut data = from_server[..headers(&from_server)].to_vec();
            data[38..42].copy_from_slice(&sent.wrapping_add(offset).to_be_bytes());
            let data = with_payload(data, piece);
            let mut acknowledgment = from_client[..headers(&from_client)].to_vec();
            let next = sequence(&from_client).wrapping_add(payload(&from_client));
            acknowledgment[38..42].copy_from_slice(&next.to_be_bytes());
            acknowledgment[42..46].copy_from_slice(&sent.wrapping_add(offset + SEGMENT as u32).to_be_bytes());
            let acknowledgment = with_payload(acknowledgment, &[]);
            for number in 0..count {
                frames.add(&self.renumbered(&data, number));
                if round % 2 == 1 {
                    frames.add(&self.renumbered(&acknowledgment, number));
                }
            }
        }
        frames
    }

    /// The last frame that this end sent.
    fn last(&self, ports: [u8; 4]) -> Vec<u8> {
        self.frames.iter().rfind(|frame| frame[34..38] == ports).expect("both sides speak").clone()
    }

    /// A frame of connection `number`: client 10.x.y.z, its port and both initial sequence numbers differ.
    fn renumbered(&self, frame: &[u8], number: u32) -> Vec<u8> {
        let mut frame = frame.to_vec();
        let from_client = frame[34..38] == self.client;
        let address = (0x0a00_0000 | (number & 0xff_ffff)).to_be_bytes();
        let (client_address, server_address) = if from_client { (26, 30) } else { (30, 26) };
        let client_port = if from_client { 34 } else { 36 };
        frame[client_address..client_address + 4].copy_from_slice(&address);
        frame[server_address..server_address + 4].copy_from_slice(&[198, 18, 0, number as u8]);
        frame[client_port..client_port + 2].copy_from_slice(&(1024 + (number % 60_000) as u16).to_be_bytes());
        let shifts = [number.wrapping_mul(0x9e37_79b9), number.wrapping_mul(0x85eb_ca6b)];
        let (own, other) = if from_client { (shifts[0], shifts[1]) } else { (shifts[1], shifts[0]) };
        for (at, shift) in [(38, own), (42, other)] {
            let moved =
                u32::from_be_bytes(frame[at..at + 4].try_into().expect("four octets")).wrapping_add(shift);
            frame[at..at + 4].copy_from_slice(&moved.to_be_bytes());
        }
        frame
    }
}

/// An engine as it comes.
pub(crate) fn tap() -> Tap {
    Tap::new(Config { hash_key: [7, 11], ..Config::default() })
}

/// Where packet time begins in all benches.
pub(crate) const START: Timestamp = Timestamp(1_700_000_000_000_000_000);

fn swapped([a, b, c, d]: [u8; 4]) -> [u8; 4] {
    [c, d, a, b]
}

fn sequence(frame: &[u8]) -> u32 {
    u32::from_be_bytes(frame[38..42].try_into().expect("four octets"))
}

/// Length of all headers. Unit: octets.
fn headers(frame: &[u8]) -> usize {
    34 + usize::from(frame[46] >> 4) * 4
}

/// Length of the payload, without padding. Unit: octets.
fn payload(frame: &[u8]) -> u32 {
    (14 + usize::from(u16::from_be_bytes([frame[16], frame[17]])) - headers(frame)) as u32
}

/// The headers of `frame` with another payload; the IP length follows.
fn with_payload(mut frame: Vec<u8>, payload: &[u8]) -> Vec<u8> {
    frame.extend(payload);
    let length = (frame.len() - 14) as u16;
    frame[16..18].copy_from_slice(&length.to_be_bytes());
    frame
}

/// At least `length` octets of the longest records of application data.
fn records(length: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    while octets.len() < length {
        octets.extend([23, 3, 3, 0x40, 0x11]);
        octets.extend(std::iter::repeat_n(0xe5, 0x4011));
    }
    octets
}

/// Payload of a full segment. Unit: octets.
const SEGMENT: usize = 1448;
