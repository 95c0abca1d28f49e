"""JSON lines: one object per connection, written by the engine after our plan."""

from collections.abc import Sequence

from zertap.ledger import Outlet
from zertap.plans import Part, Plans
from zertap.schema import Field
from zertap.sinks.base import Stream

_TOGETHER = 512
"""Rows rendered at once: few enough that their lines are still near when they are written."""


class JsonLines:
    """Writes each connection as one line."""

    def __init__(self, stream: Stream, fields: Sequence[Field]) -> None:
        self._stream = stream
        self._plans = Plans(fields)
        self.outlet = Outlet(stream.name, "rows")

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        plan = self._plans.of(part)
        self.outlet.taken += len(rows)
        for start in range(0, len(rows), _TOGETHER):
            piece = rows[start : start + _TOGETHER]
            self._write_lines(part.batch.jsonl(plan, piece), len(piece))

    def _write_lines(self, lines: bytes, rows: int) -> None:
        before = self._stream.octets
        try:
            self._stream.write(lines)
        finally:
            taken = self._stream.octets - before
            self.outlet.written += rows if taken == len(lines) else lines.count(b"\n", 0, taken)

    def close(self) -> None:
        """See ``Sink.close``."""
        self._stream.close()
