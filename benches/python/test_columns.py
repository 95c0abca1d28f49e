"""What do columns cost those who read them, beyond the engine's rows?"""

from collections.abc import Callable
from typing import Any

import pytest

from zertap.observation import Observation
from zertap.plans import Part


@pytest.fixture
def observation(part: Part) -> Observation:
    """All rows, not yet columns."""
    return Observation([(part, range(len(part.batch)))], {})


def test_rows_in_a_polars_frame_with_verdicts_counted(per_row: Callable[..., Any], observation: Observation) -> None:
    pytest.importorskip("polars")

    def count() -> int:
        counts = observation.to_polars()["verdict"].value_counts()
        return int(counts["count"].sum())

    assert per_row(count, len(observation)) == len(observation)


def test_rows_in_duckdb_with_verdicts_counted(per_row: Callable[..., Any], observation: Observation) -> None:
    duckdb = pytest.importorskip("duckdb")

    def count() -> int:
        connections = observation  # noqa: F841  the query names it
        found = duckdb.sql("SELECT verdict, count(*) FROM connections GROUP BY verdict").fetchall()
        return sum(number for _, number in found)

    assert per_row(count, len(observation)) == len(observation)


def test_rows_counted_by_verdict_in_python(per_row: Callable[..., Any], observation: Observation) -> None:
    assert sum(per_row(observation.summary, len(observation)).values()) == len(observation)
