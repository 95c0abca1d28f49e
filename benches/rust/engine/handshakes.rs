//! How many connections a second are followed from SYN to FIN, handshake and all?

use criterion::{BatchSize, Criterion, Throughput};

use crate::workload::{Conversation, START, tap};

const CONNECTIONS: u32 = 2000;

pub(crate) fn handshakes_followed(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("handshakes followed");
    group.sample_size(20);
    group.throughput(Throughput::Elements(u64::from(CONNECTIONS)));
    for name in ["tls12-full", "tls13-full", "tls13-mlkem", "ssh-openssh", "http-clear"] {
        let frames = Conversation::read(name).repeated(CONNECTIONS, 500);
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                tap,
                |mut tap| {
                    frames.push(&mut tap, START);
                    tap.finish();
                    let rows = tap.drain();
                    assert_eq!(rows.len(), CONNECTIONS as usize);
                    (tap, rows)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}
