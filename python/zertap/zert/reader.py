"""zERT records out of SMF files: finds them among others, decodes them, counts the rest."""

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from zertap.smf.framing import Framed, Framing, RecordReader, SmfDamaged
from zertap.zert.codec import Record, RecordError, decode, zert_subtype
from zertap.zert.layouts import DETAIL


class ZertReader:
    """Iterates over the zERT records of an SMF file; other records are passed over and counted.

    ``foreign`` counts them by (type, subtype; -1 where the record is too short to have one). Raises
    SmfDamaged at a record or frame that cannot be read, after everything before it was delivered.
    """

    def __init__(self, stream: BinaryIO, framing: Framing = Framing.AUTO) -> None:
        self.frames = RecordReader(stream, framing)
        self.foreign: Counter[tuple[int, int]] = Counter()
        self.details = 0
        self.summaries = 0

    def __iter__(self) -> Iterator[Record]:
        for frame in self.frames:
            record = self._read(frame)
            if record is not None:
                yield record

    def _read(self, frame: Framed) -> Record | None:
        subtype = zert_subtype(frame.octets)
        if subtype is None:
            self.foreign[_kind(frame.octets)] += 1
            return None
        try:
            record = decode(frame.octets)
        except RecordError as error:
            raise SmfDamaged(frame.number, frame.offset, str(error)) from error
        if subtype == DETAIL:
            self.details += 1
        else:
            self.summaries += 1
        return record


def _kind(octets: bytes) -> tuple[int, int]:
    record_type = octets[5] if len(octets) > 5 else -1
    return record_type, int.from_bytes(octets[22:24]) if len(octets) >= 24 else -1
