"""zERT summary records (SMF 119 subtype 12): as SMF octets with descriptor words, or as JSON lines.

Each input is aggregated on its own: a record says that aggregation was enabled, then comes one set of records for each
interval, at last the set of the interval that the end of the input cut short, and a record that aggregation was
disabled. An input without any connection has no records.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from zertap.aggregate import Aggregation, Interval, Places, Set, Table, render
from zertap.plans import Part
from zertap.sinks.base import Stream
from zertap.zert.codec import encode_summary
from zertap.zert.mapping import Settings
from zertap.zert.readable import to_json
from zertap.zert.records_summary import SummaryRecord
from zertap.zert.summary import Reason, SummaryEvent, aggregation_record, summary_record

_Encode = Callable[[SummaryRecord], bytes]


class Summaries:
    """Writes one record for each session and interval."""

    def __init__(self, stream: Stream, encode: _Encode, settings: Settings, interval: Interval, places: Places) -> None:
        self._stream = stream
        self._encode = encode
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
            self._write_set(each, Reason.INTERVAL)
        if begins:
            self._begin()

    def close(self) -> None:
        """See ``Sink.close``."""
        self._finish()
        self._stream.close()

    def _begin(self) -> bool:
        """Says that aggregation was enabled, once; so it needs not be said again."""
        if self._aggregation is not None and self._aggregation.began is not None:
            self._write([aggregation_record(SummaryEvent.ENABLED, self._aggregation.began, self._settings)])
        return False

    def _finish(self) -> None:
        """The last set of one input."""
        last = self._aggregation and self._aggregation.close()
        if last:
            self._write_set(last, Reason.SHUTDOWN)
            self._write([aggregation_record(SummaryEvent.DISABLED, last.end, self._settings)])
        self._aggregation = None

    def _write_set(self, each: Set, reason: Reason) -> None:
        if self._encode is encode_summary and isinstance(each.summaries, Table):
            for octets in render(each.summaries, self._settings, reason):
                self._stream.write(octets)
            self.written += len(each.summaries)
        else:
            self._write(self._records(each, reason))

    def _records(self, each: Set, reason: Reason) -> Iterator[SummaryRecord]:
        final = len(each.summaries) - 1
        for index, summary in enumerate(each.summaries):
            yield summary_record(summary, self._settings, reason, last=index == final)

    def _write(self, records: Iterable[SummaryRecord]) -> None:
        for record in records:
            self._stream.write(self._encode(record))
            self.written += 1


def smf_summaries(stream: Stream, settings: Settings, interval: Interval, places: Places) -> Summaries:
    """Records as octets."""
    return Summaries(stream, encode_summary, settings, interval, places)


def json_summaries(stream: Stream, settings: Settings, interval: Interval, places: Places) -> Summaries:
    """Records as JSON lines in the layout's field names."""
    return Summaries(stream, lambda record: msgspec.json.encode(to_json(record)) + b"\n", settings, interval, places)
