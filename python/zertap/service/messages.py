"""What travels on the socket of a record service: every message as a layout.

Each message begins with the same header; all numbers are big-endian, names EBCDIC 1047. Sizes, identifiers, flags
and termination codes are those of z/OS. Two things are ours, because the call that copies a buffer out of the TCP/IP
address space does not exist elsewhere: the buffer follows its token record on the same socket, and the token, which
on z/OS nobody looks into, says what follows and what was lost before it.

Source: z/OS Communications Server, IP Programmer's Guide, "Real-time TCP/IP network monitoring NMI": common record
header, client requests of SYSTCPER and SYSTCPES, initialization, token and termination records; z/OS MVS, mapping of
the component trace entry.
"""

import time
from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from zertap.smf.codepage import to_ebcdic
from zertap.smf.fields import Field
from zertap.smf.fields import Kind as FieldKind
from zertap.smf.layout import Layout


class Kind(StrEnum):
    """Which records a service hands out; the value is the name of its z/OS counterpart."""

    DETAIL = "SYSTCPER"
    SUMMARY = "SYSTCPES"

    @property
    def subtype(self) -> int:
        """The subtype of its records."""
        return 11 if self is Kind.DETAIL else 12

    @property
    def request(self) -> int:
        """The identifier of a request to it."""
        return ZERT if self is Kind.DETAIL else ZERS


class TermCode(IntEnum):
    """Why a service ends a conversation: z/OS error numbers."""

    PLANNED = 0
    EACCES = 111
    EINVAL = 121
    ENOMEM = 132
    EPIPE = 140


INIT, TERM, SMTK = (int.from_bytes(to_ebcdic(word)) for word in ("INIT", "TERM", "SMTK"))
ZERT, ZERS = (int.from_bytes(to_ebcdic(word)) for word in ("ZERT", "ZERS"))
VERSION: Final = 1
MARK: Final = "ZTAP"
"""How our tokens begin."""

BIT0: Final = 0x8000_0000
BIT1: Final = 0x4000_0000

_HR, _RQ, _IN, _TK, _TE = "inttcpcomrh", "cliservreqs", "initrec", "inttcprecordsctoken", "termrec"
_OURS = "zertap"
_N, _F, _T, _X, _R = FieldKind.UNSIGNED, FieldKind.FLAGS, FieldKind.TEXT, FieldKind.RESERVED, FieldKind.RAW

Line = tuple[FieldKind, int, str, str]


def _layout(name: str, source: str, lines: Iterable[Line]) -> Layout:
    fields, at = [], 0
    for kind, length, attribute, doc in lines:
        fields.append(Field(attribute, kind, at, length, attribute, doc, "", source))
        at += length
    return Layout(name, fields)


HEADER: Final = _layout(
    "Header",
    _HR,
    (
        (_N, 4, "length", "Octets of the whole message, this header included."),
        (_N, 4, "identifier", "What it is, four EBCDIC letters."),
        (_N, 4, "version", "1."),
        (_X, 4, "reserved", ""),
    ),
)
REQUEST: Final = _layout(
    "Request",
    _RQ,
    (
        (_F, 4, "flags", "What is wanted; the other bits are zero."),
        (_X, 12, "reserved", ""),
    ),
)
INITIALIZATION: Final = _layout(
    "Initialization record",
    _IN,
    (
        (_T, 8, "system", "System name: `system.system`."),
        (_T, 8, "component", "SYSTCPER or SYSTCPES."),
        (_T, 8, "job", "Job name of TCP/IP: `system.stack`."),
        (_N, 8, "started", "When the service was started, as a TOD clock tells it."),
        (_N, 4, "buffer_size", "Octets of the largest buffer that will come."),
        (_X, 12, "reserved", ""),
    ),
)
TOKEN: Final = _layout(
    "Token",
    _OURS,
    (
        (_T, 4, "mark", "`ZTAP`."),
        (_F, 4, "flags", "Bit 0: the buffer is part of the list of current connections. Bit 1: the list ends here."),
        (_N, 4, "octets", "Octets of the buffer that follows; may be zero."),
        (_N, 4, "records", "Records in it."),
        (_N, 8, "lost", "Records that this subscriber lost since the previous token, because it was too slow."),
        (_N, 8, "first", "Number of the buffer's first record, counted from 1 since the service started; list: 0."),
    ),
)
TERMINATION: Final = _layout(
    "Termination record",
    _TE,
    (
        (_N, 4, "code", "Why: 0 planned, 121 the request made no sense, 132 too many subscribers."),
        (_N, 8, "at", "When, as a TOD clock tells it."),
        (_X, 12, "reserved", ""),
    ),
)
ENTRY: Final = _layout(
    "Entry",
    "cte",
    (
        (_N, 2, "length", "Octets of the whole entry, the trailing length included."),
        (_N, 2, "offset", "Where its data begin: 16."),
        (_N, 4, "format", "Subtype of the record: 11 or 12."),
        (_N, 8, "at", "When it was handed out, as a TOD clock tells it."),
    ),
)
"""What stands before one record; after the record the length stands once more (two octets)."""

