"""The client's side of a conversation: octets in, what they say out. No socket, no clock.

What a server says wrong is an exception here: it is a program like ours, not the wire that we observe.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from zertap.service.entries import EntryDamaged, records
from zertap.service.messages import (
    BIT0,
    BIT1,
    HEADER,
    INIT,
    INITIALIZATION,
    MARK,
    SMTK,
    TERM,
    TERMINATION,
    TOKEN,
    VERSION,
    Hello,
    TermCode,
    Token,
    seconds,
)
from zertap.smf.layout import Layout, LayoutError

_LARGEST = 64 << 20
"""Octets of a buffer beyond which a token cannot be meant."""


class Conversation(ValueError):
    """The other side does not speak as a record service does."""


class Batch(NamedTuple):
    """Records that came together."""

    octets: bytes
    """Whole SMF records with their descriptor words, one after the other."""
    records: int
    current: bool
    """They are part of the list of current connections: state of now, whenever it began."""
    complete: bool
    """The list is complete with them."""
    lost: int
    """Records that were lost before them, because this subscriber was too slow."""


class Ended(NamedTuple):
    """The service ends the conversation."""

    code: int

    @property
    def reason(self) -> str:
        """Why, in words."""
        return _REASONS.get(self.code, f"error {self.code}")


Said = Hello | Batch | Ended

_REASONS: dict[int, str] = {
    TermCode.PLANNED: "the service has ended",
    TermCode.EACCES: "not permitted",
    TermCode.EINVAL: "the service does not understand the request: does it hand out the other kind of records?",
    TermCode.ENOMEM: "the service has as many subscribers as it takes",
    TermCode.EPIPE: "the connection broke",
}
_BODIES: dict[int, Layout] = {INIT: INITIALIZATION, SMTK: TOKEN, TERM: TERMINATION}


class Talk:
    """What one service says, from its first octet on."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._token: Token | None = None
        self.over = False
        """The service has said its last word."""

    def feed(self, octets: bytes) -> Iterator[Said]:
        """What is said by now. Raises ``Conversation``."""
        self._octets += octets
        while not self.over:
            said = self._buffer() if self._token else self._message()
            if said is None:
                return
            if not isinstance(said, Token):
                yield said

    def _message(self) -> Said | Token | None:
        if len(self._octets) < HEADER.size:
            return None
        length, identifier, version = (_number(each) for each in HEADER.unpack(bytes(self._octets[: HEADER.size])))
        layout = _BODIES.get(identifier)
        if layout is None or version != VERSION or length != HEADER.size + layout.size:
            raise Conversation("what answers here is no record service")
        if len(self._octets) < length:
            return None
        values = layout.unpack(bytes(self._octets[:length]), HEADER.size)
        del self._octets[:length]
        return self._understood(identifier, values)

    def _understood(self, identifier: int, values: list[Any]) -> Said | Token:
        if identifier == INIT:
            system, component, job, started, size = values
            return Hello(system, component, job, seconds(started), size)
        if identifier == TERM:
            self.over = True
            return Ended(values[0])
        mark, flags, *numbers = values
        if mark != MARK:
            raise Conversation("a token whose data are not on this socket: this is no service of zertap")
        self._token = Token(bool(flags & BIT0), bool(flags & BIT1), *numbers)
        if self._token.octets > _LARGEST:
            raise Conversation(f"a buffer of {self._token.octets} octets")
        return self._token

    def _buffer(self) -> Batch | None:
        token = self._token
        assert token is not None
        if len(self._octets) < token.octets:
            return None
        try:
            found = list(records(bytes(self._octets[: token.octets])))
        except (EntryDamaged, LayoutError) as error:
            raise Conversation(str(error)) from None
        if len(found) != token.records:
            raise Conversation(f"{len(found)} records where the token says {token.records}")
        del self._octets[: token.octets]
        self._token = None
        return Batch(b"".join(found), len(found), token.current, token.complete, token.lost)


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
