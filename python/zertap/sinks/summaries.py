"""zERT summary records (SMF 119 subtype 12): as SMF octets with descriptor words, or as JSON lines.

Each input is aggregated on its own: a record says that aggregation was enabled, then comes one set of records for each
interval, at last the set of the interval that the end of the input cut short, and a record that aggregation was
disabled. An input without any connection has no records.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from zertap.aggregate import Aggregation, Interval, Places, Set, Table, render
from zertap.ledger import Outlet
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

    def __init__(
        self,
        stream: Stream,
        encode: _Encode,
        settings: Settings,
        interval: Interval,
        places: Places,
        *,
        terminate: bool = False,
    ) -> None:
        self._stream = stream
        self._encode = encode
        self._settings = settings
        self._interval = interval
        self._places = places
        self._terminate = terminate
        self._aggregation: Aggregation | None = None
        self._engine: int | None = None
        self.outlet = Outlet(stream.name, "records")

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``. Aggregation takes rows in one piece: *rows* is a ``range``."""
        if not isinstance(rows, range):
            raise TypeError("aggregation takes every row")
        if part.engine != self._engine:
            self._finish()
            self._engine = part.engine
        if self._aggregation is None:
            self._aggregation = Aggregation(
                self._interval, self._places, self._settings.shape, terminate=self._terminate
            )
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

    def end(self, at: int) -> None:
        """Aggregation is switched off *at* this moment: the final set, and the record that says so."""
        self._finish(Reason.END, at)

    def discard(self, at: int) -> None:
        """Discovery is switched off: what was collected is dropped, and a record says that aggregation was disabled."""
        if self._aggregation and self._aggregation.began is not None:
            self._write([aggregation_record(SummaryEvent.DISABLED, at, self._settings)])
        self._aggregation = None

    def _begin(self) -> bool:
        """Says that aggregation was enabled, once; so it needs not be said again."""
        if self._aggregation is not None and self._aggregation.began is not None:
            self._write([aggregation_record(SummaryEvent.ENABLED, self._aggregation.began, self._settings)])
        return False

    def _finish(self, reason: Reason = Reason.SHUTDOWN, at: int = 0) -> None:
        """The last set of one input, which ends with its last row, or *at* a later moment."""
        last = self._aggregation and self._aggregation.close(at)
        if last:
            self._write_set(last, reason)
            self._write([aggregation_record(SummaryEvent.DISABLED, max(last.end, at), self._settings)])
        self._aggregation = None

    def _write_set(self, each: Set, reason: Reason) -> None:
        if self._encode is encode_summary and isinstance(each.summaries, Table):
            for octets in render(each.summaries, self._settings, reason):
                self._stream.write_pieces(list(_records_in(octets)), self.outlet)
        else:
            self._write(self._records(each, reason))

    def _records(self, each: Set, reason: Reason) -> Iterator[SummaryRecord]:
        final = len(each.summaries) - 1
        for index, summary in enumerate(each.summaries):
            yield summary_record(summary, self._settings, reason, last=index == final)

    def _write(self, records: Iterable[SummaryRecord]) -> None:
        self._stream.write_pieces([self._encode(record) for record in records], self.outlet)


def _records_in(octets: bytes) -> Iterator[bytes]:
    """The records of a piece, by the lengths in their descriptor words."""
    at = 0
    while at < len(octets):
        end = at + int.from_bytes(octets[at : at + 2])
        yield octets[at:end]
        at = end


def smf_summaries(
    stream: Stream, settings: Settings, interval: Interval, places: Places, *, terminate: bool = False
) -> Summaries:
    """Records as octets. ``terminate``: connections still open at the end are taken for ended (A9)."""
    return Summaries(stream, encode_summary, settings, interval, places, terminate=terminate)


def json_summaries(
    stream: Stream, settings: Settings, interval: Interval, places: Places, *, terminate: bool = False
) -> Summaries:
    """Records as JSON lines in the layout's field names. ``terminate`` as above."""

    def line(record: SummaryRecord) -> bytes:
        return msgspec.json.encode(to_json(record)) + b"\n"

    return Summaries(stream, line, settings, interval, places, terminate=terminate)
