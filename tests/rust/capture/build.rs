//! Captures built octet by octet, and one way to read them all.

use std::io::{Cursor, Write};

use zertap_capture::{CaptureError, Frame, Source};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Big,
    Little,
}

pub(crate) const ORDERS: [Order; 2] = [Order::Big, Order::Little];

impl Order {
    pub(crate) fn u16(self, value: u16) -> Vec<u8> {
        match self {
            Self::Big => value.to_be_bytes().to_vec(),
            Self::Little => value.to_le_bytes().to_vec(),
        }
    }

    pub(crate) fn u32(self, value: u32) -> Vec<u8> {
        match self {
            Self::Big => value.to_be_bytes().to_vec(),
            Self::Little => value.to_le_bytes().to_vec(),
        }
    }

    pub(crate) fn i64(self, value: i64) -> Vec<u8> {
        match self {
            Self::Big => value.to_be_bytes().to_vec(),
            Self::Little => value.to_le_bytes().to_vec(),
        }
    }
}

pub(crate) const MICRO: u32 = 0xa1b2_c3d4;
pub(crate) const NANO: u32 = 0xa1b2_3c4d;
pub(crate) const MODIFIED: u32 = 0xa1b2_cd34;

/// A pcap file header, version 2.4.
pub(crate) fn pcap_header(order: Order, magic: u32, snap: u32, link: u32) -> Vec<u8> {
    [
        order.u32(magic),
        order.u16(2),
        order.u16(4),
        order.u32(0),
        order.u32(0),
        order.u32(snap),
        order.u32(link),
    ]
    .concat()
}

/// A pcap record whose original length is its captured one.
pub(crate) fn pcap_record(order: Order, seconds: u32, fraction: u32, octets: &[u8]) -> Vec<u8> {
    let length = octets.len() as u32;
    [record_header(order, seconds, fraction, length, length), octets.to_vec()].concat()
}

pub(crate) fn record_header(
    order: Order,
    seconds: u32,
    fraction: u32,
    captured: u32,
    original: u32,
) -> Vec<u8> {
    [order.u32(seconds), order.u32(fraction), order.u32(captured), order.u32(original)].concat()
}

/// A pcapng block: `body` is padded.
pub(crate) fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
    let length = order.u32((body.len() + padding.len() + 12) as u32);
    [order.u32(kind), length.clone(), body.to_vec(), padding, length].concat()
}

pub(crate) fn section(order: Order) -> Vec<u8> {
    let body = [order.u32(0x1a2b_3c4d), order.u16(1), order.u16(0), order.i64(-1)].concat();
    block(order, 0x0a0d_0d0a, &body)
}

pub(crate) fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
    [order.u16(code), order.u16(value.len() as u16), value.to_vec(), padding].concat()
}

pub(crate) fn interface(order: Order, link: u16, snap: u32, options: &[u8]) -> Vec<u8> {
    block(order, 1, &[order.u16(link), order.u16(0), order.u32(snap), options.to_vec()].concat())
}

/// An enhanced packet block whose original length is its captured one.
pub(crate) fn packet(order: Order, interface: u32, ticks: u64, octets: &[u8]) -> Vec<u8> {
    packet_of(order, interface, ticks, octets, octets.len() as u32)
}

pub(crate) fn packet_of(order: Order, interface: u32, ticks: u64, octets: &[u8], original: u32) -> Vec<u8> {
    let body = [
        order.u32(interface),
        order.u32((ticks >> 32) as u32),
        order.u32(ticks as u32),
        order.u32(octets.len() as u32),
        order.u32(original),
        octets.to_vec(),
    ];
    block(order, 6, &body.concat())
}

pub(crate) fn simple_packet(order: Order, octets: &[u8], original: u32) -> Vec<u8> {
    block(order, 3, &[order.u32(original), octets.to_vec()].concat())
}

/// A small pcap of three frames.
pub(crate) fn small_pcap() -> Vec<u8> {
    let order = Order::Little;
    let mut file = pcap_header(order, MICRO, 65_535, 1);
    for number in 1..=3_u8 {
        file.extend(pcap_record(
            order,
            100 + u32::from(number),
            500,
            &vec![number; 20 + usize::from(number)],
        ));
    }
    file
}

