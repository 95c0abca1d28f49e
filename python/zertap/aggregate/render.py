"""Summary records of a whole table, fast: the same octets as the plain way, by templates.

All octets that sessions of one variant (protection, latest facts, local end, kind of address) have in common are packed
once; the engine puts in what differs: addresses, ports, identifier, counters. The plain way (``zert.summary`` and
``zert.codec``) stays the definition: templates are records that it made, and a test holds the two equal.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from zertap.aggregate.table import Table, Variant
from zertap.smf.codepage import to_ebcdic
from zertap.zert.codec import encode_summary
from zertap.zert.layouts import COMMON_12, IDENT, TRIPLETS_AT
from zertap.zert.mapping import Settings
from zertap.zert.sessions import Counts, SessionSummary
from zertap.zert.summary import Reason, summary_record

AT_ONCE: Final = 1024
"""Records in one piece: few enough that they are still near when they are written."""

_DIGITS: Final = to_ebcdic("0123456789ABCDEF")
_PREFIX: Final = 2
"""Octets of an identifier before its digits."""
_SOME_IPV4: Final = ("192.0.2.1", "192.0.2.2")
_SOME_IPV6: Final = ("2001:db8::1", "2001:db8::2")
_IDENT_TRIPLET, _COMMON_TRIPLET = 0, 1


class _Spots(NamedTuple):
    """Offsets of what differs from session to session."""

    server: int
    client: int
    ports: int
    identifier: int
    initial: int
    last: int


def render(table: Table, settings: Settings, reason: Reason) -> Iterator[bytes]:
    """The records of a set, in pieces: what ``encode_summary(summary_record(...))`` gives for each summary."""
    if not len(table):
        return
    octets = [(_template(table, variant, settings, reason), variant) for variant in table.groups.variants()]
    ident, common = (_offset(octets[0][0], triplet) for triplet in (_IDENT_TRIPLET, _COMMON_TRIPLET))
    spots = _spots(common)
    templates = [(each, _repeated(table, variant, settings, common)) for each, variant in octets]
    last = (ident + IDENT.by_attribute["reason"].offset, reason.value[True])
    for start in range(0, len(table), AT_ONCE):
        rows = (start, min(start + AT_ONCE, len(table)))
        yield table.groups.render(rows, templates, spots, _DIGITS, last)


def _template(table: Table, variant: Variant, settings: Settings, reason: Reason) -> bytes:
    """The record of a session of this variant between some addresses."""
    some = _SOME_IPV4 if variant[4] else _SOME_IPV6
    session, latest = table.known.session(variant, *some, (0, 0)).without_name(), table.known.latest(variant)
    sample = SessionSummary(session, latest, table.start, table.end, Counts(), Counts())
    return encode_summary(summary_record(sample, settings, reason, last=False), settings.shape)


def _repeated(table: Table, variant: Variant, settings: Settings, common: int) -> tuple[int, int] | None:
    """Where the connections of failed handshakes stand once more."""
    if not table.known.classes[variant[0]].shown.failed or not settings.shape.knows_failures:
        return None
    return common + _at("initial_failed"), common + _at("final_failed")


def _spots(common: int) -> _Spots:
    names = ("server_address", "client_address", "server_port_first", "session_id")
    server, client, ports, identifier = (common + _at(name) for name in names)
    counters = (common + _at("initial_connections"), common + _at("final_connections"))
    return _Spots(server, client, ports, identifier + _PREFIX, *counters)


def _at(attribute: str) -> int:
    return COMMON_12.by_attribute[attribute].offset


def _offset(octets: bytes, triplet: int) -> int:
    at = TRIPLETS_AT + 8 * triplet
    return int.from_bytes(octets[at : at + 4])
