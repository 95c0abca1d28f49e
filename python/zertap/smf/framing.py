"""Records in a file: record and block descriptor words, spanned segments, reading and writing them.

::

    RDW   | length, 2 octets, itself included | segment: 0 whole, 1 first, 2 last, 3 middle | 0 |  data ...
    BDW   | length, 2 octets, itself included | 0 0 |  RDW data  RDW data ...
    BDW*  | 1 bit set, length in 31 bits      |        the same, for large blocks

Three framings: plain (RDW after RDW, as a binary transfer with RDW gives), blocked (variable blocked, with
BDW) and spanned (blocked, and a record may be cut into segments). The reader joins segments in every
framing and gives each logical record one RDW of its own. Decompressing a file is the caller's business.

Source: z/OS DFSMS Using Data Sets, "Variable-length record formats".
"""

import struct
from collections.abc import Iterator
from enum import Enum
from typing import BinaryIO, Protocol

from zertap.values import dataclass

RDW_SIZE = 4
_RDW = struct.Struct(">HBB")
LONGEST_RECORD = 65_535
"""Longest logical record, RDW included: its length must fit two octets."""
LONGEST_BLOCK = 32_760
"""Longest block this writer makes; readers take any."""

_PROBE = 65_536
_LARGE_BLOCK = 0x8000_0000
_WHOLE, _FIRST, _LAST, _MIDDLE = range(4)


class Framing(Enum):
    """How records lie in the file."""

    AUTO = "auto"
    PLAIN = "rdw"
    BLOCKED = "vb"
    SPANNED = "vbs"


class SmfDamaged(ValueError):
    """The file cannot be read on from here. Every record before this one has been delivered.

    ``record`` counts logical records from 1; ``offset`` is that of the octet in the file.
    """

    def __init__(self, record: int, offset: int, reason: str) -> None:
        super().__init__(f"record {record} at offset {offset}: {reason}")
        self.record = record
        self.offset = offset
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Framed:
    """One logical record: its number from 1, the offset of its first RDW, its octets with one RDW."""

    number: int
    offset: int
    octets: bytes


class RecordReader:
    """Iterates over the logical records of a binary file. Memory: one block (plain: one record) at a time.

    Raises SmfDamaged at the damage, after everything before it was delivered.
    """

    def __init__(self, stream: BinaryIO, framing: Framing = Framing.AUTO) -> None:
        self._read = getattr(stream, "read1", stream.read)
        self._buffer = b""
        self._at = 0
        self._passed = 0
        self._left: int | None = None
        self.records = 0
        self.framing = self._detect() if framing is Framing.AUTO else framing

    @property
    def offset(self) -> int:
        """Offset in the file of the next octet to be read."""
        return self._passed + self._at

    def __iter__(self) -> Iterator[Framed]:
        data = bytearray()
        began, inside = 0, False
        while (segment := self._segment()) is not None:
            offset, position, part = segment
            if position not in ((_LAST, _MIDDLE) if inside else (_WHOLE, _FIRST)):
                raise self._damage(offset, _out_of_turn(position, inside))
            if not inside:
                began = offset
                data.clear()
            data += part
            if len(data) > LONGEST_RECORD - RDW_SIZE:
                raise self._damage(began, f"segments add up to more than {LONGEST_RECORD} octets")
            inside = position in (_FIRST, _MIDDLE)
            if not inside:
                self.records += 1
                yield Framed(self.records, began, struct.pack(">HH", len(data) + RDW_SIZE, 0) + data)
        if inside:
            raise self._damage(began, "the last segment of the record is missing")

    def _segment(self) -> tuple[int, int, bytes] | None:
        """The next segment: its offset, its place in the record, its data. None at the end of the file."""
        if self.framing is not Framing.PLAIN and not self._left and not self._open_block():
            return None
        offset = self.offset
        if not self._holds(RDW_SIZE, "a record descriptor word", may_end=not self._left):
            return None
        length, position, spare = _RDW.unpack_from(self._buffer, self._at)
        if length < RDW_SIZE or position > _MIDDLE or spare:
            word = self._buffer[self._at : self._at + RDW_SIZE].hex().upper()
            raise self._damage(offset, f"not a record descriptor word: `{word}`")
        if self._left is not None:
            if length > self._left:
                raise self._damage(offset, f"record of {length} octets, {self._left} left in its block")
            self._left -= length
        self._holds(length, f"a record of {length} octets")
        data = self._buffer[self._at + RDW_SIZE : self._at + length]
        self._at += length
        return offset, position, data

    def _open_block(self) -> bool:
        """Reads block descriptor words up to a block that holds something. False at the end of the file."""
        while not self._left:
            if not self._holds(RDW_SIZE, "a block descriptor word", may_end=True):
                return False
            head = self._buffer[self._at : self._at + RDW_SIZE]
            length = _block_length(head)
            if length is None:
                raise self._damage(self.offset, f"not a block descriptor word: `{head.hex().upper()}`")
            self._at += RDW_SIZE
            self._left = length - RDW_SIZE
        return True

    def _holds(self, count: int, what: str, *, may_end: bool = False) -> bool:
        """Sees to it that *count* octets are in the buffer. False at the file's end, where it may end."""
        if self._at + count <= len(self._buffer):
            return True
        self._passed += self._at
        self._buffer, self._at = self._buffer[self._at :], 0
        self._fill(count)
        if len(self._buffer) >= count:
            return True
        if may_end and not self._buffer:
            return False
        raise self._damage(self.offset, f"file ends within {what}")

    def _fill(self, count: int) -> None:
        """Reads until *count* octets are in the buffer or the file ends."""
        while len(self._buffer) < count and (more := self._read(max(_PROBE, count - len(self._buffer)))):
            self._buffer += more

    def _detect(self) -> Framing:
        """Blocked when the file begins with a block that its records fill exactly, else plain."""
        self._fill(_PROBE)
        return Framing.SPANNED if _is_block(self._buffer) else Framing.PLAIN

    def _damage(self, offset: int, reason: str) -> SmfDamaged:
        return SmfDamaged(self.records + 1, offset, reason)


