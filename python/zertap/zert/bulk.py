"""Many connection detail records, fast: which octets of a record differ from one connection to the next alike.

Few connections differ in what protects them. Of those that are alike in that, the plain way (``mapping`` and
``codec``) makes one record of each event; here it is said which of its octets belong to one connection alone, and what
stands in them. The native encoder (``Stencils``) copies the octets and fills these holes. A property test holds the
two ways equal.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from zertap.smf.fields import Field
from zertap.smf.layout import Layout
from zertap.zert.codec import encode_detail
from zertap.zert.events import Event, EventType
from zertap.zert.facts import ConnectionFacts, Side
from zertap.zert.layouts import COMMON_11, HEADER, TLS_11, TRIPLET_SIZE, TRIPLETS_AT
from zertap.zert.mapping import Settings, as_shown, detail_record


class Hole(NamedTuple):
    """Octets that differ: where, in which form, and which value of the row fills them."""

    offset: int
    length: int
    form: str
    source: str


class Stencil(NamedTuple):
    """One record's octets, the slot of the time that its event bears, and its holes."""

    octets: bytes
    slot: int
    holes: list[Hole]


_COMMON_TRIPLET, _TLS_TRIPLET = 1, 3
_END = (EventType.TERMINATION, EventType.SHORT_TERMINATION)
_HEADER = {"time": ("hundredths", "written"), "date": ("day", "written")}
_START = {"start_time": ("hundredths", "established"), "start_date": ("day", "established")}
_ENDED = {"end_time": ("hundredths", "event"), "end_date": ("day", "event")}
_COUNTED = {
    "remote_address": ("address", "{theirs}_ip"),
    "local_address": ("address", "{ours}_ip"),
    "remote_port": ("number", "{theirs}_port"),
    "local_port": ("number", "{ours}_port"),
    "connection_id": ("number", "connection"),
    "in_bytes": ("number", "bytes_{theirs}"),
    "out_bytes": ("number", "bytes_{ours}"),
    "in_segments": ("number", "segments_{theirs}"),
    "out_segments": ("number", "segments_{ours}"),
}
"""Inbound is what the local side received: what the other one sent."""
_TLS = {"session_id_length": ("used", "tls_session_id"), "session_id": ("octets", "tls_session_id")}


def stencil(facts: ConnectionFacts, event: Event, slot: int, settings: Settings, local: Side) -> Stencil:
    """The stencil of one event of connections like this one, seen from their *local* side."""
    record = detail_record(facts, event, settings, local)
    octets = encode_detail(record, settings.shape)
    ends = as_shown(event, settings.shape).type in _END
    holes = [*_holes_of_all(_section(octets, _COMMON_TRIPLET), local, ends=ends)]
    if facts.tls is not None and record.tls is not None and not record.tls.failed:
        holes += _holes_of_tls(_section(octets, _TLS_TRIPLET))
    return Stencil(octets, slot, holes)


@cache
def _holes_of_all(at: int, local: Side, *, ends: bool) -> tuple[Hole, ...]:
    """Those of every record whose common section is *at* this offset, seen from this side."""
    theirs = Side.CLIENT if local is Side.SERVER else Side.SERVER
    roles = {"ours": local.value, "theirs": theirs.value}
    values = {name: (form, source.format(**roles)) for name, (form, source) in _COUNTED.items()}
    values |= _START | (_ENDED if ends else {})
    return (*_holes(HEADER, 0, _HEADER), *_holes(COMMON_11, at, values))


@cache
def _holes_of_tls(at: int) -> tuple[Hole, ...]:
    """Those of a TLS section *at* this offset."""
    return tuple(_holes(TLS_11, at, _TLS))


def _holes(layout: Layout, at: int, values: dict[str, tuple[str, str]]) -> Iterator[Hole]:
    for attribute, (form, source) in values.items():
        field: Field = layout.by_attribute[attribute]
        yield Hole(at + field.offset, field.length, form, source)


def _section(octets: bytes, triplet: int) -> int:
    at = TRIPLETS_AT + TRIPLET_SIZE * triplet
    return int.from_bytes(octets[at : at + 4])
