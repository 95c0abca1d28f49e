"""The only wiring: captures go in at one end, chosen rows come out at the other.

``Reading`` turns captures into parts (batches of rows), telling what went wrong on the way; ``Selection`` chooses
rows; ``deliver`` hands them to a sink. Damage in one capture never stops the next one, and everything read before the
damage is delivered. Nothing is kept per connection.
"""

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from zertap._native import LINK_TYPES, Source, Tap
from zertap.errors import CaptureUnreadable, OutOfMemory, ZertapError
from zertap.ledger import Ledger
from zertap.plans import Part, Plans
from zertap.schema import EVERY_FIELD, FIELDS, Field
from zertap.sinks.base import ReaderGone, Sink
from zertap.values import dataclass, field, replace

if TYPE_CHECKING:
    from zertap.configuration import Configuration
    from zertap.filter import Expression
    from zertap.pseudonyms import Pseudonyms

Mode = Literal["full", "zert"]
"""``full`` looks at all that the wire shows; ``zert`` at what z/OS stream observation attends to."""

BATCH_ROWS = 4096
"""Rows that wait in the engine before they are fetched: enough to make the crossing cheap, few enough to stay small."""

FEWER_ROWS = 1024
"""The same where early moves are not written: rows are rarer, and what ended is to be delivered before memory ends."""

MOST_WORKERS = 1024
"""More than any machine has cores."""


@dataclass(frozen=True, slots=True)
class Request:
    """How captures are to be observed."""

    mode: Mode = "full"
    chain: bool = False
    """Read them as consecutive files of one tap, so that a connection may cross from one into the next."""
    offers: bool = False
    """Keep the lists that the two sides offered."""
    fingerprints: bool = False
    """Keep what JA3, JA4 and HASSH are made of."""
    community_seed: int = 0
    """Seed of Community ID."""
    pseudonyms: "Pseudonyms | None" = None
    """What stands in the place of addresses."""
    silence: float | None = None
    """Count what the captures are like; so many seconds without a packet are a silence."""
    rows: frozenset[str] | None = None
    """Kinds of rows wanted; the last one of each connection if ``None``."""
    early_moves: bool = True
    """Write ``moved`` rows within the waiting span, too, though only data in clear behind TLS is an event then."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    """The engine's other settings, by its own names; its defaults for those that are not here."""
    prompt: bool = False
    """Fetch rows as soon as there are any: somebody waits for them."""
    patient: bool = True
    """Wait for rows; without, there is a part every tenth of a second, if need be one without rows."""
    interval: tuple[int, int] | None = None
    """Length of the recording intervals, and a boundary of theirs since midnight. Nanoseconds."""
    workers: int = 1
    """Threads that follow the connections of a capture together; 0 means one for each core."""

    @classmethod
    def of(
        cls, configuration: "Configuration", *, chain: bool = False, records: bool = False, reloads: bool = False
    ) -> "Request":
        """The request that a configuration makes; with the rows and boundaries that its records need.

        *reloads*: the configuration may change while the engine runs.
        """
        from zertap.configuration.builds import boundaries, record_rows, tap_limits

        mode, offers = configuration["observer.mode"], configuration["observer.offers"]
        request = cls(mode, chain, offers, limits=tap_limits(configuration))
        if not records:
            return request
        rows = record_rows(configuration, reloads=reloads)
        found = boundaries(configuration, reloads=reloads)
        # Where summaries may begin in mid-run, any row can be the one with which they do.
        return replace(request, rows=rows, early_moves=reloads, interval=found)

    def config(self) -> dict[str, Any]:
        """The engine's configuration: it knows options, not the word ``zert``."""
        full = self.mode == "full"
        config: dict[str, Any] = {**self.limits, "certificates": full, "upgrades": full, "offers": self.offers}
        config |= {"fingerprints": self.fingerprints, "community_seed": self.community_seed}
        if self.pseudonyms is not None:
            config |= self.pseudonyms.config()
        if self.rows is not None:
            config |= {"rows": set(self.rows), "early_moves": self.early_moves}
        if self.interval is not None:
            config["interval_ns"] = self.interval
        return config

    def with_needs_of(self, fields: Iterable[Field]) -> "Request":
        """The same request, and whatever the engine must keep for *fields*."""
        return replace(self, fingerprints=self.fingerprints or any(each.needs == "fingerprints" for each in fields))


class Watch:
    """Somebody beside the reading: may see how far it is, and may end it. This one does neither."""

    stopped: bool = False
    """The reading ends as if the input ended here."""

    def pumping(self) -> AbstractContextManager[object]:
        """Surrounds every call that may last; may end it by an exception that it swallows, having set ``stopped``."""
        return nullcontext()

    def saw(self, source: Source) -> None:
        """Called after each piece of *source*."""


