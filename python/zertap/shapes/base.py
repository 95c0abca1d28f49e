"""What a shape is: tables of lines, each saying where a value goes, what it is made of, and how.

A connection becomes one object for each record of a shape that fits its protocol. What is not known is left out, as all
three pipelines expect; nothing is invented to fill a place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from zertap.schema import BY_PATH, EVERY_FIELD, Field

Make = Callable[..., Any]
"""From the values of a line's sources to the value in the shape; ``None`` leaves the place out."""

ESTABLISHED: Final = Field("established", "established", "time", "When TCP was established.")
"""A fact that the schema says by the verdict alone, and that the states of flows need."""

_KNOWN: Final[dict[str, Field]] = {**BY_PATH, ESTABLISHED.path: ESTABLISHED}


@dataclass(frozen=True, slots=True)
class Line:
    """One place in an object: *target* (dots nest where the shape nests), what it is made of, and how.

    ``sources`` are paths of our schema, also into objects (``tls.server_certificate.subject``); ``make`` gets their
    values in order, and is absent where the one value goes as it is. ``note`` tells what a reader must
    know.
    """

    target: str
    sources: tuple[str, ...]
    make: Make | None = None
    note: str = ""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of our schema that it looks at."""
        return tuple(field_of(source)[0] for source in self.sources)


@dataclass(frozen=True, slots=True)
class Record:
    """One object for a connection: of every connection, or of those that spoke *protocol*."""

    name: str
    protocol: str | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """All that one pipeline expects. ``source`` says where the names of its places are published."""

    name: str
    title: str
    nested: bool
    records: tuple[Record, ...]
    source: str

    def fields(self, asked: Sequence[str]) -> tuple[Field, ...]:
        """The fields that the engine must give, in output order; those that need something only if it is *asked*."""
        used = {field for record in self.records for line in record.lines for field in line.fields}
        return tuple(
            each for each in (ESTABLISHED, *EVERY_FIELD) if each in used and (each.needs is None or each.needs in asked)
        )

    def objects(self, connection: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The objects of one *connection*, given as the JSON object of our schema."""
        for record in self.records:
            if record.protocol in {None, connection["protocol"]}:
                yield self._object(record, connection)

    def _object(self, record: Record, connection: Mapping[str, Any]) -> dict[str, Any]:
        whole: dict[str, Any] = {}
        for line in record.lines:
            values = [_follow(connection, source) for source in line.sources]
            value = line.make(*values) if line.make else values[0]
            if value is not None:
                self._put(whole, line.target, value)
        return whole

    def _put(self, whole: dict[str, Any], target: str, value: Any) -> None:
        place = whole
        *path, last = target.split(".") if self.nested else [target]
        for key in path:
            place = place.setdefault(key, {})
        place[last] = value


def field_of(source: str) -> tuple[Field, str]:
    """The field that *source* names, and the key inside it (empty for the whole)."""
    if source in _KNOWN:
        return _KNOWN[source], ""
    path, _, part = source.rpartition(".")
    return _KNOWN[path], part


def _follow(connection: Mapping[str, Any], source: str) -> Any:
    value: Any = connection
    for key in source.split("."):
        if value is None:
            return None
        value = value.get(key)
    return value
