"""Connections are turned to the next row only where nobody has them: what a program keeps stays what it was."""

from itertools import pairwise
from pathlib import Path

import pytest

from zertap import observe
from zertap.observation import Observation

TOUR = Path(__file__).parents[3] / "pcaps" / "tour.pcap"


@pytest.fixture(scope="module")
def tour() -> Observation:
    """Connections of several protocols."""
    return observe(TOUR)


def test_connections_that_are_kept_stay_what_they_were(tour: Observation) -> None:
    kept = list(tour)
    assert [each.to_dict() for each in kept] == [tour[at].to_dict() for at in range(len(tour))]


def test_connections_kept_now_and_then_stay_what_they_were(tour: Observation) -> None:
    for every in range(1, 6):
        kept = [each for at, each in enumerate(tour) if at % every == 0]
        assert [each.uid for each in kept] == [tour[at].uid for at in range(0, len(tour), every)]


def test_two_that_follow_one_another_are_two(tour: Observation) -> None:
    assert all(one.uid != other.uid and one is not other for one, other in pairwise(tour))


def test_groups_that_are_kept_stay_what_they_were(tour: Observation) -> None:
    kept = [each.tls for each in tour]
    expected = [tour[at].to_dict()["tls"] for at in range(len(tour))]
    assert any(expected)
    assert [None if each is None else each.to_dict() for each in kept] == expected
    for at, each in enumerate(tour):
        again = each.tls, each.tls, each.ssh
        assert [None if view is None else view.to_dict() for view in again[:2]] == [expected[at]] * 2


def test_the_iteration_lets_go_of_what_it_made(tour: Observation) -> None:
    several = iter(tour)
    first = next(several)
    told = first.to_dict()
    del several
    assert first.to_dict() == told
