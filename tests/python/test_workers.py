"""Several workers on one capture: what comes out is what one worker would have told, octet for octet."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import zertap
from by_hand import across, lives
from wire import SECOND, START, Frame, Talk, clear, pcap, refused, waiting
from zertap._native import KINDS, Source, Tap
from zertap.configuration import load
from zertap.errors import Usage
from zertap.pipeline import Reading, Request
from zertap.plans import Plans
from zertap.schema import EVERY_FIELD

ROOT = Path(__file__).resolve().parents[2]
TOUR = ROOT / "pcaps" / "tour.pcap"
SHARED = Path(os.environ.get("ZERTAP_SHARED", ROOT.parent / "shared")) / "captures"
OWN = sorted(path for path in (ROOT / "pcaps").rglob("*.pcap*") if path.is_file())
THEIRS = sorted(path for path in SHARED.rglob("*") if path.is_file() and path.suffix != ".jsonl")
COLUMNS = (
    "connection",
    "packet",
    "first_packet",
    "ordinal",
    "kind",
    "at",
    "bytes_client_delta",
    "segments_server_delta",
)
EVERY_ROW: dict[str, Any] = {"rows": frozenset(KINDS), "interval": (SECOND, 0)}


def told(captures: Sequence[str | Path], request: Request) -> dict[str, Any]:
    """Everything that a reading tells."""
    faults: list[str] = []
    reading = Reading([*map(str, captures)], request, lambda fault: faults.append(f"{type(fault).__name__}: {fault}"))
    lines: list[bytes] = []
    columns: dict[str, list[int]] = {name: [] for name in COLUMNS}
    plans, clock = Plans(EVERY_FIELD), None
    for part in reading:
        lines.append(part.batch.jsonl(plans.of(part)))
        for name, values in columns.items():
            values.extend(part.batch.column(name))
        clock = part.clock
    reading.ledger.check()
    account = reading.ledger.to_dict()
    text = b"".join(lines)
    return {"text": text, **columns, "faults": faults, "counters": reading.counters, "account": account, "clock": clock}


def assert_alike(captures: Sequence[str | Path], workers: Sequence[int], **request: Any) -> dict[str, Any]:
    alone = told(captures, Request(**request))
    for number in workers:
        together = told(captures, Request(**request, workers=number))
        for name, value in alone.items():
            assert together[name] == value, f"{name} with {number} workers"
    return alone


def crowd(connections: int) -> list[Frame]:
    """Connections of all kinds whose packets are spread over few moments, so that timers of many come together."""
    frames: list[Frame] = []
    for number in range(connections):
        where: dict[str, Any] = {"client_port": 1024 + number % 60_000, "at": START + number % 7 * SECOND}
        kind = (clear, refused, waiting)[number % 3]
        frames += kind(**where)
        if number % 5 == 0:
            frames += Talk(port=80, **where).open().wait(11).client(b"x").frames  # the same addresses again
        if number % 11 == 0:
            frames += Talk(port=8080, client=f"192.0.2.{number % 250 + 1}", client_port=1024).frames  # nothing at all
    return frames


@pytest.mark.parametrize("mode", ["full", "zert"])
@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_our_captures(path: Path, mode: str) -> None:
    assert_alike([path], [2, 3, 8], mode=mode)
    assert_alike([path], [2, 5], mode=mode, **EVERY_ROW)


@pytest.mark.skipif(not THEIRS, reason="no shared captures (ZERTAP_SHARED)")
@pytest.mark.parametrize("mode", ["full", "zert"])
def test_shared_captures_damaged_ones_too(mode: str) -> None:
    for number, path in enumerate(THEIRS):
        assert_alike([path], [2 + number % 4], mode=mode, fingerprints=True, **EVERY_ROW)


def test_many_connections_whose_timers_come_together(tmp_path: Path) -> None:
    """Longer than what workers tell at a time, so that rows of one moment come in several messages."""
    alone = assert_alike([pcap(tmp_path / "x.pcap", crowd(4000))], [2, 3, 16], **EVERY_ROW)
    assert alone["account"]["frames"]["read"] > 3 * 8192
    due = Counter(at for at, kind in zip(alone["at"], alone["kind"], strict=True) if KINDS[kind] == "due")
    assert due.most_common(1)[0][1] > 100


def test_files_of_one_tap(tmp_path: Path) -> None:
    frames = sorted([*across(), *crowd(500)], key=lambda frame: frame[0])
    cuts = [0, 1000, 1001, len(frames)]
    files = [pcap(tmp_path / f"{first}.pcap", frames[first:last]) for first, last in zip(cuts, cuts[1:], strict=False)]
    assert_alike(files, [2, 3], chain=True, **EVERY_ROW)


def test_damage_is_told_once_behind_all_rows_before_it(tmp_path: Path) -> None:
    whole = pcap(tmp_path / "x.pcap", crowd(1500))
    whole.write_bytes(whole.read_bytes()[:-7])
    alone = assert_alike([whole], [2, 4], **EVERY_ROW)
    assert len(alone["faults"]) == 1
    assert alone["account"]["connections"]["opened"] > 1500


def test_what_is_no_capture_is_told_once(tmp_path: Path) -> None:
    foreign = tmp_path / "x.pcap"
    foreign.write_bytes(b"not a capture at all")
    assert len(assert_alike([foreign, tmp_path / "missing"], [2])["faults"]) == 2


@pytest.mark.parametrize("command", [("observe", "--format", "csv"), ("records",), ("records", "--summary")])
def test_every_output_is_the_same_file(tmp_path: Path, command: tuple[str, ...]) -> None:
    capture = pcap(tmp_path / "x.pcap", [*lives(), *crowd(900)])
    outputs = []
    for workers in ("1", "2", "0"):
        outputs.append(tmp_path / workers)
        options = ["--workers", workers, "-o", str(outputs[-1]), "--stats"]
        line = [sys.executable, "-m", "zertap", *command, str(capture), *options]
        assert b" + 0 not written" in subprocess.run(line, check=True, capture_output=True, timeout=60).stderr
    assert len({each.read_bytes() for each in outputs}) == 1


def test_connections_of_the_api_are_the_same(tmp_path: Path) -> None:
    capture = pcap(tmp_path / "x.pcap", crowd(300))
    alone, together = zertap.observe(capture), zertap.observe(capture, workers=3)
    assert [each.to_dict() for each in together] == [each.to_dict() for each in alone]
    assert together.counters == alone.counters
    with pytest.raises(Usage, match="workers"):
        zertap.observe(capture, workers=-1)


def test_a_pipe_is_read_by_one(tmp_path: Path) -> None:
    octets = pcap(tmp_path / "x.pcap", crowd(200)).read_bytes()
    line = [sys.executable, "-m", "zertap", "observe", "--format", "jsonl", "-"]
    one, two = (
        subprocess.run([*line, *more], input=octets, capture_output=True, check=True, timeout=60).stdout
        for more in ([], ["--workers", "2"])
    )
    assert one == two != b""


def test_limits_are_divided_and_the_account_balances(tmp_path: Path) -> None:
    attempts = [frame for number in range(600) for frame in Talk(client_port=2000 + number, at=START + number).frames]
    live = [
        frame for number in range(600) for frame in Talk(client_port=3000 + number, at=START + number).open().frames
    ]
    capture = pcap(tmp_path / "x.pcap", [*attempts, *live])
    found = told([capture], Request(limits={"max_connections": 100}, workers=4))
    assert found["counters"]["connections_evicted"] >= 500
    assert found["account"]["balanced"] is True


def test_no_rows_come_before_the_clock_is_known() -> None:
    """Records begin with the moment at which the capture did: whoever writes them asks with the first rows."""
    for workers in (1, 2, 3):
        tap, source, fetched = Tap({"workers": workers}), Source(str(TOUR)), 0
        more = True
        while more:
            more = tap.pump(source, 1)
            rows = len(tap.drain())
            assert not rows or tap.clock() is not None, f"{workers} workers, behind {fetched} rows"
            fetched += rows
        assert fetched


def test_such_a_tap_takes_captures_only() -> None:
    tap = Tap({"workers": 2})
    with pytest.raises(Usage, match="several workers"):
        tap.push_frame(1, 1, b"")
    with pytest.raises(Usage, match="`workers` must be"):
        Tap({"workers": 0})


def test_who_leaves_early_leaves_an_account_that_balances(tmp_path: Path) -> None:
    capture = pcap(tmp_path / "x.pcap", crowd(8000))
    before = threading.active_count()
    reading = Reading([str(capture)], Request(workers=3, **EVERY_ROW), print)
    parts = iter(reading)
    assert len(next(parts).batch) > 0
    parts.close()
    assert reading.ledger.imbalances() == []
    assert reading.ledger.rows_waiting > 0
    assert threading.active_count() == before


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_worker_at_the_same_packet(tmp_path: Path, sent: signal.Signals) -> None:
    capture = tmp_path / "x.pcap"
    once = pcap(capture, crowd(4000)).read_bytes()
    with capture.open("ab") as file:
        for _ in range(200):
            file.write(once[24:])
    out = tmp_path / "out"
    line = [sys.executable, "-m", "zertap", "observe", "--workers", "2", "--stats=json", str(capture), "-o", str(out)]
    with subprocess.Popen(line, stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 30
        while time.monotonic() < until and not (out.exists() and out.stat().st_size):
            time.sleep(0.01)
        process.send_signal(sent)
        _, err = process.communicate(timeout=60)
    account = json.loads(err.splitlines()[-1])
    assert process.returncode == 128 + sent
    assert account["balanced"] is True
    assert 0 < account["frames"]["read"] < 200 * 24_000
    assert account["rows"]["selected"] == len(out.read_bytes().splitlines()) > 0


def test_configuration_has_no_word_about_workers() -> None:
    """How many threads read is a matter of the machine, not of what is observed."""
    assert Request.of(load(None)).workers == 1
