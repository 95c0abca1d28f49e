"""The thread that serves subscribers: one for all of them, over one selector.

The tap's thread only puts runs of records into a queue. This one makes buffers of them, once for all, and hands them
to everybody. Three bounds keep memory and the tap's time small: the queue's octets, each subscriber's octets, and how
long one who does not keep up is waited for (``grace``) while the queue has room. The order of the queue is the order
of the conversation: where a walk through the current connections begins in it, records begin for those who asked.
"""

import os
import selectors
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from zertap.service.entries import Filled, filled
from zertap.service.messages import (
    REQUEST_SIZE,
    Hello,
    Kind,
    TermCode,
    Token,
    initialization,
    read_request,
    tod,
    token,
)
from zertap.service.place import Place
from zertap.service.subscriber import Subscriber, Tally

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_GRACE_TICK = 0.02
"""Seconds after which one is asked again who is waited for."""
_SLOWEST_GOODBYE = 5.0
"""Seconds that subscribers have, at the end, to take what waits for them."""
_REQUEST_WITHIN = 30.0
"""Seconds that a client has to say what it wants."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one service."""

    subscribers: int = 256
    waiting: int = 1 << 20
    """Octets that may wait for one subscriber."""
    queue: int = 16 << 20
    """Octets of records that may wait for the server's thread."""
    grace: float = 0.25
    """Seconds without progress after which a subscriber is not waited for, while the queue is less than half full."""


@dataclass(slots=True)
class Run:
    """Records on their way: for everybody, or a part of a list for those who asked for it."""

    octets: bytes
    records: int
    first: int
    lost: int = 0
    """Records that found no room in the queue before this run."""
    readers: frozenset[Subscriber] | None = None
    begins: bool = False
    complete: bool = False


@dataclass(slots=True)
class Queue:
    """What the tap's thread has handed over. Its lock is held for moments only."""

    limit: int
    runs: deque[Run] = field(default_factory=deque)
    octets: int = 0
    listed: int = 0
    """Octets of lists that wait here or are being handed out."""
    over: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)