REQUEST_SIZE: Final = HEADER.size + REQUEST.size
TOKEN_SIZE: Final = HEADER.size + TOKEN.size
BUFFER_SIZE: Final = 65_536
"""Octets of the largest buffer: room for the longest record, and small enough to be handed on at once."""

_EPOCH: Final = 2_208_988_800
"""Seconds from 1900, where the TOD clock begins, to 1970; leap seconds are left out."""


class Wanted(NamedTuple):
    """What a client asks for."""

    current: bool
    """The list of current connections; only a detail service has one."""
    records: bool
    """Records as they come."""


class Hello(NamedTuple):
    """What an initialization record says. ``started``: seconds since 1970."""

    system: str
    component: str
    job: str
    started: float
    buffer_size: int


class Token(NamedTuple):
    """What a token of ours says."""

    current: bool
    """Its buffer is part of the list of current connections."""
    complete: bool
    """The list ends with it."""
    octets: int
    records: int
    lost: int
    first: int


def tod(seconds: float | None = None) -> int:
    """A moment (seconds since 1970; now if ``None``) as STCK tells it: bit 51 is a microsecond."""
    moment = time.time() if seconds is None else seconds
    return round((moment + _EPOCH) * 1_000_000) << 12


def seconds(clock: int) -> float:
    """The moment of a TOD clock, in seconds since 1970."""
    return (clock >> 12) / 1_000_000 - _EPOCH


def header(identifier: int, size: int) -> bytes:
    """The header of a message with so many octets behind it."""
    return HEADER.pack((HEADER.size + size, identifier, VERSION))


def request(kind: Kind, wanted: Wanted) -> bytes:
    """A client's request."""
    flags = BIT0 * wanted.current | BIT1 * wanted.records if kind is Kind.DETAIL else BIT0 * wanted.records
    return header(kind.request, REQUEST.size) + REQUEST.pack((flags,))


def read_request(kind: Kind, octets: bytes) -> Wanted | None:
    """What a whole request (``REQUEST_SIZE`` octets) asks of this service; ``None`` where it makes no sense."""
    length, identifier, version = HEADER.unpack(octets)
    (flags,) = REQUEST.unpack(octets, HEADER.size)
    known = BIT0 | BIT1 if kind is Kind.DETAIL else BIT0
    assert isinstance(flags, int)
    if (length, identifier, version) != (REQUEST_SIZE, kind.request, VERSION) or not flags & known or flags & ~known:
        return None
    if kind is Kind.SUMMARY:
        return Wanted(current=False, records=True)
    return Wanted(bool(flags & BIT0), bool(flags & BIT1))


def initialization(hello: Hello) -> bytes:
    """The first record of a service."""
    system, component, job, started, size = hello
    body = INITIALIZATION.pack((system[:8], component, job[:8], tod(started), size))
    return header(INIT, len(body)) + body


def token(told: Token) -> bytes:
    """A token record; its buffer follows."""
    flags = BIT0 * told.current | BIT1 * told.complete
    body = TOKEN.pack((MARK, flags, told.octets, told.records, told.lost, told.first))
    return header(SMTK, len(body)) + body


def termination(code: TermCode) -> bytes:
    """The last record of a conversation."""
    body = TERMINATION.pack((int(code), tod()))
    return header(TERM, len(body)) + body
