"""zERT summary records (SMF 119 subtype 12).

Each input is aggregated on its own: a record says that aggregation was enabled, then comes one set of records for each
interval, at last the set of the interval that the end of the input cut short, and a record that aggregation was
disabled. An input without any connection has no records.
"""

from collections.abc import Iterable, Iterator, Sequence

from zertap.aggregate import Aggregation, Interval, Places, Set
from zertap.plans import Part
from zertap.sinks.octets import Output
from zertap.zert.codec import encode_summary
from zertap.zert.mapping import Settings
from zertap.zert.records_summary import SummaryRecord
from zertap.zert.summary import Reason, SummaryEvent, aggregation_record, summary_record


class Summaries:
    """Writes one record for each session and interval."""

    def __init__(self, output: Output, settings: Settings, interval: Interval, places: Places) -> None:
        self._output = output
        self._settings = settings
        self._interval = interval
        self._places = places
        self._aggregation: Aggregation | None = None
        self._engine: int | None = None
        self.written = 0
        """Records so far."""

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``. Aggregation takes rows in one piece: *rows* is a ``range``."""
        if not isinstance(rows, range):
            raise TypeError("aggregation takes every row")
        if part.engine != self._engine:
            self._finish()
            self._engine = part.engine
        if self._aggregation is None:
            self._aggregation = Aggregation(self._interval, self._places, self._settings.shape)
        begins = self._aggregation.began is None
        for each in self._aggregation.add(part.batch, rows):
            begins = begins and self._begin()
            self._write(self._records(each, Reason.INTERVAL))
        if begins:
            self._begin()

    def close(self) -> None:
        """See ``Sink.close``."""
        self._finish()
        self._output.close()

    def _begin(self) -> bool:
        """Says that aggregation was enabled, once; so it needs not be said again."""
        if self._aggregation is not None and self._aggregation.began is not None:
            self._write([aggregation_record(SummaryEvent.ENABLED, self._aggregation.began, self._settings)])
        return False

    def _finish(self) -> None:
        """The last set of one input."""
        last = self._aggregation and self._aggregation.close()
        if last:
            self._write(self._records(last, Reason.SHUTDOWN))
            self._write([aggregation_record(SummaryEvent.DISABLED, last.end, self._settings)])
        self._aggregation = None

    def _records(self, each: Set, reason: Reason) -> Iterator[SummaryRecord]:
        final = len(each.summaries) - 1
        for index, summary in enumerate(each.summaries):
            yield summary_record(summary, self._settings, reason, last=index == final)

    def _write(self, records: Iterable[SummaryRecord]) -> None:
        for record in records:
            self._output.write(encode_summary(record))
            self.written += 1
