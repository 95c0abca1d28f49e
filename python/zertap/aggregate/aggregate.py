"""The whole way of aggregation for one engine: rows in, the summaries of each finished interval out.

An interval is over when a row comes that was written in a later one: time is that of the rows, which is packet time,
so a file gives the summaries that were given live, however its rows are cut into batches. A row counts in the
interval in which it was written. One written for an earlier moment than the row before it (a tap's clock does not run
backwards, but a row may be late) counts in the interval that is open. An interval without any row is passed over.
"""

from collections.abc import Iterator

from zertap._native import EventBatch
from zertap.aggregate.book import Book, Set
from zertap.aggregate.interval import Interval
from zertap.aggregate.ledger import Ledger
from zertap.aggregate.places import Places
from zertap.aggregate.tally import Columns, Tally
from zertap.zert.layouts import Shape


class Gatherer:
    """Turns the rows of one engine into ledgers, one for each interval, in order.

    The engine must write all kinds of rows but ``opened``. What it gathers may be added to what others gathered.
    ``terminate``: connections still open at the end of the input are taken for ended (A9).
    """

    def __init__(
        self, interval: Interval, places: Places, shape: Shape = Shape.Z32, *, terminate: bool = False
    ) -> None:
        self._interval = interval
        self._tally = Tally(places, shape, terminate=terminate)
        self._number: int | None = None
        self._columns: Columns | None = None
        self._ended = 0
        self.began: int | None = None
        """When it began: the first packet of the first row's connection. Nanoseconds since 1970."""

    def add(self, batch: EventBatch, rows: range) -> Iterator[Ledger]:
        """Counts *rows*; yields the ledger of each interval that was over before the last of them."""
        if not rows:
            return
        if self._columns is None or self._columns.batch is not batch:
            self._columns = Columns(batch)
        times = self._columns.of("at", rows)
        number = self._number
        if number is None:
            number = self._interval.number(times[0])
            self.began = min(self._columns.of("start", rows[:1])[0], times[0])
        done = 0
        while (until := self._end_of(number, times, done)) < len(times):
            self._tally.count(self._columns, rows[done:until])
            self._ended = self._interval.start(number + 1)
            yield self._ledger(number)
            number, done = self._interval.number(times[until]), until
        self._tally.count(self._columns, rows[done:])
        self._number, self._ended = number, max(self._ended, *times[done:])

    def close(self, at: int = 0) -> Ledger:
        """The ledger of the interval that is open, which ends with the last row, or *at* a later moment."""
        self._ended = max(self._ended, at)
        return Ledger() if self._number is None else self._ledger(self._number)

    def _end_of(self, number: int, times: list[int], done: int) -> int:
        """Index of the first row from *done* on that was written after this interval."""
        boundary = self._interval.start(number + 1)
        rest = times[done:] if done else times
        if max(rest, default=0) < boundary:
            return len(times)
        return done + next(index for index, at in enumerate(rest) if at >= boundary)

    def _ledger(self, number: int) -> Ledger:
        return Ledger(self.began, self._ended, {number: self._tally.take()})


class Aggregation:
    """Aggregates the rows of one engine, interval by interval."""

    def __init__(
        self, interval: Interval, places: Places, shape: Shape = Shape.Z32, *, terminate: bool = False
    ) -> None:
        self._gatherer = Gatherer(interval, places, shape, terminate=terminate)
        self._book = Book(interval)

    @property
    def began(self) -> int | None:
        """When aggregation began; ``None`` before the first row."""
        return self._gatherer.began

    def add(self, batch: EventBatch, rows: range) -> Iterator[Set]:
        """Counts *rows*; yields the set of each interval that was over before the last of them."""
        for ledger in self._gatherer.add(batch, rows):
            yield from self._book.enter(ledger)

    def close(self, at: int = 0) -> Set | None:
        """The last set, at the time of the last row or *at* a later moment; ``None`` if there were no rows."""
        return next(self._book.enter(self._gatherer.close(at)), None)
