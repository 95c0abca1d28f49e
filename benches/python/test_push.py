"""What does a packet cost that a program of its own pushes?"""

from collections.abc import Callable
from typing import Any

import pytest
from workload import frames

from zertap._native import Tap

CONNECTIONS = 1000


@pytest.fixture(scope="module")
def packets() -> list[bytes]:
    """Frames of many connections, in order."""
    return list(frames(CONNECTIONS))


def test_frames_pushed_one_by_one(per_row: Callable[..., Any], packets: list[bytes]) -> None:
    def push() -> int:
        tap = Tap()
        for at, frame in enumerate(packets):
            tap.push_frame(at * 1000, 1, frame)
        tap.finish()
        return len(tap.drain())

    assert per_row(push, len(packets)) == CONNECTIONS


def test_segments_pushed_one_by_one(per_row: Callable[..., Any], packets: list[bytes]) -> None:
    segments = [_segment(frame) for frame in packets]

    def push() -> int:
        tap = Tap()
        for at, segment in enumerate(segments):
            tap.push_segment(at * 1000, *segment)
        tap.finish()
        return len(tap.drain())

    assert per_row(push, len(segments)) == CONNECTIONS


def _segment(frame: bytes) -> tuple[Any, ...]:
    """Source, destination, numbers, flags, payload of a frame of Ethernet, IPv4 without options, TCP."""
    addresses = [".".join(map(str, frame[at : at + 4])) for at in (26, 30)]
    ports = [int.from_bytes(frame[at : at + 2]) for at in (34, 36)]
    sequence, acknowledgment = (int.from_bytes(frame[at : at + 4]) for at in (38, 42))
    end = 14 + int.from_bytes(frame[16:18])
    payload = frame[34 + (frame[46] >> 4) * 4 : end]
    return (addresses[0], ports[0]), (addresses[1], ports[1]), sequence, acknowledgment, frame[47], payload
