"""What is damaged, hostile or no capture at all ends in the right exit status and at most one plain line, never worse.

The promise of the issue's chapter "Bad input": one line on standard error with file, offset and reason, quickly, and
every row before the damage is delivered. Commands run in this process where nothing but the input matters, and as
programs of their own where descriptors, limits or signals do.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from differential.oracle import CAPTURES
from wire import pcap, refused, waiting
from zertap import cli

OK, UNREADABLE, DAMAGED, OUTPUT_FAILED = 0, 3, 4, 5
SECONDS = 2.0
HOME = Path(__file__).resolve().parents[2] / "pcaps/captures"
CORRUPT = CAPTURES / "corrupt"
FILES = sorted(path for path in CORRUPT.rglob("*") if path.is_file())
without_shared = pytest.mark.skipif(not FILES, reason=f"no damaged captures in {CORRUPT} (ZERTAP_SHARED)")

# tshark's word on a file (its exit status 2: damaged) where ours differs, with the reason.
_FUZZED = "corrupt/seladb-PcapPlusPlus/Tests/Fuzzers/RegressionTests/regression_samples/clusterfuzz-testcase-minimized-"
JUDGED_OTHERWISE = {
    "corrupt/mutated/empty-file.pcap": "an empty file is no capture (FILE-06)",
    "corrupt/mutated/magic-cut.pcap": "three octets are no capture (FILE-06)",
    "corrupt/mutated/pcapng-shb-cut.pcapng": "cut inside the section header: nothing can be read",
    "corrupt/mutated/tls-concat.pcap": "a second file header is recognised and read on (FILE-07)",
    "corrupt/mutated/tls-double-header.pcap": "a second file header is recognised and read on (FILE-07)",
    f"{_FUZZED}FuzzTarget-5766899836387328": "pcap 2.3: of its two lengths the smaller was captured, as in libpcap",
}

Capsys = pytest.CaptureFixture[str]
Row = dict[str, Any]


def _observe(capsys: Capsys, *arguments: str | Path) -> tuple[int, list[Row], list[str]]:
    """``zertap observe`` in this process: status, rows, lines on standard error."""
    status = cli.main(["observe", "--format", "jsonl", *map(str, arguments)])
    out, err = capsys.readouterr()
    return status, [json.loads(line) for line in out.splitlines()], err.splitlines()


def _program(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zertap", "observe", "--format", "jsonl", *map(str, arguments)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(command, text=True, timeout=60, check=False, **options)


def _assert_plain(path: Path | str, status: int, lines: list[str]) -> None:
    """Silence goes with success; otherwise one line that names the file, and the place where there is one."""
    assert status in {OK, UNREADABLE, DAMAGED}
    assert len(lines) == (status != OK), lines
    for line in lines:
        place = r": offset \d+: " if status == DAMAGED else ": "
        assert re.match(re.escape(str(path)) + place + r"\S", line), line
        assert "Traceback" not in line and "panicked" not in line and line.isprintable()


@without_shared
@pytest.mark.parametrize("path", FILES, ids=[path.relative_to(CORRUPT).as_posix() for path in FILES])
def test_a_damaged_capture_ends_plainly_and_soon(path: Path, capsys: Capsys) -> None:
    begun = time.monotonic()
    status, rows, lines = _observe(capsys, path)
    assert time.monotonic() - begun < SECONDS
    _assert_plain(path, status, lines)
    assert not rows or status != UNREADABLE


@without_shared
def test_damaged_are_the_files_that_tshark_calls_damaged(capsys: Capsys) -> None:
    """Of the whole set at once: a reader that stops early, or reads on through nonsense, shows here."""
    surprising, needed = [], set()
    for path in FILES:
        name = path.relative_to(CAPTURES).as_posix()
        with (CAPTURES / "expected" / f"{name}.jsonl").open() as told:
            theirs = json.loads(told.readline())["tshark_rc"] != 0
        status, _, lines = _observe(capsys, path)
        if any("link type" in line for line in lines):
            continue  # tshark reads more link types than we do
        if theirs == (status in {UNREADABLE, DAMAGED}):
            continue
        needed.add(name)
        if name not in JUDGED_OTHERWISE:
            surprising.append(f"{name}: tshark says {'damaged' if theirs else 'sound'}, ours {status} {lines}")
    assert not surprising, "\n".join(surprising)
    assert needed == set(JUDGED_OTHERWISE), "a stale reason"


@without_shared
@pytest.mark.parametrize("path", FILES[::25], ids=[path.name for path in FILES[::25]])
def test_the_program_itself_is_as_plain_and_as_quick(path: Path) -> None:
    begun = time.monotonic()
    done = _program(path)
    assert time.monotonic() - begun < SECONDS
    _assert_plain(path, done.returncode, done.stderr.splitlines())


def test_rows_before_a_cut_are_those_of_the_file_that_ends_there(tmp_path: Path, capsys: Capsys) -> None:
    """Cut inside a record, in its header or its body: the rows are those of all records before it."""
    whole = (HOME / "tls12-full.pcap").read_bytes()
    for border, following in zip(_borders(whole), _borders(whole)[1:], strict=False):
        sound = tmp_path / "sound.pcap"
        sound.write_bytes(whole[:border])
        status, expected, lines = _observe(capsys, sound)
        assert (status, lines) == (OK, [])
        for cut in (border + 1, border + 15, border + 16, (border + following) // 2, following - 1):
            damaged = tmp_path / "damaged.pcap"
            damaged.write_bytes(whole[:cut])
            status, rows, lines = _observe(capsys, damaged)
            assert status == DAMAGED, cut
            _assert_plain(damaged, status, lines)
            assert f": offset {border}: " in lines[0]
            assert [row | {"file": ""} for row in rows] == [row | {"file": ""} for row in expected]


def _borders(capture: bytes) -> list[int]:
    """Offsets at which the records of a little-endian pcap file begin, and its end."""
    borders = [24]
    while borders[-1] < len(capture):
        (length,) = struct.unpack_from("<I", capture, borders[-1] + 8)
        borders.append(borders[-1] + 16 + length)
    return borders


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"hello, this is not a capture\n",
        b"\x7fELF" + bytes(100),
        b"\xd4\xc3\xb2\xa1",
        b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(15),
        b"\x0a\x0d\x0d\x0a",
        bytes(4096),
        gzip.compress(b"", mtime=0),
        gzip.compress(b"not a capture either", mtime=0),
        b"\x1f\x8b",
        b"\x28\xb5\x2f\xfd",
        b"\x28\xb5\x2f\xfd" + b"\xff" * 40,
    ],
    ids=lambda content: content[:8].hex() or "empty",
)
def test_what_is_no_capture_is_unreadable(content: bytes, tmp_path: Path, capsys: Capsys) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    status, rows, lines = _observe(capsys, path)
    assert (status, rows) == (UNREADABLE, [])
    _assert_plain(path, status, lines)


def _absent(folder: Path) -> Path:
    return folder / "absent.pcap"


def _directory(folder: Path) -> Path:
    return folder


def _below_a_file(folder: Path) -> Path:
    (folder / "file").write_bytes(b"")
    return folder / "file" / "x.pcap"


def _loop(folder: Path) -> Path:
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


@pytest.mark.parametrize("make", [_absent, _directory, _below_a_file, _loop])
def test_what_cannot_be_opened_is_unreadable(make: Callable[[Path], Path], tmp_path: Path, capsys: Capsys) -> None:
    path = make(tmp_path)
    status, rows, lines = _observe(capsys, path)
    assert (status, rows) == (UNREADABLE, [])
    _assert_plain(path, status, lines)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_unreadable(tmp_path: Path, capsys: Capsys) -> None:
    path = pcap(tmp_path / "x.pcap", refused())
    path.chmod(stat.S_IWUSR)
    status, rows, lines = _observe(capsys, path)
    assert (status, rows) == (UNREADABLE, [])
    _assert_plain(path, status, lines)


def test_a_link_type_that_nobody_reads_is_unreadable(tmp_path: Path, capsys: Capsys) -> None:
    """FILE-06. A capture of USER0 packets must not look like a capture without connections."""
    path = pcap(tmp_path / "x.pcap", refused())
    octets = bytearray(path.read_bytes())
    octets[20:24] = (147).to_bytes(4, "little")
    path.write_bytes(octets)
    status, rows, lines = _observe(capsys, path)
    assert (status, rows) == (UNREADABLE, [])
    _assert_plain(path, status, lines)
    assert "147" in lines[0]


@pytest.mark.parametrize("claim", [262_145 * 64, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
def test_an_absurd_length_is_damage_and_allocates_nothing(claim: int, tmp_path: Path) -> None:
    """FILE-08. The program gets less memory than the record claims, so believing the claim would show."""
    path = pcap(tmp_path / "x.pcap", [*refused(), *waiting(client_port=50001)])
    begin = path.stat().st_size
    with path.open("ab") as file:
        file.write(struct.pack("<IIII", 0, 0, claim, claim) + bytes(64))

    def little_memory() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

    done = _program(path, preexec_fn=little_memory)
    assert done.returncode == DAMAGED
    _assert_plain(path, done.returncode, done.stderr.splitlines())
    assert f"offset {begin}:" in done.stderr
    assert [json.loads(line)["verdict"] for line in done.stdout.splitlines()] == ["failed", "in_progress"]


def test_an_altered_gzip_stream_is_damage_after_the_rows_before_it(tmp_path: Path, capsys: Capsys) -> None:
    octets = bytearray(gzip.compress((HOME / "tls12-full.pcap").read_bytes()))
    for change in (octets[:-4], octets[:-12], octets[: len(octets) // 2], octets[:-8] + b"\0" * 8):
        path = tmp_path / "x.pcap.gz"
        path.write_bytes(change)
        status, rows, lines = _observe(capsys, path)
        assert status == DAMAGED
        _assert_plain(path, status, lines)
        assert [row["verdict"] for row in rows] in (["protected"], ["in_progress"])


def test_standard_input_that_is_closed_empty_or_no_capture_is_unreadable() -> None:
    def close() -> None:
        os.close(0)

    for options in ({"preexec_fn": close}, {"stdin": subprocess.DEVNULL}, {"input": "no capture"}):
        done = _program("-", **options)
        assert (done.returncode, done.stdout) == (UNREADABLE, ""), options
        _assert_plain("standard input", done.returncode, done.stderr.splitlines())


def test_standard_input_that_breaks_off_is_damage_after_the_rows_before_it(tmp_path: Path) -> None:
    path = pcap(tmp_path / "x.pcap", [*refused(), *waiting(client_port=50001)])
    with subprocess.Popen(
        ["/usr/bin/head", "-c", str(path.stat().st_size - 3), path], stdout=subprocess.PIPE
    ) as writer:
        done = _program("-", stdin=writer.stdout)
    assert done.returncode == DAMAGED
    _assert_plain("standard input", done.returncode, done.stderr.splitlines())
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize("form", ["jsonl", "csv", "arrow", "table"])
@pytest.mark.parametrize("how", ["standard output", "--output"])
def test_an_output_that_is_full_is_status_5_and_one_line(form: str, how: str, tmp_path: Path) -> None:
    path = pcap(tmp_path / "x.pcap", refused())
    if how == "--output":
        done = _program("--format", form, "--output", "/dev/full", path)
    else:
        with Path("/dev/full").open("w") as full:
            done = _program("--format", form, path, stdout=full)
    assert done.returncode == OUTPUT_FAILED
    (line,) = done.stderr.splitlines()
    assert re.match(r"(standard output|/dev/full): No space left", line)


def test_a_name_with_line_breaks_stays_one_line(tmp_path: Path, capsys: Capsys) -> None:
    status, _, lines = _observe(capsys, tmp_path / "a\nb\x1b[31m.pcap")
    assert status == UNREADABLE
    assert len(lines) == 1
    assert lines[0].isprintable()


def test_one_bad_input_stops_no_other_and_each_says_its_own_line(tmp_path: Path, capsys: Capsys) -> None:
    good = pcap(tmp_path / "good.pcap", refused())
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(good.read_bytes()[:-1])
    none = tmp_path / "none.pcap"
    status, rows, lines = _observe(capsys, none, cut, good)
    assert status == DAMAGED
    assert [row["file"] for row in rows] == [str(cut), str(good)]
    assert [line.split(":")[0] for line in lines] == [str(none), str(cut)]
