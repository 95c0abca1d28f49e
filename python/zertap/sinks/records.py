"""zERT connection detail records (SMF 119 subtype 11): as SMF octets with descriptor words, or as JSON lines."""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network

import msgspec

from zertap.ledger import Outlet
from zertap.plans import Part
from zertap.rows import RowReader
from zertap.sinks.base import Stream
from zertap.zert.bulk import DetailEncoder
from zertap.zert.codec import encode_detail
from zertap.zert.events import Event, EventType
from zertap.zert.facts import ConnectionFacts, Side
from zertap.zert.local import local_sides
from zertap.zert.mapping import Settings, detail_record, switch_record
from zertap.zert.readable import to_json
from zertap.zert.records import DetailRecord

Networks = Sequence[IPv4Network | IPv6Network]

_Make = Callable[[ConnectionFacts, Event, Side], bytes]
_Switch = Callable[[EventType, int], bytes]


class Records:
    """Writes one record for each event, from each local side; ``switch`` those of discovery itself."""

    def __init__(
        self,
        stream: Stream,
        make: _Make,
        switch: _Switch,
        networks: Networks = (),
        reader: Callable[[], RowReader] = RowReader,
    ) -> None:
        self._stream = stream
        self._make = make
        self._make_switch = switch
        self._networks = networks
        self._new_reader = reader
        self._reader = reader()
        self._engine: int | None = None
        self.outlet = Outlet(stream.name, "records")

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        if part.engine != self._engine:
            self._reader, self._engine = self._new_reader(), part.engine
        self._stream.write_pieces(list(self._records(part, rows)), self.outlet)

    def switch(self, kind: EventType, at: int) -> None:
        """Writes the record of discovery being enabled or disabled *at* this moment (nanoseconds since 1970)."""
        self._stream.write_pieces([self._make_switch(kind, at)], self.outlet)

    def close(self) -> None:
        """See ``Sink.close``."""
        self._stream.close()

    def _records(self, part: Part, rows: Sequence[int]) -> Iterator[bytes]:
        for facts, events in self._reader.connections(part.batch, rows):
            for side in self._sides(facts):
                for event in events:
                    yield self._make(facts, event, side)

    def _sides(self, facts: ConnectionFacts) -> tuple[Side, ...]:
        if not self._networks:
            return (Side.SERVER,)
        return local_sides(facts.client_address, facts.server_address, self._networks)


def smf_records(
    stream: Stream, settings: Settings, networks: Networks = (), reader: Callable[[], RowReader] = RowReader
) -> Records:
    """Records as octets."""

    def switch(kind: EventType, at: int) -> bytes:
        return encode_detail(switch_record(kind, at, settings))

    return Records(stream, DetailEncoder(settings).encode, switch, networks, reader)


def json_records(
    stream: Stream, settings: Settings, networks: Networks = (), reader: Callable[[], RowReader] = RowReader
) -> Records:
    """Records as JSON lines in the layout's field names."""

    def line(record: DetailRecord) -> bytes:
        return msgspec.json.encode(to_json(record)) + b"\n"

    def make(facts: ConnectionFacts, event: Event, side: Side) -> bytes:
        return line(detail_record(facts, event, settings, side))

    return Records(stream, make, lambda kind, at: line(switch_record(kind, at, settings)), networks, reader)
