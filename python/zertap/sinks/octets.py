"""Where the octets of records go: into an SMF file, or through the native reader into any other form.

Every form of records is made from their octets: what is written as JSON, as a table or for a SIEM is what a reader of
the SMF file finds. Each output takes runs of whole records, each with its descriptor word.

An output's account (``outlet``) is exact for SMF files and JSON lines that are not compressed: a record counts as
written when the operating system took its last octet. Where records are compressed, or are no runs of octets (other
forms), a record counts as written when the operating system took all that came of the piece it was in: up to there any
reader can read, and of the piece that failed perhaps some more. Of a Parquet file a record counts only when the whole
file is written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zertap._native import Blocks, Decoder, Packer, records_in
from zertap.errors import OutputFailed
from zertap.ledger import Outlet
from zertap.sinks.arrow import Messages
from zertap.sinks.base import Stream
from zertap.sinks.parquet import Gathering
from zertap.smf.framing import LONGEST_BLOCK, Framing
from zertap.zert.leef import pairs
from zertap.zert.views import Names, View, flat, nested, without_enforcement

_SUFFIXES = {".gz": "gzip", ".zst": "zstd"}


class Output(Protocol):
    """Takes the octets of records."""

    outlet: Outlet
    """The records it was given, and those written."""

    def write(self, octets: bytes, records: int) -> None:
        """Adds so many whole records. Raises ``OutputFailed``, ``ReaderGone``."""

    def close(self) -> None:
        """Writes what is still held. Raises as ``write``."""


def compression_of(path: str | None) -> str | None:
    """The compression that a file's name asks for."""
    return _SUFFIXES.get(Path(path).suffix) if path else None


class Packed:
    """A stream that is compressed on its way. What was written can be read, whatever becomes of the rest."""

    def __init__(self, stream: Stream, method: str) -> None:
        self._stream = stream
        self._packer = Packer(method)
        self.name = stream.name
        self.octets = 0
        """Octets of the pieces that the operating system took whole, before compression."""

    def write(self, data: bytes) -> None:
        """See ``Stream.write``."""
        packed = self._packer.pack(data)
        if packed:
            self._stream.write(packed)
        self.octets += len(data)

    def close(self) -> None:
        """See ``Stream.close``."""
        self._stream.write(self._packer.finish())
        self._stream.close()


class SmfFile:
    """An SMF file: record descriptor words alone or in blocks."""

    def __init__(self, stream: Stream | Packed, framing: Framing = Framing.PLAIN, block: int = LONGEST_BLOCK) -> None:
        self._stream = stream
        self._blocks = None if framing is Framing.PLAIN else Blocks(framing is Framing.SPANNED, block)
        self.outlet = Outlet(stream.name, "records")

    def write(self, octets: bytes, records: int) -> None:
        """See ``Output.write``. Raises ``OutputFailed`` for a record that no block can hold."""
        self.outlet.taken += records
        if self._blocks is None:
            self._put(octets)
            return
        blocks, fault = self._blocks.add(octets)
        self._put(blocks)
        if fault:
            raise OutputFailed(fault, self._stream.name)

    def close(self) -> None:
        """See ``Output.close``."""
        if self._blocks is not None:
            self._put(self._blocks.finish())
        self._stream.close()

    def _put(self, octets: bytes) -> None:
        before = self._stream.octets
        try:
            self._stream.write(octets)
        finally:
            taken = octets[: self._stream.octets - before]
            self.outlet.written += records_in(taken, blocked=self._blocks is not None)


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
    messages, outlet = Messages(stream), Outlet(stream.name, "records")
    decoder = look.decoder(flat(look.names))
    messages.begin(decoder.ipc())
    return Shown(outlet, decoder, _counted(outlet, lambda each: messages.add(each.ipc())), messages.close)


def parquet(stream: Stream | Packed, look: Look) -> Shown:
    """A Parquet file (optional extra)."""
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
