"""``zertap.columns``: the same table as that of an observation, made while it is read, and faults told on the way."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import zertap
from wire import clear, pcap, refused, waiting

TOUR = Path(__file__).parents[3] / "pcaps" / "tour.pcap"
polars = pytest.importorskip("polars")


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return pcap(tmp_path / "x.pcap", [*clear(port=80), *refused(client_port=50001), *waiting(client_port=50002)])


@pytest.mark.parametrize("names", [(), ("verdict", "tls", "start"), ("ssh.kex", "events")])
@pytest.mark.parametrize("where", [None, "verdict != 'protected'", "server_port == 1"])
def test_they_are_those_of_an_observation(names: tuple[str, ...], where: str | None, capture: Path) -> None:
    captures = [TOUR, capture, TOUR]
    kept = zertap.observe(captures, where=where)
    columns = zertap.columns(captures, *names, where=where)
    assert columns.to_polars().equals((kept.select(*names) if names else kept).to_polars())
    assert columns.counters == kept.counters
    assert polars.Schema(columns) == columns.to_polars().schema


@pytest.mark.parametrize(
    "options",
    [{"fingerprints": True, "community_id": 7}, {"mode": "zert"}, {"offers": True, "workers": 2}, {"chain": True}],
)
def test_options_are_those_of_observe(options: dict[str, Any], capture: Path) -> None:
    expected = zertap.observe([TOUR, capture], **options).to_polars()
    assert zertap.columns([TOUR, capture], **options).to_polars().equals(expected)


def test_polars_is_given_views_and_everybody_else_strings() -> None:
    for table in (zertap.observe(TOUR), zertap.columns(TOUR)):
        assert polars.DataFrame(table).equals(table.to_polars())


def test_a_field_that_needs_something_brings_it() -> None:
    found = zertap.columns(TOUR, "tls.ja4").to_polars()["tls_ja4"]
    assert found.drop_nulls().len() == zertap.observe(TOUR, fingerprints=True).to_polars()["tls_ja4"].drop_nulls().len()
    assert found.drop_nulls().len()


def test_they_can_be_read_again_and_by_two_at_a_time() -> None:
    duckdb = pytest.importorskip("duckdb")
    tour = zertap.columns(TOUR, "verdict", "server_port")  # noqa: F841  the queries name it
    query = "SELECT verdict, count(*) FROM tour GROUP BY verdict ORDER BY verdict"
    first = duckdb.sql(query).fetchall()
    assert first == duckdb.sql(query).fetchall()
    assert dict(first) == zertap.observe(TOUR).summary()
    both = "SELECT count(*) FROM tour AS one JOIN tour AS other ON one.server_port = other.server_port"
    ports = zertap.observe(TOUR).to_polars()["server_port"].value_counts()["count"]
    assert duckdb.sql(both).fetchall() == [(sum(number * number for number in ports),)]


def test_damage_is_a_warning_unless_it_is_to_raise(capture: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.pcap"
    short.write_bytes(capture.read_bytes()[:-3])
    columns = zertap.columns(short, "verdict")
    assert columns.to_polars().equals(zertap.observe(short).select("verdict").to_polars())
    (warning,) = columns.warnings
    assert isinstance(warning, zertap.CaptureDamaged)
    strict = zertap.columns(short, "verdict", strict=True)
    with pytest.raises(zertap.CaptureDamaged) as raised:
        strict.to_polars()
    assert str(raised.value) == str(warning)


def test_a_capture_that_cannot_be_read_is_told_when_it_is_read(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    absent = zertap.columns(tmp_path / "absent.pcap", "verdict")
    with pytest.raises(zertap.CaptureUnreadable, match=r"absent\.pcap"):
        absent.to_polars()
    with pytest.raises(duckdb.Error, match=r"absent\.pcap"):
        duckdb.sql("SELECT count(*) FROM absent").fetchall()


def test_what_makes_no_sense_is_told_at_once() -> None:
    with pytest.raises(zertap.Usage, match="verdicts"):
        zertap.columns(TOUR, "verdicts")
    with pytest.raises(zertap.Usage):
        zertap.columns(TOUR, where="nonsense ==")
    with pytest.raises(zertap.Usage, match="workers"):
        zertap.columns(TOUR, workers=-1)


def test_they_say_what_they_are() -> None:
    assert repr(zertap.columns("a.pcap", "verdict", "server_port")) == "<Columns of a.pcap: verdict, server_port>"
    assert repr(zertap.columns("a.pcap")).endswith(f" and {len(zertap.FIELDS) - 6} more>")


def test_who_stops_early_ends_the_reading() -> None:
    duckdb = pytest.importorskip("duckdb")
    tours = zertap.columns([TOUR] * 500, "verdict")  # noqa: F841  the query names it
    assert len(duckdb.sql("SELECT * FROM tours LIMIT 3").fetchall()) == 3
    until = time.monotonic() + 10
    while "zertap-columns" in threads():
        assert time.monotonic() < until, "nobody reads, and the thread goes on"
        time.sleep(0.01)


def threads() -> list[str]:
    """What this process's threads are called."""
    return [name.read_text().strip() for name in Path("/proc/self/task").glob("*/comm")]


WAITS = """
import polars, zertap
print("reads", flush=True)
try:
    zertap.columns("-", "verdict").to_polars()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_a_reader_that_waits_can_be_interrupted() -> None:
    command = [sys.executable, "-c", WAITS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "reads\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert process.wait(10) == 0
