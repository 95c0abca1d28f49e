"""``zertap observe`` as its users meet it: a program with output, one-line complaints and an exit status."""

import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from wire import Talk, clear, pcap, refused, waiting
from zertap.schema import FIELDS, VERSION


def zertap(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(arguments), capture_output=True, text=True, timeout=60, check=False, **options)


def command(arguments: Sequence[str | Path]) -> list[str]:
    return [sys.executable, "-m", "zertap", *map(str, arguments)]


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return pcap(tmp_path / "x.pcap", [*clear(port=80), *refused(client_port=50001), *waiting(client_port=50002)])


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = pcap(tmp_path / "cut.pcap", clear())
    path.write_bytes(path.read_bytes()[:-10])
    return path


def test_piped_it_writes_one_json_object_a_connection(capture: Path) -> None:
    done = zertap("observe", capture)
    assert (done.returncode, done.stderr) == (0, "")
    rows = objects(done.stdout)
    assert [row["verdict"] for row in rows] == ["plaintext", "failed", "in_progress"]
    assert rows[1]["tls"]["sni"] == "example.org"
    assert (rows[1]["reason"], rows[1]["gave_up"]) == ("alert", "server")
    assert {row["schema"] for row in rows} == {VERSION}


def test_every_object_has_every_key_of_the_schema_in_order(capture: Path) -> None:
    top = list(dict.fromkeys(field.path.split(".")[0] for field in FIELDS))
    for row in objects(zertap("observe", capture).stdout):
        assert list(row) == top
        for group in ("tls", "ssh"):
            names = [field.path.split(".")[1] for field in FIELDS if field.path.startswith(f"{group}.")]
            assert (row[group] is None) == (row["protocol"] != group)
            assert row[group] is None or list(row[group]) == names


def test_the_same_input_gives_the_same_output(capture: Path) -> None:
    assert zertap("observe", capture).stdout == zertap("observe", capture).stdout


def test_csv_has_the_same_connections(capture: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(zertap("observe", capture, "--format", "csv").stdout)))
    assert [row["verdict"] for row in rows] == ["plaintext", "failed", "in_progress"]
    assert rows[1]["tls_sni"] == "example.org"


def test_chosen_fields_and_connections_only(capture: Path) -> None:
    done = zertap("observe", capture, "--fields", "verdict,tls.sni", "--where", "tls.sni == 'example.org'")
    sni = {"sni": "example.org"}
    assert objects(done.stdout) == [{"verdict": "failed", "tls": sni}, {"verdict": "in_progress", "tls": sni}]


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("failed", 1),
        ("undetermined", 0),
        ("ended_clear,plaintext", 1),
        ("server_port == 80", 1),
        ("server_port == 1", 0),
    ],
)
def test_findings_are_status_1_and_all_is_written(capture: Path, condition: str, status: int) -> None:
    done = zertap("observe", capture, "--fail-on", condition)
    assert (done.returncode, len(objects(done.stdout))) == (status, 3)


def test_only_connections_that_are_shown_are_findings(capture: Path) -> None:
    assert zertap("observe", capture, "--where", "verdict == 'plaintext'", "--fail-on", "failed").returncode == 0


def test_output_goes_to_a_file(capture: Path, tmp_path: Path) -> None:
    done = zertap("observe", capture, "-o", tmp_path / "out")
    assert (done.stdout, len(objects((tmp_path / "out").read_text()))) == ("", 3)


def test_standard_input_is_a_capture(capture: Path) -> None:
    with capture.open("rb") as file:
        done = zertap("observe", "-", stdin=file)
    assert [row["file"] for row in objects(done.stdout)] == ["-"] * 3


def test_several_captures_are_separate_and_the_worst_status_wins(capture: Path, damaged: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no capture, but long enough to have a header\n")
    done = zertap("observe", damaged, tmp_path / "text", tmp_path / "absent", capture)
    assert done.returncode == 4
    assert [Path(row["file"]).name for row in objects(done.stdout)] == ["cut.pcap", "x.pcap", "x.pcap", "x.pcap"]
    lines = done.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] == [str(damaged), f"{tmp_path}/text", f"{tmp_path}/absent"]
    assert ": offset " in lines[0]


def test_a_chain_lets_a_connection_cross_from_file_to_file(tmp_path: Path) -> None:
    frames = clear()
    first, second = pcap(tmp_path / "1.pcap", frames[:4]), pcap(tmp_path / "2.pcap", frames[4:])
    apart = objects(zertap("observe", first, second).stdout)
    (whole,) = objects(zertap("observe", "--chain", first, second).stdout)
    assert len(apart) == 2
    assert (whole["closed"], whole["file"], whole["first_packet"]) == ("fin", str(first), 1)


def test_events_follow_the_ten_second_rule(tmp_path: Path) -> None:
    talk = Talk().open().client(b"HELO\r\n").wait(30).server(b"250\r\n").close()
    (row,) = objects(zertap("observe", pcap(tmp_path / "x.pcap", talk.frames)).stdout)
    shown = [(event["type"], event["at"][:19], event["protocol"]) for event in row["events"]]
    assert shown == [(1, "2026-01-01T00:00:10", "none"), (3, "2026-01-01T00:00:30", "none")]


