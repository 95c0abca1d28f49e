"""Bad input in numbers: whatever is in the file, the program ends soon, with a documented status, at most one line, and
its memory where it was.

Ten thousand mutants go through the command line, but not as ten thousand programs: the start of an interpreter costs
a hundred times what the input costs, and tests the interpreter. Every one goes through ``cli.main``, which is all that
the program is, in worker processes that live for thousands of mutants; so memory that one of them leaves behind adds up
and is found. Ten files go at a time, since captures are inputs of their own. A sample goes through the program itself,
with its exit status, streams and peak memory.
"""

import os
import resource
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import zertap
from faults.mutants import DOCUMENTED, GROWTH, SECONDS, SEED, mutant, originals, resident, through_the_library, work
from zertap.errors import CaptureUnreadable

MUTANTS = 10_000
WORKERS = 2


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_ten_thousand_mutants_through_the_command_line(tmp_path: Path) -> None:
    each = MUTANTS // WORKERS
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        runs = [pool.submit(work, str(tmp_path), first, each) for first in range(0, MUTANTS, each)]
        wrong = [what for run in runs for what in run.result()]
    assert not wrong, "\n".join(wrong[:20])


def program(path: Path) -> tuple[int, list[str], int]:
    """The program itself: its status, lines on standard error, peak memory in octets."""
    process = subprocess.Popen(
        [sys.executable, "-m", "zertap", "observe", "--format", "jsonl", "-o", os.devnull, path],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines = process.stderr.read().splitlines()
    process.stderr.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, lines, used.ru_maxrss * 1024


def test_a_sample_through_the_program_itself(tmp_path: Path) -> None:
    sources, path = originals(), tmp_path / "mutant"
    path.write_bytes(sources[0])
    _, _, usual = program(path)
    for each in range(0, MUTANTS, MUTANTS // 12):
        path.write_bytes(mutant(sources, SEED, each))
        status, lines, peak = program(path)
        assert status in DOCUMENTED, (each, lines)
        assert len(lines) == (status != 0), (each, lines)
        assert peak - usual <= GROWTH, (each, peak, usual)


def test_some_thousands_through_the_library() -> None:
    """By hand as many as one likes: see ``mutants.py``."""
    came = list(through_the_library(1_000, SEED + 1))
    assert {what for what, _ in came} == {"sound", "damaged", "unreadable"}
    assert max(seconds for _, seconds in came) < SECONDS


def smallest(number: int, suffix: str) -> list[Path]:
    folder = Path(__file__).resolve().parents[3] / "pcaps/captures"
    return sorted(folder.glob(f"*{suffix}"), key=lambda path: path.stat().st_size)[:number]


@pytest.mark.parametrize("path", [*smallest(3, ".pcap"), *smallest(1, ".pcapng")], ids=lambda path: path.name)
def test_a_file_cut_at_every_offset_gives_ever_more_rows_and_one_fault_at_most(path: Path, tmp_path: Path) -> None:
    whole, cut = path.read_bytes(), tmp_path / path.name
    frames = 0
    last: Any = None
    for length in range(len(whole) + 1):
        cut.write_bytes(whole[:length])
        try:
            last = zertap.observe(cut)
        except CaptureUnreadable:
            assert frames == 0, "what could be read a moment ago cannot any more"
            continue
        assert len(last.warnings) <= 1
        assert last.ledger.frames_read >= frames
        frames = last.ledger.frames_read
    assert last is not None
    assert not last.warnings
    assert [row.to_dict() | {"file": None} for row in last] == [
        row.to_dict() | {"file": None} for row in zertap.observe(path)
    ]


def test_memory_that_is_used_is_seen() -> None:
    before = resident()
    used = bytearray(32 << 20)
    used[:: resource.getpagesize()] = b"x" * len(used[:: resource.getpagesize()])
    assert resident() - before > 16 << 20
