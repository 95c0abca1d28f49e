"""zERT connection detail records (SMF 119 subtype 11): one for each event, from each local side."""

from collections.abc import Sequence

from zertap.encoding import Encoding, Networks
from zertap.plans import Part
from zertap.sinks.octets import Output
from zertap.zert.mapping import Settings


class Records:
    """Writes the records of rows."""

    def __init__(self, output: Output, settings: Settings, networks: Networks = ()) -> None:
        self._output = output
        self._settings = settings
        self._networks = networks
        self._encoding = Encoding(settings, networks)
        self._engine: int | None = None
        self.written = 0
        """Records so far."""

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        if part.engine != self._engine:
            self._encoding, self._engine = Encoding(self._settings, self._networks), part.engine
        octets, count = self._encoding.write(part.batch, rows)
        self._output.write(octets)
        self.written += count

    def close(self) -> None:
        """See ``Sink.close``."""
        self._output.close()
