"""A session: one tap whose records go to one output, and whose configuration may change while it runs.

Packets and time are pushed in, records come out; the session reads no clock and opens no interface. While discovery is
off nothing is observed. When it is switched on again a new engine begins, so connections that are older than that have
no visible start and are not picked up.
"""

from typing import Protocol

from zertap._native import EventBatch, Source, Tap
from zertap.configuration import Configuration
from zertap.configuration.builds import TAP_KEYS
from zertap.pipeline import BATCH_ROWS, Request
from zertap.plans import Part
from zertap.sinks.destinations import Destinations
from zertap.sinks.octets import Output
from zertap.sinks.recording import Recording
from zertap.values import replace
from zertap.zert.owner import Owner


class Knowing(Protocol):
    """Knows the owners of connections: ``zertap.endpoint.Endpoint``."""

    def owners(self, note: int) -> tuple[Owner | None, Owner | None]:
        """The client's and the server's."""

    def attend(self, tap: Tap, batch: EventBatch) -> None:
        """Asks for what *batch* says was opened; tells *tap* what was answered."""


class Session:
    """Not for use by several threads at once. Times are nanoseconds since 1970.

    ``start`` is when discovery was enabled; the first packet's time if ``None``. Several outputs, among them record
    services, are given as ``Destinations``. Subscribers that come late are told of current connections by ``drain``:
    call it every now and then, also where nothing happens. ``endpoint``: knows whose sockets the connections are; it is
    asked when one is opened, and what it answered is told to the engine with the next rows.
    """

    def __init__(
        self,
        configuration: Configuration,
        output: Output | Destinations,
        *,
        start: int | None = None,
        endpoint: Knowing | None = None,
    ) -> None:
        self._endpoint = endpoint
        self.configuration = configuration
        """The configuration in effect."""
        self.unobserved = 0
        """Frames that came while discovery was off."""
        owners = endpoint.owners if endpoint else None
        self._recording = Recording(output, configuration, owners, reloads=True)
        self._engine = 0
        self._tap = self._new_tap()
        if start is not None and self._tap:
            self._recording.enable(start)

    @property
    def written(self) -> int:
        """Records so far."""
        return self._recording.outlet.written

    def push_frame(self, at: int, frame: bytes, *, link: int = 1, wire_length: int | None = None) -> None:
        """One frame of link type *link* (LINKTYPE number; 1 is Ethernet); *wire_length* if it was cut."""
        if self._tap is None:
            self.unobserved += 1
        else:
            self._tap.push_frame(at, link, frame, wire_length)

    def pump(self, source: Source) -> bool:
        """Reads from *source* until rows wait, and writes their records; ``False`` at its end.

        While discovery is off nothing is read and the answer is ``False``. Raises ``CaptureDamaged``, ``OutputFailed``.
        """
        if self._tap is None:
            return False
        more = self._tap.pump(source, BATCH_ROWS)
        self.drain()
        return more

    def advance(self, now: int) -> None:
        """Time passes without a packet: what was due by *now* happens."""
        if self._tap is not None:
            self._tap.advance(now)

    def drain(self) -> None:
        """Writes the records of what happened since the last call. Raises ``OutputFailed``."""
        if self._tap is None:
            self._recording.offer(None)
            return
        part = Part(self._tap.drain(), self._engine, clock=self._tap.clock(), tap=self._tap)
        if self._endpoint:
            self._endpoint.attend(self._tap, part.batch)
        self._recording.note(part)
        for start in range(0, len(part.batch), BATCH_ROWS):
            self._recording.write(part, range(start, min(start + BATCH_ROWS, len(part.batch))))
        self._recording.offer(part)

    def reconfigure(self, configuration: Configuration, now: int) -> tuple[str, ...]:
        """From *now* on *configuration* is in effect; what happened before is written as before.

        Answers with the keys whose new values wait until discovery is enabled again: a running engine keeps its own.
        Raises ``OutputFailed``.
        """
        self.advance(now)
        self.drain()
        on = self._tap is not None and configuration["globalconfig.zert"]
        changed = self.configuration.changes(configuration)
        waiting = tuple(key for key in changed if on and key in TAP_KEYS)
        self.configuration = configuration.keeping(waiting, self.configuration)
        self._recording.reconfigure(self.configuration, now)
        if not on:
            self._engine += 1
            self._tap = self._new_tap()
        return waiting

    def close(self, now: int | None = None) -> None:
        """The input ends: connections still open are reported as the configuration says. Raises ``OutputFailed``."""
        if self._tap is not None:
            if now is not None:
                self._tap.advance(now)
            self._tap.finish()
        self.drain()
        self._recording.close()

    def _new_tap(self) -> Tap | None:
        if not self.configuration["globalconfig.zert"]:
            return None
        request = Request.of(self.configuration, records=True, reloads=True)
        if self._endpoint:
            request = replace(request, rows=frozenset({*(request.rows or ()), "opened"}))
        return Tap(request.config())
