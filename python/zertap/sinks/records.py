"""zERT connection detail records (SMF 119 subtype 11): one for each event, from each local side."""

from collections.abc import Callable, Sequence
from functools import partial

from zertap.encoding import Encoding, Networks
from zertap.plans import Engine, Part
from zertap.rows import RowReader
from zertap.sinks.octets import Output
from zertap.zert.codec import encode_detail
from zertap.zert.events import EventType
from zertap.zert.mapping import Settings, switch_record
from zertap.zert.owner import Owners


class Records:
    """Writes the records of rows; ``switch`` those of discovery itself. ``reader``, ``owners`` as for ``Encoding``."""

    def __init__(
        self,
        output: Output,
        settings: Settings,
        networks: Networks = (),
        reader: Callable[[], RowReader] = RowReader,
        owners: Owners | None = None,
    ) -> None:
        self._owners = owners
        self._output = output
        self._settings = settings
        self._networks = networks
        self._new_reader = reader
        self._encoding = self._new_encoding()
        self._engine: int | None = None
        self.outlet = output.outlet

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        if part.engine != self._engine:
            self._encoding, self._engine = self._new_encoding(), part.engine
        octets, count = self._encoding.write(part.batch, rows)
        if count:
            self._output.write(octets, count)

    def switch(self, kind: EventType, at: int) -> None:
        """Writes the record of discovery being enabled or disabled *at* this moment (nanoseconds since 1970)."""
        self._output.write(encode_detail(switch_record(kind, at, self._settings)), 1)

    def close(self) -> None:
        """See ``Sink.close``."""
        self._output.close()

    def _new_encoding(self) -> Encoding:
        return Encoding(self._settings, self._networks, self._new_reader, self._owners)


class Current:
    """The records of connections that live: what a subscriber is told who comes late. Arguments as for ``Records``."""

    def __init__(
        self, settings: Settings, networks: Networks, reader: Callable[[], RowReader], owners: Owners | None = None
    ) -> None:
        self._make = partial(Encoding, settings, networks, reader, owners)
        self._encoding = self._make()
        self._engine: int | None = None

    def listing(self, tap: Engine, engine: int, start: int, most: int) -> tuple[bytes, int, int | None]:
        """From a place in the engine's table on: records, how many, and the place to go on from."""
        if engine != self._engine:
            self._encoding, self._engine = self._make(), engine
        batch, following = tap.current(start, most)
        return *self._encoding.write(batch, range(len(batch))), following
