//! The whole tap, fed with segments that belong together: loss, disorder, overlap, reuse of ports.
//!
//! Input: options, then segments (bits: connection 0 to 2, side 3, gap before or overlap 4 to 5, cut 6, jump in time 7;
//! flags; block). Sequence numbers go on by themselves, so that most segments are in order.

use zertap_core::tap::Tap;
use zertap_core::time::{Span, Timestamp};
use zertap_core::wire::{Address, Segment, TcpFlags};

use crate::input::{Input, write_block};
use crate::rows::{Watch, config};

/// Pushes every segment and reads every row.
pub fn hold(data: &[u8]) {
    let mut input = Input(data);
    let mut tap = Tap::new(config(input.octet()));
    let mut watch = Watch::default();
    let mut now = Timestamp(1_000_000_000);
    let mut next = [[0xffff_ff00u32, 1000]; 8];
    while !input.is_empty() {
        let (how, flags) = (input.octet(), TcpFlags(input.octet()));
        let payload = input.block();
        let (which, side) = (usize::from(how & 7), usize::from(how >> 3 & 1));
        now = now.after(Span(if how & 0x80 == 0 { 1_000_000 } else { 11_000_000_000 }));
        let numbers = &mut next[which];
        let sequence = match how >> 4 & 3 {
            1 => numbers[side].wrapping_add(7),
            2 => numbers[side].wrapping_sub(5),
            3 => numbers[side].wrapping_add(1 << 20),
            _ => numbers[side],
        };
        let ends = [(Address::v4([10, 0, 0, 1]), 40_000 + which as u16), (Address::v4([10, 0, 0, 2]), 443)];
        let segment = Segment {
            source: ends[side].0,
            destination: ends[1 - side].0,
            source_port: ends[side].1,
            destination_port: ends[1 - side].1,
            lane: 0,
            sequence,
            acknowledgment: numbers[1 - side],
            flags,
            window: 65_535,
            options: &[],
            payload,
            payload_on_wire: payload.len() as u32 + u32::from(how & 0x40),
            fragment_overlap: false,
        };
        if how >> 4 & 3 != 2 {
            let marks = u32::from(flags.syn()) + u32::from(flags.fin());
            numbers[side] = sequence.wrapping_add(segment.payload_on_wire).wrapping_add(marks);
        }
        tap.push_segment(now, &segment);
        watch.drain(&mut tap);
    }
    watch.finish(&mut tap);
}

/// Writes one segment of the first connection for seeds; `side` 0 is the client.
pub fn write_segment(out: &mut Vec<u8>, side: u8, flags: TcpFlags, payload: &[u8]) {
    out.push(side << 3);
    out.push(flags.0);
    write_block(out, payload);
}
