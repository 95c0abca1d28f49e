"""Runs of records as buffers of entries, and back.

An entry is a component trace entry: a head of sixteen octets, one complete SMF record with its descriptor word, and
the entry's length once more.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from zertap.service.messages import BUFFER_SIZE, ENTRY

_HEAD = struct.Struct(">" + ENTRY.format)
_TAIL = 2
AROUND = ENTRY.size + _TAIL
"""Octets of an entry beside its record."""


class Filled(NamedTuple):
    """One buffer."""

    octets: bytes
    records: int


class EntryDamaged(ValueError):
    """A buffer whose entries contradict each other."""


def filled(run: bytes, subtype: int, at: int, size: int = BUFFER_SIZE) -> Iterator[Filled]:
    """Buffers of at most *size* octets with the records of *run*, one after the other, in their order.

    *at*: the moment for every entry (TOD clock).
    """
    parts: list[bytes] = []
    octets = start = 0
    head = _HEAD.pack
    while start < len(run):
        length = run[start] << 8 | run[start + 1]
        whole = length + AROUND
        if octets + whole > size and parts:
            yield Filled(b"".join(parts), len(parts) // 3)
            parts, octets = [], 0
        tail = whole.to_bytes(_TAIL)
        parts += (head(whole, ENTRY.size, subtype, at), run[start : start + length], tail)
        octets += whole
        start += length
    if parts:
        yield Filled(b"".join(parts), len(parts) // 3)


def records(buffer: bytes) -> Iterator[bytes]:
    """The records of a buffer. Raises ``EntryDamaged``."""
    start = 0
    while start < len(buffer):
        if start + AROUND > len(buffer):
            raise EntryDamaged(f"entry at {start} is cut short")
        whole, offset, _, _ = _HEAD.unpack_from(buffer, start)
        end = start + whole
        if whole < AROUND or offset < ENTRY.size or offset + _TAIL > whole or end > len(buffer):
            raise EntryDamaged(f"entry at {start}: {whole} octets with data at {offset}")
        if int.from_bytes(buffer[end - _TAIL : end]) != whole:
            raise EntryDamaged(f"entry at {start}: its two lengths differ")
        record = buffer[start + offset : end - _TAIL]
        if int.from_bytes(record[:2]) != len(record):
            raise EntryDamaged(f"entry at {start}: its record does not have the length that it says")
        yield record
        start = end
