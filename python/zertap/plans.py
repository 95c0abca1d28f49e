"""Plans for the engine's writers: which fields, which words, and the event sequence of each history.

The engine writes JSON and Arrow itself, but knows neither verdicts nor zERT events; a ``Plan`` lends it the words.
Whole event sequences are few among millions of connections: they depend only on a history's *pattern* (which
milestones, before or after the waiting span, established or not, ended or not), so each pattern is worked out once,
with symbolic times that the engine replaces by each row's own.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from zertap._native import EventBatch, Plan
from zertap.objects import reader
from zertap.patterns import pattern_slots
from zertap.protection import PROTOCOLS, VERDICTS
from zertap.schema import Field


class Engine(Protocol):
    """What wrote rows, and may be asked about this moment. A ``Tap`` is one; several taps together may be another."""

    def current(self, start: int, most: int) -> tuple[EventBatch, int | None]:
        """As ``Tap.current``."""

    def counters(self) -> dict[str, int]:
        """As ``Tap.counters``."""


class Part(NamedTuple):
    """Rows of one input, in the order in which they were written.

    ``engine`` numbers the engine that made them: patterns and profiles of different engines have nothing in common.
    ``name`` stands in place of a capture's name where rows come from no capture. ``clock`` holds the first and the
    latest moment that the engine was told of, in nanoseconds since 1970. ``tap`` is the engine itself, for those who
    ask it about this very moment: in the thread that feeds it, before more is pushed.
    """

    batch: EventBatch
    engine: int
    name: str | None = None
    clock: tuple[int, int] | None = None
    tap: Engine | None = None


class Plans:
    """The plan of one list of fields for each input in turn."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = [(each.path, each.source) for each in fields]
        self._needs_events = any(each.source == "events" for each in fields)
        self._taught: EventBatch | None = None
        self._engine: int | None = None
        self._plan: Plan

    def of(self, part: Part) -> Plan:
        """The plan for *part*, with every pattern of its rows taught."""
        if part.engine != self._engine:
            self._plan = Plan(self._fields, VERDICTS, PROTOCOLS, part.name)
            self._engine, self._taught = part.engine, None
        if self._needs_events and part.batch is not self._taught:
            self._teach(part.batch)
        return self._plan

    def _teach(self, batch: EventBatch) -> None:
        for number in batch.patterns():
            if not self._plan.knows(number):
                found = pattern_slots(batch, number)
                self._plan.teach(number, [(each.type, each.slot, *each.shown) for each in found])
        self._taught = batch

    def objects(self, part: Part, rows: Sequence[int] | None = None) -> Iterator[dict[str, Any]]:
        """The JSON objects of the *rows* of *part*, all if ``None``."""
        # One after the other: thousands at once would be some ten megabytes.
        return map(reader(), part.batch.jsonl(self.of(part), rows).splitlines())
