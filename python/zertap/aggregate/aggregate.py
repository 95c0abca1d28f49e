"""The whole way of aggregation for one engine: rows in, the summaries of each finished interval out.

An interval is over when a row comes that was written in a later one: time is that of the rows, which is packet time,
so a file gives the summaries that were given live, however its rows are cut into batches. A row counts in the
interval in which it was written; an ``interval`` row in the one that ended with it. One written for an earlier moment
than the row before it (a tap's clock does not run backwards, but a row may be late) counts in the open interval.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from zertap._native import EventBatch
from zertap.aggregate.book import Set, idle, joined, limits
from zertap.aggregate.interval import Interval
from zertap.aggregate.ledger import Change, Ledger
from zertap.aggregate.places import Places
from zertap.aggregate.tally import Tally
from zertap.values import replace
from zertap.zert.layouts import Shape
from zertap.zert.owner import Owners
from zertap.zert.sessions import SessionSummary


class _Counting:
    """Rows counted interval by interval."""

    def __init__(
        self, interval: Interval, places: Places, shape: Shape, *, terminate: bool, owners: Owners | None
    ) -> None:
        self.interval = interval
        self.tally = Tally(places, shape, terminate=terminate, owners=owners)
        self.number: int | None = None
        """Number of the interval that is open; ``None`` before the first row."""
        self.began: int | None = None
        self.told = 0
        """Number of the latest interval that has rows."""
        self.ended = 0
        """The end of the interval that is over, or the latest row."""

    def add(self, batch: EventBatch, rows: range) -> Iterator[tuple[int, int]]:
        """Counts *rows*; yields the number of each interval that is over, when it is, and that of the next row."""
        while rows:
            if self.number is None:
                first = self.tally.span(batch, rows, 0).following
                self.number = self.interval.number(first)
                self.began = min(batch.value(rows.start, "start"), first)
            boundary = self.interval.start(self.number + 1)
            stop, following, latest = self.tally.span(batch, rows, boundary)
            self.tally.count(batch, range(rows.start, stop))
            self.told = self.number
            self.ended = max(self.ended, latest)
            rows = range(stop, rows.stop)
            if rows:
                over, self.number, self.ended = self.number, self.interval.number(following), boundary
                yield over, self.number

    def advance(self, at: int) -> Iterator[tuple[int, int]]:
        """The same where no row tells that time has passed; all rows before *at* were counted, none at it need be."""
        following = self.interval.number(at - 1)
        if self.number is not None and following > self.number:
            over, self.number, self.ended = self.number, following, self.interval.start(self.number + 1)
            yield over, following


class Gatherer:
    """Turns the rows of one engine into ledgers, one for each interval that has rows, in order.

    The engine must write ``SUMMARY_ROWS``. What it gathers may be added to what others gathered.
    ``terminate``: connections still open at the end of the input are taken for ended (A9).
    """

    def __init__(
        self, interval: Interval, places: Places, shape: Shape = Shape.Z32, *, terminate: bool = False
    ) -> None:
        self._counting = _Counting(interval, places, shape, terminate=terminate, owners=None)

    @property
    def began(self) -> int | None:
        """When it began: the first packet of the first row's connection. Nanoseconds since 1970."""
        return self._counting.began

    def add(self, batch: EventBatch, rows: range) -> Iterator[Ledger]:
        """Counts *rows*; yields the ledger of each interval that was over before the last of them."""
        return (self._ledger(number) for number, _ in self._counting.add(batch, rows))

    def close(self, at: int = 0) -> Ledger:
        """The ledger of the interval that is open, which ends with the last row, or *at* a later moment."""
        number = self._counting.number
        self._counting.ended = max(self._counting.ended, at)
        return Ledger() if number is None else self._ledger(number)

    def _ledger(self, number: int) -> Ledger:
        return Ledger(self._counting.began, self._counting.ended, {number: self._counting.tally.take()})


Standing = Iterable[tuple[EventBatch, range]]
"""Rows of connections as they stand (``Tap.current``)."""


class Aggregation:
    """Aggregates the rows of one engine, interval by interval: what ``Gatherer`` and ``Book`` do, at once.

    ``owners``: what notes of rows say of the sockets' owners; each owner's sessions are his own.
    """

    def __init__(
        self,
        interval: Interval,
        places: Places,
        shape: Shape = Shape.Z32,
        *,
        terminate: bool = False,
        owners: Owners | None = None,
    ) -> None:
        self._counting = _Counting(interval, places, shape, terminate=terminate, owners=owners)
        self._standing = partial(Tally, places, shape, owners=owners, standing=True)
        self._earlier: Sequence[SessionSummary] = ()
        """The open interval up to where somebody looked at it."""

    @property
    def began(self) -> int | None:
        """When aggregation began; ``None`` before the first row."""
        return self._counting.began

    @property
    def remembered(self) -> int:
        """How many sessions are remembered: those that are alive."""
        return len(self._counting.tally)

    def add(self, batch: EventBatch, rows: range) -> Iterator[Set]:
        """Counts *rows*; yields the set of each interval that was over before the last of them."""
        for number, following in self._counting.add(batch, rows):
            yield from self._over(number, following)

    def advance(self, at: int) -> Iterator[Set]:
        """Time has come to *at*, and there are no more rows before it: the sets of the intervals that are over."""
        for number, following in self._counting.advance(at):
            yield from self._over(number, following)

    def close(self, at: int = 0) -> Set | None:
        """The last set, at the time of the last row or *at* a later moment; ``None`` if there were no rows.

        Nothing is remembered any more.
        """
        number = self._counting.number
        self._counting.ended = max(self._counting.ended, at)
        return None if number is None else self._set(number, self._counting.ended, last=True)

    def peek(self, at: int) -> Set | None:
        """The set as it stands *at* this moment; the interval goes on as if nobody had looked."""
        number = self._counting.number
        if number is None:
            return None
        found = self._set(number, max(self._counting.ended, at))
        self._earlier = found.summaries
        return found

    def caught_up(self, each: Set, standing: Standing) -> Set:
        """The same set with what its connections have brought since their latest rows, as *standing* tells."""
        tally = self._standing()
        for batch, rows in standing:
            tally.count(batch, rows)
        news = tally.take()
        if not news:
            return each
        return Set(each.start, each.end, [_added(summary, news.get(summary.session)) for summary in each.summaries])

    def _over(self, number: int, following: int) -> Iterator[Set]:
        """The sets of the intervals from *number* on up to the *following* one, as far as they are written."""
        told = self._counting.told
        if number <= told:
            yield self._set(number)
        for silent in idle(told, following):
            if silent < number:
                continue
            each = self._set(silent)
            if not each.summaries:
                break
            yield each

    def _set(self, number: int, ended: int | None = None, *, last: bool = False) -> Set:
        counting = self._counting
        start, end = limits(counting.interval, number, counting.began, ended)
        found: Sequence[SessionSummary] = counting.tally.close(start, end, last=last)
        if self._earlier:
            found, self._earlier = joined(self._earlier, found, start, end), ()
        return Set(start, end, found)


def _added(summary: SessionSummary, news: Change | None) -> SessionSummary:
    return summary if news is None else replace(summary, final=summary.final + news.counts)
