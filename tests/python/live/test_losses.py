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
REFUSED, UPGRADED = 54090, 46064
"""A TLS handshake that an alert ended; SMTP with STARTTLS."""


def connection(port: int) -> list[bytes]:
    """The frames of one connection of the tour, by its client's port."""
    frames = [bytes(frame) for frame, _ in sender.templates(TOUR)]
    return [frame for frame in frames if port in struct.unpack(">HH", frame[34:38])]


def verdict(frames: list[bytes], lost: set[int]) -> str | None:
    """``None`` where nothing of the connection is left."""
    tap = Tap()
    for number, frame in enumerate(frames):
        if number not in lost:
            tap.push_frame(number * 1_000_000, 1, frame)
    tap.finish()
    phases = tap.drain().column("phase")
    return VERDICTS[phases[0]] if len(phases) else None


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


@pytest.mark.parametrize("port", [TLS, SSH, REFUSED])
def test_what_a_ring_lost_at_once_makes_no_clear_text_of_a_handshake(port: int) -> None:
    """A ring that is full swallows frames that lie side by side. What comes behind them, records or an alert alone, has
    no beginning that anybody saw.
    """
    frames = connection(port)
    truth = verdict(frames, set())
    found = {verdict(frames, set(range(*each))) for each in windows(len(frames))}
    assert found <= {truth, "unmonitored", "undetermined", "in_progress", "no_traffic", None}


def test_any_losses_make_no_clear_text_of_a_handshake_that_was_refused() -> None:
    found = {verdict(connection(REFUSED), lost) for lost in losses(10)}
    assert found <= {"failed", "unmonitored", "undetermined", "in_progress", "no_traffic", None}


def test_records_behind_a_loss_in_clear_text_tell_that_an_upgrade_was_lost() -> None:
    """The dialogue was heard, the handshake was not: where TLS records of both sides follow, it was complete (A8)."""
    frames = connection(UPGRADED)
    greeting, hello, application, last = 4, 15, 18, 23
    assert verdict(frames, set()) == "protected"
    for first in range(greeting, hello):
        assert verdict(frames, set(range(first, application))) == "protected"
        assert verdict(frames, set(range(first, last))) == "undetermined"
    assert verdict(frames, set(range(greeting, len(frames)))) == "plaintext", "all that was heard"


def windows(count: int) -> Iterator[tuple[int, int]]:
    """Every run of frames that may be lost at once."""
    for first in range(count):
        for last in range(first + 1, count + 1):
            yield first, last
