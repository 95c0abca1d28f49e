"""JSON lines: one object per connection, written by the engine after our plan."""

from collections.abc import Sequence

from zertap.ledger import Outlet
from zertap.plans import Part, Plans
from zertap.schema import Field
from zertap.sinks.base import Stream


class JsonLines:
    """Writes each connection as one line."""

    def __init__(self, stream: Stream, fields: Sequence[Field]) -> None:
        self._stream = stream
        self._plans = Plans(fields)
        self.outlet = Outlet(stream.name, "rows")

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        lines = part.batch.jsonl(self._plans.of(part), rows)
        before = self._stream.octets
        self.outlet.taken += len(rows)
        try:
            self._stream.write(lines)
        finally:
            taken = self._stream.octets - before
            self.outlet.written += len(rows) if taken == len(lines) else lines.count(b"\n", 0, taken)

    def close(self) -> None:
        """See ``Sink.close``."""
        self._stream.close()
