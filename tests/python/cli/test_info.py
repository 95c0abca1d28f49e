"""``zertap info``: what captures are like, and what of them can be judged."""

import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import zertap
from wire import SECOND, START, Talk, clear, pcap, refused, waiting
from zertap.errors import CaptureUnreadable

ROOT = Path(__file__).parents[3]
CAPTURES = sorted((ROOT / "pcaps" / "captures").iterdir())
SHARED = Path(os.environ.get("ZERTAP_SHARED", ROOT.parent / "shared")) / "captures"


def run(*arguments: str | Path, status: int = 0) -> str:
    command = [sys.executable, "-m", "zertap", "info", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout


def test_it_tells_container_times_and_connections(tmp_path: Path) -> None:
    path = pcap(tmp_path / "x.pcap", [*clear(port=80), *refused(client_port=50001), *waiting(client_port=50002)])
    about = zertap.info(path)
    assert (about.container, about.compression, about.byte_order, about.damage) == ("pcap", None, "little", None)
    (interface,) = about.interfaces
    assert (interface.link_type, interface.snap_length, interface.time_resolution) == (101, 65535, "10^-6")
    assert (about.packets, about.segments, about.skipped) == (20, 20, {})
    assert (about.first, about.span) == ("2026-01-01T00:00:00.000000000Z", 0.007)
    assert (about.connections, about.judged, about.doubts, about.advice) == (3, 3, (), ())
    assert about.verdicts == {"plaintext": 1, "in_progress": 1, "failed": 1}


def test_the_command_writes_the_same_object_a_line(tmp_path: Path) -> None:
    one = pcap(tmp_path / "1.pcap", clear())
    two = pcap(tmp_path / "2.pcap", refused())
    rows = [json.loads(line) for line in run(one, two, "--format", "jsonl").splitlines()]
    assert rows == [json.loads(json.dumps(zertap.info(path).to_dict())) for path in (one, two)]
    assert {row["schema"] for row in rows} == {"zertap.capture/1"}


def test_for_people_it_says_it_in_words(tmp_path: Path) -> None:
    shown = run(pcap(tmp_path / "x.pcap", clear()))
    for words in (
        "little-endian",
        "snap length 65,535",
        "8, 8 of them TCP",
        "can be judged",
        "1 (100%)",
    ):
        assert words in shown


def test_silences_are_the_stretches_asked_for(tmp_path: Path) -> None:
    talk = Talk().open().wait(30).client(b"HELO\r\n").wait(100).server(b"250\r\n").close()
    path = pcap(tmp_path / "x.pcap", talk.frames)
    assert [each.packet for each in zertap.info(path).longest_silences] == [5]
    about = zertap.info(path, silence=20)
    assert (about.silences, [round(each.seconds) for each in about.longest_silences]) == (2, [100, 30])
    assert about.longest_silences[0].start == "2026-01-01T00:00:30.003000000Z"


def records(frames: list[tuple[int, bytes]], snap: int = 65535) -> bytes:
    """A pcap of *frames* as they come, cut at *snap*."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snap, 101)
    return head + b"".join(
        struct.pack("<IIII", at // SECOND, at % SECOND // 1000, len(packet[:snap]), len(packet)) + packet[:snap]
        for at, packet in frames
    )


def test_a_clock_that_steps_back_is_told(tmp_path: Path) -> None:
    frames = clear()
    frames[3] = (START - 2 * SECOND, frames[3][1])
    path = tmp_path / "x.pcap"
    path.write_bytes(records(frames))
    about = zertap.info(path)
    assert (about.steps_back.count, about.steps_back.packet) == (1, 4)
    assert about.steps_back.largest_seconds == pytest.approx(2.002)
    assert any("steps back" in each for each in about.advice)


def test_a_short_snap_length_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(records([*refused(), *waiting(client_port=50001)], snap=64))
    about = zertap.info(path)
    assert about.interfaces[0].kept_of_cut == 64 and about.cut and about.with_cuts
    assert any("cut at 64 octets" in each and "-s 0" in each for each in about.advice)
    assert "-s 0" in run(path)


def test_one_direction_and_no_beginning_are_told(tmp_path: Path) -> None:
    client = [
        frame
        for frame in Talk().open().client(b"x" * 50).client(b"y" * 50).frames
        if frame[1][12:16] == bytes([192, 0, 2, 1])
    ]
    path = pcap(tmp_path / "x.pcap", client[2:])
    about = zertap.info(path)
    assert (about.connections, about.one_sided, about.midstream) == (1, 1, 1)
    assert about.judged == 0 and sum(each.connections for each in about.doubts) == 1
    assert len([each for each in about.advice if "direction" in each or "began before" in each]) == 2


def test_damage_is_told_and_what_stood_before_it_is_counted(tmp_path: Path) -> None:
    path = pcap(tmp_path / "x.pcap", clear())
    path.write_bytes(path.read_bytes()[:-10])
    (row,) = [json.loads(line) for line in run(path, "--format", "jsonl", status=4).splitlines()]
    assert row["packets"] == len(clear()) - 1 and "offset" in row["damage"]
    assert zertap.info(path).damage == row["damage"]


def test_what_is_no_capture_is_status_3_and_does_not_stop_the_next(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no capture, but long enough to have a header\n")
    good = pcap(tmp_path / "x.pcap", clear())
    assert len(run(tmp_path / "text", good, "--format", "jsonl", status=3).splitlines()) == 1
    with pytest.raises(CaptureUnreadable):
        zertap.info(tmp_path / "text")


def test_an_empty_capture_is_no_reason_to_fail(tmp_path: Path) -> None:
    about = zertap.info(pcap(tmp_path / "x.pcap", []))
    assert (about.packets, about.first, about.span, about.connections) == (0, None, None, 0)
    assert about.advice
    assert "none" in run(tmp_path / "x.pcap")


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_the_numbers_add_up_and_agree_with_what_is_observed(path: Path) -> None:
    about, observed = zertap.info(path), zertap.observe(path)
    assert about.packets == about.segments + sum(about.skipped.values()) == observed.counters["frames"]
    assert about.packets == sum(each.packets for each in about.interfaces)
    assert (about.connections, about.verdicts) == (len(observed), observed.summary())
    assert about.connections - about.judged == sum(each.connections for each in about.doubts)
    flags = [each.flags for each in observed]
    assert about.one_sided == sum("one_sided" in each for each in flags)
    assert about.midstream == sum("midstream" in each for each in flags)
    assert about.with_cuts == sum("truncated" in each for each in flags)
    assert about.with_gaps == sum("gap" in each and "truncated" not in each for each in flags)


@pytest.mark.parametrize("path", CAPTURES[:12], ids=lambda path: path.name)
def test_capinfos_counts_the_same(path: Path) -> None:
    if shutil.which("capinfos") is None:
        pytest.skip("capinfos (wireshark-common) is not installed")
    command = ["capinfos", "-T", "-r", "-M", "-c", "-a", "-e", "-S", "-d", "-s", "-B", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    cells: list[Any] = done.stdout.split("\n")[0].split("\t")
    about = zertap.info(path)
    assert str(about.packets) in cells
    assert str(sum(each.wire_bytes for each in about.interfaces)) in cells
