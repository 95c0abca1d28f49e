#!/usr/bin/env bash
# Runs the fuzz targets (or those named) one after the other until each has had FUZZ_RUNS executions (10^7) or FUZZ_CORE
# seconds (900) of a processor, whichever comes first: rust/fuzz/long.sh [TARGET...]
# It runs in slices of FUZZ_SLICE seconds (60). What each slice was really given, user and system time, stands in
# FUZZ_WORK/account (target, executions, core seconds, seconds, commit) and counts for the commit that was built; so a run that
# was stopped goes on where it was. Ends at the first fault. Needs what run.sh needs.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/targets.sh"
runs=${FUZZ_RUNS:-10000000}
core=${FUZZ_CORE:-900}
slice=${FUZZ_SLICE:-60}
work=${FUZZ_WORK:-$here/corpus}
commit=${FUZZ_COMMIT:-$(git -C "$root" rev-parse --short HEAD)}
account=$work/account
programs=$work/programs/$commit
[ $# -gt 0 ] || set -- certificate frames tap_frames tls tap_segments ssh captures stream fragments

# Programs of their own: the sources may change while they run.
build() {
    cargo fuzz build --fuzz-dir "$here" --sanitizer none
    # A corpus that is there already has grown out of the seeds.
    [ -d "$work/tls" ] || cargo run --quiet --release --manifest-path "$here/Cargo.toml" --example seeds -- \
        "$work" "$here/seeds" "$root"/pcaps/captures/* "$root"/tests/data/certificates/*.der
    cp -r "$here"/seeds/*/ "$work"
    local host built target
    host=$(rustc -vV | sed -n 's/^host: //p')
    built=${CARGO_TARGET_DIR:-$here/target}/$host/release
    mkdir -p "$programs"
    for target in "$here"/fuzz_targets/*.rs; do
        cp "$built/$(basename "$target" .rs)" "$programs"
    done
}

# Whether a target has had neither.
wants() {
    awk -v t="$1" -v c="$commit" -v runs="$runs" -v core="$core" \
        '$1 == t && $5 == c { e += $2; s += $3 } END { exit !(e < runs && s < core) }' "$account"
}

slice() {
    local target=$1 log words status=0
    log=$(mktemp)
    words=$(dictionary "$target")
    TIMEFORMAT='core %U %S %R'
    { time "$programs/$target" "$work/$target" ${words:+-dict="$words"} -max_total_time="$slice" -runs="$runs" \
        -max_len="$(longest "$target")" -timeout=20 -rss_limit_mb=2048 -artifact_prefix="$work/$target-" \
        -print_final_stats=1; } >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
        tail -n 60 "$log" >&2
        echo "failed: $target (its input: $work/$target-*; keep it in rust/fuzz/seeds/$target)" >&2
        exit 1
    fi
    awk -v t="$target" -v c="$commit" '
        /^stat::number_of_executed_units:/ { executed = $2 }
        /^core / { spent = $2 + $3; passed = $4 }
        END { printf "%s %d %.1f %.1f %s\n", t, executed, spent, passed, c }' "$log" >>"$account"
    rm -f "$log"
}

mkdir -p "$work"
touch "$account"
[ -d "$programs" ] || build
for target in "$@"; do
    while wants "$target"; do
        slice "$target"
    done
    awk -v t="$target" -v c="$commit" '$1 == t && $5 == c { e += $2; s += $3; w += $4 }
        END { printf "%s: %d executions, %d s of a core in %d s, commit %s\n", t, e, s, w, c }' "$account"
done
