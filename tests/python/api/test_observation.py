"""The Python API on real captures: rows for people, columns for volume, and packets of one's own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import zertap
from wire import RAW_IP, START, clear, pcap, refused, waiting


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return pcap(tmp_path / "x.pcap", [*clear(port=80), *refused(client_port=50001), *waiting(client_port=50002)])


def test_it_iterates_typed_connections(capture: Path) -> None:
    first, second, _ = zertap.observe(capture)
    assert (first.verdict, first.server_port, first.tls, first.start) == (
        "plaintext",
        80,
        None,
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert second.tls
    assert (second.tls.sni, second.reason) == ("example.org", "alert")


def test_a_connection_is_equal_to_its_json_object(capture: Path) -> None:
    row = zertap.observe(capture)[1].to_dict()
    assert list(row) == list(dict.fromkeys(field.path.split(".")[0] for field in zertap.FIELDS))
    assert row["tls"]["sni"] == "example.org"


def test_it_has_a_length_and_can_be_sliced(capture: Path) -> None:
    both = zertap.observe([capture, str(capture)])
    verdicts = [each.verdict for each in both]
    assert len(both) == 6
    for where in (slice(2, 5), slice(None, None, 2), slice(None, None, -1), slice(5, 1, -3), slice(9, 12)):
        assert [each.verdict for each in both[where]] == verdicts[where]
    assert [both[index].verdict for index in range(-6, 6)] == [*verdicts, *verdicts]
    assert both[1:][1:][0] == both[2]
    with pytest.raises(IndexError):
        both[6]


def test_the_summary_counts_by_verdict(capture: Path) -> None:
    observed = zertap.observe(capture)
    assert observed.summary() == {"plaintext": 1, "in_progress": 1, "failed": 1}
    assert observed[:1].summary() == {"plaintext": 1}
    assert repr(observed) == "<Observation of 3 connections: plaintext 1, in_progress 1, failed 1>"


def test_where_keeps_what_matches(capture: Path) -> None:
    by_option = zertap.observe(capture, where="tls.sni == 'example.org'")
    by_method = zertap.observe(capture)[1:].where("verdict == 'failed'")
    assert ([each.verdict for each in by_option], len(by_method)) == (["failed", "in_progress"], 1)


def test_select_leaves_only_these_columns(capture: Path) -> None:
    polars = pytest.importorskip("polars")
    chosen = zertap.observe(capture).select("server_port", "verdict", "tls.sni")
    frame = polars.DataFrame(chosen)
    assert frame.columns == ["server_port", "verdict", "tls_sni"]
    assert frame["verdict"].to_list() == [each.verdict for each in zertap.observe(capture)]
    assert [each.verdict for each in chosen] == frame["verdict"].to_list()
    assert chosen[0].to_dict() == {"server_port": 80, "verdict": "plaintext", "tls": None}
    assert chosen[1].client_ip is None  # it was not asked for
    with pytest.raises(zertap.Usage):
        chosen.select("verdicts")


def test_damage_is_a_warning_unless_strict(capture: Path) -> None:
    capture.write_bytes(capture.read_bytes()[:-10])
    observed = zertap.observe(capture)
    (warning,) = observed.warnings
    assert isinstance(warning, zertap.CaptureDamaged)
    assert (warning.file, bool(warning.offset), len(observed)) == (str(capture), True, 3)
    with pytest.raises(zertap.CaptureDamaged):
        zertap.observe(capture, strict=True)


def test_what_cannot_be_read_raises(tmp_path: Path) -> None:
    with pytest.raises(zertap.CaptureUnreadable) as caught:
        zertap.observe(tmp_path / "absent")
    assert caught.value.file == str(tmp_path / "absent")


def test_other_programs_read_it_as_arrow(capture: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="the optional package duckdb is not installed")
    observed = zertap.observe([capture, capture])[1:5]  # noqa: F841  DuckDB finds it by its name
    found = duckdb.sql("SELECT verdict, tls_sni FROM observed").fetchall()
    sni = "example.org"
    assert found == [("failed", sni), ("in_progress", sni), ("plaintext", None), ("failed", sni)]


def test_polars_reads_it(capture: Path) -> None:
    pytest.importorskip("polars", reason="the optional package polars is not installed")
    frame = zertap.observe(capture).to_polars()
    assert frame["verdict"].to_list() == ["plaintext", "failed", "in_progress"]


def test_a_missing_package_is_named(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(zertap.MissingExtra, match="polars"):
        zertap.observe(capture).to_polars()


def test_a_notebook_shows_rows_without_running_what_they_hold(capture: Path) -> None:
    shown = zertap.observe(capture)._repr_html_()
    assert shown.count("<tr>") == 4
    assert "failed" in shown


def test_no_connection_is_an_empty_observation(tmp_path: Path) -> None:
    empty = zertap.observe(pcap(tmp_path / "x.pcap", []))
    assert (len(empty), list(empty), empty.summary()) == (0, [], {})


def test_a_tap_takes_frames(capture: Path) -> None:
    tap = zertap.Tap(name="mine")
    for at, packet in refused():
        tap.push_frame(at, packet, link=RAW_IP)
    tap.finish()
    (row,) = tap.drain()
    assert (row.verdict, row.file, row.server_ip) == ("failed", "mine", "198.51.100.7")
    assert tap.counters["frames"] == len(refused())
    assert len(tap.drain()) == 0


def test_a_tap_takes_segments_and_time(tmp_path: Path) -> None:
    tap = zertap.Tap()
    client, server = ("192.0.2.1", 50000), ("2001:db8::7", 22)
    client = ("2001:db8::1", 50000)
    for at, source, target, sequence, acknowledgment, flags in (
        (START, client, server, 100, 0, 2),
        (START + 1, server, client, 500, 101, 18),
        (START + 2, client, server, 101, 501, 16),
    ):
        tap.push_segment(at, source, target, sequence=sequence, acknowledgment=acknowledgment, flags=flags)
    banner = b"SSH-2.0-x\r\n"
    tap.push_segment(START + 3, server, client, sequence=501, acknowledgment=101, flags=24, payload=banner)
    tap.advance(START + 60_000_000_000)
    assert len(tap.drain()) == 0
    tap.finish()
    (row,) = tap.drain()
    assert (row.verdict, row.protocol, row.bytes_server) == ("in_progress", "ssh", len(banner))
