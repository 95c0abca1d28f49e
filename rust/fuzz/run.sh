#!/bin/sh
# Runs every fuzz target (or those named) for SECONDS each: rust/fuzz/run.sh SECONDS [TARGET...]
# Fails on any crash. FUZZ_RUNS=N ends a target earlier, after so many executions. FUZZ_SEED=N repeats one sequence of inputs (what CI does); without it every run differs.
# rust/fuzz/long.sh runs them for a number of executions or seconds of a processor. Works with the stable compiler; needs cargo-fuzz and a C++ compiler.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/targets.sh"
usage="usage: rust/fuzz/run.sh SECONDS [TARGET...]"

seconds=${1:?$usage}
shift
case $seconds in
    *[!0-9]* | 0) echo "$usage (a whole number above 0, not $seconds)" >&2; exit 2 ;;
esac
if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "cargo-fuzz is missing: cargo install cargo-fuzz --locked" >&2
    exit 2
fi
if ! command -v c++ >/dev/null 2>&1; then
    echo "a C++ compiler is missing (libfuzzer is C++): apt-get install g++" >&2
    exit 2
fi
if [ $# -eq 0 ]; then
    for target in "$here"/fuzz_targets/*.rs; do
        set -- "$@" "$(basename "$target" .rs)"
    done
fi

work=${FUZZ_WORK:-$here/corpus}
cargo run --quiet --release --manifest-path "$here/Cargo.toml" --example seeds -- \
    "$work" "$here/seeds" "$root"/pcaps/captures/* "$root"/tests/data/certificates/*.der

failed=
for target in "$@"; do
    log=$(mktemp)
    echo "$target: $seconds s"
    words=$(dictionary "$target")
    if cargo fuzz run --fuzz-dir "$here" --sanitizer none "$target" "$work/$target" -- \
        ${FUZZ_SEED:+-seed="$FUZZ_SEED"} ${FUZZ_RUNS:+-runs="$FUZZ_RUNS"} ${words:+-dict="$words"} -max_total_time="$seconds" -max_len="$(longest "$target")" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 >"$log" 2>&1; then
        grep -E 'number_of_executed_units|average_exec_per_sec|peak_rss' "$log" | sed 's/^stat::/  /'
    else
        tail -n 60 "$log" >&2
        failed="$failed $target"
    fi
    rm -f "$log"
done
if [ -n "$failed" ]; then
    echo "failed:$failed (the input stands in rust/fuzz/artifacts; keep it in rust/fuzz/seeds/TARGET)" >&2
    exit 1
fi
