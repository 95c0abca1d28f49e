"""Sessions from interval to interval: the counters of each at both ends.

A session begins with its first change. It is written at the end of every interval in which it changed or had active
connections. One that had neither for a whole interval is forgotten, so that memory follows the sessions that are
alive; when it comes back its counters begin at zero again, and End less Init is right as ever.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from zertap.aggregate.interval import Interval
from zertap.aggregate.ledger import Change, Changes, Ledger
from zertap.zert.sessions import Counts, Session, SessionSummary


@dataclass(frozen=True, slots=True)
class Set:
    """All summaries of one interval, in the order of their sessions' texts. Times: nanoseconds since 1970."""

    start: int
    end: int
    summaries: list[SessionSummary]


class Book:
    """The counters of the sessions that are alive."""

    def __init__(self, interval: Interval) -> None:
        self._interval = interval
        self._lives: dict[Session, Change] = {}

    def __len__(self) -> int:
        return len(self._lives)

    def enter(self, ledger: Ledger) -> Iterator[Set]:
        """Closes the intervals of *ledger*, in order; the set of each. All of them lie after those entered before."""
        for number in sorted(ledger.intervals):
            start, end = self._interval.start(number), self._interval.start(number + 1)
            if ledger.began is not None:
                start = max(start, ledger.began)
            if ledger.ended is not None:
                end = min(end, ledger.ended)
            yield Set(start, end, self._close(ledger.intervals[number], start, end))

    def _close(self, changes: Changes, start: int, end: int) -> list[SessionSummary]:
        alive = {session for session, life in self._lives.items() if life.counts.active} | changes.keys()
        before, self._lives = self._lives, {}
        summaries = []
        for session in sorted(alive, key=lambda session: session.text):
            earlier, change = before.get(session), changes.get(session)
            life = self._lives[session] = _joined(earlier, change)
            initial = earlier.counts if earlier else Counts()
            summaries.append(SessionSummary(session, life.latest, start, end, initial, life.counts))
        return summaries


def _joined(earlier: Change | None, change: Change | None) -> Change:
    if earlier is None or change is None:
        return earlier or change or Change(Counts())
    return earlier + change
