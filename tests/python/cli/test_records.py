"""``zertap records`` and ``zertap decode``: connection detail records, and back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wire import Talk, clear, pcap, refused, waiting


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
    assert len(objects(decoded.stdout)) == 4


def test_each_connection_has_the_records_of_its_events(capture: Path) -> None:
    """Short and clear, short and refused: one record each. In progress: none. Long: at ten seconds and at its end."""
    plain = objects(zertap("observe", capture).stdout)
    events = sorted(event["type"] for row in plain for event in row["events"])
    records = objects(zertap("records", capture, "--format", "jsonl").stdout)
    assert sorted(event_of(record) for record in records) == events == [1, 3, 4, 4]


def test_a_record_at_ten_seconds_has_the_counters_of_that_moment(capture: Path) -> None:
    records = objects(zertap("records", capture, "--format", "jsonl").stdout)
    first, last = (record for record in records if event_of(record) in (1, 3))
    assert [octets(first), octets(last)] == [[0, 6], [6, 8]]


def test_the_local_side_is_the_servers_unless_networks_are_named(capture: Path) -> None:
    by_server = zertap("records", capture, "--format", "jsonl").stdout
    both = zertap(
        "records", capture, "--format", "jsonl", "--local", "192.0.2.0/24", "--local", "198.51.100.0/24"
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
    assert (done.returncode, len(objects(done.stdout))) == (4, 3)
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{tmp_path}/x.smf: offset ")


@pytest.mark.parametrize("content", [b"", b"this is no file of records, it is text", bytes(64)])
def test_what_holds_no_records_is_status_3(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    done = zertap("decode", tmp_path / "x")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)


def test_a_missing_file_is_status_3(tmp_path: Path) -> None:
    assert zertap("decode", tmp_path / "absent").returncode == 3


def test_a_bad_network_is_status_2(capture: Path) -> None:
    assert zertap("records", capture, "--local", "nowhere").returncode == 2


def test_readable_records_have_plain_names(capture: Path, tmp_path: Path) -> None:
    zertap("records", capture, "-o", tmp_path / "x.smf")
    first = objects(zertap("decode", tmp_path / "x.smf", "--readable").stdout)[0]
    assert first["record"] == "119-11"
    assert first["common"]["remote_address"] == "192.0.2.1"


def common(record: dict[str, Any]) -> dict[str, Any]:
    (section,) = (section for name, section in record.items() if "COMMON" in name.upper())
    assert isinstance(section, dict)
    return section


def event_of(record: dict[str, Any]) -> int:
    (event,) = (value for name, value in common(record).items() if name.lower().endswith("event_type"))
    return int(event["code"], 16)


def octets(record: dict[str, Any]) -> list[int]:
    return sorted(value for name, value in common(record).items() if name.lower().endswith("bytes"))
