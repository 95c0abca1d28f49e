"""Columns are made when a reader asks for them: what they are called can be asked alone, and late is not too late."""

from pathlib import Path

import pytest

from zertap import observe

TOUR = Path(__file__).parents[3] / "pcaps" / "tour.pcap"
polars = pytest.importorskip("polars")


def test_the_schema_alone_is_that_of_the_columns() -> None:
    for tour in (observe(TOUR), observe(TOUR).select("verdict", "tls", "start")):
        assert polars.Schema(tour) == tour.to_polars().schema


def test_a_stream_outlives_its_observation_and_a_later_plan() -> None:
    tour = observe(TOUR)
    expected = tour.to_polars()
    stream = tour.__arrow_c_stream__()
    del tour
    other = observe(TOUR, fingerprints=True).to_polars()

    class Held:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return stream

    assert polars.DataFrame(Held()).equals(expected)
    assert set(expected.columns) < set(other.columns)
