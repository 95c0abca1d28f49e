#!/bin/sh
# Writes the seeds of the catalogue of edge cases, seeds/TARGET/ENTRY, from the tests that are named by its entries.
set -eu
cd "$(dirname "$0")/../.."
export ZERTAP_SEEDS="$PWD/rust/fuzz/seeds" PROPTEST_RNG_SEED=1
find "$ZERTAP_SEEDS" -type f -name '[A-Z]*-[0-9][0-9]' -delete
cargo test --quiet -p zertap-core -p zertap-capture --locked -- tls_ ssh_ tcp_ ip_ file_ state_
"${PYTEST:-.venv/bin/pytest}" -q tests/python/zert/test_states.py
