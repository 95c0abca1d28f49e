"""Sessions from interval to interval: the counters of each at both ends.

A session begins with its first change. It is written at the end of every interval in which it changed or had active
connections, also of one in which nothing happened at all. One that had neither for a whole interval is forgotten, so
that memory follows the sessions that are alive; when it comes back its counters begin at zero again, and End less Init
is right as ever. After ``MOST_IDLE`` intervals without any row those up to the next row are passed over: a clock that
jumps by years must not write a million records.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from zertap.aggregate.interval import Interval
from zertap.aggregate.ledger import Change, Changes, Ledger
from zertap.values import dataclass, replace
from zertap.zert.sessions import Counts, Session, SessionSummary

MOST_IDLE: Final = 168
"""Intervals without any row that are written one after the other: a week of hours."""


@dataclass(frozen=True, slots=True)
class Set:
    """All summaries of one interval, in the order of their sessions. Times: nanoseconds since 1970."""

    start: int
    end: int
    summaries: Sequence[SessionSummary]


class Book:
    """The counters of the sessions that are alive."""

    def __init__(self, interval: Interval) -> None:
        self._interval = interval
        self._lives: dict[Session, Change] = {}
        self._last: int | None = None

    def __len__(self) -> int:
        return len(self._lives)

    def enter(self, ledger: Ledger) -> Iterator[Set]:
        """Closes the intervals of *ledger*, in order; the set of each. All of them lie after those entered before."""
        for number in sorted(ledger.intervals):
            if self._last is not None:
                for silent in idle(self._last, number):
                    each = self._set(silent, {}, ledger.began, None)
                    if not each.summaries:
                        break
                    yield each
            self._last = number
            yield self._set(number, ledger.intervals[number], ledger.began, ledger.ended)

    def _set(self, number: int, changes: Changes, began: int | None, ended: int | None) -> Set:
        start, end = limits(self._interval, number, began, ended)
        return Set(start, end, self._close(changes, start, end))

    def _close(self, changes: Changes, start: int, end: int) -> list[SessionSummary]:
        alive = {session for session, life in self._lives.items() if life.counts.active} | changes.keys()
        before, self._lives = self._lives, {}
        summaries = []
        for session in sorted(alive, key=lambda session: session.order):
            earlier, change = before.get(session), changes.get(session)
            life = self._lives[session] = _joined(earlier, change)
            initial = earlier.counts if earlier else Counts()
            summaries.append(SessionSummary(session, life.latest, start, end, initial, life.counts))
        return summaries


def idle(number: int, following: int) -> Iterator[int]:
    """The intervals between two that have rows, as far as they are written."""
    return islice(range(number + 1, following), MOST_IDLE)


def limits(interval: Interval, number: int, began: int | None, ended: int | None) -> tuple[int, int]:
    """Start and end of an interval, cut to when aggregation began and ended."""
    start, end = interval.start(number), interval.start(number + 1)
    return max(start, start if began is None else began), min(end, end if ended is None else ended)


def joined(
    earlier: Sequence[SessionSummary], later: Sequence[SessionSummary], start: int, end: int
) -> list[SessionSummary]:
    """The summaries of an interval from those of its two parts."""
    found = {each.session: replace(each, start=start, end=end) for each in earlier}
    for each in later:
        found[each.session] = _onward(found[each.session], each) if each.session in found else each
    return sorted(found.values(), key=lambda each: each.session.order)


def _onward(before: SessionSummary, after: SessionSummary) -> SessionSummary:
    """What the later part added comes on top: a session that was idle since an earlier look may have begun at zero."""
    final = before.final + (after.final - after.initial)
    return replace(after, initial=before.initial, final=final, latest=before.latest.later(after.latest))


def _joined(earlier: Change | None, change: Change | None) -> Change:
    if earlier is None or change is None:
        return earlier or change or Change(Counts())
    return earlier + change
