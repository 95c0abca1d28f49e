"""Inputs that stall, and clocks that jump; signals while waiting; memory that ends."""

import os
import resource
import signal
import struct
import time
from pathlib import Path

import pytest

from faults.programs import HEAD, cpu_seconds, feed, many, octets, record, rows, run, start, unanswered, until
from wire import SECOND, START, Talk, clear

YEAR = 365 * 86_400 * SECOND


def test_file_13_a_stalled_input_costs_no_processor_time(tmp_path: Path) -> None:
    output = tmp_path / "x.jsonl"
    process = start("observe", "-", "--format", "jsonl", "-o", output)
    assert process.stdin is not None
    process.stdin.write(many(10) + struct.pack("<II", 1, 0))  # and half of a record's head
    process.stdin.flush()
    until(output.exists)
    time.sleep(1.0)  # started, everything read
    before = cpu_seconds(process)
    time.sleep(2.0)
    used = cpu_seconds(process) - before
    assert used <= 0.1, f"{used} s of processor time in 2 s of waiting"
    process.stdin.close()
    assert process.wait(timeout=30) == 4, "the last record is damaged"
    assert len(output.read_bytes().splitlines()) == 10


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", [("records",), ("records", "--summary"), ("observe", "--format", "jsonl")])
def test_a_signal_while_the_input_stalls_flushes_within_two_seconds(
    tmp_path: Path, sent: signal.Signals, command: tuple[str, ...]
) -> None:
    output = tmp_path / "out"
    process = start(*command, "-", "-o", output)
    assert process.stdin is not None
    process.stdin.write(many(30))
    process.stdin.flush()
    until(output.exists)
    time.sleep(0.7)
    begun = time.monotonic()
    process.send_signal(sent)
    status = process.wait(timeout=30)
    assert time.monotonic() - begun < 2.0
    assert status == 128 + sent
    assert output.stat().st_size > 0
    if command[0] == "observe":
        assert output.read_bytes().count(b"\n") == 30
    process.communicate()


def test_a_clock_that_runs_backwards_makes_no_negative_time_and_loses_nothing(tmp_path: Path) -> None:
    frames = Talk().open().wait(5).client(b"GET /\r\n").server(b"200\r\n").close().frames
    turned = [(START + 100 * SECOND - number * SECOND, packet) for number, (_, packet) in enumerate(frames)]
    path = tmp_path / "x.pcap"
    path.write_bytes(HEAD + b"".join(record(at, packet) for at, packet in turned))
    done = run("observe", path, "--format", "jsonl", "--stats=json")
    (row,) = rows(done)
    assert (done.returncode, row["verdict"]) == (0, "plaintext")
    assert row["duration"] >= 0


def test_a_clock_a_year_ahead_fires_each_timer_once(tmp_path: Path) -> None:
    """One packet of another connection is stamped a year ahead: time stays there, and events keep their order."""
    talk = Talk().open().client(b"HELO\r\n").server(b"250\r\n")
    stray = clear(port=8080, client_port=50_009, at=START + YEAR)[:1]
    path = tmp_path / "x.pcap"
    path.write_bytes(HEAD + octets([*talk.frames, *stray, *talk.close().frames[-3:]]))
    done = run("observe", path, "--format", "jsonl")
    assert done.returncode == 0
    row = next(row for row in rows(done) if row["server_port"] == 443)
    assert [event["type"] for event in row["events"]] == [1, 3]
    records = run("records", path, "--format", "jsonl", "--no-switches")
    assert [row["COMMON"]["SMF119SC_SAEvent_Type"]["code"] for row in rows(records)] == ["01", "03"]


LIMIT = 165 << 20


PLAIN = os.environ | {"RUST_BACKTRACE": "0"}


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="address space limits are Linux's")
def test_memory_that_ends_ends_the_program_with_its_cause_and_keeps_what_was_written(tmp_path: Path) -> None:
    """Rust's allocator has no way back on a stable compiler: it names the cause (with a note on backtraces) and aborts.
    Python's raises, and is told as one line. Either way there is no traceback, and the output reads back.
    """
    output = tmp_path / "x.jsonl"
    process = start("observe", "-", "--format", "jsonl", "-o", output, preexec_fn=limit_memory, env=PLAIN)
    feed(process.stdin, unanswered(100_000), ends=True)
    assert process.stderr is not None
    lines = process.stderr.read().decode().splitlines()
    process.wait(timeout=120)
    assert process.returncode in {70, -signal.SIGABRT}, lines
    told = [line for line in lines if not line.startswith("note: run with `RUST_BACKTRACE")]
    assert len(told) == 1, lines
    for line in told:
        assert "memory" in line
        assert "Traceback" not in line
    written = output.read_bytes() if output.exists() else b""
    assert not written or written.endswith(b"\n")
