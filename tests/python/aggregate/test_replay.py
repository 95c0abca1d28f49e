"""Replay: the same rows in whatever batches give the same summaries."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation import CAPTURES, MINUTE, TOUR, batches, sets
from zertap.aggregate import Aggregation, Interval, Places, Set


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_a_capture_gives_the_same_sets_row_by_row_as_in_one_piece(capture: Path) -> None:
    assert sets(batches(capture, 1)) == sets(batches(capture))


@given(st.lists(st.integers(0, 400), max_size=8), st.sampled_from([1, 2, 15, 60]))
def test_any_cut_of_the_rows_gives_the_same_sets(cuts: list[int], minutes: int) -> None:
    interval = Interval(minutes * MINUTE)
    aggregation = Aggregation(interval, Places())
    found: list[Set] = []
    for batch in batches(TOUR):
        ends = [0, *sorted(min(cut, len(batch)) for cut in cuts), len(batch)]
        for start, stop in zip(ends, ends[1:], strict=False):
            found += aggregation.add(batch, range(start, stop))
    last = aggregation.close()
    assert last is not None
    assert [*found, last] == sets(batches(TOUR), interval)
