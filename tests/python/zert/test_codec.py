"""Records to octets and back."""

import io
import os
import re
import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import independent
import strategies
from zertap.smf.codepage import to_ebcdic
from zertap.smf.framing import Framing, RecordWriter, SmfDamaged
from zertap.smf.layout import LayoutError
from zertap.zert.codec import (
    Record,
    RecordError,
    decode,
    encode,
    encode_detail,
    encode_summary,
    section_values,
)
from zertap.zert.layouts import DETAIL, SUMMARY, Shape, sections
from zertap.zert.reader import ZertReader
from zertap.zert.records import Common, DetailRecord, DistinguishedName, SshSection, TlsSection
from zertap.zert.records_summary import SummaryCommon, SummaryRecord, SummaryTls

Rows = list[dict[str, str]]
FEW = settings(max_examples=int(os.environ.get("RECORD_EXAMPLES", "60")), deadline=None)
"""``RECORD_EXAMPLES=100000`` for a long run by hand."""


@FEW
@given(strategies.details())
def test_any_detail_record_comes_back(record: DetailRecord) -> None:
    assert decode(encode_detail(record)) == record


@FEW
@given(strategies.summaries())
def test_any_summary_record_comes_back(record: SummaryRecord) -> None:
    assert decode(encode_summary(record)) == record


@FEW
@given(strategies.details())
def test_the_v2r3_shape_loses_the_enforcement_section_alone(record: DetailRecord) -> None:
    octets = encode_detail(record, Shape.V2R3)
    found = decode(octets)
    assert found == replace(record, enforcement=())
    assert encode(found) == octets
    assert found.shape is Shape.V2R3


@FEW
@given(strategies.summaries())
def test_the_v2r3_summary_loses_the_later_fields_alone(record: SummaryRecord) -> None:
    octets = encode_summary(record, Shape.V2R3)
    found = decode(octets)
    assert encode(found) == octets
    assert found.shape is Shape.V2R3
    assert isinstance(found, SummaryRecord)
    for old, new in zip(sections(SUMMARY, Shape.V2R3), sections(SUMMARY), strict=True):
        given_, got = getattr(record, old.attribute), getattr(found, old.attribute)
        if given_ is None or old.several or old.layout is None or new.layout is None:
            assert got == given_
            continue
        assert section_values(old.layout, got) == section_values(old.layout, given_)
        later = new.layout.attributes[len(old.layout.attributes) :]
        assert all(getattr(got, name) == new.layout.by_attribute[name].default for name in later)


@FEW
@given(strategies.details() | strategies.summaries())
def test_writing_what_was_read_gives_the_same_octets(record: Record) -> None:
    octets = encode(record)
    assert encode(decode(octets)) == octets


def flat(record: Record) -> dict[str, dict[str, int | bytes]]:
    """Our values as the second reader shows them."""
    subtype = DETAIL if isinstance(record, DetailRecord) else SUMMARY
    found: dict[str, dict[str, int | bytes]] = {}
    for section in sections(subtype):
        value = getattr(record, section.attribute)
        if value is None or section.layout is None or section.several:
            continue
        values: dict[str, int | bytes] = {}
        for field, wire in zip(section.layout.fields, section_values(section.layout, value), strict=True):
            raw = to_ebcdic(wire).ljust(field.length, b"\x40") if isinstance(wire, str) else wire
            values[field.name] = raw
        found[section.name] = values
    return found


@FEW
@given(record=strategies.details() | strategies.summaries())
def test_the_second_reader_agrees_on_every_octet(layout_rows: Rows, record: Record) -> None:
    octets = encode(record)
    theirs = independent.read(octets, layout_rows)
    for name, values in flat(record).items():
        section = theirs[name]
        assert isinstance(section, dict)
        reserved = set(section) - set(values)
        assert {key: section[key] for key in values} == values, name
        assert all(value in (0, bytes(1), bytes(2), bytes(3), bytes(6)) for value in map(section.get, reserved))
    header = theirs["SMF_HEADER"]
    assert isinstance(header, dict)
    assert header["SMF119LEN"] == len(octets)
    assert (header["SMF119SEG"], header["SMF119RTY"]) == (0, 119)
    assert (header["SMF119FLG"], header["SMF119TME"]) == (record.header.flags, record.header.time)
    assert header["SMF119DTE"] == record.header.date
    assert header["SMF119SID"] == to_ebcdic(record.header.system_id).ljust(4, b"\x40")
    prefix = "SMF119SC_DN" if isinstance(record, DetailRecord) else "SMF119SS_DN"
    assert theirs.get("DN", []) == [
        {f"{prefix}_Len": len(n.name) + 4, f"{prefix}_Type": n.type, prefix: to_ebcdic(n.name)} for n in record.names
    ]


