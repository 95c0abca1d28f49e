"""Runs of records as buffers of entries, and back.

An entry is a component trace entry: a head of sixteen octets, one complete SMF record with its descriptor word, and
the entry's length once more.
"""

from collections.abc import Iterator
from typing import NamedTuple

from zertap.service.messages import BUFFER_SIZE, ENTRY

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
    alike = ENTRY.pack((0, ENTRY.size, subtype, at))[_TAIL:]
    while start < len(run):
        length = run[start] << 8 | run[start + 1]
        whole = length + AROUND
        if octets + whole > size and parts:
            yield Filled(b"".join(parts), len(parts) // 4)
            parts, octets = [], 0
        size_twice = whole.to_bytes(_TAIL)
        parts += (size_twice, alike, run[start : start + length], size_twice)
        octets += whole
        start += length
    if parts:
        yield Filled(b"".join(parts), len(parts) // 4)


def records(buffer: bytes) -> Iterator[bytes]:
    """The records of a buffer. Raises ``EntryDamaged``."""
    start = 0
    while start < len(buffer):
        if start + AROUND > len(buffer):
            raise EntryDamaged(f"entry at {start} is cut short")
        whole, offset = int.from_bytes(buffer[start : start + 2]), int.from_bytes(buffer[start + 2 : start + 4])
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
