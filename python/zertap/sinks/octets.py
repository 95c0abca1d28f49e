"""Where the octets of records go: into an SMF file, or through the native reader into any other form.

Every form of records is made from their octets: what is written as JSON, as a table or for a SIEM is what a reader of
the SMF file finds. Each output takes runs of whole records, each with its descriptor word.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from zertap._native import Decoder, Packer
from zertap.errors import OutputFailed
from zertap.sinks.arrow import Messages
from zertap.sinks.base import Stream
from zertap.sinks.parquet import Gathering
from zertap.smf.framing import LONGEST_BLOCK, Framing, RecordWriter
from zertap.zert.leef import pairs
from zertap.zert.views import Names, View, flat, nested

_SUFFIXES = {".gz": "gzip", ".zst": "zstd"}


class Output(Protocol):
    """Takes the octets of records."""

    def write(self, octets: bytes) -> None:
        """Adds whole records. Raises ``OutputFailed``, ``ReaderGone``."""

    def close(self) -> None:
        """Writes what is still held. Raises as ``write``."""


def compression_of(path: str | None) -> str | None:
    """The compression that a file's name asks for."""
    return _SUFFIXES.get(Path(path).suffix) if path else None


class Packed:
    """A stream that is compressed on its way."""

    def __init__(self, stream: Stream, method: str) -> None:
        self._stream = stream
        self._packer = Packer(method)
        self.name = stream.name

    def write(self, data: bytes) -> None:
        """See ``Stream.write``."""
        packed = self._packer.pack(data)
        if packed:
            self._stream.write(packed)

    def close(self) -> None:
        """See ``Stream.close``."""
        self._stream.write(self._packer.finish())
        self._stream.close()


class SmfFile:
    """An SMF file: record descriptor words alone or in blocks."""

    def __init__(self, stream: Stream | Packed, framing: Framing = Framing.PLAIN, block: int = LONGEST_BLOCK) -> None:
        self._stream = stream
        self._plain = framing is Framing.PLAIN
        self._writer = RecordWriter(stream, framing, block)

    def write(self, octets: bytes) -> None:
        """See ``Output.write``. Raises ``OutputFailed`` for a record that no block can hold."""
        if self._plain:
            self._stream.write(octets)
            return
        try:
            self._writer.write_run(octets)
        except ValueError as error:
            raise OutputFailed(str(error), self._stream.name) from None

    def close(self) -> None:
        """See ``Output.close``."""
        self._writer.flush()
        self._stream.close()


class Shown:
    """Records in another form: takes octets of an SMF file as they come, in any pieces."""

    def __init__(self, decoder: Decoder, take: Callable[[Decoder], None], close: Callable[[], None]) -> None:
        self.decoder = decoder
        """What was found, and what is damaged."""
        self._take = take
        self._close = close

    def write(self, octets: bytes) -> None:
        """See ``Output.write``; here the pieces need not hold whole records."""
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


def jsonl(stream: Stream | Packed, names: Names, framing: str | None = None) -> Shown:
    """Nested JSON, one object a line."""
    return _lines(stream, nested(names), Decoder.jsonl, framing)


def listing(stream: Stream | Packed, names: Names, framing: str | None = None) -> Shown:
    """Blocks of lines for people."""
    return _lines(stream, nested(names), Decoder.listing, framing)


def table(stream: Stream | Packed, names: Names, framing: str | None = None) -> Shown:
    """CSV (RFC 4180, UTF-8)."""
    return _lines(stream, flat(names), Decoder.csv, framing)


def leef(stream: Stream | Packed, names: Names, framing: str | None = None) -> Shown:
    """LEEF 2.0; it has names of its own."""
    del names
    return _lines(stream, pairs(), Decoder.pairs, framing)


def arrow(stream: Stream | Packed, names: Names, framing: str | None = None) -> Shown:
    """An Arrow IPC stream."""
    messages = Messages(stream)
    decoder = flat(names).decoder(framing)
    messages.begin(decoder.ipc())
    return Shown(decoder, lambda each: messages.add(each.ipc()), messages.close)


def parquet(stream: Stream | Packed, names: Names, framing: str | None = None) -> Shown:
    """A Parquet file (optional extra)."""
    gathering = Gathering(stream)
    decoder = flat(names).decoder(framing)
    gathering.take(decoder.columns())
    return Shown(decoder, lambda each: gathering.take(each.columns()), gathering.close)


def _lines(stream: Stream | Packed, view: View, render: Callable[[Decoder], bytes], framing: str | None) -> Shown:
    def take(decoder: Decoder) -> None:
        stream.write(render(decoder))

    return Shown(view.decoder(framing), take, stream.close)
