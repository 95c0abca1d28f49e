"""Hand-over between threads: nothing is lost that is not counted, nobody waits for himself, nothing stays on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import zertap
from wire import CLIENT_HELLO, HANDSHAKE_FAILURE, SECOND
from zertap.feed import Policy

OWN = Path(__file__).resolve().parents[3] / "pcaps"
SERVER = ("192.0.2.2", 443)


def converse(feed: zertap.Feed, number: int) -> None:
    """One failing handshake: one row."""
    name = feed.open_stream(number, (f"10.0.{number >> 8 & 255}.{number & 255}", 1024 + (number >> 16)), SERVER)
    feed.push_stream(name, "client", CLIENT_HELLO, number)
    feed.push_stream(name, "server", HANDSHAKE_FAILURE, number)
    feed.end_stream(name, "server", number, "rst")


def in_thread(act: object, *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=act, args=arguments)  # type: ignore[arg-type]
    thread.start()
    return thread


def test_rows_of_a_thread_are_awaited_in_an_event_loop() -> None:
    async def collect() -> list[str]:
        feed = zertap.Feed()

        def produce() -> None:
            for number in range(1000):
                converse(feed, number)
            feed.close()

        thread = in_thread(produce)
        found = [row.client_ip async for row in feed]
        thread.join()
        return found

    assert asyncio.run(collect()) == [f"10.0.{number >> 8}.{number & 255}" for number in range(1000)]


def test_who_pushes_waits_for_room_and_nothing_is_lost() -> None:
    feed = zertap.Feed(capacity=10)
    pushed = 0

    def produce() -> None:
        nonlocal pushed
        for number in range(500):
            converse(feed, number)
            pushed = number + 1
        feed.close()

    thread = in_thread(produce)
    time.sleep(0.3)
    assert pushed <= 11
    rows = []
    for row in feed:
        rows.append(row)
        assert pushed <= len(rows) + 12
    thread.join()
    assert len(rows) == 500 and feed.counters["rows_dropped"] == 0


def test_rows_without_room_are_dropped_and_counted() -> None:
    feed = zertap.Feed(capacity=10, policy="drop")
    for number in range(500):
        converse(feed, number)
    feed.close()
    rows = list(feed)
    assert (len(rows), feed.dropped, feed.counters["rows_dropped"]) == (10, 490, 490)
    assert feed.counters["connections_ended"] == 500


def test_an_event_loop_is_never_blocked_and_has_a_brake_of_its_own() -> None:
    async def both() -> tuple[int, int]:
        feed, most = zertap.Feed(capacity=5), 0

        async def produce() -> None:
            nonlocal most
            for number in range(200):
                converse(feed, number)
                most = max(most, feed._size)
                await feed.room()
            feed.close()

        task = asyncio.create_task(produce())
        found = [row async for row in feed]
        await task
        return len(found), most

    assert asyncio.run(asyncio.wait_for(both(), 20)) == (200, 5)


def test_a_thread_that_fetches_does_not_wait_for_itself() -> None:
    feed = zertap.Feed(capacity=2)
    rows = iter(feed)
    converse(feed, 0)
    assert next(rows).verdict == "failed"
    for number in range(1, 20):
        converse(feed, number)
    feed.close()
    assert len(list(rows)) == 19


@pytest.mark.parametrize("policy", ["block", "drop"])
def test_many_threads_push_and_several_fetch(policy: Policy) -> None:
    feed = zertap.Feed(capacity=50, policy=policy)
    rows: list[zertap.Connection] = []
    fetchers = [in_thread(lambda: rows.extend(feed)) for _ in range(3)]

    def produce(first: int) -> None:
        for number in range(first, first + 300):
            converse(feed, number)

    producers = [in_thread(produce, 1000 * each) for each in range(8)]
    for thread in producers:
        thread.join()
    feed.close()
    for thread in fetchers:
        thread.join()
    assert len(rows) + feed.dropped == 2400
    assert len({(row.client_ip, row.client_port) for row in rows}) == len(rows)
    assert feed.dropped == 0 or policy == "drop"


def test_timers_fire_by_the_clock_while_nothing_comes() -> None:
    now = 5

    def clock() -> int:
        nonlocal now
        now += 4 * SECOND
        return now

    async def first() -> zertap.Connection:
        feed = zertap.Feed(zertap.Tap(rows={"due"}), clock=clock, every=0.01)
        feed.push_stream(feed.open_stream(1, ("192.0.2.1", 1), SERVER), "client", b"GET /", 2)
        return await anext(aiter(feed))

    row = asyncio.run(asyncio.wait_for(first(), 10))
    assert (row.kind, row.verdict) == ("due", "plaintext")
    feed = zertap.Feed(zertap.Tap(rows={"due"}), clock=clock, every=0.01)
    feed.open_stream(now, ("192.0.2.1", 1), SERVER)
    assert next(iter(feed)).kind == "due"


def test_open_connections_come_behind_the_close_and_then_it_is_over() -> None:
    with zertap.Feed() as feed:
        feed.push_stream(feed.open_stream(1), "client", CLIENT_HELLO, 2)
    assert [row.verdict for row in feed] == ["in_progress"]
    with pytest.raises(zertap.Usage, match="closed"):
        feed.open_stream(1)
    feed.close()
    assert list(feed) == []


def test_a_waiting_reader_is_woken_by_the_close_and_may_be_cancelled() -> None:
    async def told() -> list[zertap.Connection]:
        feed = zertap.Feed()
        reader = asyncio.create_task(_all(feed))
        await asyncio.sleep(0.05)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        reader = asyncio.create_task(_all(feed))
        await asyncio.sleep(0.05)
        in_thread(feed.close).join()
        return await reader

    assert asyncio.run(asyncio.wait_for(told(), 10)) == []


async def _all(feed: zertap.Feed) -> list[zertap.Connection]:
    return [row async for row in feed]


def test_a_producer_that_waits_is_let_go_by_the_close() -> None:
    feed = zertap.Feed(capacity=1)
    converse(feed, 0)
    thread = in_thread(converse, feed, 1)
    time.sleep(0.1)
    assert thread.is_alive()
    feed.close()
    thread.join(5)
    assert not thread.is_alive() and len(list(feed)) == 2


def test_programs_that_await_nothing_do_not_load_what_it_takes() -> None:
    done = run("feed.close(); print('asyncio' in sys.modules)")
    assert (done.returncode, done.stdout) == (0, "False\n")


def test_what_makes_no_sense_is_misuse() -> None:
    with pytest.raises(zertap.Usage):
        zertap.Feed(capacity=0)
    with pytest.raises(zertap.Usage):
        zertap.Feed(policy="perhaps")  # type: ignore[arg-type]


def test_a_bare_tap_in_two_threads_is_an_exception_and_no_crash() -> None:
    """The interpreter's lock lets one at a time in; where a call lets it go (``finish``) the other is told."""
    tap, wrong = zertap.Tap(), []

    def push() -> None:
        for number in range(2000):
            try:
                tap.push_stream(tap.open_stream(number, ("10.0.0.1", number), SERVER), "client", CLIENT_HELLO, number)
                tap.finish()
            except RuntimeError as error:
                wrong.append(str(error))

    threads = [in_thread(push) for _ in range(4)]
    for thread in threads:
        thread.join()
    assert all("borrowed" in each for each in wrong)


