#!/bin/sh
# Mutation testing of the files that decide: tests/mutants.sh [K/N...] tries every N-th mutant from the K-th on (default 3/20,
# some 67 of 1,350; more shards may be named), each against the tests of its room alone. Works on a copy, in target/mutants or
# where MUTANTS_WORK points; fails if fewer than 80 of 100 viable mutants are caught. Needs cargo-mutants 27 (cargo install
# cargo-mutants --locked). Results: target/mutants/ROOM-SHARD.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
[ $# -gt 0 ] || set -- 3/20
cargo mutants --version >/dev/null 2>&1 || { echo "cargo-mutants is missing: cargo install cargo-mutants --locked" >&2; exit 2; }

work=${MUTANTS_WORK:-$root/target/mutants}
rm -rf "$work/copy" "$work"/tls-* "$work"/ssh-* "$work"/flow-*
mkdir -p "$work/copy"
git ls-files -z | xargs -0 cp --parents -t "$work/copy"
cd "$work/copy"
git init -q .

# What is built is thrown away at once: neither debug information nor optimisation pays.
export CARGO_TARGET_DIR="$work/build" CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_INCREMENTAL=1 PROPTEST_CASES=40
source=rust/zertap-core/src

# The tests must pass unharmed; seen once here, not before every shard.
cargo test --quiet -p zertap-core --test tls --test ssh --test ssh_gaps --test tap

room() {
    name=$1
    tests=$2
    shift 2
    files=
    for file in "$@"; do files="$files -f $source/$file"; done
    # shellcheck disable=SC2086
    cargo mutants --in-place -p zertap-core $files --baseline skip --timeout 60 --sharding round-robin --shard "$shard" \
        -o "$work/$name-$(echo "$shard" | tr / -)" -- $tests || [ $? -eq 2 ] || [ $? -eq 3 ]
}

for shard in "$@"; do
    room tls "--test tls" tls/observer.rs tls/record.rs tls/records.rs tls/judge12.rs tls/judge13.rs tls/walk.rs \
        tls/messages.rs tls/outcome.rs tls/lengths.rs tls/kept.rs
    room ssh "--test ssh --test ssh_gaps" ssh/observer.rs ssh/packet.rs ssh/direction.rs
    room flow "--test tap" stream/half.rs stream/holding.rs stream/mod.rs stream/seq.rs flow/connection.rs
done

caught=$(cat "$work"/*/mutants.out/caught.txt "$work"/*/mutants.out/timeout.txt | wc -l)
missed=$(cat "$work"/*/mutants.out/missed.txt | wc -l)
cat "$work"/*/mutants.out/missed.txt
echo "caught $caught of $((caught + missed))"
[ $((100 * caught)) -ge $((80 * (caught + missed))) ]
