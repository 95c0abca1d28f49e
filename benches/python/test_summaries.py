"""How many connections a second into summaries of sessions, and how many summary records a second?"""

from collections.abc import Callable
from typing import Any

import pytest

from zertap._native import EventBatch, Source, Tap
from zertap.aggregate import Aggregation, Interval, Places, Set, Table, render
from zertap.pipeline import BATCH_ROWS
from zertap.rows import SUMMARY_ROWS
from zertap.zert.mapping import Settings
from zertap.zert.summary import Reason


@pytest.fixture(scope="module")
def batches(capture: str) -> list[EventBatch]:
    """All rows that aggregation needs: nearly every connection is a session of its own."""
    each = Interval()
    tap, source = Tap({"rows": set(SUMMARY_ROWS), "interval_ns": (each.length, each.sync)}), Source(capture)
    found = []
    while tap.pump(source, BATCH_ROWS):
        found.append(tap.drain())
    tap.finish()
    return [*found, tap.drain()]


def aggregate(batches: list[EventBatch]) -> Set:
    """The one set of the capture."""
    aggregation = Aggregation(Interval(), Places())
    sets = [each for batch in batches for each in aggregation.add(batch, range(len(batch)))]
    last = aggregation.close()
    assert last is not None
    assert not sets
    return last


def test_connections_aggregated(per_row: Callable[..., Any], batches: list[EventBatch], connections: int) -> None:
    assert len(per_row(lambda: aggregate(batches), connections).summaries) > connections // 2


def test_summary_records_rendered(per_row: Callable[..., Any], batches: list[EventBatch]) -> None:
    table = aggregate(batches).summaries
    assert isinstance(table, Table)
    assert per_row(lambda: sum(map(len, render(table, Settings(), Reason.END))), len(table)) > 400 * len(table)
