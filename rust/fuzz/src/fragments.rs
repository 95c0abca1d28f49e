//! Reassembly of IPv4 fragments against a model: a datagram comes out when all of it is there, with the octets that came
//! first at each place, and never otherwise.
//!
//! Input: pieces (number of the datagram and last mark; offset in units of eight; length in units of eight; changed or not).

use zertap_core::time::Timestamp;
use zertap_core::wire::{Decoder, FragmentLimits, LinkType, WireConfig};

use crate::input::Input;

const TCP: u8 = 6;
/// Octets of each datagram: a TCP header and payload.
const LENGTH: usize = 20 + 140;

/// One datagram as far as it has come.
#[derive(Clone, Copy)]
struct Model {
    octets: [Option<u8>; LENGTH],
    known: usize,
}

/// Pushes every piece and compares what comes out with the model.
pub fn hold(data: &[u8]) {
    let mut input = Input(data);
    let limits = FragmentLimits { pieces: 100_000, octets: 1 << 30, ..FragmentLimits::default() };
    let mut decoder = Decoder::new(WireConfig { fragments: limits, ..WireConfig::default() });
    let nothing = Model { octets: [None; LENGTH], known: 0 };
    let mut models = [nothing; 4];
    let mut frame = Vec::with_capacity(20 + LENGTH);
    while !input.is_empty() {
        let (which, units) =
            (usize::from(input.octet() & 3), usize::from(input.octet()) % LENGTH.div_ceil(8));
        let (start, change) = (units * 8, input.octet());
        let end = (start + 8 * (1 + usize::from(change >> 4))).min(LENGTH);
        header(&mut frame, which as u16, start, end, end == LENGTH);
        let model = &mut models[which];
        for (place, kept) in model.octets[start..end].iter_mut().enumerate() {
            let octet = octet(which, start + place, change & 1);
            frame.push(octet);
            if kept.is_none() {
                *kept = Some(octet);
                model.known += 1;
            }
        }
        let out = decoder.decode(Timestamp(0), LinkType::RAW, &frame, frame.len() as u32);
        let payload = out.ok().map(|segment| segment.payload);
        if model.known < LENGTH {
            assert_eq!(payload, None, "not all of it is there");
        } else {
            let whole = model.octets[20..].iter().map(|octet| octet.unwrap_or_default());
            assert!(payload.is_some_and(|payload| payload.iter().copied().eq(whole)), "{payload:?}");
            *model = nothing;
        }
    }
    let counters = decoder.counters();
    assert_eq!(counters.expired + counters.evicted + counters.spoiled, 0, "{counters:?}");
}

/// The header is a sound one whatever is changed; the payload tells its place, its datagram and who changed it.
fn octet(which: usize, place: usize, change: u8) -> u8 {
    match place {
        12 => 0x50,
        0..20 => 0,
        _ => (place * 7 % 251) as u8 ^ (which as u8) << 6 ^ change << 5,
    }
}

/// Begins a frame: the IP header of the piece from `start` to `end`.
fn header(frame: &mut Vec<u8>, number: u16, start: usize, end: usize, last: bool) {
    let field = (start / 8) as u16 | if last { 0 } else { 0x2000 };
    let total = (20 + end - start) as u16;
    frame.clear();
    frame.extend([0x45, 0]);
    frame.extend(total.to_be_bytes());
    frame.extend(number.to_be_bytes());
    frame.extend(field.to_be_bytes());
    frame.extend([64, TCP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
}
