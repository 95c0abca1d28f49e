"""Who gets the rows of a live tap: sinks of rows, records, and whatever else has the shape of ``Listener``."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from zertap._native import KINDS, PHASES
from zertap.configuration import Configuration
from zertap.ledger import Outlet
from zertap.pipeline import BATCH_ROWS, Selection
from zertap.plans import Part
from zertap.protection import VERDICTS
from zertap.sinks.base import Sink

if TYPE_CHECKING:
    from zertap.sinks.recording import Recording

RowsWanted = Literal["decided", "last"]
"""``decided``: a row when a verdict is reached and one at the end of the connection. ``last``: the one at the end."""

_LAST = frozenset(KINDS.index(kind) for kind in ("closed", "reset", "replaced", "evicted", "unfinished"))
_OPEN = frozenset({"SILENT", "SNIFFING", "TLS_BEGUN", "TLS_AGREED", "TLS_PROVISIONAL", "SSH_BEGUN", "SSH_AGREED"})
"""Phases that a living connection is expected to leave."""

_DECIDED = tuple(None if phase in _OPEN else verdict for phase, verdict in zip(PHASES, VERDICTS, strict=True))
"""Verdict by phase number, where it is more than a state on the way."""


class Listener(Protocol):
    """Gets every part of a live tap, in order; none after it has raised ``OutputFailed`` or ``ReaderGone``."""

    @property
    def outlets(self) -> Sequence[Outlet]:
        """What each of its outputs was given, and how much of it reached the operating system."""

    def take(self, part: Part) -> None:
        """Rows, or none: then only time has passed (``Part.clock``). Called several times a second."""

    def reconfigure(self, configuration: Configuration, at: int) -> None:
        """From packet time *at* (nanoseconds since 1970) on, *configuration* is in effect."""

    def close(self) -> None:
        """Nothing more comes."""


def newly_decided(part: Part) -> Iterator[tuple[int, str]]:
    """Rows at which a connection's verdict is reached, with it: each change once; open ones only at the end."""
    columns = (part.batch.column(name) for name in ("kind", "phase", "previous"))
    for row, (kind, phase, previous) in enumerate(zip(*columns, strict=True)):
        decided = _DECIDED[phase]
        if decided != _DECIDED[previous] if decided else kind in _LAST:
            yield row, VERDICTS[phase]


class RowListener:
    """One line or cell of a sink for each connection, at its end; or for each verdict too."""

    def __init__(self, sink: Sink, selection: Selection, wanted: RowsWanted) -> None:
        self._sink = sink
        self._selection = selection
        self._wanted = wanted
        self.outlets = (sink.outlet,)

    def take(self, part: Part) -> None:
        """See ``Listener.take``."""
        if not len(part.batch):
            return
        kinds = part.batch.column("kind")
        rows = {row for row, kind in enumerate(kinds) if kind in _LAST}
        if self._wanted == "decided":
            rows |= {row for row, _ in newly_decided(part)}
        chosen = self._selection.rows(part, sorted(rows)) if rows else ()
        if chosen:
            self._sink.write(part, chosen)

    def reconfigure(self, configuration: Configuration, at: int) -> None:
        """A connection's row is the same with any configuration."""

    def close(self) -> None:
        """See ``Listener.close``."""
        self._sink.close()


class RecordListener:
    """zERT records of all that the tap shows."""

    def __init__(self, recording: "Recording") -> None:
        self._recording = recording
        self.outlets = recording.outlets

    def take(self, part: Part) -> None:
        """See ``Listener.take``."""
        self._recording.note(part)
        for start in range(0, len(part.batch), BATCH_ROWS):
            self._recording.write(part, range(start, min(start + BATCH_ROWS, len(part.batch))))
        self._recording.offer(part)

    def reconfigure(self, configuration: Configuration, at: int) -> None:
        """See ``Listener.reconfigure``."""
        self._recording.reconfigure(configuration, at)

    def close(self) -> None:
        """See ``Listener.close``."""
        self._recording.close()