BEFORE_32 = {"COMMON": 204, "TLS": 36, "IPSEC": 74}
"""Sizes of sections of subtype 12 before fields were appended, as the checker of the reference table has them."""


@FEW
@given(record=strategies.details() | strategies.summaries(), shape=st.sampled_from(Shape))
def test_the_second_reader_agrees_on_records_of_every_release(layout_rows: Rows, record: Record, shape: Shape) -> None:
    octets = encode(record, shape)
    theirs = independent.read(octets, layout_rows)
    subtype = "11" if isinstance(record, DetailRecord) else "12"
    ends = {row["name"]: int(row["offset_dec"]) + int(row["length"]) for row in layout_rows if row["length"].isdigit()}
    for name, values in flat(record).items():
        section = theirs[name]
        assert isinstance(section, dict)
        older = subtype == "12" and shape is not Shape.Z32
        size = BEFORE_32.get(name, 1 << 16) if older else 1 << 16
        assert {key: section[key] for key in values if key in section} == {
            key: value for key, value in values.items() if ends[key] <= size
        }, name
    assert set(theirs) == {"SMF_HEADER", *flat(record)} | ({"DN"} if record.names else set())
    count = {"11": 7 if shape is Shape.V2R3 else 8, "12": 6}[subtype]
    assert int.from_bytes(octets[24:26]) == count


def test_the_second_reader_explains_every_octet_of_a_record(layout_rows: Rows) -> None:
    """The fields it found, put end to end, are the record: nothing lies between or outside them."""
    record = DetailRecord(tls=TlsSection(version=0x0303), ssh=SshSection(version=2))
    octets = encode_detail(record)
    rows = [row for row in layout_rows if row["subtype"] == "11"]
    sizes = {"SMF_HEADER": 24, "SELF_DEFINING": 68, "IDENT": 64, "COMMON": 128, "TLS": 168, "SSH": 284}
    for name, size in sizes.items():
        assert sum(int(row["length"]) for row in rows if row["section"] == name) == size
    assert len(octets) == sum(sizes.values())


def test_absent_sections_have_triplets_of_zeros() -> None:
    octets = encode_detail(DetailRecord())
    assert octets[24:28] == b"\0\x08\0\0"
    assert struct.unpack(">IHH", octets[28:36]) == (92, 64, 1)
    assert struct.unpack(">IHH", octets[36:44]) == (156, 128, 1)
    assert octets[44:92] == bytes(48)
    assert len(octets) == 92 + 64 + 128


def test_shapes_are_recognised_by_triplets_and_lengths() -> None:
    tcp = DetailRecord(common=Common(ip_protocol=6))
    told = DetailRecord(common=Common(ip_protocol=6, flags=0x10))
    assert [decode(encode_detail(tcp, shape)).shape for shape in (Shape.V2R3, Shape.V2R5)] == [
        Shape.V2R3,
        Shape.V2R5,
    ]
    assert decode(encode_detail(told)).shape is Shape.Z32
    assert decode(encode_summary(SummaryRecord(common=SummaryCommon()))).shape is Shape.Z32
    assert len(encode_summary(SummaryRecord(tls=SummaryTls()), Shape.V2R3)) == 76 + 64 + 204 + 36


def test_a_longer_section_of_a_later_release_is_read_and_the_rest_counted() -> None:
    octets = bytearray(encode_detail(DetailRecord(tls=TlsSection(version=0x0304, cipher="1301"))))
    octets += b"\xaa" * 12
    octets[0:2] = len(octets).to_bytes(2)
    octets[56:58] = (168 + 12).to_bytes(2)
    found = decode(bytes(octets))
    assert isinstance(found, DetailRecord)
    assert found.tls == TlsSection(version=0x0304, cipher="1301")
    assert found.ignored == 12


@pytest.mark.parametrize("whole_run", [True, False])
def test_several_names_are_read_by_their_own_lengths(whole_run: bool) -> None:
    names = (DistinguishedName(5, "CN=a"), DistinguishedName(6, "CN=a longer one"))
    octets = bytearray(encode_detail(DetailRecord(names=names)))
    length = int.from_bytes(octets[80:82])
    assert length == 8 + 19
    if not whole_run:
        octets[80:82] = (8).to_bytes(2)
    assert decode(bytes(octets)).names == names


