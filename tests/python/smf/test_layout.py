"""Layouts: tiling, packing, cutting."""

import pytest

from zertap.smf.fields import Field, Kind, Wire
from zertap.smf.layout import Layout, LayoutError


def line(kind: Kind, offset: int, length: int, name: str, since: str = "A") -> Field:
    return Field(name.upper(), kind, offset, length, name, "", since, "test")


LAYOUT = Layout(
    "THING",
    (
        line(Kind.UNSIGNED, 0, 2, "count"),
        line(Kind.RESERVED, 2, 2, ""),
        line(Kind.TEXT, 4, 4, "name"),
        line(Kind.RAW, 8, 3, "data"),
        line(Kind.FLAGS, 11, 1, "flags"),
        line(Kind.UNSIGNED, 12, 8, "total", "B"),
    ),
)


def test_values_come_back_and_reserved_octets_are_zero() -> None:
    octets = LAYOUT.pack((258, "AB", b"\1\0\0", 0x80, 9))
    assert octets.hex() == "01020000c1c24040010000800000000000000009"
    assert LAYOUT.unpack(octets) == [258, "AB", b"\1\0\0", 0x80, 9]
    assert LAYOUT.size == len(octets) == 20


@pytest.mark.parametrize(("offset", "word"), [(3, "offset 3"), (1, "offset 1")])
def test_gaps_and_overlaps_are_refused(offset: int, word: str) -> None:
    with pytest.raises(LayoutError, match=word):
        Layout("BAD", (line(Kind.UNSIGNED, 0, 2, "a"), line(Kind.UNSIGNED, offset, 2, "b")))


def test_one_name_for_two_fields_is_refused() -> None:
    with pytest.raises(LayoutError, match="twice"):
        Layout("BAD", (line(Kind.UNSIGNED, 0, 2, "a"), line(Kind.UNSIGNED, 2, 2, "a")))


def test_a_number_of_three_octets_is_refused() -> None:
    with pytest.raises(LayoutError, match="3 octets"):
        Layout("BAD", (line(Kind.UNSIGNED, 0, 3, "a"),))


@pytest.mark.parametrize(
    ("index", "value", "field"),
    [
        (0, 65_536, "COUNT"),
        (0, -1, "COUNT"),
        (0, "1", "COUNT"),
        (1, "ABCDE", "NAME"),
        (1, b"AB", "NAME"),
        (2, b"1234", "DATA"),
        (2, 7, "DATA"),
        (3, 256, "FLAGS"),
    ],
)
def test_a_value_that_does_not_fit_is_named(index: int, value: Wire, field: str) -> None:
    values: list[Wire] = [1, "A", b"", 0, 0]
    values[index] = value
    with pytest.raises(LayoutError, match=f"THING.{field}"):
        LAYOUT.pack(values)


def test_too_few_values_are_refused() -> None:
    with pytest.raises(LayoutError, match="2 values for 5 fields"):
        LAYOUT.pack((1, "A"))


def test_a_shorter_section_leaves_later_fields_at_their_default() -> None:
    octets = LAYOUT.pack((1, "A", b"\1\2\3", 4, 5))
    assert LAYOUT.read(octets, 0, 12) == [1, "A", b"\1\2\3", 4, 0]
    assert LAYOUT.read(octets, 0, 9) == [1, "A", bytes(3), 0, 0]
    assert LAYOUT.read(octets, 0, 0) == [0, "", bytes(3), 0, 0]


def test_octets_beyond_the_layout_are_not_looked_at() -> None:
    octets = LAYOUT.pack((1, "A", b"\1\2\3", 4, 5)) + b"future"
    assert LAYOUT.read(octets, 0, len(octets)) == [1, "A", b"\1\2\3", 4, 5]


def test_a_section_cut_off_by_the_end_is_an_error() -> None:
    with pytest.raises(LayoutError, match="20 octets needed, 19 left"):
        LAYOUT.unpack(bytes(19))


def test_the_layout_before_a_release_lacks_what_it_appended() -> None:
    assert LAYOUT.before("B").size == 12
    assert LAYOUT.before("C").size == 20


def test_zeros_in_a_text_field_survive() -> None:
    values = LAYOUT.unpack(bytes(20))
    assert values[1] == "\0\0\0\0"
    assert LAYOUT.pack(values) == bytes(20)
