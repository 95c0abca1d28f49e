//! How many frames a second pass through connections whose handshake is over?

use criterion::{BatchSize, Criterion, Throughput};
use zertap_core::handshake::Phase;

use crate::workload::{Conversation, START, tap};

const CONNECTIONS: u32 = 512;
const SEGMENTS: u32 = 100;

pub(crate) fn frames_of_parked_connections(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frames of parked connections");
    group.sample_size(20);
    for (name, phase) in [
        ("tls12-full", Phase::TlsComplete),
        ("tls13-full", Phase::TlsComplete),
        ("ssh-openssh", Phase::SshComplete),
    ] {
        let conversation = Conversation::read(name).left_open();
        let (handshakes, bulk) =
            (conversation.repeated(CONNECTIONS, CONNECTIONS), conversation.bulk(CONNECTIONS, SEGMENTS));
        let parked = || {
            let mut tap = tap();
            let now = handshakes.push(&mut tap, START);
            (tap, now)
        };
        // What is measured is what it is said to be: still in that phase, with all octets counted.
        let (mut tap, now) = parked();
        bulk.push(&mut tap, now);
        tap.finish();
        let rows = tap.drain();
        assert_eq!(rows.len(), CONNECTIONS as usize);
        assert!(rows.iter().all(|row| row.phase == phase && row.octets[1] > 100_000), "{:?}", rows.first());
        group.throughput(Throughput::Elements(bulk.len()));
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                parked,
                |(mut tap, now)| {
                    bulk.push(&mut tap, now);
                    tap
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}
