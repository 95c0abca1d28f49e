"""The Python API: captures or packets in, connections out, as rows for people and as columns for volume."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, groupby
from typing import TYPE_CHECKING, Any, overload

from zertap import _native
from zertap.asked import Captures, ask, compiled, fields_asked
from zertap.connection import Connection, endpoint
from zertap.errors import Usage, ZertapError
from zertap.frames import Tabular
from zertap.ledger import Ledger
from zertap.pipeline import Mode, Selection
from zertap.plans import Part, Plans
from zertap.protection import Protection, protection_column
from zertap.schema import BY_PATH, FIELDS, Field

if TYPE_CHECKING:
    from zertap.explanation import Explanation
    from zertap.filter import Expression
    from zertap.pseudonyms import Pseudonyms

_SHOWN_IN_NOTEBOOKS = 20


def observe(
    captures: Captures,
    *,
    mode: Mode = "full",
    chain: bool = False,
    offers: bool = False,
    fingerprints: bool = False,
    community_id: int | None = None,
    pseudonyms: "Pseudonyms | None" = None,
    where: str | None = None,
    strict: bool = False,
    workers: int = 1,
) -> "Observation":
    """Every TCP connection in *captures*, in the order in which they ended.

    ``mode``: ``full`` or ``zert``. ``chain``: the captures are consecutive files of one tap. ``offers``: keep the
    offered lists. ``fingerprints``: add JA3, JA3S, JA4 and HASSH. ``community_id``: add it, with this seed.
    ``pseudonyms``: what stands in the place of addresses, also for ``where``. ``where``: only connections that match
    this expression. ``strict``: damage raises instead of standing in ``Observation.warnings``. ``workers``: threads
    that read each capture together, 0 for one a core; what comes out is the same.

    Raises ``CaptureUnreadable``, ``Usage``; with ``strict`` also ``CaptureDamaged``.
    """
    asked = ask(
        captures,
        mode=mode,
        chain=chain,
        offers=offers,
        fingerprints=fingerprints,
        community_id=community_id,
        pseudonyms=pseudonyms,
        where=where,
        strict=strict,
        workers=workers,
    )
    warnings: list[ZertapError] = []
    reading = asked.reading(warnings)
    parts = [part for part in reading if len(part.batch)]
    reading.ledger.check()
    pieces = [(part, range(len(part.batch))) for part in parts]
    # An account is told with true addresses, so there is none where they were to be hidden.
    origin = None if pseudonyms else Origin(mode, asked.paths if chain else ())
    fields = fields_asked(fingerprints=fingerprints, community_id=community_id)
    whole = Observation(pieces, dict(reading.counters), tuple(warnings), reading.ledger, origin, fields)
    return whole if asked.where is None else whole.where(asked.where)


@dataclass(frozen=True, slots=True)
class Origin:
    """How captures were observed: what it takes to observe one of them again."""

    mode: Mode
    chain: tuple[str, ...]
    """All captures, where they are files of one tap."""


class Observation(Tabular):
    """Connections: a sequence of ``Connection``, and a table for whatever reads Arrow.

    Not of the class ``collections.abc.Sequence``: programs that know both would then read rows, not columns.

    ``counters``: what was seen beside connections, by name. ``warnings``: damage found in the input; everything before
    it is here. ``ledger``: where every frame and every connection of the run went; of a selection, that of the whole.
    """

    def __init__(
        self,
        pieces: Sequence[tuple[Part, Sequence[int]]],
        counters: dict[str, int],
        warnings: tuple[ZertapError, ...] = (),
        ledger: Ledger | None = None,
        origin: Origin | None = None,
        fields: tuple[Field, ...] = FIELDS,
    ) -> None:
        self._pieces = pieces
        self._fields = fields
        self.ledger = ledger or Ledger()
        self._ends = list(accumulate(len(rows) for _, rows in pieces))
        self.counters = counters
        self.warnings = warnings
        self._origin = origin

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Connection]:
        return chain.from_iterable(self._views())

    def _views(self) -> Iterator[Iterator[Connection]]:
        plans = Plans(self._fields)
        for part, rows in self._pieces:
            yield part.batch.views(Connection, plans.of(part), rows)

    @overload
    def __getitem__(self, index: int) -> Connection: ...
    @overload
    def __getitem__(self, index: slice) -> "Observation": ...
    def __getitem__(self, index: int | slice) -> "Connection | Observation":
        if isinstance(index, slice):
            return self._pick([self._find(each) for each in range(len(self))[index]])
        piece, row = self._find(range(len(self))[index])
        return Connection(next(Plans(self._fields).objects(self._pieces[piece][0], [row])))

    def where(self, expression: "str | Expression") -> "Observation":
        """Only the connections that match *expression*. Raises ``Usage``."""
        selection = Selection(compiled(expression) if isinstance(expression, str) else expression)
        kept = []
        for part, rows in self._pieces:
            kept.append((part, selection.rows(part, rows)))
        return Observation(kept, self.counters, self.warnings, self.ledger, self._origin, self._fields)

    def select(self, *names: str) -> "Observation":
        """The same connections with these fields alone, in this order: columns that nobody reads cost nothing.

        ``tls`` and ``ssh`` stand for all of theirs, as for ``--fields``. Raises ``Usage``.
        """
        from zertap.filter import select_fields

        fields = select_fields(names)
        return Observation(self._pieces, self.counters, self.warnings, self.ledger, self._origin, fields)

    def summary(self) -> dict[str, int]:
        """Number of connections by verdict; only verdicts that occur."""
        numbers: Counter[int] = Counter()
        for part, rows in self._pieces:
            column = protection_column(part.batch)
            numbers.update(column[row] for row in rows)
        return {each.word: numbers[each] for each in Protection if numbers[each]}

    def explain(self, connection: int | str) -> "Explanation":
        """Why the verdict on one of these connections is what it is; its capture is read again.

        ``connection``: its uid, or the number of its first packet. Raises ``Usage`` where none of these is meant, or
        several are, or they come from no capture; else as ``observe``.
        """
        from zertap.explanation import explain

        if self._origin is None:
            raise Usage("these connections come from no capture that could be read again")
        known = Plans([BY_PATH[name] for name in ("uid", "file", "first_packet")])
        rows = (row for part, rows in self._pieces for row in known.objects(part, rows))
        found = [row for row in rows if connection in (row["uid"], row["first_packet"], str(row["first_packet"]))]
        if not found:
            raise Usage(f"no connection here has the uid or begins with packet `{connection}`")
        if len({row["file"] for row in found}) > 1:
            raise Usage(f"connections of {len(found)} captures begin with packet {connection}: name one by its uid")
        chain = self._origin.chain
        return explain(found[0]["file"], found[0]["first_packet"], mode=self._origin.mode, chain=chain)

    def __arrow_c_schema__(self) -> Any:
        """See ``Tabular``."""
        return _native.arrow_schema(Plans(self._fields).of(Part(_native.Tap().drain(), -1)))

    def _stream(self, *, views: bool) -> Any:
        """See ``Tabular``."""
        plans: dict[int, Plans] = {}
        pieces = self._pieces or [(Part(_native.Tap().drain(), -1), ())]
        parts = [
            (part.batch, plans.setdefault(part.engine, Plans(self._fields)).of(part), rows) for part, rows in pieces
        ]
        return _native.arrow_stream(parts, views)

    def __repr__(self) -> str:
        verdicts = ", ".join(f"{word} {number}" for word, number in self.summary().items())
        return f"<Observation of {len(self)} connections{': ' if verdicts else ''}{verdicts}>"

    def _repr_html_(self) -> str:
        import html

        names = ("verdict", "client", "server", "protocol", "reason")
        head = "".join(f"<th>{name}</th>" for name in names)
        body = "".join(f"<tr>{_html_cells(each)}</tr>" for each in self[:_SHOWN_IN_NOTEBOOKS])
        caption = html.escape(repr(self)[1:-1])
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _find(self, index: int) -> tuple[int, int]:
        """Piece and row of the connection number *index*."""
        piece = bisect_right(self._ends, index)
        rows = self._pieces[piece][1]
        return piece, rows[index - (self._ends[piece] - len(rows))]

    def _pick(self, places: Iterable[tuple[int, int]]) -> "Observation":
        pieces = [
            (self._pieces[piece][0], [row for _, row in found])
            for piece, found in groupby(places, key=lambda place: place[0])
        ]
        return Observation(pieces, self.counters, self.warnings, self.ledger, self._origin, self._fields)


def _html_cells(each: Connection) -> str:
    client, server = endpoint(each.client_ip, each.client_port), endpoint(each.server_ip, each.server_port)
    version = (each.tls and each.tls.version) or each.protocol
    from html import escape

    cells = (each.verdict, client, server, version, each.reason or "")
    return "".join(f"<td>{escape(cell)}</td>" for cell in cells)
