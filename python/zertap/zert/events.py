"""Which zERT events a connection has, from what its life looked like. A pure function, no clock, no
connection.

The theory (EDGE_CASES A9, STATE-01 to STATE-22). A connection is established at T0; ten seconds later the
initiation timer pops and its protection is written: event 1. Not while a handshake is in progress: then
event 1 waits for the outcome. A significant change after event 1 is event 2; the end is event 3. A
connection that ends in under ten seconds without a change has one event only: 4. The one change that counts
before the timer is data in clear after protection: it writes event 1 (protected) and event 2 (none)
together. A failure stays: nothing later clears it.

What history looks like is told by a *pattern*: the milestones in order, each with whether the timer had
popped before it, and whether the connection was established, has ended, and lived past the timer. There are
few patterns among millions of connections, so the answer is computed once a pattern. It names *slots*, not
times: which time of the connection an event bears.
"""

from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

WAITING_SPAN = 10_000_000_000
"""How long the initiation timer waits after T0. Unit: nanoseconds."""

TIMER = -1
"""Slot of an event at T0 plus the waiting span. (Both index from the end of: milestones, last, timer.)"""

LAST = -2
"""Slot of an event at the connection's end or, for one that is still open, at the end of input."""


class EventType(IntEnum):
    """Event types of subtype 11."""

    INITIATION = 1
    CHANGE = 2
    TERMINATION = 3
    SHORT_TERMINATION = 4
    ENABLED = 5
    DISABLED = 6
    ENFORCEMENT = 7


class Shown(NamedTuple):
    """What a record shows of a connection's protection."""

    protocol: str
    """``TLS``, ``SSH`` or ``none``."""
    failed: bool


class Slot(NamedTuple):
    """One event of a pattern: its type, which time it bears, what it shows."""

    type: EventType
    slot: int
    shown: Shown


class Pattern(NamedTuple):
    """The form of one connection's life.

    ``milestones``: (phase name, whether the timer had popped before it), in order. ``past_timer``: whether
    its end, or the end of input, came after the timer.
    """

    milestones: tuple[tuple[str, bool], ...]
    established: bool = True
    ended: bool = True
    past_timer: bool = False


class Event(NamedTuple):
    """One event of one connection. ``at``: nanoseconds since 1970."""

    type: EventType
    at: int
    protocol: str
    failed: bool


NOTHING = Shown("none", False)
_TLS, _SSH = Shown("TLS", False), Shown("SSH", False)
_TLS_FAILED, _SSH_FAILED = Shown("TLS", True), Shown("SSH", True)

SHOWN: dict[str, Shown] = {
    "SILENT": NOTHING,
    "SNIFFING": NOTHING,
    "CLEAR": NOTHING,
    "TLS_PROVISIONAL": _TLS,
    "TLS_COMPLETE": _TLS,
    "TLS_FAILED": _TLS_FAILED,
    "TLS_THEN_CLEAR": NOTHING,
    "TLS_LOST": _TLS_FAILED,
    "SSH_COMPLETE": _SSH,
    "SSH_FAILED": _SSH_FAILED,
    "SSH_LOST": _SSH_FAILED,
}
"""What each phase of the engine shows. Records have no third word: lost looks like failed (A8)."""

OPEN: dict[str, Shown] = {
    "TLS_BEGUN": _TLS_FAILED,
    "TLS_AGREED": _TLS_FAILED,
    "SSH_BEGUN": _SSH_FAILED,
    "SSH_AGREED": _SSH_FAILED,
}
"""Phases of a handshake in progress, and what each shows when the connection ends there."""

UNSEEN = "UNSEEN"
"""Picked up in mid-life: not monitored, no record (A8)."""


@lru_cache(maxsize=4096)
def slots(pattern: Pattern) -> tuple[Slot, ...]:
    """The events of a pattern, in order. Empty for connections that have no record."""
    if not pattern.established or any(phase == UNSEEN for phase, _ in pattern.milestones):
        return ()
    life = _Life()
    for index, (phase, after_timer) in enumerate(pattern.milestones):
        if after_timer:
            life.timer()
        life.reach(phase, index)
    if pattern.past_timer:
        life.timer()
    life.end(pattern.ended)
    return tuple(life.events)


def taught(pattern: Pattern) -> tuple[tuple[int, int, str, bool], ...]:
    """The same as plain values: (event type, slot, protocol word, failed)."""
    return tuple((int(kind), slot, shown.protocol, shown.failed) for kind, slot, shown in slots(pattern))


def events(
    established: int | None,
    history: Iterable[tuple[str, int]],
    end: int,
    *,
    ended: bool,
    terminate_at_eof: bool = False,
    span: int = WAITING_SPAN,
) -> tuple[Event, ...]:
    """The events of one connection.

    ``established`` is T0, None for a mere attempt; ``history`` its milestones with their times; ``end`` the
    time it ended or, where ``ended`` is false, of the end of input (or of its eviction);
    ``terminate_at_eof`` treats the latter as ended. Times: nanoseconds since 1970, on one clock that does
    not run backwards.
    """
    if established is None:
        return ()
    timer = established + span
    milestones = tuple((phase, max(at, established)) for phase, at in history)
    pattern = Pattern(
        tuple((phase, at >= timer) for phase, at in milestones), True, ended or terminate_at_eof, end >= timer
    )
    last = max(end, established)
    times = [at for _, at in milestones] + [last, timer]
    return tuple(Event(kind, times[slot], shown.protocol, shown.failed) for kind, slot, shown in slots(pattern))


class _Life:
    """A connection's life as the grammar walks through it."""

    def __init__(self) -> None:
        self.events: list[Slot] = []
        self._shown = NOTHING
        self._open: Shown | None = None
        self._written: Shown | None = None
        self._popped = False

    def timer(self) -> None:
        """The initiation timer pops (once): event 1, unless a handshake is in progress."""
        if self._popped:
            return
        self._popped = True
        if self._open is None:
            self._initiate(TIMER)

    def reach(self, phase: str, slot: int) -> None:
        """A milestone."""
        if self._shown.failed:
            return
        if phase in OPEN:
            self._open = OPEN[phase]
            return
        before, self._shown, self._open = self._shown, SHOWN[phase], None
        if self._written is not None:
            self._change(slot)
        elif self._popped:
            self._initiate(slot)
        elif self._shown == NOTHING and before.protocol != "none":
            self._write(EventType.INITIATION, slot, before)
            self._change(slot)

    def end(self, ended: bool) -> None:
        """The connection ends, or our view of it does."""
        if not ended:
            if self._open is None:
                self._initiate(LAST)
            return
        if self._open is not None:
            self._shown, self._open = self._open, None
            if self._written is not None:
                self._change(LAST)
        if self._written is None and not self._popped:
            self._write(EventType.SHORT_TERMINATION, LAST, self._shown)
            return
        self._initiate(LAST)
        self._write(EventType.TERMINATION, LAST, self._shown)

    def _initiate(self, slot: int) -> None:
        if self._written is None:
            self._write(EventType.INITIATION, slot, self._shown)

    def _change(self, slot: int) -> None:
        if self._shown != self._written:
            self._write(EventType.CHANGE, slot, self._shown)

    def _write(self, kind: EventType, slot: int, shown: Shown) -> None:
        self.events.append(Slot(kind, slot, shown))
        self._written = shown
