"""zERT summary records (SMF 119 subtype 12).

Each input is aggregated on its own: a record says that aggregation was enabled, then comes one set of records for each
interval, at last the set of the interval that the end of the input cut short, and a record that aggregation was
disabled. An input without any connection has no records.
"""

from collections.abc import Sequence

from zertap._native import records_in
from zertap.aggregate import Aggregation, Interval, Places, Set, Standing, Table, render
from zertap.plans import Part
from zertap.sinks.octets import Output
from zertap.zert.codec import encode_summary
from zertap.zert.mapping import Settings
from zertap.zert.owner import Owners
from zertap.zert.records_summary import SummaryRecord
from zertap.zert.summary import Reason, SummaryEvent, aggregation_record, summary_record


class Summaries:
    """Writes one record for each session and interval.

    ``terminate``: connections still open at the end are taken for ended (A9). ``owners`` as for ``Encoding``.
    """

    def __init__(
        self,
        output: Output | None,
        settings: Settings,
        interval: Interval,
        places: Places,
        *,
        terminate: bool = False,
        owners: Owners | None = None,
    ) -> None:
        self._output = output
        self._settings = settings
        self._interval = interval
        self._places = places
        self._terminate, self._owners = terminate, owners
        self._aggregation: Aggregation | None = None
        self._engine: int | None = None

    def to(self, output: Output | None, settings: Settings) -> None:
        """From now on *output* gets the records, if anybody does, made with these *settings* of the same shape."""
        self._output, self._settings = output, settings

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``. Aggregation takes rows in one piece: *rows* is a ``range``."""
        if not isinstance(rows, range):
            raise TypeError("aggregation takes every row")
        if part.engine != self._engine:
            self._finish()
            self._engine = part.engine
        if self._aggregation is None:
            self._aggregation = Aggregation(
                self._interval, self._places, self._settings.shape, terminate=self._terminate, owners=self._owners
            )
        begins = self._aggregation.began is None
        for each in self._aggregation.add(part.batch, rows):
            begins = begins and self._begin()
            self._write_set(each, Reason.INTERVAL, self._output)
        if begins:
            self._begin()

    def close(self) -> None:
        """See ``Sink.close``."""
        self._finish()
        if self._output:
            self._output.close()

    def advance(self, at: int) -> None:
        """Time has come to *at*, and all rows of before were written: the sets of what is over."""
        for each in self._aggregation.advance(at) if self._aggregation else ():
            self._write_set(each, Reason.INTERVAL, self._output)

    def end(self, at: int, standing: Standing = ()) -> None:
        """Aggregation is switched off *at* this moment: the final set, and the record that says so."""
        self._finish(Reason.END, at, standing)

    def final(self, at: int, output: Output | None, standing: Standing = ()) -> None:
        """*output* gets no more from this moment on: a final set for it alone. Aggregation goes on."""
        found = self._aggregation and self._aggregation.peek(at)
        if found and self._aggregation:
            self._write_set(self._aggregation.caught_up(found, standing), Reason.END, output)

    def discard(self, at: int) -> None:
        """Discovery is switched off: what was collected is dropped, and a record says that aggregation was disabled."""
        if self._aggregation and self._aggregation.began is not None:
            self._write(aggregation_record(SummaryEvent.DISABLED, at, self._settings))
        self._aggregation = None

    def _begin(self) -> bool:
        """Says that aggregation was enabled, once; so it needs not be said again."""
        if self._aggregation is not None and self._aggregation.began is not None:
            self._write(aggregation_record(SummaryEvent.ENABLED, self._aggregation.began, self._settings))
        return False

    def _finish(self, reason: Reason = Reason.SHUTDOWN, at: int = 0, standing: Standing = ()) -> None:
        """The last set of one input, which ends with its last row, or *at* a later moment."""
        last = self._aggregation and self._aggregation.close(at)
        if last and self._aggregation:
            self._write_set(self._aggregation.caught_up(last, standing), reason, self._output)
            self._write(aggregation_record(SummaryEvent.DISABLED, max(last.end, at), self._settings))
        self._aggregation = None

    def _write_set(self, each: Set, reason: Reason, output: Output | None) -> None:
        if output is None:
            return
        if isinstance(each.summaries, Table):
            for octets in render(each.summaries, self._settings, reason):
                output.write(octets, records_in(octets))
            return
        final = len(each.summaries) - 1
        for index, summary in enumerate(each.summaries):
            output.write(encode_summary(summary_record(summary, self._settings, reason, last=index == final)), 1)

    def _write(self, record: SummaryRecord) -> None:
        if self._output:
            self._output.write(encode_summary(record), 1)
