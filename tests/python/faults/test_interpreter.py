"""What a program may do to the interpreter that holds us: threads, fork, exceptions out of callbacks, an early end."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

import pytest

import zertap
from faults.programs import many
from wire import RAW_IP, clear, refused
from zertap._native import Source, Tap
from zertap.errors import OutputFailed, ZertapError
from zertap.ledger import Outlet
from zertap.pipeline import Reading, Request, Selection, Watch, deliver
from zertap.plans import Part

CONNECTIONS = 200


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "x.pcap"
    path.write_bytes(many(CONNECTIONS))
    return path


def script(text: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_threads_that_observe_the_same_capture_see_the_same(capture: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: [row.to_dict() for row in zertap.observe(capture)], range(8)))
    assert len(seen[0]) == CONNECTIONS
    assert all(rows == seen[0] for rows in seen)


def test_one_tap_in_two_threads_at_once_is_refused_and_not_broken() -> None:
    """The second call finds the tap in use: an exception of Python, never a torn state."""
    reader, writer = os.pipe()
    tap = Tap()
    source: list[Source] = []
    os.write(writer, many(3))
    opened = Source(f"/dev/fd/{reader}")
    source.append(opened)
    pumping = threading.Thread(target=lambda: tap.pump(opened, 1_000_000), daemon=True)
    pumping.start()
    refusals = 0
    for _ in range(1000):
        try:
            tap.counters()
        except RuntimeError:
            refusals += 1
        if refusals:
            break
    os.close(writer)
    pumping.join(timeout=30)
    assert not pumping.is_alive()
    assert refusals
    tap.finish()
    assert len(tap.drain()) == 3
    assert tap.ledger()["opened"] == 3


def test_a_child_of_a_fork_goes_on_with_what_its_parent_had() -> None:
    text = """
import os, sys, zertap
tap = zertap.Tap()
from wire import RAW_IP, refused
frames = refused()
for at, packet in frames[:4]:
    tap.push_frame(at, packet, link=RAW_IP)
child = os.fork()
for at, packet in frames[4:]:
    tap.push_frame(at, packet, link=RAW_IP)
tap.finish()
verdicts = [each.verdict for each in tap.drain()]
if child == 0:
    os._exit(0 if verdicts == ["failed"] else 1)
_, status = os.waitpid(child, 0)
sys.exit(0 if status == 0 and verdicts == ["failed"] else 1)
"""
    path = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), str(Path(__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_interpreter_that_ends_while_a_thread_waits_for_packets_ends(tmp_path: Path) -> None:
    """A daemon thread stands in a read that nothing will ever answer."""
    text = """
import os, sys, threading, time
from zertap._native import Source, Tap
reader, writer = os.pipe()
os.write(writer, open(sys.argv[1], "rb").read())
tap, source = Tap(), Source(f"/dev/fd/{reader}")
threading.Thread(target=lambda: tap.pump(source, 1_000_000), daemon=True).start()
time.sleep(0.3)
print("ends")
"""
    path = tmp_path / "x.pcap"
    path.write_bytes(many(3))
    done = script(text, path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ends\n", "")


def test_taps_left_over_at_the_end_of_the_interpreter_do_no_harm(capture: Path) -> None:
    text = """
import sys, zertap
kept = zertap.observe(sys.argv[1])
it = iter(kept); next(it)
tap = zertap.Tap(); sys.modules["kept"] = (kept, it, tap)
"""
    done = script(text, capture)
    assert (done.returncode, done.stderr) == (0, "")


class Alarm(Exception):
    pass


def test_an_exception_out_of_a_signal_handler_leaves_the_tap_usable() -> None:
    def ring(_number: int, _frame: FrameType | None) -> None:
        raise Alarm

    reader, writer = os.pipe()
    os.write(writer, many(5))
    tap, source = Tap(), Source(f"/dev/fd/{reader}")
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(Alarm):
            tap.pump(source, 1_000_000)
    finally:
        signal.signal(signal.SIGALRM, before)
    os.close(writer)
    assert tap.pump(source, 1_000_000) is False
    tap.finish()
    assert len(tap.drain()) == 5
    os.close(reader)


class Stumbling(Watch):
    def saw(self, source: Source) -> None:
        raise Alarm


def test_an_exception_out_of_a_callback_comes_through_and_the_account_is_closed(capture: Path) -> None:
    faults: list[ZertapError] = []
    reading = Reading([str(capture)], Request(), faults.append, Stumbling())
    with pytest.raises(Alarm):
        list(reading)
    assert reading.ledger.frames_read == reading.ledger.frames > 0
    assert not reading.ledger.imbalances()


class Broken:
    """A sink that takes so many rows, and then fails."""

    def __init__(self, room: int, error: Exception) -> None:
        self.outlet = Outlet("broken", "rows")
        self._room = room
        self._error = error

    def write(self, part: Part, rows: object) -> None:
        given = len(rows)  # type: ignore[arg-type]
        self.outlet.taken += given
        if self.outlet.taken > self._room:
            raise self._error
        self.outlet.written += given

    def close(self) -> None:
        pass


def test_when_one_output_fails_the_others_go_on(capture: Path) -> None:
    faults: list[ZertapError] = []
    reading, selection = Reading([str(capture)] * 3, Request(), faults.append), Selection()
    broken, sound = Broken(CONNECTIONS, OutputFailed("full", "broken")), Broken(10**9, Alarm())
    deliver(reading, selection, [broken, sound], faults.append)
    assert [str(fault) for fault in faults] == ["broken: full"]
    assert (broken.outlet.written, broken.outlet.unwritten) == (CONNECTIONS, CONNECTIONS)
    assert (sound.outlet.written, sound.outlet.unwritten) == (3 * CONNECTIONS, 0)


def test_an_exception_of_a_foreign_sink_is_not_swallowed(capture: Path) -> None:
    faults: list[ZertapError] = []
    with pytest.raises(Alarm):
        deliver(Reading([str(capture)], Request(), faults.append), Selection(), [Broken(0, Alarm())], faults.append)


def test_packets_pushed_by_hand_balance_too() -> None:
    tap = zertap.Tap()
    for at, packet in [*clear(port=80), *refused(client_port=50_001)]:
        tap.push_frame(at, packet, link=RAW_IP)
    tap.push_frame(0, b"", link=RAW_IP)
    ledger = tap.ledger
    assert (ledger.opened, ledger.fates["ended"], ledger.skipped.total()) == (2, 2, 1)
    tap.finish()
    assert len(tap.drain()) == 2
    assert tap.ledger.rows_fetched == 2