class Reading:
    """Captures in, parts out, in the order given. Iterate once."""

    def __init__(
        self,
        captures: Sequence[str],
        request: Request,
        on_fault: Callable[[ZertapError], None],
        watch: Watch | None = None,
    ) -> None:
        self._captures = captures
        self._request = request
        self._on_fault = on_fault
        self._watch = watch or Watch()
        self.counters: Counter[str] = Counter()
        """The engines' counters, summed over the inputs read so far."""
        self.ledger = Ledger()
        """The account of the inputs read so far; whole once the iteration has ended, however it ended."""
        self._exhausted = False
        """Memory has run out: nothing more is read."""
        self.source: Source | None = None
        """The capture that was opened last."""

    def __iter__(self) -> Generator[Part, None, None]:
        inputs = [self._captures] if self._request.chain else [[capture] for capture in self._captures]
        for engine, captures in enumerate(inputs):
            yield from self._input(captures, engine)
            if self._watch.stopped or self._exhausted:
                return

    def _input(self, captures: Sequence[str], engine: int) -> Iterator[Part]:
        """One tap's files, to the end of the last."""
        tap = Tap(self._request.config() | {"workers": self._workers(captures)})
        try:
            for capture in captures:
                source = None if self._watch.stopped or self._exhausted else self._open(capture)
                for _ in self._pump(tap, source) if source else ():
                    yield self._fetch(tap, engine)
            while self._finish(tap):
                yield self._fetch(tap, engine)
            yield self._fetch(tap, engine)
        finally:
            self.counters.update(tap.counters())
            self.ledger.close(tap)

    def _workers(self, captures: Sequence[str]) -> int:
        """How many read these captures: each opens them itself, which only a regular file allows."""
        wanted = self._request.workers or cores()
        if wanted == 1:
            return 1
        from pathlib import Path

        # What the captures are like is counted by the one reader that there is then.
        alone = self._request.silence is not None or not all(Path(capture).is_file() for capture in captures)
        return 1 if alone else wanted

    def _rows(self) -> int:
        """Rows that must wait before they are fetched."""
        if self._request.prompt:
            return 1
        return BATCH_ROWS if self._request.early_moves else FEWER_ROWS

    def _finish(self, tap: Tap) -> bool:
        """Some last rows of connections that are still open, if there is memory for them. Whether more are left."""
        try:
            return not self._exhausted and tap.finish(BATCH_ROWS)
        except OutOfMemory as error:
            self._fail(error)
            return False

    def _fail(self, error: ZertapError) -> None:
        self._exhausted |= isinstance(error, OutOfMemory)
        self._on_fault(error)

    def _fetch(self, tap: Tap, engine: int) -> Part:
        batch = tap.drain()
        self.ledger.rows_fetched += len(batch)
        return Part(batch, engine, clock=tap.clock(), tap=tap)

    def _open(self, capture: str) -> Source | None:
        """The opened capture; none if that failed, or if a signal came while its first octets were awaited."""
        try:
            with self._watch.pumping():
                silence = self._request.silence
                self.source = Source(capture, None if silence is None else round(silence * 1e9))
                return self.source
        except ZertapError as error:
            self._on_fault(error)
        return None

    def _pump(self, tap: Tap, source: Source) -> Iterator[None]:
        """Stops at each moment when rows may be waiting."""
        more, damaged = True, False
        try:
            while more and not self._watch.stopped:
                try:
                    with self._watch.pumping():
                        more = tap.pump(source, self._rows(), self._request.patient)
                except ZertapError as error:
                    self._fail(error)
                    more, damaged = False, True
                self._watch.saw(source)
                yield
        finally:
            tap.rest(source)
            self.ledger.read(source)
        fault = None if damaged else unreadable_links(source)
        if fault:
            self._on_fault(fault)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def unreadable_links(source: Source) -> CaptureUnreadable | None:
    """The fault of a capture none of whose interfaces has a link type that is read here, if it is one.

    Frames of such interfaces among others are only counted: a mixed capture is still worth its rest.
    """
    links = {interface["link_type"] for interface in source.info()["interfaces"]}
    if not links or links & LINK_TYPES:
        return None
    named = ", ".join(str(link) for link in sorted(links))
    return CaptureUnreadable(f"no frame can be read: link type {named} is not supported", source.name)


class Selection:
    """Which rows go out, and how many of them are findings."""

    def __init__(self, where: "Expression | None" = None, alarm: "Expression | None" = None) -> None:
        self._where = where
        self._alarm = alarm
        used = {*(where.fields if where else ()), *(alarm.fields if alarm else ())}
        self._plans = Plans([each for each in EVERY_FIELD if each in used] or FIELDS[:1])
        self.fields = tuple(used)
        """The fields it looks at."""
        self.seen = 0
        """Rows that were looked at."""
        self.passed = 0
        """Rows that went out."""
        self.findings = 0
        """Rows that went out and match ``alarm``."""

    def rows(self, part: Part, rows: Sequence[int]) -> Sequence[int]:
        """Those of *rows* that go out. Counts them, and findings among them."""
        self.seen += len(rows)
        chosen = list(self._passing(part, rows)) if self._where or self._alarm else rows
        self.passed += len(chosen)
        return chosen

    def _passing(self, part: Part, rows: Sequence[int]) -> Iterator[int]:
        for number, row in zip(rows, self._plans.objects(part, rows), strict=True):
            if self._where is None or self._where(row):
                self.findings += self._alarm is not None and self._alarm(row)
                yield number


def deliver(
    parts: Iterable[Part],
    selection: Selection,
    sinks: Sequence[Sink],
    on_fault: Callable[[ZertapError], None],
) -> None:
    """Writes the selected rows of *parts* to every one of *sinks* and closes them.

    A sink that fails is told to *on_fault* and gets no more (one whose reader has left is not even told); the others go
    on. When none is left the reading ends. Rows go in pieces: the last part of an input may hold a million connections
    that were still open.
    """
    left = list(sinks)
    for part in parts:
        for start in range(0, len(part.batch), BATCH_ROWS):
            rows = selection.rows(part, range(start, min(start + BATCH_ROWS, len(part.batch))))
            if rows:
                left = [sink for sink in left if _goes_well(partial(sink.write, part, rows), on_fault)]
            if not left:
                return
    for sink in left:
        _goes_well(sink.close, on_fault)


def _goes_well(step: Callable[[], None], on_fault: Callable[[ZertapError], None]) -> bool:
    """Does one step of a sink; whether the sink can go on."""
    try:
        step()
    except ReaderGone:
        return False
    except ZertapError as error:
        on_fault(error)
        return False
    return True
