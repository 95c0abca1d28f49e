"""Outputs of records that fail: how many records of what was given are whole in the file."""

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zertap._native import Blocks, Octets, records_in
from zertap.errors import OutputFailed, Usage
from zertap.sinks.base import Stream
from zertap.sinks.octets import Output, Packed, SmfFile
from zertap.sinks.shown import Look, jsonl
from zertap.smf.framing import Framing, RecordReader, RecordWriter, SmfDamaged
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
def test_records_of_full_files_of_blocks_are_counted_exactly(framing: Framing, room: int) -> None:
    stream = Narrow(room)
    output = SmfFile(stream, framing, 1000)
    with pytest.raises(OutputFailed):
        fill(output)
    assert output.outlet.written == whole(stream.taken, framing) < output.outlet.taken
    roomy = Narrow(2 * len(RUN))
    output = SmfFile(roomy, framing, 1000)
    fill(output)
    assert output.outlet.written == output.outlet.taken == whole(roomy.taken, framing) == len(RECORDS)


def readable(octets: bytes | bytearray, path: Path) -> bytes:
    """What can be unpacked of a compressed file that was cut off."""
    path.write_bytes(octets)
    reader, found = Octets(str(path)), b""
    try:
        while piece := reader.read(1 << 20):
            found += piece
    except OSError:
        pass
    return found


@pytest.mark.parametrize("method", ["gzip", "zstd"])
@pytest.mark.parametrize("room", range(0, 1200, 37))
def test_what_counts_as_written_can_be_read_from_a_compressed_file_that_was_cut_off(
    tmp_path: Path, method: str, room: int
) -> None:
    stream = Narrow(room)
    output = SmfFile(Packed(stream, method))
    try:
        fill(output)
    except OutputFailed:
        assert output.outlet.written % 3 == 0, "each write is a piece"
    found = records_in(readable(stream.taken, tmp_path / "x"))
    assert output.outlet.written <= found < output.outlet.written + 3 or found == len(RECORDS)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.binary(max_size=300), max_size=6), max_size=5),
    st.sampled_from([Framing.BLOCKED, Framing.SPANNED]),
    st.integers(12, 1500),
)
def test_blocks_are_those_of_the_plain_writer(runs: list[list[bytes]], framing: Framing, longest: int) -> None:
    """Octet by octet, whatever the pieces in which records come, up to the first that no block can hold."""
    plain, fast, whole_runs = io.BytesIO(), b"", True
    writer, blocks = RecordWriter(plain, framing, longest), Blocks(framing is Framing.SPANNED, longest)
    for run in runs:
        records = [(len(data) + 4).to_bytes(2) + b"\0\0" + data for data in run]
        octets, fault = blocks.add(b"".join(records))
        fast += octets
        try:
            for each in records:
                writer.write(each)
        except ValueError as error:
            assert fault == str(error)
            whole_runs = False
            break
        assert fault is None
    writer.flush()
    assert fast + blocks.finish() == plain.getvalue()
    if whole_runs:
        assert records_in(plain.getvalue(), blocked=True) == sum(map(len, runs))


def test_octets_that_are_no_records_are_refused_by_blocks() -> None:
    for octets in (b"\0", b"\0\3\0\0", b"\0\5\0\0"):
        _, fault = Blocks(False, 100).add(octets)
        assert fault == "record whose descriptor word does not tell its length"
    for longest in (11, 32_761):
        with pytest.raises(Usage, match="block size"):
            Blocks(True, longest)


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
