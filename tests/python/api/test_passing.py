"""``zertap.connections``: those of an observation, one by one, while the captures are read."""

from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import zertap
from wire import clear, pcap, refused, waiting

TOUR = Path(__file__).parents[3] / "pcaps" / "tour.pcap"


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return pcap(tmp_path / "x.pcap", [*clear(port=80), *refused(client_port=50001), *waiting(client_port=50002)])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"where": "verdict != 'protected'"},
        {"where": "server_port == 1"},
        {"fingerprints": True, "community_id": 7},
        {"mode": "zert", "workers": 2},
        {"chain": True, "offers": True},
    ],
)
def test_they_are_those_of_an_observation(options: dict[str, Any], capture: Path) -> None:
    captures = [TOUR, capture, TOUR]
    kept = zertap.observe(captures, **options)
    passing = zertap.connections(captures, **options)
    expected = [each.to_dict() for each in kept]
    assert [each.to_dict() for each in passing] == expected
    assert [each.to_dict() for each in passing] == expected  # again, from the beginning
    assert passing.counters == kept.counters


def test_one_that_is_kept_stays_what_it_is() -> None:
    first, second, *_ = zertap.connections(TOUR)
    observed = zertap.observe(TOUR)
    assert [first.to_dict(), second.to_dict()] == [observed[0].to_dict(), observed[1].to_dict()]


def test_what_is_not_asked_for_is_not_read(capture: Path) -> None:
    passing = zertap.connections([capture, "absent.pcap"])
    assert len(list(islice(passing, 3))) == 3
    with pytest.raises(zertap.CaptureUnreadable, match=r"absent\.pcap"):
        list(passing)


def test_damage_is_a_warning_behind_what_was_whole(capture: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.pcap"
    short.write_bytes(capture.read_bytes()[:-3])
    passing = zertap.connections(short)
    expected = [each.to_dict() for each in zertap.observe(short)]
    assert [each.to_dict() for each in passing] == expected
    assert [type(each) for each in passing.warnings] == [zertap.CaptureDamaged]
    seen: list[dict[str, Any]] = []
    with pytest.raises(zertap.CaptureDamaged):
        seen.extend(each.to_dict() for each in zertap.connections(short, strict=True))
    assert seen == expected[: len(seen)]
    assert zertap.connections("a.pcap").__repr__() == "<Connections of a.pcap>"


def test_what_makes_no_sense_is_told_at_once() -> None:
    with pytest.raises(zertap.Usage):
        zertap.connections(TOUR, where="nonsense ==")
