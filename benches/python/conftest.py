"""What the benches share: a capture of many connections, made out of our own, and a way to say what one row costs.

The connections are those of `pcaps/captures` with fresh addresses, ports and sequence numbers, interleaved; checksums
stay as they were recorded, since nobody verifies them here.
"""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zertap._native import BUILD, Source, Tap
from zertap.pipeline import Request
from zertap.plans import Part
from zertap.rows import RECORD_ROWS

CAPTURES = Path(__file__).resolve().parents[2] / "pcaps" / "captures"
MIX = ("tls12-full", "tls13-full", "tls13-mlkem", "tls12-no-common-cipher", "ssh-openssh", "http-clear", "tls13-full")
"""The conversations, each as often as it stands here."""
CONNECTIONS = 7000
AT_ONCE = 500


@pytest.fixture(scope="session", autouse=True)
def _optimised() -> None:
    """Figures of an unoptimised build say nothing."""
    assert BUILD == "release", "build with: maturin develop --release"


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A pcap of `CONNECTIONS` connections."""
    path = tmp_path_factory.mktemp("bench") / "workload.pcap"
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, frame in enumerate(_frames()):
            seconds, micros = divmod(number * 10, 1_000_000)
            file.write(struct.pack("<IIII", 1_760_000_000 + seconds, micros, len(frame), len(frame)) + frame)
    return str(path)


@pytest.fixture(scope="session")
def connections() -> int:
    """How many connections the capture has."""
    return CONNECTIONS


@pytest.fixture(scope="session")
def part(capture: str) -> Part:
    """The last rows of all connections, in one batch."""
    return _part(capture, Request())


@pytest.fixture(scope="session")
def record_part(capture: str) -> Part:
    """Every row that brings zERT events."""
    return _part(capture, Request(rows=RECORD_ROWS))


@pytest.fixture
def per_row(benchmark: Any) -> Callable[..., Any]:
    """Measures, and notes microseconds per row and rows per second beside pytest-benchmark's figures."""

    def measure(work: Callable[[], Any], rows: int) -> Any:
        result = benchmark.pedantic(work, rounds=7, warmup_rounds=1)
        least = benchmark.stats.stats.min
        benchmark.extra_info["rows"] = rows
        benchmark.extra_info["us_per_row"] = round(least / rows * 1e6, 3)
        benchmark.extra_info["rows_per_second"] = round(rows / least)
        return result

    return measure


def _part(capture: str, request: Request) -> Part:
    tap, source = Tap(request.config()), Source(capture)
    while tap.pump(source, 1 << 30):
        pass
    tap.finish()
    return Part(tap.drain(), 0)


def _frames() -> Iterator[bytes]:
    conversations = [_conversation(name) for name in MIX]
    longest = max(map(len, conversations))
    for first in range(0, CONNECTIONS, AT_ONCE):
        for step in range(longest):
            for number in range(first, min(first + AT_ONCE, CONNECTIONS)):
                conversation = conversations[number % len(MIX)]
                if step < len(conversation):
                    yield _renumbered(conversation[step], conversation[0][34:38], number)


def _conversation(name: str) -> list[bytes]:
    """The frames of a capture of one connection: classic pcap, Ethernet, IPv4 without options."""
    data, at, frames = (CAPTURES / f"{name}.pcap").read_bytes(), 24, []
    while at < len(data):
        (length,) = struct.unpack_from("<8xI", data, at)
        frames.append(data[at + 16 : at + 16 + length])
        at += 16 + length
    assert all(frame[12:15] == b"\x08\x00\x45" for frame in frames)
    return frames


def _renumbered(frame: bytes, client_ports: bytes, number: int) -> bytes:
    """The frame as one of connection *number*."""
    out = bytearray(frame)
    from_client = frame[34:38] == client_ports
    client, server = (26, 30) if from_client else (30, 26)
    struct.pack_into(">I", out, client, 0x0A000000 + number)
    struct.pack_into(">I", out, server, 0xC6120000 + number % 251)
    struct.pack_into(">H", out, 34 if from_client else 36, 1024 + number % 60_000)
    shifts = (number * 0x9E3779B9, number * 0x85EBCA6B)
    for at, shift in ((38, shifts[not from_client]), (42, shifts[from_client])):
        (before,) = struct.unpack_from(">I", out, at)
        struct.pack_into(">I", out, at, (before + shift) & 0xFFFFFFFF)
    return bytes(out)
