"""How long does a whole capture take, end to end?"""

import os
from collections.abc import Callable
from typing import Any

import pytest

from zertap._native import Source, Tap
from zertap.observation import observe
from zertap.pipeline import BATCH_ROWS, Reading, Request, Selection, deliver
from zertap.schema import FIELDS
from zertap.sinks.base import Stream
from zertap.sinks.jsonl import JsonLines


def test_connections_through_the_engine_alone(per_row: Callable[..., Any], capture: str, connections: int) -> None:
    def pump() -> int:
        tap, source, rows = Tap(), Source(capture), 0
        while tap.pump(source, BATCH_ROWS):
            rows += len(tap.drain())
        tap.finish()
        return rows + len(tap.drain())

    assert per_row(pump, connections) == connections


def test_connections_observed_through_the_api(per_row: Callable[..., Any], capture: str, connections: int) -> None:
    assert len(per_row(lambda: observe(capture), connections)) == connections


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_connections_observed_by_several_workers(
    per_row: Callable[..., Any], capture: str, connections: int, workers: int
) -> None:
    """Processor time: what sharing costs. What it gains, the clock tells (`--benchmark-timer=time.perf_counter`)."""
    assert len(per_row(lambda: observe(capture, workers=workers), connections)) == connections


def test_connections_observed_and_written_as_json_lines(
    per_row: Callable[..., Any], capture: str, connections: int
) -> None:
    def run() -> int:
        selection = Selection()
        deliver(
            Reading([capture], Request(), lambda _: None),
            selection,
            [JsonLines(Stream(os.devnull), FIELDS)],
            lambda _: None,
        )
        return selection.passed

    assert per_row(run, connections) == connections
