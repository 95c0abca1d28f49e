//! How many rows a second are written and drained? Ten thousand open connections, and the input ends.

use criterion::{BatchSize, Criterion, Throughput};

use crate::workload::{Conversation, START, tap};

const CONNECTIONS: u32 = 10_000;

pub(crate) fn rows_drained(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rows drained");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(CONNECTIONS)));
    for name in ["tls12-full", "tls13-full"] {
        let open = Conversation::read(name).left_open().repeated(CONNECTIONS, 500);
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    let mut tap = tap();
                    open.push(&mut tap, START);
                    tap
                },
                |mut tap| {
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
