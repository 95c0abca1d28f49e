"""What a tap holds in its hand: an output whose records go to subscribers, and which never makes the tap wait.

``write`` costs the tap a lock, an append and a system call for each run of records, whatever the number of
subscribers; nothing but a comparison while there is none. Where the server does not keep up, runs are dropped and
counted. ``patient`` turns that round, for a replay: then the tap waits for subscribers that still move.

One thread feeds a service. Whoever owns the engine offers the list of current connections (``walk``) where it is
convenient: between two batches, so that the list and the records that follow fit together.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic, time
from types import TracebackType
from typing import Any, Self

from zertap.ledger import Outlet
from zertap.service.messages import BUFFER_SIZE, Hello, Kind
from zertap.service.place import Access, Place
from zertap.service.server import Limits, Run, Server
from zertap.service.subscriber import Subscriber, Tally

_CHUNKS = (16, 2048)
"""Connections of the list that are asked for at once: at least, at most."""
_OCTETS_EACH = 1 << 12
"""Octets that the records of a connection may have, with room to spare."""

_WALK_BUDGET = 0.02
"""Seconds that a walk may take of the tap's time at one go."""
_STUCK_READER = 2.0
"""Seconds that a walk waits for a reader who takes nothing."""
_PATIENCE = 10.0
"""Seconds without progress after which even a patient service leaves a subscriber behind."""

Listing = Callable[[int, int], tuple[bytes, int, int | None]]
"""From a place in the engine's table on, for so many connections: their records, how many, the place to go on from."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a service serves: who may connect, its bounds, the names it gives itself."""

    access: Access = field(default_factory=Access)
    limits: Limits = field(default_factory=Limits)
    system: str = "ZERTAP"
    stack: str = "ZERTAP"
    patient: bool = False
    """The tap waits for slow subscribers, instead of leaving them behind. For replays."""


class Service:
    """A record service: an ``Output``. Raises ``OutputFailed`` where its path cannot be had.

    It serves from its making until ``close``.
    """

    def __init__(self, path: str, kind: Kind, terms: Terms | None = None) -> None:
        terms = terms or Terms()
        limits = replace(terms.limits, grace=_PATIENCE) if terms.patient else terms.limits
        self.kind = kind
        self.path = path
        self.outlet = Outlet(path, "records")
        self._patient = terms.patient
        self._room = limits.waiting
        self._chunk = min(max(limits.waiting // 8 // _OCTETS_EACH, _CHUNKS[0]), _CHUNKS[1])
        self._walk: frozenset[Subscriber] = frozenset()
        self._walked = 0
        self._stuck: float | None = None
        self._lost = 0
        hello = Hello(terms.system, kind, terms.stack, time(), BUFFER_SIZE)
        self._server = Server(Place(path, terms.access), kind, hello, limits)
        self._server.start()

    @property
    def subtype(self) -> int:
        """The subtype of its records."""
        return self.kind.subtype

    @property
    def tally(self) -> Tally:
        """What all subscribers got so far."""
        return self._server.tally

    @property
    def subscribers(self) -> int:
        """Those who are connected."""
        return len(self._server.subscribers)

    @property
    def asks(self) -> bool:
        """Whether somebody waits for the list of current connections: ``walk`` is called for."""
        return bool(self._walk or self._server.asking)

    def write(self, octets: bytes, records: int) -> None:
        """See ``Output.write``. Never waits, unless ``patient``; raises nothing."""
        first = self.outlet.taken + 1
        self.outlet.taken += records
        if not self._server.listening:
            self.outlet.written += records
            return
        if self._put(Run(octets, records, first, self._lost)):
            self.outlet.written += records
            self._lost = 0
        else:
            self.outlet.lost += records
            self._lost += records

    def walk(self, listing: Listing) -> None:
        """Goes on with the list of current connections, for those who asked before it began; a few thousand at once.

        Slow readers of the list are waited for by coming back later: the tap itself never waits.
        """
        until = monotonic() + _WALK_BUDGET
        while self.asks and monotonic() < until:
            begins = not self._walk
            if begins:
                with self._server.queue.changed:
                    self._walk = frozenset(self._server.asking)
                    self._server.asking.clear()
                if not self._put(Run(b"", 0, 0, readers=self._walk, begins=True), whatever=True):
                    return
            if not self._walk & self._server.subscribers:
                self._walk, self._walked = frozenset(), 0
                continue
            if self._must_wait():
                return
            octets, records, following = listing(self._walked, self._chunk)
            self._put(Run(octets, records, 0, readers=self._walk, complete=following is None), whatever=True)
            self._walked = following or 0
            if following is None:
                self._walk = frozenset()

    def close(self) -> None:
        """See ``Output.close``: subscribers get what waits for them, at most for a few seconds, and the socket goes."""
        self._over()
        self._server.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def status(self) -> dict[str, Any]:
        """Its account, in plain values."""
        tally = self.tally
        return {
            "service": self.kind.value,
            "path": self.path,
            "subscribers": self.subscribers,
            "subscribed": tally.subscribed,
            "refused": tally.refused,
            "sent": tally.sent,
            "lost": tally.lost + tally.abandoned,
        }

    def _put(self, run: Run, *, whatever: bool = False) -> bool:
        """Hands a run over; whether it found room. *whatever*: it finds room in any case, its size is bounded."""
        queue = self._server.queue
        with queue.changed:
            while not whatever and not queue.over and queue.octets + len(run.octets) > queue.limit and queue.runs:
                if not self._patient:
                    return False
                queue.changed.wait()
            if queue.over:
                return False
            idle = not queue.runs
            queue.runs.append(run)
            queue.octets += len(run.octets)
            queue.listed += len(run.octets) if run.readers is not None else 0
            if idle:
                self._server.wake()
            return True

    def _must_wait(self) -> bool:
        """Whether a reader of the list has not yet taken what he got; one who takes nothing is waited for shortly."""
        queue, here = self._server.queue, self._walk & self._server.subscribers
        ahead = queue.listed + max((each.waiting for each in here), default=0)
        if 2 * ahead < self._room:
            self._stuck = None
            return False
        self._stuck = self._stuck or monotonic()
        moved = max([self._stuck, *(each.moved for each in here if each.waiting)])
        return bool(queue.listed) or monotonic() - moved < _STUCK_READER

    def _over(self) -> None:
        queue = self._server.queue
        with queue.changed:
            if not queue.over:
                if self._lost:
                    queue.runs.append(Run(b"", 0, 0, self._lost))
                queue.over = True
                self._server.wake()
