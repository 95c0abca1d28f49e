#!/usr/bin/env python3
"""How many instructions does a packet take? Counted by callgrind, so that a busy machine changes nothing.

Each workload is small, made out of our own captures, and goes through readers and engine (`pump`); what an empty
capture takes is taken off. Counts stand in `instructions.json`; a workload that takes more than the margin above them
fails, one that takes less asks to be recorded anew: `benches/instructions.py --record`.

Needs valgrind. Exit status: 0 within the margin, 1 above it, 3 without valgrind.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from itertools import tee
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "python"))

from workload import bulk, drip, flood, frames, pcap  # noqa: E402  it stands there

RECORDED = HERE / "instructions.json"
MARGIN = 0.05
"""Compilers and C libraries differ by less, a lost fast path by more."""
WORKLOADS: dict[str, Callable[[], Iterable[bytes]]] = {
    "heavy: handshakes": lambda: frames(1000),
    "bulk: full segments behind handshakes": lambda: bulk(100, 200),
    "flood: attempts that nobody answers": lambda: flood(40_000),
    "drip: hellos octet by octet": lambda: drip(30),
}


def main() -> int:
    """Counts, compares or records. Returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--record", action="store_true", help="write the counts down")
    parser.add_argument("--program", type=Path, help="a built `pump`; built when none is named", metavar="FILE")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.stderr.write("valgrind is not installed: apt install valgrind\n")
        return 3
    program = options.program or _built()
    with tempfile.TemporaryDirectory() as folder:
        nothing, _ = count(program, Path(folder, "empty.pcap"), ())
        found = {}
        for name, make in WORKLOADS.items():
            instructions, packets = count(program, Path(folder, "workload.pcap"), make())
            found[name] = round((instructions - nothing) / packets, 1)
    if options.record:
        RECORDED.write_text(json.dumps(found, indent=1) + "\n")
    return report(found, json.loads(RECORDED.read_text()) if RECORDED.exists() else {})


def count(program: Path, path: Path, wanted: Iterable[bytes]) -> tuple[int, int]:
    """Instructions that *program* takes for a capture of these frames, and how many they are."""
    every, counted = tee(wanted)
    with path.open("wb") as file:
        file.writelines(pcap(every))
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program), str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    assert collected, done.stderr
    return int(collected[1]), sum(1 for _ in counted)


def report(found: dict[str, float], recorded: dict[str, float]) -> int:
    """Says how the counts compare. Returns the exit status."""
    status = 0
    for name, number in found.items():
        before = recorded.get(name)
        change = "" if before is None else f"{number / before - 1:+.1%}"
        verdict = "not recorded: --record" if before is None else ""
        if before is not None and number > before * (1 + MARGIN):
            verdict, status = f"MORE than the margin of {MARGIN:.0%} allows", 1
        elif before is not None and number < before * (1 - MARGIN):
            verdict = "less: worth recording"
        told = "-" if before is None else f"{before:.1f}"
        sys.stdout.write(f"{name:<42}{number:>10.1f} a packet, recorded {told:>9} {change:>8}  {verdict}\n")
    return status


def _built() -> Path:
    command = ["cargo", "build", "--quiet", "--release", "--locked", "-p", "zertap-capture", "--example", "pump"]
    subprocess.run(command, cwd=HERE.parent, check=True)
    return HERE.parent / "target" / "release" / "examples" / "pump"


if __name__ == "__main__":
    sys.exit(main())