/// A small pcapng: two interfaces, one with options, four packets of three kinds, an unknown block.
pub(crate) fn small_pcapng() -> Vec<u8> {
    let order = Order::Little;
    let options = [option(order, 9, &[9]), option(order, 0, &[])].concat();
    [
        section(order),
        interface(order, 1, 0, &[]),
        interface(order, 101, 64, &options),
        packet(order, 0, 1_000_000, b"first frame"),
        block(order, 0x0bad, b"nobody knows"),
        packet(order, 1, 2_000_000_000, b"second"),
        simple_packet(order, b"third fram", 10),
        packet(order, 0, 3_000_000, b""),
    ]
    .concat()
}

pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(plain: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// What a frame was, without borrowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) number: u64,
    /// Nanoseconds, or `None` where the frame has no valid time of its own.
    pub(crate) time: Option<u64>,
    pub(crate) at: u64,
    pub(crate) link: u16,
    pub(crate) interface: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) wire_length: u32,
    pub(crate) offset: u64,
    pub(crate) odd_length: bool,
}

/// Everything that a source delivers, and why it stopped early if it did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) frames: Vec<Seen>,
    pub(crate) error: Option<CaptureError>,
}

impl Outcome {
    /// The frames of a capture that must be whole.
    pub(crate) fn whole(self) -> Vec<Seen> {
        assert!(self.error.is_none(), "unexpected: {}", self.error.unwrap());
        self.frames
    }

    /// The frames before the damage, and the damage, of a capture that must be damaged.
    pub(crate) fn damaged(self) -> (Vec<Seen>, CaptureError) {
        let error = self.error.expect("the capture should have been found damaged");
        assert_eq!(error.kind(), zertap_capture::CaptureErrorKind::Damaged, "{error}");
        (self.frames, error)
    }
}

pub(crate) fn open(bytes: &[u8]) -> Result<Source, CaptureError> {
    Source::from_reader("test".to_owned(), Box::new(Cursor::new(bytes.to_vec())))
}

/// Reads `bytes` to their end; an error on opening counts like one on the way. Frame by frame and in batches: the same.
pub(crate) fn read(bytes: &[u8]) -> Outcome {
    crate::seeds::keep("captures", &[&[255], bytes].concat());
    match open(bytes) {
        Ok(source) => {
            let outcome = drain(source);
            let batched = drain_in_batches(open(bytes).expect("it was opened before"));
            assert_eq!(outcome.frames, batched.frames);
            let told = |error: &Option<CaptureError>| error.as_ref().map(ToString::to_string);
            assert_eq!(told(&outcome.error), told(&batched.error));
            outcome
        }
        Err(error) => Outcome { frames: Vec::new(), error: Some(error) },
    }
}

fn seen(frame: &Frame<'_>) -> Seen {
    Seen {
        number: frame.number,
        time: frame.time_valid.then_some(frame.at.0),
        at: frame.at.0,
        link: frame.link,
        interface: frame.interface,
        bytes: frame.bytes.to_vec(),
        wire_length: frame.wire_length,
        offset: frame.offset,
        odd_length: frame.odd_length,
    }
}

pub(crate) fn drain_in_batches(mut source: Source) -> Outcome {
    let mut frames = Vec::new();
    loop {
        let before = frames.len();
        match source.next_frames() {
            Ok(batch) => frames.extend(batch.map(|frame| seen(&frame))),
            Err(error) => return Outcome { frames, error: Some(error) },
        }
        if frames.len() == before {
            return Outcome { frames, error: None };
        }
    }
}

pub(crate) fn drain(mut source: Source) -> Outcome {
    let mut frames = Vec::new();
    let error = loop {
        match source.next_frame() {
            Ok(Some(frame)) => frames.push(seen(&frame)),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(matches!(source.next_frame(), Ok(None)), "a source that is over stays over");
    Outcome { frames, error }
}

pub(crate) fn lengths(frames: &[Seen]) -> Vec<usize> {
    frames.iter().map(|frame| frame.bytes.len()).collect()
}

/// Says on the screen that something was not tested; `eprintln!` would stay inside the test's captured output.
pub(crate) fn skip(reason: &str) {
    let line = format!("skipped: {reason}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