@pytest.mark.parametrize("content", [b"", b"\xd4", b"hello world, this is no capture", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_capture_is_status_3_and_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    done = zertap("observe", tmp_path / "x")
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{tmp_path}/x: ")


@pytest.mark.parametrize("name", ["", "absent"])
def test_a_directory_or_a_missing_file_is_status_3(tmp_path: Path, name: str) -> None:
    done = zertap("observe", tmp_path / name)
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 1)


def test_damage_is_status_4_after_everything_before_it(damaged: Path) -> None:
    done = zertap("observe", damaged)
    assert done.returncode == 4
    (row,) = objects(done.stdout)
    assert (row["verdict"], row["bytes_client"]) == ("plaintext", 18)
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{damaged}: offset ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["observe"],
        ["observe", "x", "--nothing"],
        ["observe", "x", "--format", "xml"],
        ["observe", "x", "--mode", "half"],
        ["observe", "x", "--where", "verdict = 1"],
        ["observe", "x", "--where", "verdict == unquoted"],
        ["observe", "x", "--fail-on", "nonsense"],
        ["observe", "x", "--fields", "verdict,nothing"],
        ["observe", "x", "--fields", "verdict", "--format", "table"],
        ["observe", "-", "-"],
        ["nothing"],
    ],
)
def test_a_wrong_command_line_is_status_2_and_one_line(arguments: list[str]) -> None:
    done = zertap(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("zertap: ")


def test_a_capture_is_never_overwritten(capture: Path) -> None:
    before = capture.read_bytes()
    assert zertap("observe", capture, "-o", capture).returncode == 2
    assert capture.read_bytes() == before


@pytest.mark.parametrize("form", ["jsonl", "csv", "table", "arrow"])
def test_a_full_disk_is_status_5_and_one_line(capture: Path, form: str) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device
        done = subprocess.run(
            command(["observe", capture, "-f", form]), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 5
    (line,) = done.stderr.decode().splitlines()
    lost = r"standard output: No space left on device(: (\d+) of \2 rows not written)?"
    assert re.fullmatch(lost, line), line


def test_an_output_that_cannot_be_opened_is_status_5(capture: Path, tmp_path: Path) -> None:
    done = zertap("observe", capture, "-o", tmp_path / "absent" / "out")
    assert (done.returncode, len(done.stderr.splitlines())) == (5, 1)


def test_a_reader_who_leaves_is_no_failure(tmp_path: Path) -> None:
    many = [frame for n in range(400) for frame in clear(client_port=20000 + n)]
    path = pcap(tmp_path / "many.pcap", many)
    process = subprocess.Popen(command(["observe", path]), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_flushes_and_sums_up(tmp_path: Path, sent: signal.Signals, status: int) -> None:
    """The input is a pipe that stays open, as a live feed would: what was read comes out all the same."""
    content = pcap(tmp_path / "x.pcap", [*clear(), *waiting(client_port=50001)]).read_bytes()
    with subprocess.Popen(
        command(["observe", "-"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(content)
        process.stdin.flush()
        time.sleep(1.5)
        process.send_signal(sent)
        rows = objects(process.stdout.read().decode())
        (line,) = process.stderr.read().decode().splitlines()
    assert process.returncode == status
    assert [row["verdict"] for row in rows] == ["plaintext", "in_progress"]
    assert line.startswith(f"zertap: {sent.name}: stopped early: 2 connections written")


def test_a_bug_of_ours_is_status_70_and_one_line_without_traceback(capture: Path) -> None:
    broken = "import sys, zertap.cli, zertap.cli.observe as it; it.run = None; sys.exit(zertap.cli.main())"
    done = subprocess.run(
        [sys.executable, "-c", broken, "observe", str(capture)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 70
    (line,) = done.stderr.splitlines()
    assert line.startswith("zertap: internal error: TypeError: 'NoneType' object is not callable")
    assert "zertap --version" in line


def test_parquet_without_its_package_names_the_extra(capture: Path) -> None:
    hidden = "import sys, zertap.cli; sys.modules['duckdb'] = None; sys.exit(zertap.cli.main())"
    arguments = [sys.executable, "-c", hidden, "observe", str(capture), "--format", "parquet"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "zertap[parquet]" in done.stderr


def test_parquet_reads_back(capture: Path, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="the optional package duckdb is not installed")
    assert zertap("observe", capture, "--format", "parquet", "-o", tmp_path / "x.parquet").returncode == 0
    found = duckdb.sql(f"SELECT verdict, tls_sni FROM '{tmp_path}/x.parquet'").fetchall()
    assert found == [("plaintext", None), ("failed", "example.org"), ("in_progress", "example.org")]


def test_arrow_reads_back(capture: Path, tmp_path: Path) -> None:
    polars = pytest.importorskip("polars", reason="the optional package polars is not installed")
    assert zertap("observe", capture, capture, "--format", "arrow", "-o", tmp_path / "x.arrows").returncode == 0
    frame = polars.read_ipc_stream(tmp_path / "x.arrows")
    assert frame["verdict"].to_list() == ["plaintext", "failed", "in_progress"] * 2
    assert frame.columns[: len(FIELDS)][0] == "schema"


def test_on_a_terminal_it_prints_a_table(capture: Path) -> None:
    shown = on_a_terminal("observe", capture)
    for words in ("3 connections", "Failed handshakes", "example.org", "handshake_failure", "\x1b["):
        assert words in shown
    assert not shown.lstrip().startswith("{")


def on_a_terminal(*arguments: str | Path) -> str:
    """What appears on a terminal 140 characters wide."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "140", "TERM": "xterm"}
    with subprocess.Popen(command(arguments), stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # Linux reports the other end's closing so
            pass
        os.close(ours)
    assert process.returncode == 0
    return shown.decode()


def test_version_and_help() -> None:
    assert zertap("--version").stdout.startswith("zertap 0.")
    for arguments in (["--help"], ["observe", "--help"], ["records", "--help"], ["decode", "--help"]):
        done = zertap(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Usage" in done.stdout
