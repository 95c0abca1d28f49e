"""Records to octets and back. Everything that writes or reads zERT records goes through here.

The layouts decide every position; this file knows only how a record hangs together: header, triplets,
sections in the order of their triplets. Readers trust the triplets: a section shorter than its layout
leaves fields at their defaults, a longer one keeps octets unread (counted), a section outside the record is
an error.

Distinguished names. No source says whether a triplet's length is that of one structure or of the whole run.
This writer puts the octets of the whole run there, which for a single name is the same thing; the reader
goes by each structure's own length and takes either.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from zertap.smf.codepage import from_ebcdic, to_ebcdic
from zertap.smf.fields import Wire
from zertap.smf.layout import Layout
from zertap.zert.layouts import (
    COMMON_12,
    DETAIL,
    HEADER,
    LONGEST_DN,
    RECORD_TYPE,
    SUMMARY,
    TRIPLET_SIZE,
    TRIPLETS_AT,
    Section,
    Shape,
    sections,
)
from zertap.zert.records import (
    Common,
    DetailRecord,
    DistinguishedName,
    Header,
    Ident,
    IpFilter,
    IpsecSection,
    SshSection,
    TlsSection,
)
from zertap.zert.records_summary import SummaryCommon, SummaryIpsec, SummaryRecord, SummarySsh, SummaryTls

Record = DetailRecord | SummaryRecord

LONGEST = 32_756
"""Longest record that SMF takes, its descriptor word included."""

_TRIPLET = struct.Struct(">IHH")
_DN_HEAD = struct.Struct(">HH")
_ROLES = 0x18
_TCP = 6
_MAKERS: dict[int, dict[str, Callable[..., Any]]] = {
    DETAIL: {
        "ident": Ident,
        "common": Common,
        "ip_filter": IpFilter,
        "tls": TlsSection,
        "ssh": SshSection,
        "ipsec": IpsecSection,
    },
    SUMMARY: {
        "ident": Ident,
        "common": SummaryCommon,
        "tls": SummaryTls,
        "ssh": SummarySsh,
        "ipsec": SummaryIpsec,
    },
}


class RecordError(ValueError):
    """A record that does not hang together. ``offset`` counts from the record's descriptor word."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"{reason} (octet {offset} of the record)")
        self.offset = offset
        self.reason = reason


def encode_detail(record: DetailRecord, shape: Shape | None = None) -> bytes:
    """The octets of a subtype 11 record, descriptor word included, in the given shape or else its own.

    Raises LayoutError when a value does not fit its field, RecordError when the record is too long.
    """
    return _encode(record, DETAIL, shape)


def encode_summary(record: SummaryRecord, shape: Shape | None = None) -> bytes:
    """The octets of a subtype 12 record, descriptor word included, in the given shape or else its own.

    Fields that the shape lacks are left out, whatever they hold. Raises as ``encode_detail``.
    """
    return _encode(record, SUMMARY, shape)


def encode(record: Record, shape: Shape | None = None) -> bytes:
    """The octets of either record."""
    return _encode(record, DETAIL if isinstance(record, DetailRecord) else SUMMARY, shape)


def decode(octets: bytes) -> Record:
    """The record that *octets* (one whole record, descriptor word included) hold.

    Raises RecordError for anything but a sound record of type 119, subtype 11 or 12.
    """
    subtype = zert_subtype(octets)
    if subtype is None:
        raise RecordError(5, "not a zERT record")
    if int.from_bytes(octets[:2]) != len(octets):
        raise RecordError(0, f"length says {int.from_bytes(octets[:2])}, record has {len(octets)} octets")
    found = _sections_of(octets, subtype)
    header = _header(octets)
    if subtype == DETAIL:
        return DetailRecord(header, **found.values, shape=_detail_shape(found), ignored=found.ignored)
    shape = Shape.Z32 if found.common_length >= COMMON_12.size else Shape.V2R3
    return SummaryRecord(header, **found.values, shape=shape, ignored=found.ignored)


def zert_subtype(octets: bytes) -> int | None:
    """11 or 12 when *octets* begin like a zERT record, else None."""
    if len(octets) < TRIPLETS_AT or octets[5] != RECORD_TYPE:
        return None
    subtype = int.from_bytes(octets[22:24])
    return subtype if subtype in (DETAIL, SUMMARY) else None


def section_values(layout: Layout, section: object) -> tuple[Wire, ...]:
    """A section object's values in its layout's order."""
    return _getter(layout.attributes)(section)


def section_makers(subtype: int) -> dict[str, Callable[..., Any]]:
    """What makes the section objects of a record, by attribute; arguments are the values in layout order."""
    return _MAKERS[subtype]


def pack_names(names: Sequence[DistinguishedName]) -> bytes:
    """The run of structures for these names; a name is cut at 1024 octets."""
    parts = []
    for name in names:
        text = to_ebcdic(name.name)[:LONGEST_DN]
        parts.append(_DN_HEAD.pack(len(text) + _DN_HEAD.size, name.type) + text)
    return b"".join(parts)


