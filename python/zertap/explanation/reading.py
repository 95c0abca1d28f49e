"""From captures to the explanation of one connection: the same engine reads again, and keeps a journal.

A connection is named by the number of its first packet or by its uid. The number is enough for one pass; a uid is
looked up in a pass of its own.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from zertap._native import PHASES, EventBatch, Source, Tap
from zertap.connection import Connection
from zertap.errors import CaptureDamaged, Usage, ZertapError
from zertap.explanation.account import Explanation
from zertap.explanation.step import steps_of
from zertap.patterns import pattern_slots
from zertap.pipeline import BATCH_ROWS, Mode, Request, unreadable_links
from zertap.plans import Part, Plans
from zertap.schema import BY_PATH, FIELDS

UID_LENGTH = 24
"""Digits of a uid: a shorter number is a packet's."""


def explain(
    capture: str | os.PathLike[str],
    connection: int | str,
    *,
    mode: Mode = "full",
    chain: Sequence[str] = (),
) -> Explanation:
    """Why the verdict on one connection of *capture* is what it is.

    ``connection``: the number of its first packet, or its uid. ``chain``: all captures of one tap, *capture* among
    them, in order. Raises ``CaptureUnreadable``; ``Usage`` where there is no such connection.
    """
    file = os.fspath(capture)
    captures = tuple(chain) or (file,)
    request = Request(mode, chain=bool(chain), offers=True)
    if isinstance(connection, str) and not (connection.isdecimal() and len(connection) < UID_LENGTH):
        file, connection = find(captures, connection, request)
    return _Pass(captures, request).of(file, int(connection))


def find(captures: Sequence[str], uid: str, request: Request) -> tuple[str, int]:
    """Capture and first packet of the connection with this *uid*. Raises ``Usage``."""
    if "-" in captures:
        raise Usage("standard input can be read only once: name the connection by its first packet")
    plans = Plans([BY_PATH[name] for name in ("uid", "file", "first_packet")])
    seen = 0
    for batch in _Pass(captures, request).batches():
        for row in plans.objects(Part(batch, 0)):
            seen += 1
            if row["uid"] == uid:
                return row["file"], row["first_packet"]
    there = f"the {seen} connections are listed by `zertap observe`" if seen else "there is no TCP connection at all"
    raise Usage(f"no connection has the uid `{uid}`: {there}")


class _Pass:
    """One reading of the captures of one tap."""

    def __init__(self, captures: Sequence[str], request: Request) -> None:
        self._captures = captures
        self._tap = Tap(request.config())
        self.warnings: list[ZertapError] = []

    def of(self, file: str, number: int) -> Explanation:
        """The explanation of the connection that begins with packet *number* of *file*."""
        first_packet = 0
        below, above = 0, 0
        found: tuple[EventBatch, int] | None = None
        for batch in self.batches(file, number):
            first_packet = self._frames_before + number
            for row, first in enumerate(batch.column("first_packet")):
                if first == first_packet:
                    found = (batch, row)
                elif self._frames_before < first < first_packet:
                    below = max(below, first - self._frames_before)
                elif first > first_packet:
                    above = min(above or first, first - self._frames_before)
        if found is None:
            raise Usage(_unknown(number, [each for each in (below, above) if each]))
        return self._explanation(*found)

    def batches(self, file: str | None = None, number: int = 0) -> Iterator[EventBatch]:
        """Rows as they come; a journal is kept of the connection that begins with packet *number* of *file*."""
        self._frames_before = 0
        for capture in self._captures:
            source = Source(capture)
            if capture == file:
                self._frames_before = self._tap.counters()["frames"]
                self._tap.keep_journal(number)
            yield from self._pump(source)
            if self._is_over():
                return
        self._tap.finish()
        yield self._tap.drain()

    def _pump(self, source: Source) -> Iterator[EventBatch]:
        more = True
        while more:
            try:
                more = self._tap.pump(source, BATCH_ROWS)
            except CaptureDamaged as error:
                self.warnings.append(error)
                more = False
            yield self._tap.drain()
        fault = unreadable_links(source)
        if fault and not self.warnings:
            raise fault

    def _is_over(self) -> bool:
        journal = self._tap.journal()
        return journal is not None and bool(journal["over"])

    def _explanation(self, batch: EventBatch, row: int) -> Explanation:
        facts: dict[str, Any] = next(Plans(FIELDS).objects(Part(batch, 0), [row]))
        journal = self._tap.journal() or {"steps": [], "dropped": 0}
        pattern = batch.column("pattern")[row]
        milestones = [PHASES[phase] for phase, _ in batch.pattern(pattern)[0]]
        steps = steps_of(journal["steps"], facts, pattern_slots(batch, pattern), milestones)
        return Explanation(Connection(_as_observed(facts)), tuple(steps), journal["dropped"], tuple(self.warnings))


def _as_observed(facts: dict[str, Any]) -> dict[str, Any]:
    """The row without the lists of offers, which were kept for the steps alone."""
    groups = {name: {**facts[name], "offered": None} for name in ("tls", "ssh") if facts[name]}
    return {**facts, **groups}


def _unknown(number: int, near: Sequence[int]) -> str:
    there = f"nearest: {', '.join(map(str, near))}" if near else "there is no TCP connection at all"
    return f"no connection begins with packet {number}; {there}"
