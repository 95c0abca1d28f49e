"""Outputs of records that fail: how many records of what was given are whole in the file."""

import io

import pytest

from zertap.errors import OutputFailed
from zertap.sinks.base import Stream
from zertap.sinks.octets import Look, Output, SmfFile, jsonl, records_in
from zertap.smf.framing import Framing, RecordReader, SmfDamaged
from zertap.zert.codec import encode_detail
from zertap.zert.records import DetailRecord, DistinguishedName
from zertap.zert.views import Names

RECORDS = [encode_detail(DetailRecord(names=(DistinguishedName(0x10, "x" * (37 * n)),) if n else ())) for n in range(9)]
RUN = b"".join(RECORDS)


class Narrow(Stream):
    """A file with so much room, which takes what fits and refuses the rest."""

    def __init__(self, room: int) -> None:
        self.name = "narrow"
        self.octets = 0
        self.taken = bytearray()
        self._room = room

    def write(self, data: bytes) -> None:
        """See ``Stream.write``."""
        fits = data[: self._room - self.octets]
        self.taken += fits
        self.octets += len(fits)
        if len(fits) < len(data):
            raise OutputFailed("no room", self.name)

    def close(self) -> None:
        """See ``Stream.close``."""


def whole(octets: bytes | bytearray, framing: Framing) -> int:
    """Records that a reader finds."""
    reader = RecordReader(io.BytesIO(octets), framing)
    try:
        return sum(1 for _ in reader)
    except SmfDamaged:
        return reader.records


def fill(output: Output) -> None:
    """Three runs of three records."""
    for at in range(0, len(RECORDS), 3):
        output.write(b"".join(RECORDS[at : at + 3]), 3)
    output.close()


@pytest.mark.parametrize("room", range(0, len(RUN), 41))
def test_records_of_a_full_smf_file_are_counted_exactly(room: int) -> None:
    stream = Narrow(room)
    output = SmfFile(stream)
    with pytest.raises(OutputFailed):
        fill(output)
    assert output.outlet.written == whole(stream.taken, Framing.PLAIN) < output.outlet.taken <= len(RECORDS)


@pytest.mark.parametrize("framing", [Framing.BLOCKED, Framing.SPANNED])
@pytest.mark.parametrize("room", range(0, len(RUN), 41))
def test_of_blocks_no_record_counts_before_its_block_is_written(framing: Framing, room: int) -> None:
    stream = Narrow(room)
    output = SmfFile(stream, framing, 1000)
    with pytest.raises(OutputFailed):
        fill(output)
    assert output.outlet.written <= whole(stream.taken, framing) < output.outlet.taken
    roomy = Narrow(2 * len(RUN))
    output = SmfFile(roomy, framing, 1000)
    fill(output)
    assert output.outlet.written == output.outlet.taken == whole(roomy.taken, framing) == len(RECORDS)


@pytest.mark.parametrize("room", range(0, 8000, 397))
def test_lines_of_a_full_file_are_counted_exactly(room: int) -> None:
    stream = Narrow(room)
    output = jsonl(stream, Look(Names.SMF, "plain"))
    with pytest.raises(OutputFailed):
        fill(output)
    assert output.outlet.written == stream.taken.count(b"\n") < output.outlet.taken


def test_records_are_counted_by_their_descriptor_words() -> None:
    assert records_in(RUN) == len(RECORDS)
    assert records_in(RUN[:-1]) == len(RECORDS) - 1
    assert records_in(b"") == 0
    assert records_in(bytes(40)) == 10, "a word that tells no length stands for itself"
