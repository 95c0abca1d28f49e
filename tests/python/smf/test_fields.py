"""Field kinds: dates, times, addresses, and their JSON forms."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zertap.smf.fields import (
    Field,
    Kind,
    address_octets,
    address_text,
    instant,
    packed_date,
    stamp,
    unpacked_date,
)

LENGTHS = {Kind.DATE: 4, Kind.TIME: 4, Kind.ADDRESS: 16, Kind.RAW: 20}


def field(kind: Kind, length: int = 4) -> Field:
    return Field("X", kind, 0, length, "x", "", "V2R3", "test")


@pytest.mark.parametrize(
    ("day", "packed"),
    [
        (date(1999, 12, 31), 0x0099365F),
        (date(2000, 1, 1), 0x0100001F),
        (date(2024, 12, 31), 0x0124366F),
        (date(2026, 11, 21), 0x0126325F),
        (date(2100, 3, 1), 0x0200060F),
    ],
)
def test_a_packed_date_has_century_digit_year_and_day_of_year(day: date, packed: int) -> None:
    assert packed_date(day) == packed
    assert unpacked_date(packed) == day


@pytest.mark.parametrize("packed", [0, 0x0126000F, 0x0126367F, 0x0125366F, 0x1126001F, 0x01A6001F, 0x01260011])
def test_what_is_no_date_names_no_day(packed: int) -> None:
    assert unpacked_date(packed) is None


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2899, 12, 31)))
def test_every_date_comes_back(day: date) -> None:
    assert unpacked_date(packed_date(day)) == day


def test_years_without_a_century_digit_are_refused() -> None:
    with pytest.raises(ValueError, match="2900"):
        packed_date(date(2900, 1, 1))


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_stamp_is_the_instant_cut_to_hundredths(nanoseconds: int) -> None:
    found = instant(*stamp(nanoseconds))
    assert found is not None
    cut = nanoseconds // 10_000_000
    expected = datetime.fromtimestamp(cut // 100, UTC).replace(microsecond=cut % 100 * 10_000)
    assert found == expected


def test_ipv4_stands_in_the_first_four_octets_and_is_not_mapped() -> None:
    assert address_octets("10.1.1.1") == bytes.fromhex("0A010101") + bytes(12)
    assert address_text(address_octets("10.1.1.1"), ipv6=False) == "10.1.1.1"


def test_ipv6_fills_all_sixteen() -> None:
    octets = address_octets("2001:db8::1")
    assert octets.hex() == "20010db8000000000000000000000001"
    assert address_text(octets, ipv6=True) == "2001:db8::1"


def test_octets_that_are_no_ipv4_form_are_shown_in_hexadecimal() -> None:
    assert address_text(bytes(10) + b"\xff\xff\1\2\3\4", ipv6=False).startswith("X'0000")


@given(st.sampled_from([Kind.DATE, Kind.TIME]), st.integers(min_value=0, max_value=2**32 - 1))
def test_any_date_or_time_comes_back_from_json(kind: Kind, value: int) -> None:
    assert field(kind).taken(field(kind).shown(value)) == value


@given(st.booleans(), st.binary(min_size=16, max_size=16) | st.binary(min_size=4, max_size=4))
def test_any_address_comes_back_from_json(ipv6: bool, octets: bytes) -> None:
    octets = octets.ljust(16, b"\0")
    line = field(Kind.ADDRESS, 16)
    assert line.taken(line.shown(octets, ipv6=ipv6)) == octets


@given(st.binary(max_size=20))
def test_any_octets_come_back_from_json(octets: bytes) -> None:
    line = field(Kind.RAW, 20)
    assert line.taken(line.shown(octets.ljust(20, b"\0"))) == octets.ljust(20, b"\0")


def test_json_that_no_field_shows_is_refused() -> None:
    for kind, shown in ((Kind.DATE, 7), (Kind.RAW, "XY"), (Kind.ADDRESS, "X'0A"), (Kind.TIME, "noon")):
        with pytest.raises(ValueError):  # noqa: PT011 - the messages are those of four different parsers
            field(kind, LENGTHS[kind]).taken(shown)


def test_dates_and_times_read_well() -> None:
    assert field(Kind.DATE).shown(0x0126325F) == "2026-11-21"
    assert field(Kind.TIME).shown(((13 * 60 + 4) * 60 + 5) * 100 + 6) == "13:04:05.06"
    assert field(Kind.DATE).shown(0) == ""
    assert field(Kind.DATE).shown(7) == "X'00000007'"
    assert field(Kind.TIME).shown(8_640_000) == "X'0083D600'"