def test_a_name_is_cut_at_1024_octets() -> None:
    found = decode(encode_detail(DetailRecord(names=(DistinguishedName(5, "x" * 2000),))))
    assert found.names == (DistinguishedName(5, "x" * 1024),)


def test_too_many_names_for_a_record_are_refused() -> None:
    with pytest.raises(RecordError, match="32756"):
        encode_detail(DetailRecord(names=tuple(DistinguishedName(5, "x" * 1024) for _ in range(32))))


def test_a_value_that_does_not_fit_is_named() -> None:
    with pytest.raises(LayoutError, match="SMF119SC_SARPort"):
        encode_detail(DetailRecord(common=Common(remote_port=65_536)))


def damaged(at: int, value: bytes) -> bytes:
    octets = bytearray(encode_detail(DetailRecord(tls=TlsSection(), names=(DistinguishedName(5, "CN=a"),))))
    octets[at : at + len(value)] = value
    return bytes(octets)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "not a zERT record"),
        (damaged(5, b"\x1e"), "not a zERT record"),
        (damaged(22, b"\0\x02"), "not a zERT record"),
        (damaged(0, b"\0\x40"), "length says 64"),
        (damaged(24, b"\xff\xff"), "65535 triplets do not fit"),
        (damaged(52, b"\xff\xff\xff\xff"), "section TLS: 1 of 168 octets at 4294967295 pass"),
        (damaged(58, b"\0\xff"), "section TLS: 255 of 168"),
        (damaged(36, b"\0\0\0\x1c"), "section COMMON begins at octet 28, inside the triplets"),
        (damaged(42, b"\0\0"), "no common section"),
        (damaged(34, b"\0\0"), "no ident section"),
        (damaged(82, b"\0\x09"), "name structure"),
        (damaged(452, b"\xff\xff"), "name structure of 65535 octets"),
        (damaged(452, b"\0\x03"), "name structure of 3 octets"),
    ],
)
def test_a_record_that_does_not_hang_together_says_why(octets: bytes, reason: str) -> None:
    with pytest.raises(RecordError, match=re.escape(reason)):
        decode(octets)


@FEW
@given(strategies.details() | strategies.summaries(), st.data())
def test_any_damage_is_read_or_refused_and_nothing_else(record: Record, data: st.DataObject) -> None:
    octets = bytearray(encode(record))
    for _ in range(data.draw(st.integers(min_value=1, max_value=6))):
        at = data.draw(st.integers(min_value=0, max_value=min(len(octets), 110) - 1))
        octets[at] = data.draw(st.integers(min_value=0, max_value=255))
    try:
        decode(bytes(octets))
    except RecordError as error:
        assert error.offset >= 0


def foreign(kind: int, subtype: int) -> bytes:
    octets = bytearray(40)
    octets[0:2] = (40).to_bytes(2)
    octets[5] = kind
    octets[22:24] = subtype.to_bytes(2)
    return bytes(octets)


@pytest.mark.parametrize("framing", [Framing.PLAIN, Framing.BLOCKED, Framing.SPANNED])
def test_a_file_with_foreign_records_gives_ours_and_counts_theirs(framing: Framing) -> None:
    detail, summary = DetailRecord(ssh=SshSection(version=2)), SummaryRecord(tls=SummaryTls(version=0x0303))
    out = io.BytesIO()
    with RecordWriter(out, framing) as writer:
        for octets in (
            foreign(2, 0),
            encode(detail),
            foreign(119, 2),
            encode(summary),
            foreign(119, 2),
            b"\0\4\0\0",
        ):
            writer.write(octets)
    out.seek(0)
    reader = ZertReader(out)
    assert list(reader) == [detail, summary]
    assert (reader.details, reader.summaries) == (1, 1)
    assert reader.foreign == {(2, 0): 1, (119, 2): 2, (-1, -1): 1}


def test_a_damaged_record_in_a_file_is_named_and_what_came_before_is_delivered() -> None:
    good = encode(DetailRecord())
    stream = io.BytesIO(foreign(30, 1) + good + damaged(24, b"\xff\xff") + good)
    delivered = []
    with pytest.raises(SmfDamaged) as damage:
        for record in ZertReader(stream):
            delivered.append(record)
    assert delivered == [DetailRecord()]
    assert (damage.value.record, damage.value.offset) == (3, 40 + len(good))
    assert "65535 triplets" in str(damage.value)