def assemble(header: bytes, parts: Sequence[tuple[bytes, int, int]]) -> bytes:
    """A whole record from its header (length still zero) and its sections, each (octets, length, number)."""
    at = TRIPLETS_AT + TRIPLET_SIZE * len(parts)
    triplets = [struct.pack(">HH", len(parts), 0)]
    for octets, length, number in parts:
        triplets.append(_TRIPLET.pack(at, length, number) if number else bytes(TRIPLET_SIZE))
        at += len(octets)
    if at > LONGEST:
        raise RecordError(0, f"record of {at} octets, SMF takes {LONGEST}")
    return b"".join((at.to_bytes(2), header[2:], *triplets, *(octets for octets, _, _ in parts)))


def pack_header(header: Header, subtype: int) -> bytes:
    """The record header, its length still zero."""
    h = header
    return HEADER.pack((0, 0, h.flags, RECORD_TYPE, h.time, h.date, h.system_id, h.subsystem_id, subtype))


def pack_section(section: Section, value: Any) -> tuple[bytes, int, int]:
    """A section's octets with the length and number of its triplet; nothing and zeros when it is absent."""
    if value is None or value == ():
        return b"", 0, 0
    if section.layout is None:
        return _pack_opaque(value)
    if section.several:
        octets = pack_names(value)
        return octets, len(octets), len(value)
    octets = section.layout.pack(section_values(section.layout, value))
    return octets, len(octets), 1


def _encode(record: Record, subtype: int, shape: Shape | None) -> bytes:
    written = sections(subtype, shape or record.shape)
    parts = [pack_section(section, getattr(record, section.attribute)) for section in written]
    return assemble(pack_header(record.header, subtype), parts)


def _pack_opaque(parts: tuple[bytes, ...]) -> tuple[bytes, int, int]:
    length = len(parts[0])
    if any(len(part) != length for part in parts):
        raise RecordError(0, "sections of one kind differ in length")
    return b"".join(parts), length, len(parts)


@cache
def _getter(attributes: tuple[str, ...]) -> Callable[[object], tuple[Wire, ...]]:
    return attrgetter(*attributes)


class _Found:
    """What the triplets of one record led to."""

    def __init__(self, triplets: int) -> None:
        self.triplets = triplets
        self.values: dict[str, Any] = {}
        self.common_length = 0
        self.ignored = 0


def _sections_of(octets: bytes, subtype: int) -> _Found:
    count = int.from_bytes(octets[24:26])
    if TRIPLETS_AT + TRIPLET_SIZE * count > len(octets):
        raise RecordError(24, f"{count} triplets do not fit the record")
    found = _Found(count)
    for section, (at, (offset, length, number)) in zip(sections(subtype), _triplets(octets, count), strict=False):
        if number == 0 or offset == 0:
            continue
        if offset < TRIPLETS_AT + TRIPLET_SIZE * count:
            raise RecordError(at, f"section {section.name} begins at octet {offset}, inside the triplets")
        found.values[section.attribute] = _read_section(octets, section, (at, offset, length, number), subtype, found)
    for required in ("ident", "common"):
        if required not in found.values:
            raise RecordError(TRIPLETS_AT, f"no {required} section")
    return found


def _triplets(octets: bytes, count: int) -> Iterator[tuple[int, tuple[int, int, int]]]:
    for index in range(count):
        at = TRIPLETS_AT + TRIPLET_SIZE * index
        yield at, _TRIPLET.unpack_from(octets, at)


def _read_section(
    octets: bytes, section: Section, triplet: tuple[int, int, int, int], subtype: int, found: _Found
) -> Any:
    at, offset, length, number = triplet
    if section.several and section.layout is not None:
        return _read_names(octets, at, offset, number)
    if offset + length * number > len(octets):
        raise RecordError(at, f"section {section.name}: {number} of {length} octets at {offset} pass the record's end")
    if section.layout is None:
        return tuple(octets[offset + length * i : offset + length * (i + 1)] for i in range(number))
    if section.attribute == "common":
        found.common_length = length
    found.ignored += max(0, length - section.layout.size) + length * (number - 1)
    values = section.layout.read(octets, offset, length)
    return section_makers(subtype)[section.attribute](*values)


def _read_names(octets: bytes, at: int, offset: int, number: int) -> tuple[DistinguishedName, ...]:
    names = []
    for _ in range(number):
        if offset + _DN_HEAD.size > len(octets):
            raise RecordError(at, f"name structure at {offset} passes the record's end")
        length, kind = _DN_HEAD.unpack_from(octets, offset)
        end = offset + length
        if length < _DN_HEAD.size or end > len(octets):
            raise RecordError(offset, f"name structure of {length} octets at {offset} passes the record's end")
        names.append(DistinguishedName(kind, from_ebcdic(octets[offset + _DN_HEAD.size : end])))
        offset = end
    return tuple(names)


def _header(octets: bytes) -> Header:
    _, _, flags, _, time, date, system_id, subsystem_id, _ = HEADER.unpack(octets)
    return Header(flags, time, date, system_id, subsystem_id)  # type: ignore[arg-type]


def _detail_shape(found: _Found) -> Shape:
    """V2R3 with seven triplets; with eight 3.2 where the local role is told, as it is for TCP, else V2R5."""
    if found.triplets < len(sections(DETAIL)):
        return Shape.V2R3
    common = found.values["common"]
    return Shape.Z32 if common.flags & _ROLES or common.ip_protocol != _TCP else Shape.V2R5
