"""Outputs that fail: full disks, readers who leave, a program that is killed. What is written reads back."""

import os
import re
import resource
import signal
import subprocess
from pathlib import Path

import pytest

from faults.programs import feed, many, run, start, until, whole_records

CONNECTIONS = 600


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faults") / "many.pcap"
    path.write_bytes(many(CONNECTIONS))
    return path


def small_files(octets: int) -> None:
    """A file may grow to so many octets: what comes then is refused, after as much as fits was taken."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))


EXACTLY = ("records", "--no-switches")
"""Records of connections alone: as many as there are connections."""


def full_at(octets: int, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return run(*arguments, preexec_fn=lambda: small_files(octets))


@pytest.mark.parametrize("room", [0, 1000, 50_000])
def test_a_full_disk_is_one_line_with_the_exact_number_of_records_not_written(
    capture: Path, tmp_path: Path, room: int
) -> None:
    done = full_at(room, *EXACTLY, capture, "-o", tmp_path / "x.smf")
    (line,) = done.stderr.decode().splitlines()
    told = re.fullmatch(r".*/x\.smf: File too large: ([\d,]+) of ([\d,]+) records not written", line)
    assert told, line
    lost, given = (int(number.replace(",", "")) for number in told.groups())
    assert (done.returncode, given) == (5, CONNECTIONS)
    if not room:
        assert lost == given
        return
    status, whole, lines = whole_records(tmp_path / "x.smf")
    assert whole == given - lost
    assert (status, len(lines)) in {(0, 0), (4, 1)}
    assert not lines or re.search(r": offset \d+: ", lines[0])


@pytest.mark.parametrize(("form", "lines_before"), [("jsonl", 0), ("csv", 1)])
def test_a_full_disk_loses_exactly_the_rows_that_are_told(
    capture: Path, tmp_path: Path, form: str, lines_before: int
) -> None:
    output = tmp_path / "x"
    done = full_at(30_000, "observe", capture, "--format", form, "-o", output)
    (line,) = done.stderr.decode().splitlines()
    lost = int(re.sub(r".*: ([\d,]+) of 600 rows not written", r"\1", line).replace(",", ""))
    assert done.returncode == 5
    assert output.read_bytes().count(b"\n") - lines_before == CONNECTIONS - lost
    assert 0 < lost < CONNECTIONS


def test_a_device_that_is_full_takes_nothing(capture: Path) -> None:
    done = run(*EXACTLY, capture, "-o", "/dev/full")
    assert done.returncode == 5
    assert done.stderr.decode() == "/dev/full: No space left on device: 600 of 600 records not written\n"
    # The record that discovery was enabled comes first, and by itself.
    done = run("records", capture, "-o", "/dev/full")
    assert done.returncode == 5
    assert done.stderr.decode() == "/dev/full: No space left on device: 1 of 1 records not written\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_small_disk_that_fills_up(capture: Path, tmp_path: Path) -> None:
    mount = tmp_path / "disk"
    mount.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", mount], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no small disk: {made.stderr.decode().strip()}")
    try:
        done = run(*EXACTLY, capture, "-o", mount / "x.smf")
        told = re.search(r"No space left on device: (\d+) of 600 records not written", done.stderr.decode())
        assert told, done.stderr
        _, whole, _ = whole_records(mount / "x.smf")
        assert (done.returncode, whole) == (5, 600 - int(told[1]))
    finally:
        subprocess.run(["umount", mount], check=True)


@pytest.mark.parametrize("command", [("records",), ("observe", "--format", "jsonl"), ("observe", "--format", "csv")])
def test_a_reader_who_leaves_is_quiet(capture: Path, command: tuple[str, ...]) -> None:
    process = start(*command, capture)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    assert (process.wait(timeout=60), err) == (0, b"")


@pytest.mark.parametrize("command", [("layout",), ("config", "show"), ("--help",)])
def test_a_reader_who_leaves_a_page_is_quiet(command: tuple[str, ...]) -> None:
    process = start(*command)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    assert (process.wait(timeout=60), err) == (0, b"")


def test_a_program_that_is_killed_leaves_whole_records_and_at_most_one_part(tmp_path: Path) -> None:
    output = tmp_path / "x.smf"
    process = start("records", "-", "-o", output)
    feed(process.stdin, many(8_000))
    until(lambda: output.exists() and output.stat().st_size > 200_000)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    status, whole, lines = whole_records(output)
    assert whole > 100
    assert (status, len(lines)) in {(0, 0), (4, 1)}
    for line in lines:
        assert re.match(re.escape(str(output)) + r": offset \d+: ", line)


def test_a_file_cut_anywhere_in_its_last_record_names_where_that_record_begins(capture: Path, tmp_path: Path) -> None:
    output = tmp_path / "x.smf"
    assert run("records", capture, "-o", output).returncode == 0
    content = output.read_bytes()
    begins = ends = 0
    while ends < len(content) and ends < 2_000:
        begins, ends = ends, ends + int.from_bytes(content[ends : ends + 2])
    complete = _records(content[:begins])
    for cut in (begins + 1, begins + 4, ends - 1):
        output.write_bytes(content[:cut])
        status, whole, (line,) = whole_records(output)
        assert (status, whole) == (4, complete)
        assert f": offset {begins}: " in line


def _records(content: bytes) -> int:
    """Records by their descriptor words."""
    number = at = 0
    while at < len(content):
        at += int.from_bytes(content[at : at + 2])
        number += 1
    return number
