"""Records in other forms than their octets: through the native reader, by what ``zert.views`` and ``zert.leef`` say.

Each takes octets of an SMF file in any pieces, and is an ``Output`` too. Loaded where such a form is asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass

from zertap._native import Decoder
from zertap.ledger import Outlet
from zertap.sinks.base import Stream
from zertap.sinks.octets import Packed
from zertap.zert.leef import pairs
from zertap.zert.views import Names, View, flat, nested, without_enforcement


class Shown:
    """Records in another form: takes octets of an SMF file as they come, in any pieces."""

    def __init__(
        self, outlet: Outlet, decoder: Decoder, take: Callable[[Decoder], None], close: Callable[[], None]
    ) -> None:
        self.outlet = outlet
        self.decoder = decoder
        """What was found, and what is damaged."""
        self._take = take
        self._close = close

    def write(self, octets: bytes, records: int) -> None:
        """See ``Output.write``."""
        self.outlet.taken += records
        self.feed(octets)

    def feed(self, octets: bytes) -> None:
        """Adds octets of a file in any pieces. Raises as ``write``."""
        self.decoder.feed(octets)
        self._take(self.decoder)

    def finish(self) -> None:
        """The file has no more octets."""
        self.decoder.finish()
        self._take(self.decoder)

    def close(self) -> None:
        """See ``Output.close``."""
        self.finish()
        self._close()


@dataclass(frozen=True, slots=True)
class Look:
    """How records are shown: under which names, whether with octets whose layout is not public (``enforcement``).

    ``framing`` as for ``Decoder``.
    """

    names: Names = Names.READABLE
    framing: str | None = None
    enforcement: bool = True

    def decoder(self, view: View) -> Decoder:
        """A reader that shows *view*, or less of it."""
        return (view if self.enforcement else without_enforcement(view)).decoder(self.framing)


def jsonl(stream: Stream | Packed, look: Look) -> Shown:
    """Nested JSON, one object a line."""
    outlet = Outlet(stream.name, "records")

    def take(decoder: Decoder) -> None:
        lines, before = decoder.jsonl(), stream.octets
        try:
            stream.write(lines)
        finally:
            outlet.written += lines.count(b"\n", 0, stream.octets - before)

    return Shown(outlet, look.decoder(nested(look.names)), take, stream.close)


def listing(stream: Stream | Packed, look: Look) -> Shown:
    """Blocks of lines for people."""
    return _lines(stream, look.decoder(nested(look.names)), Decoder.listing)


def table(stream: Stream | Packed, look: Look) -> Shown:
    """CSV (RFC 4180, UTF-8)."""
    return _lines(stream, look.decoder(flat(look.names)), Decoder.csv)


def leef(stream: Stream | Packed, look: Look) -> Shown:
    """LEEF 2.0; it has names of its own."""
    return _lines(stream, look.decoder(pairs()), Decoder.pairs)


def arrow(stream: Stream | Packed, look: Look) -> Shown:
    """An Arrow IPC stream."""
    from zertap.sinks.arrow import Messages

    messages, outlet = Messages(stream), Outlet(stream.name, "records")
    decoder = look.decoder(flat(look.names))
    messages.begin(decoder.ipc())
    return Shown(outlet, decoder, _counted(outlet, lambda each: messages.add(each.ipc())), messages.close)


def parquet(stream: Stream | Packed, look: Look) -> Shown:
    """A Parquet file (optional extra)."""
    from zertap.sinks.parquet import Gathering

    gathering, outlet = Gathering(stream), Outlet(stream.name, "records")
    decoder = look.decoder(flat(look.names))
    gathering.take(decoder.columns())

    def close() -> None:
        gathering.close()
        outlet.written = sum(decoder.found)

    return Shown(outlet, decoder, lambda each: gathering.take(each.columns()), close)


def _lines(stream: Stream | Packed, decoder: Decoder, render: Callable[[Decoder], bytes]) -> Shown:
    outlet = Outlet(stream.name, "records")
    return Shown(outlet, decoder, _counted(outlet, lambda each: stream.write(render(each))), stream.close)


def _counted(outlet: Outlet, take: Callable[[Decoder], None]) -> Callable[[Decoder], None]:
    """The same, and what the reader has found counts as written."""

    def counted(decoder: Decoder) -> None:
        take(decoder)
        outlet.written = sum(decoder.found)

    return counted
