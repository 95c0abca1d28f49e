"""Records in files: every framing, any cut, damage."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zertap.smf.framing import LONGEST_RECORD, Framing, RecordReader, RecordWriter, SmfDamaged


def record(data: bytes) -> bytes:
    return struct.pack(">HH", len(data) + 4, 0) + data


def rdw(length: int, position: int = 0, spare: int = 0) -> bytes:
    return struct.pack(">HBB", length, position, spare)


def bdw(length: int) -> bytes:
    return struct.pack(">HH", length, 0)


def read(octets: bytes, framing: Framing = Framing.AUTO) -> list[bytes]:
    return [framed.octets for framed in RecordReader(io.BytesIO(octets), framing)]


def smf(number: int, size: int = 60) -> bytes:
    """Something like an SMF record: flags, type, time of day."""
    return record((bytes([0xDE, 119]) + number.to_bytes(4)).ljust(size, b"\x40"))


class Dribble(io.RawIOBase):
    """A stream that gives one octet at a time."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        taken = self._octets[self._at : self._at + min(size, 1)]
        self._at += len(taken)
        return taken


@given(
    st.lists(st.binary(max_size=300), max_size=12),
    st.sampled_from([Framing.PLAIN, Framing.BLOCKED, Framing.SPANNED]),
    st.integers(min_value=310, max_value=1000),
)
def test_records_come_back_from_every_framing(datas: list[bytes], framing: Framing, block: int) -> None:
    records = [record(data) for data in datas]
    out = io.BytesIO()
    with RecordWriter(out, framing, block) as writer:
        for one in records:
            writer.write(one)
    assert writer.records == len(records)
    assert read(out.getvalue(), framing) == records


@given(st.lists(st.binary(max_size=5000), min_size=1, max_size=6), st.integers(min_value=12, max_value=600))
def test_spanned_records_come_back_from_blocks_smaller_than_they_are(datas: list[bytes], block: int) -> None:
    out = io.BytesIO()
    with RecordWriter(out, Framing.SPANNED, block) as writer:
        for data in datas:
            writer.write(record(data))
    assert read(out.getvalue(), Framing.SPANNED) == [record(data) for data in datas]
    at, octets = 0, out.getvalue()
    while at < len(octets):
        length = int.from_bytes(octets[at : at + 2])
        assert length <= block
        at += length
    assert at == len(octets)


@pytest.mark.parametrize("framing", [Framing.PLAIN, Framing.BLOCKED, Framing.SPANNED])
@pytest.mark.parametrize("count", [1, 3, 4000])
def test_the_framing_is_recognised(framing: Framing, count: int) -> None:
    records = [smf(number) for number in range(count)]
    out = io.BytesIO()
    with RecordWriter(out, framing) as writer:
        for one in records:
            writer.write(one)
    out.seek(0)
    reader = RecordReader(out)
    assert [framed.octets for framed in reader] == records
    assert (reader.framing is Framing.PLAIN) == (framing is Framing.PLAIN)


def test_a_stream_of_single_octets_reads_the_same() -> None:
    octets = b"".join(smf(number) for number in range(5))
    frames = RecordReader(Dribble(octets))  # type: ignore[arg-type]
    assert b"".join(framed.octets for framed in frames) == octets


def test_records_know_their_number_and_offset() -> None:
    octets = smf(1, 60) + smf(2, 70) + smf(3, 60)
    frames = list(RecordReader(io.BytesIO(octets)))
    assert [(f.number, f.offset) for f in frames] == [(1, 0), (2, 64), (3, 138)]


def test_segments_are_joined_and_get_one_descriptor_word() -> None:
    octets = rdw(7, 1) + b"abc" + rdw(6, 3) + b"de" + rdw(5, 2) + b"f" + rdw(5) + b"g"
    frames = list(RecordReader(io.BytesIO(octets), Framing.PLAIN))
    assert [f.octets for f in frames] == [record(b"abcdef"), record(b"g")]
    assert [f.offset for f in frames] == [0, 18]


def test_large_blocks_with_a_31_bit_length_are_read() -> None:
    body = b"".join(smf(number) for number in range(2000))
    octets = struct.pack(">I", 0x8000_0000 | (len(body) + 4)) + body
    assert b"".join(read(octets)) == body


def test_an_empty_file_has_no_records() -> None:
    assert read(b"") == []


