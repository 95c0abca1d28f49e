"""One who listens: what he asked for, what waits for him, what he lost. Touched by the server's thread only.

What waits is bounded. A buffer that finds no room is lost to this subscriber alone, and the next token tells him how
many records that were; where no next one comes soon, an empty token does.
"""

import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from zertap.service.entries import Filled
from zertap.service.messages import REQUEST_SIZE, TOKEN_SIZE, TermCode, Token, Wanted, termination, token

_PIECES = 64
"""Pieces handed to the operating system at once; it takes up to 1024."""


@dataclass(slots=True)
class Tally:
    """What all subscribers of a service got, those included that have left."""

    subscribed: int = 0
    refused: int = 0
    sent: int = 0
    """Records that the operating system took for a subscriber."""
    lost: int = 0
    """Records that a subscriber lost because he was too slow."""
    abandoned: int = 0
    """Records that waited for a subscriber when he left."""


class Subscriber:
    """One connection of a service. ``limit``: octets that may wait."""

    def __init__(self, peer: socket.socket, limit: int, tally: Tally) -> None:
        self.peer = peer
        self.limit = limit
        self.wanted: Wanted | None = None
        """None until his request is whole."""
        self.listed = False
        """The list of current connections that he asked for was sent, or he asked for none."""
        self.waiting = 0
        """Octets that wait."""
        self.moved = monotonic()
        """When the operating system took something last."""
        self.over = False
        """Nothing more comes for him; the conversation ends when all that waits is sent."""
        self.watched = 0
        """Events for which the server watches his socket."""
        self.asked = bytearray()
        self.silent = False
        """He will say nothing more."""
        self._lost = 0
        self._tally = tally
        self._pieces: deque[tuple[bytes, int]] = deque()
        self._offset = 0

    @property
    def is_full(self) -> bool:
        """Whether a large buffer would find no room."""
        return 2 * self.waiting > self.limit

    @property
    def wants_records(self) -> bool:
        """Whether records are for him as they come."""
        return self.wanted is not None and self.wanted.records and not self.over

    def hear(self) -> bool:
        """Reads what he says; whether he is still there. What comes after a request makes it senseless."""
        try:
            octets = self.peer.recv(2 * REQUEST_SIZE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.silent = not octets
        self.asked += octets
        return bool(octets) or self.wanted is not None

    def say(self, octets: bytes, records: int = 0) -> None:
        """Adds a message whatever waits already: for the few that open and close a conversation."""
        self._pieces.append((octets, records))
        self.waiting += len(octets)

    def give(self, buffer: Filled, head: bytes, told: Token) -> None:
        """Adds a buffer, or counts it as lost. *head* is the token *told*, as those get it who lost nothing."""
        if self.waiting + len(buffer.octets) + TOKEN_SIZE > self.limit:
            self.lose(buffer.records)
            return
        self.say(head if not self._lost else token(told._replace(lost=self._told_lost())))
        if buffer.octets:
            self.say(buffer.octets, buffer.records)

    def lose(self, records: int) -> None:
        """So many records are not for him any more."""
        self._lost += records
        self._tally.lost += records

    def end(self, code: TermCode) -> None:
        """The conversation ends: what he lost, and why."""
        if not self.over:
            self._tell_loss()
            self.say(termination(code))
            self.over = True

    def send(self) -> bool:
        """Hands over what the operating system takes; whether he is still there."""
        try:
            while self._pieces:
                self._sent(self.peer.sendmsg(self._next()))
                if not self._pieces and self._lost and not self.over:
                    self._tell_loss()
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        return not self.over

    def leave(self) -> None:
        """He is gone, or told to go."""
        self._tally.abandoned += sum(records for _, records in self._pieces)
        with suppress(OSError):
            # What he said and nobody read would make the system tell him of a fault instead of the end.
            self.peer.recv(1 << 16)
        self.peer.close()

    def _next(self) -> list[bytes | memoryview]:
        pieces: list[bytes | memoryview] = [
            octets for (octets, _), _ in zip(self._pieces, range(_PIECES), strict=False)
        ]
        pieces[0] = memoryview(pieces[0])[self._offset :]
        return pieces

    def _sent(self, octets: int) -> None:
        self.waiting -= octets
        self.moved = monotonic()
        octets += self._offset
        while self._pieces and octets >= len(self._pieces[0][0]):
            piece, records = self._pieces.popleft()
            octets -= len(piece)
            self._tally.sent += records
        self._offset = octets

    def _tell_loss(self) -> None:
        if self._lost:
            self.say(token(Token(current=False, complete=False, octets=0, records=0, lost=self._told_lost(), first=0)))

    def _told_lost(self) -> int:
        lost, self._lost = self._lost, 0
        return lost
