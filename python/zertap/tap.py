"""The engine for programs that own what they observe: packets, segments or plain streams in, connections out.

Here stand the doors for one thread; ``feed.py`` adds hand-over between threads. What a program learns of a live
connection goes back down by the calls of this class alone; nothing is kept of a connection in Python.
"""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, Protocol

from zertap import _native
from zertap.advice import Advice
from zertap.asked import fields_asked
from zertap.connection import Connection
from zertap.ledger import Ledger
from zertap.observation import Observation
from zertap.pipeline import Mode, Request
from zertap.plans import Part
from zertap.pseudonyms import Pseudonyms

End = tuple[str | bytes | IPv4Address | IPv6Address, int]
"""An address and a port. A scope behind a percent sign is not looked at."""

Name = int | tuple[End, End]
"""A connection: what ``open_stream`` or ``find`` gave, or its two ends."""

Whose = Name | Connection
"""The same, or one that a row told of; under pseudonyms a row names nobody."""

Octets = bytes | bytearray | memoryview
"""What was sent. ``bytes`` are read where they lie; anything else is copied first."""

Direction = Literal["client", "server"]
"""Who speaks: the side that opened the connection, or the one that accepted it."""


_NOBODY = 2**64 - 1
"""The name of no connection."""


class PushSegment(Protocol):
    """The call that takes segments."""

    def __call__(
        self,
        at: int,
        source: End,
        destination: End,
        sequence: int,
        acknowledgment: int,
        flags: int,
        payload: Octets = b"",
    ) -> None:
        """Takes one TCP segment; *flags* as in the TCP header."""


class PushStream(Protocol):
    """The call that takes streams."""

    def __call__(
        self, connection: Name, direction: Direction, octets: Octets, at: int, seen: int | None = None
    ) -> bool:
        """Takes the next octets that one side sent; false where the connection is gone.

        ``seen``: how many octets of the other side it had got by then; ``None``: all that were pushed. It matters where
        both sides speak at once: what was sent before a hello was seen is no answer to it.
        """


class Tap:
    """An engine for packets or streams of your own: push them in order of time, fetch connections when you like.

    Times are nanoseconds since 1970 and never read from a clock. ``rows``: the kinds of rows wanted (``opened moved due
    interval closed reset replaced evicted unfinished``); without it, each connection's last. One tap is for one thread
    at a time: a call that meets another raises ``RuntimeError``. A forked child has a copy of its own.
    """

    push_segment: PushSegment
    push_stream: PushStream

    def __init__(
        self,
        *,
        mode: Mode = "full",
        offers: bool = False,
        fingerprints: bool = False,
        community_id: int | None = None,
        pseudonyms: Pseudonyms | None = None,
        name: str | None = None,
        rows: Collection[str] | None = None,
    ) -> None:
        request = Request(
            mode,
            offers=offers,
            fingerprints=fingerprints,
            community_seed=community_id or 0,
            pseudonyms=pseudonyms,
        )
        config = request.config()
        if rows is not None:
            config = {**config, "rows": set(rows)}
        self._tap = _native.Tap(config)
        self._fields = fields_asked(fingerprints=fingerprints, community_id=community_id, tap=True)
        self._name = name
        self._fetched = 0
        # Called with every packet: the engine's own, without a Python frame between.
        self.push_segment = self._tap.push_segment
        self.push_stream = self._tap.push_stream

    def push_frame(self, at: int, frame: Octets, *, link: int = 1, wire_length: int | None = None) -> None:
        """One frame of link type *link* (LINKTYPE number; 1 is Ethernet); *wire_length* if it was cut."""
        self._tap.push_frame(at, link, frame, wire_length)

    def open_stream(self, at: int, client: End | None = None, server: End | None = None) -> int:
        """Opens a connection whose octets will come by ``push_stream``, and names it.

        Without ends it is one that nobody has an address of. One of the same ends that still lives is replaced.
        """
        return self._tap.open_stream(at, client, server)

    def end_stream(
        self,
        connection: Name,
        direction: Direction | None,
        at: int,
        how: Literal["fin", "rst", "abort"] = "fin",
    ) -> bool:
        """One side sends no more (``fin``) or reset the connection (``rst``); or (``abort``, *direction* ``None``) you
        watch it no longer and do not know how it went on. False where the connection is gone. Raises ``Usage``.
        """
        return self._tap.end_stream(connection, direction, at, how)

    def find(self, one: End, other: End, number: int | None = None) -> int | None:
        """Names the connection that lives between two ends; with *number* only if it is the one of that number.

        ``None`` also where no more than a SYN and the answer to it was seen: such a connection is not made yet.
        """
        return self._tap.find(one, other, number)

    def advise(self, connection: Whose, advice: Advice) -> bool:
        """A provider's facts: what a program that terminates TLS or SSH knows and no observer can see.

        Its word stands where both speak; what it does not mention stays as observed. False where the connection is
        gone, or its protection was reported already (by a row behind the waiting span). Raises ``Usage``.
        """
        return self._tap.advise(self._named(connection), advice.protocol, advice.provider, advice.facts())

    def expect_handshake(self, connection: Whose) -> bool:
        """The next octets may begin a handshake, though data in clear came before: observation, which had ended
        there, is armed again. To be called when that data has been sent and pushed. False where nothing can follow.
        """
        return self._tap.expect_handshake(self._named(connection))

    def mark(self, connection: Whose, note: int, *, early: bool = False) -> bool:
        """A number of your own, which every later row bears as ``note``. False where the connection is gone; with
        *early* also where something of it was reported: behind the waiting span, or a protection that ended in it.
        """
        return self._tap.mark(self._named(connection), note, early)

    def _named(self, connection: Whose) -> Name:
        if not isinstance(connection, Connection):
            return connection
        ends = (connection.client_ip, connection.client_port), (connection.server_ip, connection.server_port)
        found = self._tap.find(*ends, connection.connection)
        return _NOBODY if found is None else found

    def advance(self, now: int) -> None:
        """Time passes without a packet: what was due by *now* happens."""
        self._tap.advance(now)

    def finish(self) -> None:
        """The input ends; connections still open can be fetched too."""
        self._tap.finish()

    def drain(self) -> Observation:
        """The connections that ended since the last call, or what else ``rows`` asked for."""
        piece = self._piece()
        return Observation([piece], self.counters, ledger=self.ledger, fields=self._fields)

    def fetch(self) -> Observation:
        """The same without an account, for who fetches often."""
        return Observation([self._piece()], {}, fields=self._fields)

    def _piece(self) -> tuple[Part, range]:
        part = Part(self._tap.drain(), 0, self._name)
        self._fetched += len(part.batch)
        return part, range(len(part.batch))

    @property
    def waiting(self) -> int:
        """How many rows wait to be drained."""
        return self._tap.waiting_rows

    @property
    def counters(self) -> dict[str, int]:
        """What was seen beside connections, by name."""
        return self._tap.counters()

    @property
    def ledger(self) -> Ledger:
        """Where every frame and every connection went, at this moment. Raises ``LedgerMismatch``."""
        ledger = Ledger(rows_fetched=self._fetched)
        ledger.close(self._tap)
        ledger.frames_read = ledger.frames
        ledger.check()
        return ledger