class Writable(Protocol):
    """What takes octets: a binary file, for one."""

    def write(self, data: bytes, /) -> object:
        """Appends *data*."""


class RecordWriter:
    """Writes whole records, each with its RDW, to a binary file in the framing asked for.

    Blocked framings hold a block back until it is full: call ``flush`` (or leave the ``with``) at the end.
    """

    def __init__(self, stream: Writable, framing: Framing = Framing.PLAIN, block: int = LONGEST_BLOCK) -> None:
        if not RDW_SIZE * 3 <= block <= LONGEST_BLOCK:
            raise ValueError(f"block size not between {RDW_SIZE * 3} and {LONGEST_BLOCK}: {block}")
        self._stream = stream
        self._framing = Framing.PLAIN if framing is Framing.AUTO else framing
        self._room = block - RDW_SIZE
        self._block = bytearray()
        self.records = 0
        """Records taken."""
        self.flushed = 0
        """Of these, records of which no octet is held back: the file took them."""

    def __enter__(self) -> "RecordWriter":
        return self

    def __exit__(self, *exception: object) -> None:
        self.flush()

    def write(self, record: bytes) -> None:
        """Adds one record. Raises ValueError when its RDW tells another length or no block can hold it."""
        if len(record) < RDW_SIZE or struct.unpack_from(">H", record)[0] != len(record):
            raise ValueError("record whose descriptor word does not tell its length")
        if self._framing is Framing.PLAIN:
            self._stream.write(record)
        elif self._framing is Framing.BLOCKED:
            self._whole(record)
        else:
            self._spanned(record)
        self.records += 1
        if self._framing is Framing.PLAIN:
            self.flushed = self.records

    def write_plain(self, records: bytes, count: int) -> None:
        """Adds many whole records at once; plain framing only."""
        if self._framing is not Framing.PLAIN:
            raise ValueError("many records at once need plain framing")
        self._stream.write(records)
        self.records += count
        self.flushed = self.records

    def write_run(self, records: bytes) -> None:
        """Adds whole records that lie one after the other. Raises as ``write``."""
        at = 0
        while at < len(records):
            length = max(RDW_SIZE, int.from_bytes(records[at : at + 2]))
            self.write(records[at : at + length])
            at += length

    def flush(self) -> None:
        """Writes the block that was held back."""
        if self._block:
            self._stream.write(struct.pack(">HH", len(self._block) + RDW_SIZE, 0) + self._block)
            self._block.clear()
            self.flushed = self.records

    def _whole(self, record: bytes) -> None:
        if len(record) > self._room:
            raise ValueError(f"record of {len(record)} octets in blocks of {self._room}; ask for spanned framing")
        if len(self._block) + len(record) > self._room:
            self.flush()
        self._block += record

    def _spanned(self, record: bytes) -> None:
        data, position = memoryview(record)[RDW_SIZE:], _WHOLE
        while True:
            fits = self._room - len(self._block) - RDW_SIZE
            if fits < min(len(data), 1):
                self.flush()
                continue
            if len(data) <= fits:
                position = _WHOLE if position == _WHOLE else _LAST
                self._block += struct.pack(">HBB", len(data) + RDW_SIZE, position, 0) + data
                return
            position = _FIRST if position == _WHOLE else _MIDDLE
            self._block += struct.pack(">HBB", fits + RDW_SIZE, position, 0) + data[:fits]
            data = data[fits:]


def _block_length(head: bytes) -> int | None:
    """Length that a block descriptor word tells, itself included; None when it is none."""
    (word,) = struct.unpack(">I", head)
    length = word & ~_LARGE_BLOCK if word & _LARGE_BLOCK else word >> 16
    if length < RDW_SIZE or (not word & _LARGE_BLOCK and word & 0xFFFF):
        return None
    return int(length)


def _is_block(octets: bytes) -> bool:
    """Whether *octets* begin with a block filled exactly by the segments in it (as far as they are seen)."""
    length = _block_length(octets[:RDW_SIZE]) if len(octets) > 2 * RDW_SIZE else None
    if length is None:
        return False
    at = RDW_SIZE
    while at < length and at + RDW_SIZE <= len(octets):
        size, position, spare = struct.unpack_from(">HBB", octets, at)
        if size < RDW_SIZE or position > _MIDDLE or spare:
            return False
        at += size
    return at == length or (at < length and len(octets) >= _PROBE)


def _out_of_turn(position: int, inside: bool) -> str:
    word = ("whole record", "first segment", "last segment", "middle segment")[position]
    return f"{word} inside another record" if inside else f"{word} without a first segment"
