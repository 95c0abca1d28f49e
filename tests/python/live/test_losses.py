"""What an engine says of connections whose first frames a flood swallowed, frame by frame, without any flood."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from live import sender
from zertap._native import Tap
from zertap.protection import VERDICTS

TOUR = Path(__file__).parents[3] / "pcaps/tour.pcap"
TLS, SSH, CLEAR_AGAIN = 42750, 47214, 57650


def connection(port: int) -> list[bytes]:
    """The frames of one connection of the tour, by its client's port."""
    frames = [bytes(frame) for frame, _ in sender.templates(TOUR)]
    return [frame for frame in frames if port in struct.unpack(">HH", frame[34:38])]


def verdict(frames: list[bytes], lost: set[int]) -> str:
    tap = Tap()
    for number, frame in enumerate(frames):
        if number not in lost:
            tap.push_frame(number * 1_000_000, 1, frame)
    tap.finish()
    (phase,) = tap.drain().column("phase")
    return VERDICTS[phase]


def losses(most: int) -> Iterator[set[int]]:
    """Every choice among the first frames."""
    for chosen in range(1 << most):
        yield {number for number in range(most) if chosen >> number & 1}


@pytest.mark.parametrize("port", [TLS, SSH])
def test_what_is_lost_at_the_start_hides_a_handshake_and_turns_it_into_nothing_else(port: int) -> None:
    """EDGE_CASES A8: no peer is blamed for what the tap lost, and "nothing" would hide that protection was tried."""
    frames = connection(port)
    assert verdict(frames, set()) == "protected"
    assert {verdict(frames, lost) for lost in losses(10)} == {"protected", "unmonitored"}


def test_data_in_clear_behind_a_lost_finished_is_no_violation() -> None:
    """The client's Finished is lost; the server, which had it, went on in TLS and only then in clear."""
    frames = connection(CLEAR_AGAIN)
    assert verdict(frames, set()) == verdict(frames, {7}) == "ended_clear"
