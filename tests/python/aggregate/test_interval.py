"""Intervals as people write them: spans, boundaries, and what is refused."""

import pytest

from zertap.aggregate import Interval, parse_interval
from zertap.errors import Usage

HOUR = 3600 * 1_000_000_000


def test_a_boundary_begins_an_interval() -> None:
    interval = parse_interval("1h")
    assert interval.number(5 * HOUR) == 5
    assert interval.number(5 * HOUR - 1) == 4
    assert interval.start(5) == 5 * HOUR


def test_the_synchronisation_value_is_a_boundary() -> None:
    interval = parse_interval("6h", "02:30")
    day = 20_000 * 24 * HOUR
    boundaries = [interval.start(interval.number(day) + step) - day for step in range(1, 5)]
    assert boundaries == [2.5 * HOUR, 8.5 * HOUR, 14.5 * HOUR, 20.5 * HOUR]


def test_minutes_are_those_of_smf() -> None:
    assert parse_interval("30m") == Interval(HOUR // 2)
    assert parse_interval("24h", "23:59").start(0) == 24 * HOUR - HOUR // 60


@pytest.mark.parametrize("hours", range(1, 25))
def test_any_hours_of_a_day_make_an_interval(hours: int) -> None:
    """As of INTVAL. Where they divide a day the synchronisation value is a boundary of each."""
    interval = parse_interval(f"{hours}h", "02:30")
    day = 20_000 * 24 * HOUR
    number = interval.number(day)
    assert interval.start(number + 1) - interval.start(number) == hours * HOUR
    boundaries = {(interval.start(number + step) - day) % (24 * HOUR) for step in range(100)}
    assert (len(boundaries) == 24 // hours and 2.5 * HOUR in boundaries) or 24 % hours


@pytest.mark.parametrize("text", ["", "0h", "1", "h", "25h", "7m", "48h", "1d", "-1h", "1.5h"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(Usage):
        parse_interval(text)


@pytest.mark.parametrize("text", ["24:00", "1:00", "12", "12:60", "noon"])
def test_a_wrong_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(Usage):
        parse_interval("1h", text)
