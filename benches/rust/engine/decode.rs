//! How many frames a second are decoded?

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use zertap_core::wire::{Decoder, LinkType, WireConfig};

use crate::workload::{Conversation, Frames, START};

pub(crate) fn frames_decoded(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frames decoded");
    let plain = Conversation::read("tls13-full").repeated(1000, 64);
    group.throughput(Throughput::Elements(plain.len()));
    let mut tagged = Frames::default();
    for frame in plain.iter() {
        // Priority 0, network 9, twice: more than the straight road reads.
        tagged.add(&[&frame[..12], &[0x88, 0xa8, 0, 9, 0x81, 0, 0, 9], &frame[12..]].concat());
    }
    for (name, frames) in [("usual shape", plain), ("two VLAN tags", tagged)] {
        group.bench_function(name, |bencher| {
            let mut decoder = Decoder::new(WireConfig::default());
            bencher.iter(|| {
                let mut octets = 0;
                for frame in frames.iter() {
                    let length = frame.len() as u32;
                    if let Ok(segment) = decoder.decode(START, LinkType::ETHERNET, black_box(frame), length) {
                        octets += u64::from(segment.payload_on_wire) ^ u64::from(segment.sequence);
                    }
                }
                octets
            });
        });
    }
    group.finish();
}
