"""CSV (RFC 4180, UTF-8): one column per field, the same columns whatever the data.

Lists of words are joined by blanks; lists of objects and objects are JSON in one cell; ``null`` is an empty cell.
"""

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec

from zertap.ledger import Outlet
from zertap.plans import Part, Plans
from zertap.schema import Field
from zertap.sinks.base import Stream


class Csv:
    """Writes a header, then each connection as one line."""

    def __init__(self, stream: Stream, fields: Sequence[Field]) -> None:
        self._stream = stream
        self._fields = fields
        self._plans = Plans(fields)
        self.outlet = Outlet(stream.name, "rows")
        self._stream.write(_line([each.column for each in fields]))

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        objects = self._plans.objects(part, rows)
        self._stream.write_pieces([_line([_cell(row, each) for each in self._fields]) for row in objects], self.outlet)

    def close(self) -> None:
        """See ``Sink.close``."""
        self._stream.close()


def _line(cells: Sequence[Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def _cell(row: dict[str, Any], field: Field) -> Any:
    value: Any = row
    for key in field.path.split("."):
        value = value and value[key]
    if isinstance(value, bool):
        return "true" if value else "false"
    if field.type == "words" and value is not None:
        return " ".join(value)
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return value