def test_empty_blocks_are_passed_over() -> None:
    assert read(bdw(4) + bdw(9) + rdw(5) + b"a" + bdw(4), Framing.BLOCKED) == [record(b"a")]


@pytest.mark.parametrize(
    ("tail", "framing", "offset", "reason"),
    [
        (b"\0", Framing.PLAIN, 64, "file ends within a record descriptor word"),
        (rdw(20) + b"short", Framing.PLAIN, 64, "file ends within a record of 20 octets"),
        (rdw(3), Framing.PLAIN, 64, "not a record descriptor word: `00030000`"),
        (rdw(8, 4) + b"1234", Framing.PLAIN, 64, "not a record descriptor word"),
        (rdw(8, 0, 9) + b"1234", Framing.PLAIN, 64, "not a record descriptor word"),
        (rdw(8, 2) + b"1234", Framing.PLAIN, 64, "last segment without a first segment"),
        (rdw(8, 3) + b"1234", Framing.PLAIN, 64, "middle segment without a first segment"),
        (rdw(8, 1) + b"1234" + rdw(5) + b"1", Framing.PLAIN, 72, "whole record inside another record"),
        (rdw(8, 1) + b"1234", Framing.PLAIN, 64, "last segment of the record is missing"),
    ],
)
def test_damage_is_named_and_what_came_before_is_delivered(
    tail: bytes, framing: Framing, offset: int, reason: str
) -> None:
    delivered = []
    with pytest.raises(SmfDamaged) as damage:
        for framed in RecordReader(io.BytesIO(smf(1) + tail), framing):
            delivered.append(framed.octets)
    assert delivered == [smf(1)]
    assert (damage.value.record, damage.value.offset) == (2, offset)
    assert reason in damage.value.reason
    assert f"record 2 at offset {offset}" in str(damage.value)


@pytest.mark.parametrize(
    ("octets", "offset", "reason"),
    [
        (bdw(12) + rdw(9) + b"12345", 4, "record of 9 octets, 8 left in its block"),
        (bdw(12) + rdw(8) + b"1234" + b"\0\0", 12, "file ends within a block descriptor word"),
        (bdw(12) + rdw(8) + b"1234" + b"\0\3\0\0", 12, "not a block descriptor word"),
        (bdw(12) + rdw(8) + b"1234" + bdw(12), 16, "file ends within a record descriptor word"),
    ],
)
def test_damaged_blocks_are_named(octets: bytes, offset: int, reason: str) -> None:
    with pytest.raises(SmfDamaged) as damage:
        read(octets, Framing.BLOCKED)
    assert damage.value.offset == offset
    assert reason in damage.value.reason


def test_segments_without_end_do_not_grow_memory() -> None:
    endless = rdw(32_004, 1) + bytes(32_000) + (rdw(32_004, 3) + bytes(32_000)) * 3
    with pytest.raises(SmfDamaged, match=f"more than {LONGEST_RECORD}"):
        read(endless, Framing.PLAIN)


@given(st.binary(max_size=200), st.sampled_from(list(Framing)))
def test_any_octets_are_read_or_refused_and_nothing_else(octets: bytes, framing: Framing) -> None:
    try:
        read(octets, framing)
    except SmfDamaged as damage:
        assert 0 <= damage.offset <= len(octets)


def test_a_record_that_lies_about_its_length_is_not_written() -> None:
    with pytest.raises(ValueError, match="descriptor word"):
        RecordWriter(io.BytesIO()).write(rdw(9) + b"1234")


def test_a_record_longer_than_a_block_needs_spanned_framing() -> None:
    with pytest.raises(ValueError, match="spanned"):
        RecordWriter(io.BytesIO(), Framing.BLOCKED, 100).write(record(bytes(200)))


def test_many_plain_records_are_written_at_once() -> None:
    out = io.BytesIO()
    writer = RecordWriter(out)
    writer.write_plain(smf(1) + smf(2), 2)
    assert (read(out.getvalue()), writer.records) == ([smf(1), smf(2)], 2)
    with pytest.raises(ValueError, match="plain"):
        RecordWriter(out, Framing.BLOCKED).write_plain(smf(1), 1)


def test_block_sizes_that_can_hold_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="block size"):
        RecordWriter(io.BytesIO(), Framing.BLOCKED, 8)
