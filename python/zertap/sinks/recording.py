"""What a run records, by configuration: detail and summary records to its outputs, switched on and off on the way.

Discovery is enabled when an input begins and disabled when it ends (event types 5 and 6), or when a reload says so.
Rows of connections that began before discovery, or before aggregation, was switched on are none of their business; for
discovery the session sees to it, which then begins with a new engine.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from zertap.configuration import Configuration
from zertap.configuration.builds import (
    aggregates,
    current_reader,
    interval,
    places,
    record_settings,
    row_reader,
    summarises,
    terminates,
)
from zertap.plans import Engine, Part
from zertap.sinks.destinations import DETAIL, SUMMARY, Destinations
from zertap.sinks.octets import Output
from zertap.sinks.records import Current, Records
from zertap.zert.events import EventType
from zertap.zert.owner import Owners

if TYPE_CHECKING:
    from zertap._native import EventBatch
    from zertap.sinks.summaries import Summaries

_SUMMED = ("globalconfig.intval", "globalconfig.syncval", "smf.", "network.", "records.shape", "observer.at_eof")
"""Keys, or how they begin, with which summaries are begun anew."""

_AT_ONCE = 4096
"""Connections that are asked for in one piece."""


class Recording:
    """Writes the records of one run. ``owners`` as for ``Encoding``.

    ``reloads``: the configuration may change, so that sessions are summed up though nobody gets the summaries yet; and
    rows come as time passes, so that an interval is over when it is, also if nothing happens.
    """

    def __init__(
        self,
        outputs: Destinations | Output,
        configuration: Configuration,
        owners: Owners | None = None,
        *,
        reloads: bool = False,
    ) -> None:
        self._owners = owners
        self._live = reloads
        self._aggregates = aggregates if reloads else summarises
        self._outputs = outputs if isinstance(outputs, Destinations) else Destinations(outputs)
        self.outlets = [each.outlet for each in self._outputs.outputs]
        """The accounts of all outputs."""
        self.outlet = self.outlets[0]
        self._since = 0
        self._engine: int | None = None
        self._clock: tuple[int, int] | None = None
        self._tap: Engine | None = None
        self._enabled = False
        self._configuration = configuration
        self._current: Current | None = None
        self._details = self._make_details(configuration)
        self._summaries = self._make_summaries(configuration)

    def follow(self, parts: Iterable[Part]) -> Iterator[Part]:
        """Hands *parts* on, noting each. To be put in front of whatever delivers them here."""
        self.offer(None)  # who has subscribed before the beginning misses nothing
        for part in parts:
            self.note(part)
            yield part
            self.offer(part)

    def note(self, part: Part) -> None:
        """Takes down what *part* says of time, also if it has no rows. Another engine means another input."""
        if self._engine is not None and part.engine != self._engine:
            self._end_input()
        self._engine = part.engine
        self._clock = part.clock or self._clock
        self._tap = part.tap
        if part.clock and not self._enabled and self._configuration["globalconfig.zert"]:
            self.enable(part.clock[0])

    def offer(self, part: Part | None) -> None:
        """Tells subscribers who ask for them of the connections that live, after the rows of *part* were written.

        ``None``: nothing is observed.
        """
        if self._live and self._summaries and part and part.clock:
            self._summaries.advance(part.clock[1])
        for each in self._outputs.asking():
            if part is None or part.tap is None:
                each.walk(self._nothing_lives)
            else:
                each.walk(partial(self._lives, part.tap, part.engine))

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``. Records are made of every row: *rows* is a ``range``."""
        if not isinstance(rows, range):
            raise TypeError("records are made of every row")
        if self._details:
            self._details.write(part, rows)
        if self._summaries:
            for run in _established_since(part, rows, self._since):
                self._summaries.write(part, run)

    def enable(self, at: int) -> None:
        """Discovery begins."""
        self._enabled = True
        self._switch(EventType.ENABLED, at)

    def reconfigure(self, configuration: Configuration, at: int) -> None:
        """From *at* on records are written as *configuration* says. All earlier rows have been written."""
        before, self._configuration = self._configuration, configuration
        changed = before.changes(configuration)
        if before["globalconfig.zert"] and not configuration["globalconfig.zert"]:
            self._disable(at)
        self._renew(before, configuration, at)
        if "globalconfig.zert" in changed and configuration["globalconfig.zert"]:
            self._engine = None
            self.enable(at)

    def _renew(self, before: Configuration, configuration: Configuration, at: int) -> None:
        """New sinks, where the old ones would go on writing as before."""
        self._details = self._make_details(configuration)
        anew = any(key.startswith(_SUMMED) for key in before.changes(configuration))
        if self._summaries and (anew or not self._aggregates(configuration)):
            self._summaries.end(at, self._standing())
            self._summaries = None
        if self._summaries:
            self._redirect(self._summaries, before, configuration, at)
        elif self._aggregates(configuration):
            self._since = max(self._since, at)
            self._summaries = self._make_summaries(configuration)

    def _redirect(self, summaries: "Summaries", before: Configuration, configuration: Configuration, at: int) -> None:
        """Aggregation goes on. Where only the file gets no more, it gets a final set, and nobody else does."""
        if before["smfconfig.zertsummary"] and not configuration["smfconfig.zertsummary"]:
            summaries.final(at, self._outputs.only_file(), self._standing())
        summaries.to(self._outputs.of(SUMMARY, configuration), record_settings(configuration))

    def _standing(self) -> "Iterator[tuple[EventBatch, range]]":
        """The connections that summaries count, as they stand: what came since their latest rows."""
        start: int | None = 0
        while self._tap is not None and self._engine is not None and start is not None:
            batch, start = self._tap.current(start, _AT_ONCE)
            part = Part(batch, self._engine)
            yield from ((batch, run) for run in _established_since(part, range(len(batch)), self._since))

    def close(self) -> None:
        """See ``Sink.close``."""
        self._end_input()
        if self._summaries:
            self._summaries.close()
        self._outputs.close()

    def _end_input(self) -> None:
        """The input of one engine is over."""
        if self._enabled and self._clock:
            self._enabled = False
            self._switch(EventType.DISABLED, self._clock[1])

    def _disable(self, at: int) -> None:
        if self._enabled:
            self._enabled = False
            self._switch(EventType.DISABLED, at)
        if self._summaries:
            self._summaries.discard(at)

    def _switch(self, kind: EventType, at: int) -> None:
        if self._details and self._configuration["records.switches"]:
            self._details.switch(kind, at)

    def _lives(self, tap: Engine, engine: int, start: int, most: int) -> tuple[bytes, int, int | None]:
        return self._current.listing(tap, engine, start, most) if self._current else (b"", 0, None)

    @staticmethod
    def _nothing_lives(_start: int, _most: int) -> tuple[bytes, int, None]:
        return b"", 0, None

    def _make_details(self, configuration: Configuration) -> Records | None:
        output = self._outputs.of(DETAIL, configuration)
        self._current = None
        if output is None or not configuration["globalconfig.zert"]:
            return None
        settings, networks = record_settings(configuration), configuration["network.local"]
        self._current = Current(settings, networks, current_reader(configuration), self._owners)
        return Records(output, settings, networks, row_reader(configuration), self._owners)

    def _make_summaries(self, configuration: Configuration) -> "Summaries | None":
        if not self._aggregates(configuration):
            return None
        output = self._outputs.of(SUMMARY, configuration)
        from zertap.sinks.summaries import Summaries  # brings aggregation

        settings, where = record_settings(configuration), places(configuration)
        ended, owners = terminates(configuration), self._owners
        return Summaries(output, settings, interval(configuration), where, terminate=ended, owners=owners)


def _established_since(part: Part, rows: range, since: int) -> Iterator[range]:
    """The runs of *rows* whose connections were established at this moment or later."""
    if not since:
        yield rows
        return
    column = part.batch.column("established")
    first = None
    for row in rows:
        if column[row] >= since:
            first = row if first is None else first
        elif first is not None:
            yield range(first, row)
            first = None
    if first is not None:
        yield range(first, rows.stop)
