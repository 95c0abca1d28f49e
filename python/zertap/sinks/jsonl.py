"""JSON lines: one object per connection, written by the engine after our plan."""

from collections.abc import Sequence

from zertap.plans import Part, Plans
from zertap.schema import Field
from zertap.sinks.base import Stream


class JsonLines:
    """Writes each connection as one line."""

    def __init__(self, stream: Stream, fields: Sequence[Field]) -> None:
        self._stream = stream
        self._plans = Plans(fields)

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        self._stream.write(part.batch.jsonl(self._plans.of(part), rows))

    def close(self) -> None:
        """See ``Sink.close``."""
        self._stream.close()