class Server(threading.Thread):
    """Serves one kind of records at one place, from ``start`` until the queue is over."""

    def __init__(self, place: Place, kind: Kind, hello: Hello, limits: Limits) -> None:
        super().__init__(name=f"zertap {kind}", daemon=True)
        self.tally = Tally()
        self.queue = Queue(limits.queue)
        self.subscribers: set[Subscriber] = set()
        self.asking: set[Subscriber] = set()
        """Those who want the list and wait for a walk; taken by the tap's thread under the queue's lock."""
        self.listening = False
        """Whether a record would reach anybody: somebody listens, or is about to."""
        self._place = place
        self._kind = kind
        self._hello = initialization(hello)
        self._limits = limits
        self._selector = selectors.DefaultSelector()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._buffers: deque[tuple[Filled, Run, bool]] = deque()
        self._goodbye: float | None = None
        self._selector.register(place.socket, _READ, self._accept)
        self._selector.register(self._wake, _READ, self._woken)

    def wake(self) -> None:
        """Something was put into the queue. Costs the caller one system call."""
        os.eventfd_write(self._wake, 1)

    def run(self) -> None:
        """See ``threading.Thread.run``."""
        try:
            while not self._is_done():
                self._turn()
        finally:
            for each in tuple(self.subscribers):
                self._leave(each)
            self._place.leave()
            self._selector.close()
            with self.queue.changed:
                os.close(self._wake)
                self._wake = -1
                self.queue.over = True
                self.queue.changed.notify_all()

    def _turn(self) -> None:
        """Waits for something to do, does it, and moves one buffer on."""
        for key, events in self._selector.select(self._patience()):
            key.data(events)
        if self._can_go_on():
            self._move_on()
        else:
            self._reap()

    def _patience(self) -> float | None:
        if self._goodbye is not None:
            return max(0.0, min(_GRACE_TICK, self._goodbye - monotonic()))
        if self._buffers or self.queue.runs or self.queue.over:
            return 0.0 if self._can_go_on() else _GRACE_TICK
        return None if all(each.wanted for each in self.subscribers) else _REQUEST_WITHIN

    def _can_go_on(self) -> bool:
        """Whether the next buffer may be handed out now, or somebody who keeps moving is to be waited for."""
        if 2 * self.queue.octets > self.queue.limit and self._limits.grace < _PATIENT:
            return True
        since = monotonic() - self._limits.grace
        return not any(each.is_full and each.moved > since and not each.over for each in self.subscribers)

    def _move_on(self) -> None:
        """Hands one buffer to everybody it is for."""
        if not self._buffers and not self._fill():
            if self.queue.over:
                self._say_goodbye()
            return
        buffer, run, last = self._buffers.popleft()
        listed = run.readers is not None
        if listed and last:
            with self.queue.changed:
                self.queue.listed -= len(run.octets)
        told = Token(listed, listed and run.complete and last, len(buffer.octets), buffer.records, 0, run.first)
        run.first += 0 if listed else buffer.records
        head = token(told)
        for each in tuple(self.subscribers if run.readers is None else run.readers & self.subscribers):
            if listed or (each.wants_records and each.listed):
                each.give(buffer, head, told)
                if told.complete and not each.wants_records:
                    each.end(TermCode.PLANNED)
                self._send(each)

    def _fill(self) -> bool:
        """Takes runs from the queue until there is a buffer; whether there is one."""
        while not self._buffers:
            with self.queue.changed:
                if not self.queue.runs:
                    return False
                run = self.queue.runs.popleft()
                self.queue.octets -= len(run.octets)
                self.queue.changed.notify_all()
            self._open(run)
        return True

    def _open(self, run: Run) -> None:
        """Makes the buffers of a run, and whom it lets in are in from now on."""
        if run.lost:
            for each in self.subscribers:
                if each.wants_records and each.listed:
                    each.lose(run.lost)
        if run.begins and run.readers:
            for each in run.readers:
                each.listed = True
        if run.octets or run.complete:
            buffers = list(filled(run.octets, self._kind.subtype, tod())) or [Filled(b"", 0)]
            self._buffers.extend((each, run, each is buffers[-1]) for each in buffers)

    def _accept(self, _events: int) -> None:
        try:
            peer, _ = self._place.socket.accept()
        except OSError:
            return
        peer.setblocking(False)  # noqa: FBT003  the socket module's own manner
        each = Subscriber(peer, self._limits.waiting, self.tally)
        self.subscribers.add(each)
        each.say(self._hello)
        if len(self.subscribers) > 2 * self._limits.subscribers or self.queue.over:
            self.tally.refused += 1
            each.end(TermCode.PLANNED if self.queue.over else TermCode.ENOMEM)
        self._send(each)

    def _serve(self, each: Subscriber, events: int) -> None:
        if events & _READ and not each.silent:
            if not each.hear():
                self._leave(each)
                return
            if not each.over:
                self._listen(each)
        self._send(each)

    def _listen(self, each: Subscriber) -> None:
        """Reads his request where it is whole; a second one makes no sense."""
        if len(each.asked) < REQUEST_SIZE or (each.wanted and len(each.asked) == REQUEST_SIZE):
            return
        wanted = read_request(self._kind, bytes(each.asked)) if len(each.asked) == REQUEST_SIZE else None
        if wanted is None:
            self._refuse(each, TermCode.EINVAL)
        elif sum(1 for other in self.subscribers if other.wanted) >= self._limits.subscribers:
            self._refuse(each, TermCode.ENOMEM)
        else:
            each.wanted = wanted
            self.tally.subscribed += 1
            with self.queue.changed:
                each.listed = not wanted.current
                if wanted.current:
                    self.asking.add(each)
        self._note_listeners()

    def _refuse(self, each: Subscriber, code: TermCode) -> None:
        self.tally.refused += each.wanted is None
        each.end(code)

    def _send(self, each: Subscriber) -> None:
        if not each.send():
            self._leave(each)
            return
        watched = (0 if each.silent else _READ) | (_WRITE if each.waiting else 0)
        if watched != each.watched:
            self._watch(each, watched)

    def _watch(self, each: Subscriber, events: int) -> None:
        def serve(events: int) -> None:
            self._serve(each, events)

        if not each.watched:
            self._selector.register(each.peer, events, serve)
        elif not events:
            self._selector.unregister(each.peer)
        else:
            self._selector.modify(each.peer, events, serve)
        each.watched = events

    def _leave(self, each: Subscriber) -> None:
        if each.watched:
            self._selector.unregister(each.peer)
            each.watched = 0
        self.subscribers.discard(each)
        each.leave()
        self._note_listeners()

    def _note_listeners(self) -> None:
        with self.queue.changed:
            self.asking &= self.subscribers
            self.listening = any(each.wanted and not each.over for each in self.subscribers)

    def _reap(self) -> None:
        """Ends conversations with clients that never said what they want."""
        since = monotonic() - _REQUEST_WITHIN
        for each in tuple(self.subscribers):
            if each.wanted is None and not each.over and each.moved < since:
                each.end(TermCode.EINVAL)
                self._send(each)

    def _woken(self, _events: int) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)

    def _say_goodbye(self) -> None:
        if self._goodbye is None:
            self._goodbye = monotonic() + _SLOWEST_GOODBYE
            for each in tuple(self.subscribers):
                each.end(TermCode.PLANNED)
                self._send(each)

    def _is_done(self) -> bool:
        return self._goodbye is not None and (not self.subscribers or monotonic() >= self._goodbye)


_PATIENT = 1.0
"""A grace from which on a full queue is no reason to leave anybody behind: the tap waits instead."""