CHILD = """
import os, sys, threading, zertap
sys.path.insert(0, {tests!r})
from wire import CLIENT_HELLO
feed = zertap.Feed(capacity=1)
feed.push_stream(feed.open_stream(1), "client", CLIENT_HELLO, 2)
feed.end_stream(feed.open_stream(1), None, 2, "abort")
"""


def run(program: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    code = CHILD.format(tests=str(Path(__file__).parents[1])) + program
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=timeout, check=False)


def test_a_forked_child_has_nothing_of_its_parents_feed() -> None:
    """Also while another thread holds the lock; and the child writes nothing of the parent's at its end."""
    done = run("""
held = threading.Event()
def hold():
    with feed._turn:
        held.set()
        threading.Event().wait(2)
threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if child == 0:
    for act in (lambda: feed.open_stream(1), lambda: next(iter(feed))):
        try:
            act()
        except zertap.Usage as error:
            print(error, flush=True)
    feed.close()
    own = zertap.Feed()
    own.push_stream(own.open_stream(1), "client", CLIENT_HELLO, 2)
    own.close()
    print("own", len(list(own)), flush=True)
    sys.exit(0)
print("child", os.waitpid(child, 0)[1], flush=True)
feed.close()
print("parent", len(list(feed)), flush=True)
""")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and "Error" not in done.stderr, done.stderr
    assert [line.split(" ")[0] for line in lines] == ["this", "this", "own", "child", "parent"]
    assert lines[2:] == ["own 1", "child 0", "parent 2"]


@pytest.mark.parametrize("daemon", [False, True])
def test_the_interpreter_ends_though_a_thread_waits_for_room(daemon: bool) -> None:
    started = time.monotonic()
    done = run(f"""
def produce():
    for number in range(2000):
        feed.end_stream(feed.open_stream(number), None, number, "abort")
threading.Thread(target=produce, daemon={daemon}).start()
import time; time.sleep(0.3)
print("over", flush=True)
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "over\n", "")
    assert time.monotonic() - started < 25


def test_the_interpreter_ends_while_daemon_threads_push_and_fetch() -> None:
    done = run("""
def produce():
    number = 0
    while True:
        number += 1
        feed.end_stream(feed.open_stream(number), None, number, "abort")
def fetch():
    for row in feed:
        pass
for act in (produce, fetch, produce):
    threading.Thread(target=act, daemon=True).start()
import time; time.sleep(0.5)
print("over", flush=True)
""")
    assert (done.returncode, done.stdout) == (0, "over\n")


def test_a_fork_in_a_process_without_threads_leaves_a_bare_tap_usable() -> None:
    """The child has a copy: what it does with it, the parent's does not see."""
    tap = zertap.Tap()
    tap.push_stream(tap.open_stream(1), "client", CLIENT_HELLO, 2)
    done = run("""
tap = zertap.Tap()
tap.push_stream(tap.open_stream(1), "client", CLIENT_HELLO, 2)
child = os.fork()
tap.finish()
os.write(1, b"%d\\n" % len(tap.drain()))  # at once: both write
if child:
    os.waitpid(child, 0)
""")
    assert (done.returncode, done.stdout) == (0, "1\n1\n")
    assert os.getpid()
