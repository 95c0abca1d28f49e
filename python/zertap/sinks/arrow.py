"""Arrow IPC stream: the schema once, then one record batch for each batch of rows.

The engine writes each batch as a whole stream (schema, record batch, end mark). Since all have the same schema, their
messages make one stream when every schema but the first and every end mark but the last is left out; only message
lengths are read here, never Arrow data. Source: Arrow columnar format, "Encapsulated message format".
"""

import struct
from collections.abc import Sequence
from typing import Protocol

from zertap._native import Tap
from zertap.ledger import Outlet
from zertap.plans import Part, Plans
from zertap.schema import Field
from zertap.sinks.base import Stream

_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"


class Writable(Protocol):
    """What takes octets: see ``Stream``."""

    def write(self, data: bytes) -> None:
        """Appends *data*."""

    def close(self) -> None:
        """Writes what is still held."""


class Messages:
    """One IPC stream out of many of one schema."""

    def __init__(self, stream: Writable) -> None:
        self._stream = stream

    def begin(self, data: bytes) -> None:
        """Takes the schema from a stream of no rows: an empty input is a valid table too."""
        self._stream.write(data[: _schema_length(data)])

    def add(self, data: bytes) -> None:
        """Adds the rows of a whole stream."""
        self._stream.write(data[_schema_length(data) : -len(_END)])

    def close(self) -> None:
        """Ends the stream."""
        self._stream.write(_END)
        self._stream.close()


class Arrow:
    """Writes one Arrow IPC stream."""

    def __init__(self, stream: Stream, fields: Sequence[Field]) -> None:
        self._messages = Messages(stream)
        self._plans = Plans(fields)
        self.outlet = Outlet(stream.name, "rows")
        nothing = Part(Tap().drain(), -1)
        self._messages.begin(nothing.batch.ipc(self._plans.of(nothing)))

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        data = part.batch.ipc(self._plans.of(part), rows)
        self.outlet.taken += len(rows)
        self._messages.add(data)
        self.outlet.written += len(rows)

    def close(self) -> None:
        """See ``Sink.close``."""
        self._messages.close()


def _schema_length(data: bytes) -> int:
    """Octets of the first message: continuation mark, metadata length, metadata; a schema has no body."""
    (length,) = struct.unpack_from("<4xi", data)
    return 8 + int(length)
