//! How many connection attempts a second go through the table when nobody answers (a SYN flood)?

use criterion::{BatchSize, Criterion, Throughput};

use crate::workload::{Conversation, START, tap};

/// Three times what the table remembers of half-open attempts.
const ATTEMPTS: u32 = 200_000;

pub(crate) fn attempts_in_a_flood(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attempts in a flood");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(ATTEMPTS)));
    let flood = Conversation::read("tls13-full").only_the_first_frame().repeated(ATTEMPTS, ATTEMPTS);
    group.bench_function("SYN alone", |bencher| {
        bencher.iter_batched(
            tap,
            |mut tap| {
                flood.push(&mut tap, START);
                tap
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}
