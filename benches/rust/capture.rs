//! How long does it take to get to the next frame?
//!
//! A quarter of a million frames of 400 octets, from memory, so that the storage is not measured:
//! `cargo bench -p zertap-capture`.

use std::hint::black_box;
use std::io::{Cursor, Read};
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use zertap_capture::Source;

const FRAMES: u32 = 250_000;
const LENGTH: u32 = 400;

/// Shares the octets, so that a turn of the bench copies no file.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn pcap() -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1] {
        file.extend(u32::to_le_bytes(word));
    }
    for number in 0..FRAMES {
        for word in [1_700_000_000 + number / 1000, number % 1000, LENGTH, LENGTH] {
            file.extend(u32::to_le_bytes(word));
        }
        file.extend([number as u8; LENGTH as usize]);
    }
    file
}

fn pcapng() -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28, 1, 20, 1, 0, 20] {
        file.extend(u32::to_le_bytes(word));
    }
    for number in 0..FRAMES {
        for word in [6, LENGTH + 32, 0, 0x0006_0000, number, LENGTH, LENGTH] {
            file.extend(u32::to_le_bytes(word));
        }
        file.extend([number as u8; LENGTH as usize]);
        file.extend((LENGTH + 32).to_le_bytes());
    }
    file
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(plain, 1).expect("memory does not fail")
}

fn count(file: &Arc<Vec<u8>>) -> u64 {
    let input = Cursor::new(Shared(Arc::clone(file)));
    let mut source = Source::from_reader("bench".to_owned(), Box::new(input)).expect("a capture");
    let mut octets = 0;
    while let Some(frame) = source.next_frame().expect("an undamaged capture") {
        octets += frame.bytes.len() as u64 + frame.at.0 % 2;
    }
    octets
}

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("next frame");
    group.throughput(Throughput::Elements(u64::from(FRAMES)));
    group.sample_size(20);
    let plain = Arc::new(pcap());
    group.bench_function("copying alone", |bencher| {
        let mut room = vec![0; 256 << 10];
        bencher.iter(|| {
            let mut input = Cursor::new(Shared(Arc::clone(&plain)));
            while input.read(black_box(&mut room)).is_ok_and(|read| read > 0) {}
        });
    });
    for (name, file) in [("pcap", plain.as_ref().clone()), ("pcapng", pcapng()), ("pcap.zst", zstd(&plain))] {
        let file = Arc::new(file);
        group.bench_function(name, |bencher| bencher.iter(|| count(black_box(&file))));
    }
    group.finish();
}

criterion_group!(benches, frames);
criterion_main!(benches);
