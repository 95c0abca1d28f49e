"""Hand-over between threads: many push, rows wait in a bounded queue, one or more iterate, with ``await`` or without.

The engine is quick, so whoever pushes runs it himself, under a lock; there is no thread here that could outlive
anybody. What may pile up are rows that nobody fetches, and for these the policy is explicit:

- ``block``: who pushes waits until there is room. A thread that runs an event loop, or fetches itself, never waits: it
  would wait for itself. There ``await feed.room()`` is the brake, as ``drain()`` is for a writer of asyncio.
- ``drop``: rows that find no room are dropped and counted; nobody ever waits.

After a fork the child has nothing: a feed belongs to the process that made it, and says so to any other.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self
from weakref import WeakSet

from zertap.advice import Advice
from zertap.connection import Connection
from zertap.errors import Usage
from zertap.tap import Direction, End, Name, Octets, Tap, Whose

if TYPE_CHECKING:
    import asyncio

Policy = Literal["block", "drop"]
"""What happens to a row that finds the queue full."""

_PATIENCE = 0.5
"""How long a waiting thread goes without a look at whether the interpreter ends. Unit: seconds."""


class Feed:
    """A tap for several threads, and its rows as an iterator.

    ``capacity``: rows that may wait; what one call brings may exceed it. ``clock`` and ``every``: while somebody waits
    for rows, time advances to that clock every so many seconds, so that timers fire though no packet comes; ``None``:
    time is what is pushed. The tap is the feed's alone from now on.
    """

    _closed: bool
    _pid: int

    def __init__(
        self,
        tap: Tap | None = None,
        *,
        capacity: int = 4096,
        policy: Policy = "block",
        clock: Callable[[], int] | None = None,
        every: float = 1.0,
    ) -> None:
        if capacity < 1 or policy not in ("block", "drop"):
            raise Usage("a feed has room for one row or more, and its policy is `block` or `drop`")
        self.tap = tap or Tap()
        self.dropped = 0
        """Rows that found no room."""
        self._capacity, self._policy = capacity, policy
        self._clock, self._every = clock, every
        self._fetchers: set[int] = set()
        self._begin_anew()
        _FEEDS.add(self)

    def push_frame(self, at: int, frame: Octets, *, link: int = 1, wire_length: int | None = None) -> None:
        """See ``Tap.push_frame``."""
        with self._turn:
            self._owned().push_frame(at, frame, link=link, wire_length=wire_length)
            self._hand_over()

    def push_segment(
        self,
        at: int,
        source: End,
        destination: End,
        sequence: int,
        acknowledgment: int,
        flags: int,
        payload: Octets = b"",
    ) -> None:
        """See ``Tap.push_segment``."""
        with self._turn:
            self._owned().push_segment(at, source, destination, sequence, acknowledgment, flags, payload)
            self._hand_over()

    def open_stream(self, at: int, client: End | None = None, server: End | None = None) -> int:
        """See ``Tap.open_stream``."""
        with self._turn:
            name = self._owned().open_stream(at, client, server)
            self._hand_over()
        return name

    def push_stream(
        self, connection: Name, direction: Direction, octets: Octets, at: int, seen: int | None = None
    ) -> bool:
        """See ``Tap.push_stream``."""
        with self._turn:
            taken = self._owned().push_stream(connection, direction, octets, at, seen)
            self._hand_over()
        return taken

    def end_stream(
        self,
        connection: Name,
        direction: Direction | None,
        at: int,
        how: Literal["fin", "rst", "abort"] = "fin",
    ) -> bool:
        """See ``Tap.end_stream``."""
        with self._turn:
            taken = self._owned().end_stream(connection, direction, at, how)
            self._hand_over()
        return taken

    def advance(self, now: int) -> None:
        """See ``Tap.advance``."""
        with self._turn:
            self._owned().advance(now)
            self._hand_over()

    def advise(self, connection: Whose, advice: Advice) -> bool:
        """See ``Tap.advise``."""
        with self._turn:
            taken = self._owned().advise(connection, advice)
            self._hand_over()
        return taken

    def expect_handshake(self, connection: Whose) -> bool:
        """See ``Tap.expect_handshake``."""
        with self._turn:
            return self._owned().expect_handshake(connection)

    def mark(self, connection: Whose, note: int, *, early: bool = False) -> bool:
        """See ``Tap.mark``."""
        with self._turn:
            return self._owned().mark(connection, note, early=early)

    @property
    def counters(self) -> dict[str, int]:
        """See ``Tap.counters``; and ``rows_dropped``."""
        with self._turn:
            return {**self.tap.counters, "rows_dropped": self.dropped}

    def close(self) -> None:
        """The input ends: connections that are still open get their rows (by the policy ``drop`` as far as there is
        room), and iteration ends behind the last of them. Nobody waits in here. Further pushes raise ``Usage``.
        """
        with self._turn:
            if self._closed or self._pid != os.getpid():
                return
            self.tap.finish()
            self._take_over()
            self._closed = True
            self._wake(self._fetching)
            self._wake(self._pushing)
            self._turn.notify_all()

    async def room(self) -> None:
        """Waits until there is room in the queue."""
        while self._keep_waiting(self._is_full):
            await self._asleep(self._pushing, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Connection]:
        """Rows as they come, in a thread that may wait; ends behind ``close``."""
        while (row := self._fetch()) is not None:
            yield row

    async def __aiter__(self) -> AsyncIterator[Connection]:
        """Rows as they come, in an event loop; ends behind ``close``."""
        while True:
            with self._turn:
                self._check_process()
                self._fetchers.add(threading.get_ident())
                row, over = self._next(), self._closed
            if row is not None:
                yield row
            elif over:
                return
            else:
                await self._asleep(self._fetching, self._every if self._clock else None)
                self._tick()

    def _fetch(self) -> Connection | None:
        me = threading.get_ident()
        while True:
            with self._turn:
                self._check_process()
                self._fetchers.add(me)
                row = self._next()
                if row is not None or self._closed:
                    return row
                self._turn.wait(self._every if self._clock else _PATIENCE)
            self._tick()

    def _tick(self) -> None:
        """Lets time come to the clock, where there is one."""
        if self._clock is None:
            return
        with self._turn:
            if not self._closed:
                self.tap.advance(self._clock())
                self._take_over()

    def _next(self) -> Connection | None:
        """The next row, if one waits."""
        while self._parts:
            row = next(self._parts[0], None)
            if row is not None:
                self._size -= 1
                if self._size == self._capacity - 1:
                    self._wake(self._pushing)
                    self._turn.notify_all()
                return row
            self._parts.popleft()
        return None

    def _hand_over(self) -> None:
        """Puts what waits in the tap into the queue; waits for room, where that is the policy."""
        if not self.tap.waiting:
            return
        self._take_over()
        if self._policy == "block" and self._size > self._capacity and self._may_wait():
            while self._keep_waiting(lambda: self._size >= self._capacity):
                self._turn.wait(_PATIENCE)

    def _take_over(self) -> None:
        if not self.tap.waiting:
            return
        rows = self.tap.fetch()
        if self._policy == "drop" and len(rows) > (room := max(0, self._capacity - self._size)):
            self.dropped += len(rows) - room
            rows = rows[:room]
        if len(rows):
            self._parts.append(iter(rows))
            self._size += len(rows)
            self._wake(self._fetching)
            self._turn.notify_all()

    def _may_wait(self) -> bool:
        """Whether this thread may wait for others: it fetches nothing itself and runs no event loop."""
        if threading.get_ident() in self._fetchers:
            return False
        return not _runs_a_loop()

    def _is_full(self) -> bool:
        with self._turn:
            return self._size >= self._capacity

    def _keep_waiting(self, still: Callable[[], bool]) -> bool:
        """Whether to wait on: not behind the end of the feed, nor of the interpreter."""
        return not self._closed and self._pid == os.getpid() and threading.main_thread().is_alive() and still()

    async def _asleep(self, sleepers: "deque[_Sleeper]", patience: float | None) -> None:
        """Sleeps until somebody wakes these sleepers."""
        import asyncio

        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._turn:
            ready = self._closed or (self._size > 0 if sleepers is self._fetching else self._size < self._capacity)
            if ready:
                return
            sleepers.append((loop, future))
        try:
            await asyncio.wait_for(future, patience)
        except TimeoutError:
            pass
        finally:
            with self._turn:
                if (loop, future) in sleepers:
                    sleepers.remove((loop, future))

    def _wake(self, sleepers: "deque[_Sleeper]") -> None:
        while sleepers:
            loop, future = sleepers.popleft()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_awaken, future)

    def _owned(self) -> Tap:
        """The tap, for who may push into it."""
        self._check_process()
        if self._closed:
            raise Usage("the feed is closed")
        return self.tap

    def _check_process(self) -> None:
        if self._pid != os.getpid():
            raise Usage(f"this feed belongs to process {self._pid}: make one of your own behind a fork")

    def forget(self) -> None:
        """Lets go of rows and lock: for a forked child, whose parent goes on. Nothing can be pushed or fetched then."""
        pid = self._pid
        self._begin_anew()
        self._closed, self._pid = True, pid

    def _begin_anew(self) -> None:
        self._turn = threading.Condition()
        self._parts: deque[Iterator[Connection]] = deque()
        self._size = 0
        self._fetching: deque[_Sleeper] = deque()
        self._pushing: deque[_Sleeper] = deque()
        self._closed = False
        self._pid = os.getpid()


_Sleeper = tuple["asyncio.AbstractEventLoop", "asyncio.Future[None]"]
_FEEDS: "WeakSet[Feed]" = WeakSet()


def _awaken(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _runs_a_loop() -> bool:
    """Whether this thread runs an event loop; without loading what that takes, which most programs never do."""
    loops = sys.modules.get("asyncio")
    if loops is None:
        return False
    try:
        loops.get_running_loop()
    except RuntimeError:
        return False
    return True


def _forget_parent() -> None:
    """In a forked child: a lock that another thread held stays held for ever, and the rows are the parent's."""
    for feed in list(_FEEDS):
        feed.forget()


os.register_at_fork(after_in_child=_forget_parent)
