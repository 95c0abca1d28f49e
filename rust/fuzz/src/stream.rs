//! One half's assembler against a model that keeps every octet: what comes out is what came first, in order, once.
//!
//! Input: first sequence number (four octets), then pieces (start, two octets; length; what to do to the octets).

use zertap_core::handshake::{Flag, Flags, Side};
use zertap_core::stream::{Care, Delivery, Piece, Seq, Stream, StreamLimits};

use crate::input::Input;

const LENGTH: usize = 2_000;

/// Offers every piece, and compares what was delivered with the model after each.
pub fn hold(data: &[u8]) {
    let mut input = Input(data);
    let first = u32::from(input.number()) << 16 | u32::from(input.number());
    let mut half = Half::new(Seq(first));
    let mut model: Vec<Option<u8>> = vec![None; LENGTH];
    let (mut known, mut told) = (0, 0);
    while !input.is_empty() {
        let start = usize::from(input.number()) % LENGTH;
        let end = (start + 1 + usize::from(input.octet())).min(LENGTH);
        let change = input.octet() & 1;
        let octets: Vec<u8> = (start..end).map(|place| octet(place) ^ change).collect();
        for (place, octet) in model[start..end].iter_mut().zip(&octets) {
            if place.is_none() {
                *place = Some(*octet);
                known += 1;
            }
        }
        half.comes(start, &octets);
        // What was delivered and compared stays as it is, in the model too: only what is new need be looked at.
        let new = model[told..].iter().map_while(|octet| *octet);
        assert!(half.got[told..].iter().copied().eq(new), "delivered behind {told}");
        told = half.got.len();
        assert_eq!(half.stream.halves[Side::A].octets(), known, "counted");
    }
    half.comes(0, &(0..LENGTH).map(octet).collect::<Vec<u8>>());
    let whole: Vec<u8> =
        model.iter().enumerate().map(|(place, kept)| kept.unwrap_or_else(|| octet(place))).collect();
    assert_eq!(half.got, whole);
    assert!(half.stream.holding.is_none(), "nothing is held when everything was delivered");
}

fn octet(place: usize) -> u8 {
    (place * 7 % 251) as u8
}

struct Half {
    stream: Stream,
    first: Seq,
    got: Vec<u8>,
}

impl Half {
    fn new(first: Seq) -> Self {
        let mut stream = Stream::default();
        stream.halves[Side::A].begin(first);
        stream.halves[Side::A].count_segment();
        Self { stream, first, got: vec![] }
    }

    fn comes(&mut self, start: usize, octets: &[u8]) {
        // Neither limit of EDGE_CASES A10 is reached: what it does then is the business of `tap_segments`.
        let limits =
            StreamLimits { held_octets: 2 * LENGTH, held_islands: LENGTH, ..StreamLimits::default() };
        let mut flags = Flags::default();
        let seq = self.first.plus(start as u32);
        let piece = Piece { seq, bytes: octets, length: octets.len() as u32, ack: None };
        if let Some(delivery) = self.stream.offer(Side::A, piece, Care::Octets, &mut flags) {
            take(&mut self.got, &delivery);
        }
        while let Some((side, delivery)) = self.stream.release(Care::Octets, &limits) {
            assert_eq!(side, Side::A);
            take(&mut self.got, &delivery);
        }
        assert!(!flags.contains(Flag::BeyondFin));
    }
}

fn take(got: &mut Vec<u8>, delivery: &Delivery<'_>) {
    match delivery {
        Delivery::Data { bytes, .. } => got.extend(bytes.iter()),
        other => panic!("no such thing was offered: {other:?}"),
    }
}
