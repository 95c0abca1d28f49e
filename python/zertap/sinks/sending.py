"""Messages to somebody who may be slow or away: a bounded queue, and one thread that sends what is in it.

Handing over never takes longer than ``patience``: what finds no room is lost and counted. A connection that breaks is
made again, at longer and longer intervals; a message that was not taken whole goes out once more.
"""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Protocol

from zertap.ledger import Outlet

_AT_ONCE = 64
"""Messages handed to a line at once."""
_BACK_AFTER = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before each attempt to connect again; the last of them again and again."""


class Line(Protocol):
    """A way to somebody. Every method may raise ``OSError``."""

    name: str

    def open(self) -> None:
        """Connects; also where it was connected before."""

    def send(self, messages: Sequence[bytes]) -> int:
        """Sends at least the first of *messages*; how many were taken whole. May raise after some were taken."""

    def close(self) -> None:
        """Hangs up."""


class Taken(OSError):
    """A line broke after it had taken so many messages; ``refused`` of them for good: they are lost."""

    def __init__(self, messages: int, cause: OSError, refused: int = 0) -> None:
        super().__init__(cause.errno, cause.strerror)
        self.messages = messages
        self.refused = refused


class Sender:
    """Sends in a thread of its own, from the first message to ``close``.

    *patience*: seconds that a full queue is waited for while it moves; 0 for a tap. Who has not moved for so long is
    not waited for again until he moves. *linger*: seconds that the queue has at the end.
    """

    def __init__(
        self, line: Line, *, limit: int = 10_000, patience: float = 0.0, linger: float = 5.0, thing: str = "records"
    ) -> None:
        self.outlet = Outlet(line.name, thing)
        self.connects = 0
        """How often the line was opened."""
        self.trouble: str | None = None
        """Why the line cannot be used at present."""
        self._line = line
        self._limit = limit
        self._patience = patience
        self._linger = linger
        self._queue: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._until: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"zertap {line.name}", daemon=True)
        self._started = False
        self._given_up = False
        self._failures = 0

    def put(self, messages: Iterable[bytes]) -> None:
        """Hands messages over, each one thing; counts those for which there is no room."""
        with self._changed:
            if not self._started:
                self._started = True
                self._thread.start()
            for message in messages:
                self.outlet.taken += 1
                if len(self._queue) >= self._limit and not self._waited():
                    self.outlet.lost += 1
                else:
                    self._queue.append(message)
            self._changed.notify_all()

    def close(self) -> None:
        """Sends what waits, as far as that goes in a short time; the rest is lost and counted."""
        with self._changed:
            if self._until is None:
                self._until = monotonic() + self._linger
            self._changed.notify_all()
        if self._started:
            self._thread.join(self._linger + 1)
        with self._changed:
            self.outlet.lost += len(self._queue)
            self._queue.clear()

    def _waited(self) -> bool:
        """Waits for room as long as the line moves; whether there is room."""
        until, written = monotonic() + (0 if self._given_up else self._patience), self.outlet.written
        while len(self._queue) >= self._limit and monotonic() < until and self._until is None:
            self._changed.notify_all()
            self._changed.wait(0.05)
            if self.outlet.written != written:
                until, written = monotonic() + self._patience, self.outlet.written
        self._given_up = len(self._queue) >= self._limit
        return not self._given_up

    def _run(self) -> None:
        opened = False
        while messages := self._next():
            try:
                if not opened:
                    self._line.open()
                    opened, self.connects, self.trouble = True, self.connects + 1, None
                self._sent(self._line.send(messages))
            except OSError as error:
                if isinstance(error, Taken):
                    self._sent(error.messages, error.refused)
                opened, self.trouble = False, error.strerror or str(error)
                if not self._rest():
                    break
        self._line.close()

    def _next(self) -> list[bytes]:
        """The messages to be sent next; none at the end. They stay in the queue until they are taken."""
        with self._changed:
            while not self._queue and self._until is None:
                self._changed.wait()
            if self._until is not None and monotonic() > self._until:
                return []
            return [message for message, _ in zip(self._queue, range(_AT_ONCE), strict=False)]

    def _sent(self, messages: int, refused: int = 0) -> None:
        self._failures = 0 if messages else self._failures
        with self._changed:
            self._given_up = self._given_up and not messages
            for _ in range(messages):
                self._queue.popleft()
            self.outlet.written += messages - refused
            self.outlet.lost += refused
            self._changed.notify_all()

    def _rest(self) -> bool:
        """Waits before the next attempt; whether there is one."""
        delay = _BACK_AFTER[min(self._failures, len(_BACK_AFTER) - 1)]
        self._failures += 1
        with self._changed:
            if self._until is not None:
                delay = min(delay, self._until - monotonic())
            if delay <= 0:
                return False
            self._changed.wait_for(lambda: self._until is not None and monotonic() > self._until, delay)
        return True
