"""Many threads at once, as a free-threaded interpreter lets them: nothing is lost or said twice, and nobody crashes.

With the interpreter's lock the same must hold. ``test_feed.py`` has what each promise says; here they meet.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import zertap
from embedding.test_feed import converse
from wire import CLIENT_HELLO, HANDSHAKE_FAILURE
from zertap.errors import Usage

TOUR = Path(__file__).parents[3] / "pcaps/tour.pcap"
THREADS, EACH = 8, 250


def together(*acts: Callable[[], object]) -> None:
    """Runs *acts* at once, each in a thread; raises what any of them raised."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        barrier.wait(30)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        for each in [pool.submit(run, act) for act in acts]:
            each.result(120)


def test_everything_that_a_feed_can_do_at_once() -> None:
    """Threads push whole conversations, others ask, mark, let time pass and fetch."""
    feed = zertap.Feed(zertap.Tap(rows={"opened", "reset"}), capacity=64)
    rows: list[list[zertap.Connection]] = [[] for _ in range(3)]
    working = threading.Event()

    def push(first: int) -> None:
        for number in range(first, first + EACH):
            converse(feed, number)

    def ask() -> None:
        before = 0
        while not working.is_set():
            opened = feed.counters["connections_opened"]
            assert opened >= before
            before = opened
            feed.mark((("10.0.0.1", 1024), ("192.0.2.2", 443)), 7)
            feed.advance(1)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    fetching = [threading.Thread(target=lambda mine=mine: mine.extend(feed)) for mine in rows]
    for thread in (*asking, *fetching):
        thread.start()
    together(*(lambda first=1000 * number: push(first) for number in range(THREADS)))
    working.set()
    for thread in asking:
        thread.join(60)
    feed.close()
    for thread in fetching:
        thread.join(60)
    found = Counter((row.kind, row.client_ip, row.client_port) for mine in rows for row in mine)
    assert len(found) == 2 * THREADS * EACH
    assert set(found.values()) == {1}
    assert feed.counters["connections_ended"] == THREADS * EACH


def test_a_tap_that_is_shared_without_a_feed_refuses_and_stays_whole() -> None:
    """Who meets another thread is told so, and tries again; afterwards every conversation is there."""
    tap, met = zertap.Tap(), Counter[str]()

    def insist(call: Callable[[], object]) -> object:
        while True:
            try:
                return call()
            except RuntimeError as error:
                met[str(error)] += 1

    def push(first: int) -> None:
        for number in range(first, first + EACH):
            ends = ("10.0.0.1", number), ("192.0.2.2", 443)
            name = insist(lambda ends=ends: tap.open_stream(1, *ends))  # type: ignore[misc]
            insist(lambda name=name: tap.push_stream(name, "client", CLIENT_HELLO, 1))  # type: ignore[misc]
            insist(lambda name=name: tap.push_stream(name, "server", HANDSHAKE_FAILURE, 1))  # type: ignore[misc]
            insist(lambda name=name: tap.end_stream(name, "server", 1, "rst"))  # type: ignore[misc]

    together(*(lambda first=1000 * number: push(first) for number in range(THREADS)))
    assert all("borrowed" in each for each in met)
    rows = tap.drain()
    assert {row.verdict for row in rows} == {"failed"}
    assert len({row.client_port for row in rows}) == len(rows) == THREADS * EACH


def test_threads_read_one_observation() -> None:
    observation = zertap.observe(str(TOUR))
    expected = [str(row.to_dict()) for row in observation]

    def read() -> None:
        assert [str(row.to_dict()) for row in observation] == expected
        assert observation.summary() == zertap.observe(str(TOUR)).summary()

    together(*[read] * THREADS)


def test_each_thread_may_have_a_tap_of_its_own() -> None:
    def own() -> None:
        tap = zertap.Tap()
        for number in range(EACH):
            name = tap.open_stream(number, ("10.0.0.1", 1 + number), ("192.0.2.2", 443))
            tap.push_stream(name, "client", CLIENT_HELLO, number)
            tap.end_stream(name, "client", number, "rst")
        assert len(tap.drain()) == EACH

    together(*[own] * THREADS)


def test_a_feed_may_be_closed_under_those_who_push() -> None:
    feed, ended = zertap.Feed(capacity=10, policy="drop"), Counter[str]()

    def push(first: int) -> None:
        for number in range(first, first + EACH):
            try:
                converse(feed, number)
            except Usage as error:
                ended[str(error)] += 1
                return

    together(*(lambda first=1000 * number: push(first) for number in range(THREADS)), feed.close)
    assert set(ended) <= {"the feed is closed"}
    assert len(list(feed)) <= 10 + 1


@pytest.mark.skipif(getattr(sys, "_is_gil_enabled", lambda: True)(), reason="this interpreter has a lock")
def test_the_module_does_not_bring_the_lock_back() -> None:
    assert not sys._is_gil_enabled()  # type: ignore[attr-defined]
