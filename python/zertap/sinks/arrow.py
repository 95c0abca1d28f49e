"""Arrow IPC stream: the schema once, then one record batch for each batch of rows.

The engine writes each batch as a whole stream (schema, record batch, end mark). Since all have the same schema, their
messages make one stream when every schema but the first and every end mark but the last is left out; only message
lengths are read here, never Arrow data. Source: Arrow columnar format, "Encapsulated message format".
"""

import struct
from collections.abc import Sequence

from zertap._native import Tap
from zertap.ledger import Outlet
from zertap.plans import Part, Plans
from zertap.schema import Field
from zertap.sinks.base import Stream

_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"


class Arrow:
    """Writes one Arrow IPC stream."""

    def __init__(self, stream: Stream, fields: Sequence[Field]) -> None:
        self._stream = stream
        self._plans = Plans(fields)
        self.outlet = Outlet(stream.name, "rows")
        self._stream.write(self._schema())

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        data = part.batch.ipc(self._plans.of(part), rows)
        self.outlet.taken += len(rows)
        self._stream.write(data[_schema_length(data) : -len(_END)])
        self.outlet.written += len(rows)

    def close(self) -> None:
        """See ``Sink.close``."""
        self._stream.write(_END)
        self._stream.close()

    def _schema(self) -> bytes:
        """The schema message, taken from a stream of no rows: an empty input is a valid table too."""
        nothing = Part(Tap().drain(), -1)
        data = nothing.batch.ipc(self._plans.of(nothing))
        return data[: _schema_length(data)]


def _schema_length(data: bytes) -> int:
    """Octets of the first message: continuation mark, metadata length, metadata; a schema has no body."""
    (length,) = struct.unpack_from("<4xi", data)
    return 8 + int(length)
