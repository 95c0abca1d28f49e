"""What a caller of the library asks of captures, told once for rows and for columns, kept or in passing."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from zertap.errors import CaptureDamaged, Usage, ZertapError
from zertap.ledger import Ledger
from zertap.pipeline import MOST_WORKERS, Mode, Reading, Request, Selection
from zertap.plans import Plans
from zertap.schema import Field, fields_with
from zertap.values import dataclass

if TYPE_CHECKING:
    from zertap._native import EventBatch, Plan
    from zertap.filter import Expression
    from zertap.pseudonyms import Pseudonyms

Captures = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
"""One capture file or several; ``-`` is standard input."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Captures, how they are to be observed, and what of it is wanted."""

    paths: tuple[str, ...]
    request: Request
    where: "Expression | None"
    strict: bool

    def reading(self, warnings: list[ZertapError]) -> Reading:
        """One more reading of the captures; damage goes to *warnings* unless it raises."""

        def on_fault(error: ZertapError) -> None:
            if self.strict or not isinstance(error, CaptureDamaged):
                raise error
            warnings.append(error)

        return Reading(self.paths, self.request, on_fault)


class Passing:
    """Captures that are read each time somebody asks for what is in them, and of which nothing is kept.

    ``counters``, ``warnings``, ``ledger``: as those of an ``Observation``, of the reading that came to its end last.
    """

    def __init__(self, asked: Asked, fields: tuple[Field, ...]) -> None:
        self._asked = asked
        self._fields = fields
        self.counters: dict[str, int] = {}
        self.warnings: tuple[ZertapError, ...] = ()
        self.ledger = Ledger()

    def _read(self) -> Iterator[tuple["EventBatch", "Plan", Sequence[int] | None] | None]:
        """Batches, and which of their rows; ``None`` where there is none yet, so that whoever reads may end it."""
        warnings: list[ZertapError] = []
        reading = self._asked.reading(warnings)
        selection = Selection(self._asked.where) if self._asked.where else None
        plans: dict[int, Plans] = {}
        for part in reading:
            rows = selection.rows(part, range(len(part.batch))) if selection else None
            if len(part.batch) if rows is None else rows:
                plan = plans.setdefault(part.engine, Plans(self._fields)).of(part)
                yield part.batch, plan, rows
            else:
                yield None
        reading.ledger.check()
        self.counters, self.warnings, self.ledger = dict(reading.counters), tuple(warnings), reading.ledger


def ask(
    captures: Captures,
    *,
    mode: Mode,
    chain: bool,
    offers: bool,
    fingerprints: bool,
    community_id: int | None,
    pseudonyms: "Pseudonyms | None",
    where: str | None,
    strict: bool,
    workers: int,
    fields: Iterable[Field] = (),
    patient: bool = True,
) -> Asked:
    """What these arguments of ``observe`` and ``columns`` ask for. Raises ``Usage``."""
    if not 0 <= workers <= MOST_WORKERS:
        raise Usage(f"workers: {workers} is not from 0 to {MOST_WORKERS}")
    expression = None if where is None else compiled(where)
    several = [captures] if isinstance(captures, str | os.PathLike) else captures
    request = Request(
        mode, chain, offers, fingerprints, community_id or 0, pseudonyms, workers=workers, patient=patient
    )
    request = request.with_needs_of([*fields, *(expression.fields if expression else ())])
    return Asked(tuple(os.fspath(each) for each in several), request, expression, strict)


def fields_asked(*, fingerprints: bool, community_id: int | None, tap: bool = False) -> tuple[Field, ...]:
    """The fields of an observation's connections: those of every output, and the opt-in ones asked for."""
    wanted = {"fingerprints": fingerprints, "community_id": community_id is not None, "tap": tap}
    return fields_with(*(need for need, is_wanted in wanted.items() if is_wanted))


def compiled(text: str) -> "Expression":
    """The expression of ``--where``. Raises ``Usage``."""
    from zertap.filter import compile_expression  # only where there is one

    return compile_expression(text)
