//! Frames of any link type: what a segment borrows lies in the frame, counters balance, and both readers agree.
//!
//! Input: link type, options, then frames (octets missing from the capture, block).

use zertap_core::time::{Span, Timestamp};
use zertap_core::wire::{Decoder, FragmentLimits, LinkType, Segment, Skip, WireConfig};

use crate::input::{Input, link};

/// Decodes all frames of the input.
pub fn hold(data: &[u8]) {
    let mut input = Input(data);
    let link = link(input.octet());
    let config = config(input.octet());
    let (mut decoder, mut bare) = (Decoder::new(config), Decoder::new(config));
    let (mut now, mut frames, mut segments, mut skipped) = (Timestamp(0), 0, 0, 0);
    while !input.is_empty() {
        let missing = u32::from(input.octet());
        let frame = input.block();
        let wire = frame.len() as u32 + missing;
        now = now.after(Span(100_000_000));
        frames += 1;
        if link == LinkType::ETHERNET {
            both_readers_agree(&mut bare, config, now, frame, wire);
        }
        let reassembled = decoder.counters().reassembled;
        match decoder.decode(now, link, frame, wire) {
            Ok(segment) => {
                segments += 1;
                let inside = borrowed_from(frame, segment.payload) && borrowed_from(frame, segment.options);
                let plain = shape(&segment);
                assert!(
                    inside || decoder.counters().reassembled > reassembled,
                    "borrowed from elsewhere: {plain}"
                );
            }
            Err(skip) => {
                assert_eq!(Skip::ALL[skip.index()], skip);
                skipped += 1;
            }
        }
        bounds(&decoder, config);
    }
    assert_eq!(frames, segments + skipped);
}

/// Few fragments may wait, so that limits are met.
fn config(octet: u8) -> WireConfig {
    let fragments = FragmentLimits { octets: 8192, datagrams: 4, pieces: 5, age: Span::seconds(1) };
    WireConfig {
        ignore_vlan: octet & 1 != 0,
        ignore_tunnels: octet & 2 != 0,
        verify_checksums: octet & 4 != 0,
        fragments: if octet & 8 == 0 { fragments } else { FragmentLimits::default() },
        nesting: if octet & 16 == 0 { 8 } else { 2 },
    }
}

/// What holds for every segment. Returns its text, which must not fail either.
fn shape(segment: &Segment<'_>) -> String {
    assert!(segment.payload.len() <= segment.payload_on_wire as usize);
    assert!(segment.options.len() <= 40, "RFC 9293: a header has at most 60 octets");
    format!("{segment:?}")
}

/// An empty slice lies anywhere.
fn borrowed_from(frame: &[u8], part: &[u8]) -> bool {
    let (frame, range) = (frame.as_ptr_range(), part.as_ptr_range());
    part.is_empty() || (frame.start <= range.start && range.end <= frame.end)
}

/// What waits is within the limits, and every datagram has one fate.
fn bounds(decoder: &Decoder, config: WireConfig) {
    let counters = decoder.counters();
    assert!(counters.waiting <= config.fragments.datagrams, "{counters:?}");
    assert!(counters.held <= config.fragments.octets, "{counters:?}");
    assert!(counters.overlapped <= counters.reassembled, "{counters:?}");
}

/// The straight road and the walk see the same: an IP packet gives the same with its Ethernet header and without.
fn both_readers_agree(bare: &mut Decoder, config: WireConfig, now: Timestamp, frame: &[u8], wire: u32) {
    let Some((header, packet)) = frame.split_first_chunk::<14>() else { return };
    let link = match (header[12], header[13]) {
        (0x08, 0x00) => LinkType::IPV4,
        (0x86, 0xdd) => LinkType::IPV6,
        _ => return,
    };
    let mut whole = Decoder::new(config);
    let with = whole.decode(now, LinkType::ETHERNET, frame, wire).map(owned);
    *bare = Decoder::new(config);
    let without = bare.decode(now, link, packet, wire - 14).map(owned);
    assert_eq!(with, without);
}

/// A segment's every field, its octets as they are.
fn owned(segment: Segment<'_>) -> (String, Vec<u8>) {
    (format!("{segment:?}"), segment.payload.to_vec())
}
