"""Where the octets of records go: into an SMF file, or through the native reader into any other form (``shown``).

Every form of records is made from their octets: what is written as JSON, as a table or for a SIEM is what a reader of
the SMF file finds. Each output takes runs of whole records, each with its descriptor word.

An output's account (``outlet``) is exact for SMF files and JSON lines that are not compressed: a record counts as
written when the operating system took its last octet. Where records are compressed, or are no runs of octets (other
forms), a record counts as written when the operating system took all that came of the piece it was in: up to there any
reader can read, and of the piece that failed perhaps some more. Of a Parquet file a record counts only when the whole
file is written.
"""

from typing import Protocol

from zertap._native import Blocks, Packer, records_in
from zertap.errors import OutputFailed
from zertap.ledger import Outlet
from zertap.sinks.base import Stream
from zertap.smf.framing import LONGEST_BLOCK, Framing

_METHODS = {"gz": "gzip", "zst": "zstd"}


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
    stem, _, suffix = (path or "").rpartition("/")[2].rpartition(".")
    return _METHODS.get(suffix) if stem else None


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
