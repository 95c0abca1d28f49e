"""Connections as JSON lines of another tool's shape (Zeek, EVE, ECS): one or more objects for each connection."""

from collections.abc import Sequence

import msgspec

from zertap.ledger import Outlet
from zertap.plans import Part, Plans
from zertap.shapes import Shape
from zertap.sinks.base import Stream


class Shaped:
    """Writes each connection as the objects that *shape* makes of it; *asked* are the opt-in fields wanted."""

    def __init__(self, stream: Stream, shape: Shape, asked: Sequence[str]) -> None:
        self._stream = stream
        self._shape = shape
        self._plans = Plans(shape.fields(asked))
        self._encode = msgspec.json.Encoder().encode_lines
        self.outlet = Outlet(stream.name, "rows")

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        connections = self._plans.objects(part, rows)
        self._stream.write_pieces([self._encode(list(self._shape.objects(each))) for each in connections], self.outlet)

    def close(self) -> None:
        """See ``Sink.close``."""
        self._stream.close()
