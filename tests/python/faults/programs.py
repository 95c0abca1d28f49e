"""Programs to break: ``zertap`` started on a stream that goes on until somebody stops it."""

import json
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from wire import CLIENT_HELLO, START, Frame, Talk, clear, refused

SECOND = 1_000_000_000
HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)


def record(at: int, packet: bytes) -> bytes:
    """One record of a pcap file in microseconds."""
    return struct.pack("<IIII", at // SECOND, at % SECOND // 1000, len(packet), len(packet)) + packet


def octets(frames: Sequence[Frame]) -> bytes:
    """A pcap file without its head."""
    return b"".join(record(at, packet) for at, packet in frames)


def many(number: int) -> bytes:
    """A pcap file of so many short connections, one after the other, every third refused."""
    parts = [HEAD]
    for each in range(number):
        make = refused if each % 3 == 0 else clear
        parts.append(octets(make(client_port=1024 + each % 60_000, at=START + each * 20_000_000)))
    return b"".join(parts)


def unanswered(number: int) -> bytes:
    """A pcap file of so many hellos that nobody answers, from as many clients."""
    frames = Talk().open().client(CLIENT_HELLO).frames
    parts = [HEAD]
    for each in range(number):
        client = bytes([10, *each.to_bytes(3)])
        for at, packet in frames:
            place = 12 if packet[12:16] == frames[0][1][12:16] else 16
            parts.append(record(at + each * 1000, packet[:place] + client + packet[place + 4 :]))
    return b"".join(parts)


STARTED: list[subprocess.Popen[bytes]] = []
"""Programs that were started in this test: ``conftest.py`` ends them with it."""


def end_all() -> None:
    """Ends what still runs, and closes its pipes."""
    while STARTED:
        process = STARTED.pop()
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                with suppress(OSError):
                    pipe.close()


def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    """``zertap`` with these arguments."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-m", "zertap", *map(str, arguments)], **(pipes | options))
    STARTED.append(process)
    return process


def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The same, to its end."""
    command = [sys.executable, "-m", "zertap", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=120, check=False, **options)


def feed(pipe: IO[bytes] | None, data: bytes, *, ends: bool = False) -> threading.Thread:
    """Writes *data* beside the test, until it is through or nobody reads any more; then the input may end."""
    assert pipe is not None

    def pour() -> None:
        with suppress(OSError, ValueError):
            pipe.write(data)
            pipe.flush()
            if ends:
                pipe.close()

    thread = threading.Thread(target=pour, daemon=True)
    thread.start()
    return thread


def until(condition: Any, seconds: float = 60.0) -> None:
    """Waits until *condition* holds; fails after so many *seconds*."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """What a live program has used of the processor."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def whole_records(file: Path) -> tuple[int, int, list[str]]:
    """What ``decode`` says of a file: its status, the records before any damage, the lines on standard error."""
    done = run("decode", file)
    return done.returncode, len(done.stdout.splitlines()), done.stderr.decode().splitlines()


def rows(done: subprocess.CompletedProcess[bytes]) -> Iterator[dict[str, Any]]:
    """The JSON lines that a program wrote."""
    yield from map(json.loads, done.stdout.splitlines())
