"""Many connection detail records, fast: the same octets as the plain way, by templates.

Few connections differ in what protects them. All octets of a record that follow from that (header,
triplets, identification, protocol section) are packed once a profile; a record then is one ``struct`` call
over the times, the common section and the TLS session id. The plain way (``mapping`` and ``codec``) stays
the definition: templates are cut out of a record that it made, and a property test holds the two equal.
"""

import struct
from collections.abc import Iterable, Sequence

from zertap.smf.fields import Wire, stamp
from zertap.zert.codec import encode_detail
from zertap.zert.events import Event
from zertap.zert.facts import ConnectionFacts, Side
from zertap.zert.layouts import COMMON_11, HEADER, TLS_11, TRIPLETS_AT, Shape
from zertap.zert.mapping import Settings, as_shown, common_values, detail_record
from zertap.zert.records import DetailRecord

MOST_TEMPLATES = 16_384
"""Templates kept at most; when there are more, all are made anew as they are needed."""

_TIME_AT = HEADER.by_attribute["time"].offset
_DATE_END = HEADER.by_attribute["date"].end
_SESSION_AT = TLS_11.by_attribute["session_id_length"].offset
_SESSION_END = TLS_11.by_attribute["session_id"].end
_COMMON_TRIPLET, _TLS_TRIPLET = 1, 3


class DetailTemplate:
    """One record's octets with room for what differs: times, common section, TLS session id."""

    def __init__(self, record: DetailRecord, shape: Shape = Shape.Z32) -> None:
        octets = encode_detail(record, shape)
        common = _section_offset(octets, _COMMON_TRIPLET)
        tls = _section_offset(octets, _TLS_TRIPLET)
        self._head = octets[:_TIME_AT]
        self._middle = octets[_DATE_END:common]
        after = common + COMMON_11.size
        self._tail: tuple[bytes, ...] = (octets[after:],)
        code = f">{_TIME_AT}sII{len(self._middle)}s{COMMON_11.format}"
        if tls and record.tls is not None and not record.tls.failed:
            self._tail = (octets[after : tls + _SESSION_AT], octets[tls + _SESSION_END :])
            code += f"{len(self._tail[0])}sB32s{len(self._tail[1])}s"
        else:
            code += f"{len(self._tail[0])}s"
        self._pack = struct.Struct(code).pack

    def encode(self, time: int, date: int, common: Sequence[Wire], session_id: bytes = b"") -> bytes:
        """The record with this header time and date, common section (values in layout order) and session id.

        Raises LayoutError when a value does not fit its field.
        """
        wire = COMMON_11.wire(common)
        tail = self._tail
        try:
            if len(tail) == 1:
                return self._pack(self._head, time, date, self._middle, *wire, tail[0])
            used = session_id[:32]
            return self._pack(self._head, time, date, self._middle, *wire, tail[0], len(used), used, tail[1])
        except struct.error:
            COMMON_11.pack(common)
            raise


class DetailEncoder:
    """Records of events, by templates. Not for use by several threads at once.

    Templates are found by the identity of the facts that protect (``TlsFacts``, ``SshFacts``), so share
    those among connections; equal but separate values work as well and gain nothing.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._templates: dict[tuple[int, str, bool, bool], tuple[object, DetailTemplate]] = {}

    def encode(self, facts: ConnectionFacts, event: Event, local: Side = Side.SERVER) -> bytes:
        """The octets of one record: what ``encode_detail(detail_record(...))`` gives."""
        settings = self._settings
        shown = as_shown(event, settings.shape)
        time, date = stamp(event.at + settings.header_offset)
        values = common_values(facts, shown, settings, local)
        session_id = facts.session_id if facts.tls else b""
        return self._template(facts, shown, local).encode(time, date, values, session_id)

    def encode_all(self, facts: ConnectionFacts, events: Iterable[Event], sides: Iterable[Side]) -> bytes:
        """The records of all events of one connection, from each of these sides, one after the other."""
        return b"".join(self.encode(facts, event, side) for side in sides for event in events)

    def _template(self, facts: ConnectionFacts, shown: Event, local: Side) -> DetailTemplate:
        protects = facts.tls if shown.protocol == "TLS" else facts.ssh if shown.protocol == "SSH" else None
        key = (id(protects), shown.protocol, shown.failed, local is Side.SERVER)
        found = self._templates.get(key)
        if found is None:
            if len(self._templates) >= MOST_TEMPLATES:
                self._templates.clear()
            record = detail_record(facts, shown, self._settings, local)
            found = self._templates[key] = (protects, DetailTemplate(record, self._settings.shape))
        return found[1]


def _section_offset(octets: bytes, triplet: int) -> int:
    at = TRIPLETS_AT + 8 * triplet
    return int.from_bytes(octets[at : at + 4])
