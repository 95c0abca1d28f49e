"""Captures spoilt at random: bits flipped, lengths made absurd, pieces cut out, doubled or replaced.

By hand: ``python tests/python/faults/mutants.py NUMBER [SEED]`` sends so many through the library and says what came of
them. A seed repeats its mutants: number ``n`` of seed ``s`` is always the same file.
"""

import io
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import zertap
from zertap import cli
from zertap.errors import CaptureUnreadable

CAPTURES = Path(__file__).resolve().parents[3] / "pcaps/captures"
LARGEST = 12_000
"""Octets of the captures that are spoilt: small ones break in more ways a second."""
DOCUMENTED = {0, 3, 4}
SECONDS = 2.0
GROWTH = 64 << 20
SEED = 20_261_121
WARM = 100
"""Mutants after which growth counts: what is imported and cached comes with the first ones."""
AT_ONCE = 10
ABSURD = [b"\x00", b"\x01", b"\xff", b"\x00\x00", b"\x00\x01", b"\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff"]


def originals() -> list[bytes]:
    """The captures to spoil, in a fixed order."""
    files = sorted(path for path in CAPTURES.iterdir() if path.stat().st_size <= LARGEST)
    return [path.read_bytes() for path in files]


def mutant(sources: list[bytes], seed: int, number: int) -> bytes:
    """Mutant *number* of *seed*."""
    dice = random.Random(seed << 32 | number)  # noqa: S311  no secret
    octets = bytearray(dice.choice(sources))
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        _spoil(octets, sources, dice)
    return bytes(octets)


def _spoil(octets: bytearray, sources: list[bytes], dice: random.Random) -> None:
    at = dice.randrange(len(octets) + 1)
    match dice.randrange(8):
        case 0 | 1 if at < len(octets):
            octets[at] ^= 1 << dice.randrange(8)
        case 2 | 3:
            value = dice.choice(ABSURD)
            octets[at : at + len(value)] = value
        case 4:
            del octets[at:]
        case 5:
            del octets[at : at + dice.randrange(1, 64)]
        case 6:
            octets[at:at] = octets[max(0, at - dice.randrange(1, 200)) : at]
        case _:
            other = dice.choice(sources)
            start = dice.randrange(len(other))
            octets[at : at + 40] = other[start : start + 40]


def through_the_library(number: int, seed: int) -> Iterator[tuple[str, float]]:
    """What came of each mutant, and the seconds that it took of the processor.

    Raises whatever is neither rows nor a told fault.
    """
    sources = originals()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:  # noqa: S108
        path = Path(folder) / "mutant"
        for each in range(number):
            path.write_bytes(mutant(sources, seed, each))
            begun = time.process_time()
            try:
                observed = zertap.observe(path)
                for row in observed:
                    assert row.verdict
                came = "damaged" if observed.warnings else "sound"
            except CaptureUnreadable:
                came = "unreadable"
            yield came, time.process_time() - begun


def resident() -> int:
    """Octets of memory of this process that are present."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def complaints(paths: list[Path], mutants: list[bytes]) -> list[str]:
    """Runs the command line on several files at once, which are inputs of their own; what is wrong about how it ended.

    Time is the processor's: a machine that is busy with other things is no fault of the input.
    """
    for path, octets in zip(paths, mutants, strict=True):
        path.write_bytes(octets)
    said = io.StringIO()
    begun = time.process_time()
    with redirect_stderr(said):
        status = cli.main(["observe", "--format", "jsonl", "-o", os.devnull, *map(str, paths)])
    seconds, lines = time.process_time() - begun, said.getvalue().splitlines()
    blamed = Counter(line.partition(": ")[0] for line in lines)
    return [
        *([f"status {status}: {lines}"] if status not in DOCUMENTED else []),
        *([f"status {status} with {lines}"] if (status != 0) != bool(lines) else []),
        *(f"{number} lines about {name}" for name, number in blamed.items() if number > 1 or Path(name) not in paths),
        *([f"{seconds:.1f} s"] if seconds > SECONDS else []),
        *(line for line in lines if "Traceback" in line or "panicked" in line),
    ]


def work(folder: str, first: int, number: int) -> list[str]:
    """Sends *number* mutants through, some at a time; what was wrong with any of them."""
    sources = originals()
    paths = [Path(folder) / f"mutant-{first}-{each}" for each in range(AT_ONCE)]
    wrong: list[str] = []
    before = 0
    for start in range(first, first + number, AT_ONCE):
        mutants = [mutant(sources, SEED, each) for each in range(start, start + AT_ONCE)]
        wrong += [f"mutants from {start}: {what}" for what in complaints(paths, mutants)]
        if not before:
            before = resident()
    grown = resident() - before
    return wrong + ([f"{grown >> 20} MiB more after {number} mutants"] if grown > GROWTH else [])


def main() -> int:
    """Counts what came of them, names the slowest and tells the growth; 1 where one of them is over its limit."""
    number, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    came: Counter[str] = Counter()
    slowest, before, grown = (0.0, 0), 0, 0
    for each, (what, seconds) in enumerate(through_the_library(number, seed), 1):
        came[what] += 1
        slowest = max(slowest, (seconds, each - 1))
        before = before or (resident() if each == WARM else 0)
        if each % 50_000 == 0 or each == number:
            grown = resident() - before if before else 0
            print(f"{each} mutants of seed {seed}: {dict(came)}", end="; ")
            print(f"{grown / (1 << 20):.1f} MiB more since number {WARM}", end="; ")
            print(f"the slowest, number {slowest[1]}, took {slowest[0] * 1000:.1f} ms", flush=True)
    return int(slowest[0] > SECONDS or grown > GROWTH)


if __name__ == "__main__":
    sys.exit(main())
