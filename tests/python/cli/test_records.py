"""``zertap records`` and ``zertap decode``: connection detail records, and back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wire import SECOND, START, Talk, clear, pcap, refused, waiting
from zertap.zert.codec import encode
from zertap.zert.records import DetailRecord


def zertap(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zertap", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    long = Talk(client_port=50003).open().client(b"HELO\r\n").wait(30).server(b"250 ok\r\n").close()
    frames = [*clear(port=80), *refused(client_port=50001), *waiting(client_port=50002), *long.frames]
    return pcap(tmp_path / "x.pcap", frames)


def test_octets_decode_to_the_json_that_is_written_directly(capture: Path, tmp_path: Path) -> None:
    assert zertap("records", capture, "-o", tmp_path / "x.smf").returncode == 0
    decoded = zertap("decode", tmp_path / "x.smf")
    direct = zertap("records", capture, "--format", "jsonl")
    assert (decoded.returncode, decoded.stderr, direct.stderr) == (0, "", "")
    assert objects(decoded.stdout) == objects(direct.stdout)
    assert len(objects(decoded.stdout)) == 1 + 4 + 1


def test_each_connection_has_the_records_of_its_events(capture: Path) -> None:
    """Short and clear, short and refused: one record each. In progress: none. Long: at ten seconds and at its end."""
    plain = objects(zertap("observe", capture).stdout)
    events = sorted(event["type"] for row in plain for event in row["events"])
    records = objects(zertap("records", capture, "--format", "jsonl").stdout)
    first, *found, last = [event_of(record) for record in records]
    assert sorted(found) == events == [1, 3, 4, 4]
    assert (first, last) == (5, 6)


def test_a_record_at_ten_seconds_has_the_counters_of_that_moment(capture: Path) -> None:
    records = objects(zertap("records", capture, "--format", "jsonl").stdout)
    first, last = (record for record in records if event_of(record) in (1, 3))
    assert [octets(first), octets(last)] == [[0, 6], [6, 8]]


def test_the_local_side_is_the_servers_unless_networks_are_named(capture: Path) -> None:
    by_server = zertap("records", capture, "--format", "jsonl", "--no-switches").stdout
    both = zertap(
        "records",
        capture,
        "--format",
        "jsonl",
        "--no-switches",
        "--local",
        "192.0.2.0/24",
        "--local",
        "198.51.100.0/24",
    ).stdout
    assert len(objects(both)) == 2 * len(objects(by_server))


def test_the_same_capture_gives_the_same_octets(capture: Path, tmp_path: Path) -> None:
    for name in ("1", "2"):
        zertap("records", capture, "-o", tmp_path / name)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes() != b""


def test_damaged_records_are_status_4_after_the_sound_ones(capture: Path, tmp_path: Path) -> None:
    zertap("records", capture, "-o", tmp_path / "x.smf")
    (tmp_path / "x.smf").write_bytes((tmp_path / "x.smf").read_bytes()[:-20])
    done = zertap("decode", tmp_path / "x.smf")
    assert (done.returncode, len(objects(done.stdout))) == (4, 5)
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{tmp_path}/x.smf: offset ")


@pytest.mark.parametrize("content", [b"this is no file of records, it is text", bytes(64), b"\x1f\x8b\x08 no gzip"])
def test_a_foreign_file_is_status_4_and_names_record_and_offset(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    done = zertap("decode", tmp_path / "x")
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (4, "")
    assert line.startswith(f"{tmp_path}/x: offset 0: record 1: ")


def test_what_is_behind_foreign_records_is_named_by_its_own_number(capture: Path, tmp_path: Path) -> None:
    """Records of other types count: the number is that of the record in the file."""
    zertap("records", capture, "-o", tmp_path / "x.smf", "--no-switches")
    foreign = (44).to_bytes(2) + b"\0\0\xde\x1e" + bytes(38)
    (tmp_path / "y").write_bytes(foreign * 2 + (tmp_path / "x.smf").read_bytes() + foreign + b"and then some text")
    done = zertap("decode", tmp_path / "y")
    found = len(objects(done.stdout))
    end = (tmp_path / "x.smf").stat().st_size + 3 * 44
    assert (done.returncode, found > 3) == (4, True)
    assert done.stderr.startswith(f"{tmp_path}/y: offset {end}: record {found + 4}: not a record descriptor word")


def test_an_empty_file_and_a_folder_are_status_3(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    for name in ("x", "."):
        done = zertap("decode", tmp_path / name)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)


def test_a_missing_file_is_status_3(tmp_path: Path) -> None:
    assert zertap("decode", tmp_path / "absent").returncode == 3


def test_a_bad_network_is_status_2(capture: Path) -> None:
    assert zertap("records", capture, "--local", "nowhere").returncode == 2


def test_readable_records_have_plain_names(capture: Path, tmp_path: Path) -> None:
    zertap("records", capture, "-o", tmp_path / "x.smf")
    first = objects(zertap("decode", tmp_path / "x.smf", "--readable").stdout)[1]
    assert first["record"] == "119-11"
    assert first["common"]["remote_address"] == "192.0.2.1"


def test_discovery_is_enabled_with_each_input_and_disabled_at_its_end(capture: Path, tmp_path: Path) -> None:
    """STATE-16: the two records have no connection data; their times are those of the first and the last packet."""
    later = pcap(tmp_path / "later.pcap", clear(port=80, at=START + 120 * SECOND))
    apart = objects(zertap("records", capture, later, "--format", "jsonl").stdout)
    assert [event_of(record) for record in apart if event_of(record) > 4] == [5, 6, 5, 6]
    chained = objects(zertap("records", capture, later, "--chain", "--format", "jsonl").stdout)
    assert [event_of(record) for record in chained if event_of(record) > 4] == [5, 6]
    times = [record["SMF_HEADER"]["SMF119TME"] for record in (chained[0], chained[-1])]
    assert times == ["00:00:00.00", "00:02:00.00"]
    for record in (chained[0], chained[-1]):
        assert list(record) == ["SMF_HEADER", "IDENT", "COMMON"]
        assert not any(octets(record))
        assert (common(record)["SMF119SC_SARPort"], common(record)["SMF119SC_SAIPProto"]["code"]) == (0, "00")


def test_records_of_the_switch_can_be_left_out(capture: Path) -> None:
    records = objects(zertap("records", capture, "--format", "jsonl", "--no-switches").stdout)
    assert sorted(event_of(record) for record in records) == [1, 3, 4, 4]


def test_connections_open_at_the_end_can_be_terminated(capture: Path) -> None:
    """A9: the connection whose handshake is in progress has no record, or one that says it failed."""
    closed = zertap("records", capture, "--format", "jsonl", "--no-switches", "--at-eof", "terminate").stdout
    records = objects(closed)
    assert sorted(event_of(record) for record in records) == [1, 1, 3, 3, 4, 4]
    (waiting_one,) = (r for r in records if common(r)["SMF119SC_SARPort"] == 50002 and event_of(r) == 3)
    assert waiting_one["TLS"]["SMF119SC_TLS_Handshake_Type"]["code"] == "03"


@pytest.mark.parametrize(("shape", "triplets"), [("V2R3", 7), ("V2R5", 8), ("3.2", 8)])
def test_records_have_the_form_of_the_release_asked_for(
    capture: Path, tmp_path: Path, shape: str, triplets: int
) -> None:
    assert zertap("records", capture, "--shape", shape, "-o", tmp_path / "x.smf").returncode == 0
    first = (tmp_path / "x.smf").read_bytes()
    assert int.from_bytes(first[24:26]) == triplets
    decoded = objects(zertap("decode", tmp_path / "x.smf").stdout)
    direct = objects(zertap("records", capture, "--shape", shape, "--format", "jsonl").stdout)
    assert decoded == direct
    failed = [record for record in decoded if "TLS" in record]
    assert len(failed) == (1 if shape == "3.2" else 0), "older releases show a failed handshake as no protection"


def test_octets_whose_layout_is_not_public_are_shown_on_request_alone(tmp_path: Path) -> None:
    record = DetailRecord(enforcement=(b"\x01\x02", b"\x03\x04"))
    (tmp_path / "x.smf").write_bytes(encode(record) + encode(DetailRecord()))
    without = zertap("decode", tmp_path / "x.smf")
    assert [list(each) for each in objects(without.stdout)] == [["SMF_HEADER", "IDENT", "COMMON"]] * 2
    (line,) = without.stderr.splitlines()
    assert line.startswith(f"{tmp_path}/x.smf: the enforcement sections of 1 records were left out")
    shown, plain = objects(zertap("decode", tmp_path / "x.smf", "--enforcement").stdout)
    assert shown["ENFORCEMENT"] == ["0102", "0304"]
    assert "ENFORCEMENT" not in plain


def common(record: dict[str, Any]) -> dict[str, Any]:
    (section,) = (section for name, section in record.items() if "COMMON" in name.upper())
    assert isinstance(section, dict)
    return section


def event_of(record: dict[str, Any]) -> int:
    (event,) = (value for name, value in common(record).items() if name.lower().endswith("event_type"))
    return int(event["code"], 16)


def octets(record: dict[str, Any]) -> list[int]:
    return sorted(value for name, value in common(record).items() if name.lower().endswith("bytes"))
