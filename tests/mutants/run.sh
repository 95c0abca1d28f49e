#!/bin/sh
# Mutation testing of the files that decide, with one build for all mutants: tests/mutants/run.sh NUMBER [SEED] tries NUMBER
# mutants of each room, drawn by SEED (1), against the tests of their room alone. Works on a copy, in target/mutants or where
# MUTANTS_WORK points; results, one line a mutant, in results.ROOM there. tests/mutants.sh asks cargo-mutants the same, mutant by mutant.
set -eu
number=${1:?usage: tests/mutants/run.sh NUMBER [SEED]}
seed=${2:-1}
cd "$(dirname "$0")/../.."
here=$PWD/tests/mutants
work=${MUTANTS_WORK:-$PWD/target/mutants}
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_INCREMENTAL=1
mkdir -p "$work"
CARGO_TARGET_DIR="$work/tool" cargo build --quiet --manifest-path "$here/Cargo.toml"
rm -rf "$work/copy" "$work/programs"
mkdir -p "$work/copy" "$work/programs"
git ls-files -z | xargs -0 cp --parents -t "$work/copy"
cd "$work/copy"
source=rust/zertap-core/src
cat "$here/mutant.rs" >>"$source/lib.rs"
files=
for file in tls/observer tls/record tls/records tls/judge12 tls/judge13 tls/walk tls/messages tls/outcome tls/lengths tls/kept \
    ssh/observer ssh/packet ssh/direction stream/half stream/holding stream/mod stream/seq flow/connection; do
    files="$files $source/$file.rs"
done
# shellcheck disable=SC2086
"$work/tool/debug/zertap-mutants" $files >"$work/list"

tests="tls ssh ssh_gaps ssh_cuts tap"
wanted=
for each in $tests; do wanted="$wanted --test $each"; done
# shellcheck disable=SC2086
CARGO_TARGET_DIR="$work/build" RUSTFLAGS=-Awarnings cargo test -p zertap-core --no-run $wanted 2>"$work/built"
for each in $tests; do
    program=$(sed -n "s|.*rust/core/$each.rs (\(.*\))\$|\1|p" "$work/built")
    ln -sf "$program" "$work/programs/$each"
done
cd rust/zertap-core
for room in tls ssh flow; do
    python3 "$here/try.py" "$work/list" "$work/programs" "$work/results.$room" "$room" "$number" "$seed"
done
cut -f1 "$work"/results.* | sort | uniq -c
grep -h missed "$work"/results.* || true
