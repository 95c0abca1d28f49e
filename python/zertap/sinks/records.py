"""zERT connection detail records (SMF 119 subtype 11): as SMF octets with descriptor words, or as JSON lines."""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network

import msgspec

from zertap.ledger import Outlet
from zertap.plans import Part
from zertap.rows import RowReader
from zertap.sinks.base import Stream
from zertap.zert.bulk import DetailEncoder
from zertap.zert.events import Event
from zertap.zert.facts import ConnectionFacts, Side
from zertap.zert.local import local_sides
from zertap.zert.mapping import Settings, detail_record
from zertap.zert.readable import to_json

Networks = Sequence[IPv4Network | IPv6Network]

_Make = Callable[[ConnectionFacts, Event, Side], bytes]


class Records:
    """Writes one record for each event, from each local side."""

    def __init__(self, stream: Stream, make: _Make, networks: Networks = ()) -> None:
        self._stream = stream
        self._make = make
        self._networks = networks
        self._reader = RowReader()
        self._engine: int | None = None
        self.outlet = Outlet(stream.name, "records")

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        if part.engine != self._engine:
            self._reader, self._engine = RowReader(), part.engine
        self._stream.write_pieces(list(self._records(part, rows)), self.outlet)

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


def smf_records(stream: Stream, settings: Settings, networks: Networks = ()) -> Records:
    """Records as octets."""
    return Records(stream, DetailEncoder(settings).encode, networks)


def json_records(stream: Stream, settings: Settings, networks: Networks = ()) -> Records:
    """Records as JSON lines in the layout's field names."""

    def make(facts: ConnectionFacts, event: Event, side: Side) -> bytes:
        return msgspec.json.encode(to_json(detail_record(facts, event, settings, side))) + b"\n"

    return Records(stream, make, networks)
