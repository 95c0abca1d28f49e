"""Octets of messages and entries, compared with what the manual says of them; sizes that are computed from it."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_support import RECORD, REQUESTS, run
from zertap.service import messages
from zertap.service.entries import AROUND, EntryDamaged, filled, records
from zertap.service.messages import Hello, Kind, TermCode, Token, Wanted


@pytest.mark.parametrize(
    ("word", "kind", "wanted"),
    [
        ("both", Kind.DETAIL, Wanted(current=True, records=True)),
        ("list", Kind.DETAIL, Wanted(current=True, records=False)),
        ("records", Kind.DETAIL, Wanted(current=False, records=True)),
        ("summary", Kind.SUMMARY, Wanted(current=False, records=True)),
    ],
)
def test_requests_are_those_of_the_manual(word: str, kind: Kind, wanted: Wanted) -> None:
    assert messages.request(kind, wanted) == REQUESTS[word]
    assert messages.read_request(kind, REQUESTS[word]) == wanted


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "octets",
    [
        bytes(32),
        REQUESTS["both"][:8] + bytes.fromhex("00000002") + REQUESTS["both"][12:],
        REQUESTS["both"][:16] + bytes(16),
        REQUESTS["both"][:16] + bytes.fromhex("C0000001") + REQUESTS["both"][20:],
        bytes.fromhex("00000021") + REQUESTS["both"][4:],
    ],
)
def test_what_is_no_request_is_refused(kind: Kind, octets: bytes) -> None:
    assert messages.read_request(kind, octets) is None


def test_a_request_to_the_other_service_is_refused() -> None:
    assert messages.read_request(Kind.SUMMARY, REQUESTS["records"]) is None
    assert messages.read_request(Kind.DETAIL, REQUESTS["summary"]) is None


def test_the_initialization_record_has_64_octets_and_names_in_ebcdic() -> None:
    octets = messages.initialization(Hello("SYS1", "SYSTCPER", "TCPIP", 0.0, 65_536))
    assert len(octets) == 64
    assert octets[:16] == bytes.fromhex("00000040 C9D5C9E3 00000001 00000000")
    assert octets[16:40].decode("cp037") == "SYS1    SYSTCPERTCPIP   "
    assert octets[40:48] == bytes.fromhex("7D91048BCA000000"), "1970 as a TOD clock has it"
    assert octets[48:] == (65_536).to_bytes(4) + bytes(12)


def test_token_and_termination_records_have_48_and_40_octets() -> None:
    token = messages.token(Token(current=True, complete=False, octets=7, records=1, lost=3, first=9))
    assert len(token) == 48
    assert token[:16] == bytes.fromhex("00000030 E2D4E3D2 00000001 00000000")
    assert struct.unpack(">4sIIIQQ", token[16:]) == ("ZTAP".encode("cp037"), 0x8000_0000, 7, 1, 3, 9)
    term = messages.termination(TermCode.EINVAL)
    assert len(term) == 40
    assert term[:20] == bytes.fromhex("00000028 E3C5D9D4 00000001 00000000 00000079")


@given(st.floats(-2_000_000_000, 4_000_000_000))
def test_a_moment_survives_the_tod_clock(moment: float) -> None:
    assert messages.seconds(messages.tod(moment)) == pytest.approx(moment, abs=1e-5)


@given(
    st.lists(st.integers(4, 32_756), max_size=40),
    st.sampled_from([32_756 + AROUND, 65_536]),
)
def test_records_survive_their_entries(lengths: list[int], size: int) -> None:
    given_records = [length.to_bytes(2) + bytes([index % 251]) * (length - 2) for index, length in enumerate(lengths)]
    buffers = list(filled(b"".join(given_records), 11, 5, size))
    assert [each for buffer in buffers for each in records(buffer.octets)] == given_records
    assert sum(buffer.records for buffer in buffers) == len(given_records)
    assert all(len(buffer.octets) <= size for buffer in buffers)
    wasted = [one.octets + other.octets[: records_end(other.octets)] for one, other in pairwise(buffers)]
    assert all(len(each) > size for each in wasted), "a buffer is left only when the next record does not fit"


def records_end(octets: bytes) -> int:
    return int.from_bytes(octets[:2])


def test_an_entry_is_head_record_and_length_again() -> None:
    (buffer,) = filled(RECORD, 11, 0x0102030405060708)
    whole = (len(RECORD) + 18).to_bytes(2)
    assert buffer.octets == whole + bytes.fromhex("0010 0000000B 0102030405060708") + RECORD + whole


@pytest.mark.parametrize("at", [0, 1, 2, 3, -1, -2])
@pytest.mark.parametrize("value", [0, 1, 0x7F, 0xFF])
def test_a_damaged_entry_is_told(at: int, value: int) -> None:
    (buffer,) = filled(run(2), 11, 1)
    octets = bytearray(buffer.octets)
    if octets[at] == value:
        return
    octets[at] = value
    with pytest.raises(EntryDamaged):
        assert list(records(bytes(octets))) == [RECORD]


@given(st.binary(max_size=100))
def test_any_octets_are_entries_or_damage(octets: bytes) -> None:
    try:
        found = list(records(octets))
    except EntryDamaged:
        return
    assert sum(map(len, found)) <= len(octets)
