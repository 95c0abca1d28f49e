"""What the benches share: a capture of many connections, made out of our own, and a way to say what one row costs."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zertap._native import BUILD, Source, Tap
from zertap.pipeline import Request
from zertap.plans import Part
from zertap.rows import RECORD_ROWS

sys.path.insert(0, str(Path(__file__).parent))

from workload import CONNECTIONS, pcap


@pytest.fixture(scope="session", autouse=True)
def _optimised() -> None:
    """Figures of an unoptimised build say nothing."""
    assert BUILD == "release", "build with: maturin develop --release"


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A pcap of `CONNECTIONS` connections."""
    path = tmp_path_factory.mktemp("bench") / "workload.pcap"
    with path.open("wb") as file:
        file.writelines(pcap())
    return str(path)


@pytest.fixture(scope="session")
def connections() -> int:
    """How many connections the capture has."""
    return CONNECTIONS


@pytest.fixture(scope="session")
def part(capture: str) -> Part:
    """The last rows of all connections, in one batch."""
    return _part(capture, Request())


@pytest.fixture(scope="session")
def record_part(capture: str) -> Part:
    """Every row that brings zERT events."""
    return _part(capture, Request(rows=RECORD_ROWS))


@pytest.fixture
def per_row(benchmark: Any) -> Callable[..., Any]:
    """Measures, and notes microseconds per row and rows per second beside pytest-benchmark's figures."""

    def measure(work: Callable[[], Any], rows: int) -> Any:
        result = benchmark.pedantic(work, rounds=7, warmup_rounds=1)
        least = benchmark.stats.stats.min
        benchmark.extra_info["rows"] = rows
        benchmark.extra_info["us_per_row"] = round(least / rows * 1e6, 3)
        benchmark.extra_info["rows_per_second"] = round(rows / least)
        return result

    return measure


def _part(capture: str, request: Request) -> Part:
    tap, source = Tap(request.config()), Source(capture)
    while tap.pump(source, 1 << 30):
        pass
    tap.finish()
    return Part(tap.drain(), 0)
