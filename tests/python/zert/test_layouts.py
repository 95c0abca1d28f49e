"""Our layouts against the reference tables."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from zertap.smf.fields import Field, Kind
from zertap.zert.codec import section_makers
from zertap.zert.codes import ENUMERATIONS
from zertap.zert.layouts import (
    DETAIL,
    HEADER,
    SUMMARY,
    Section,
    Shape,
    sections,
    self_defining_section,
    triplet_count,
)

Rows = list[dict[str, str]]
ONE_EACH = [(t, s) for t in (DETAIL, SUMMARY) for s in sections(t) if s.layout is not None and not s.several]
LAID_OUT = [(subtype, s) for subtype in (DETAIL, SUMMARY) for s in sections(subtype) if s.layout is not None]
FORMATS = {
    Kind.UNSIGNED: "binary",
    Kind.FLAGS: "binary",
    Kind.TIME: "binary",
    Kind.ADDRESS: "binary",
    Kind.RAW: "binary",
    Kind.RESERVED: "binary",
    Kind.DATE: "packed",
    Kind.TEXT: "ebcdic",
}
TEXT_ENUMERATIONS = {"TLS_PROVIDER", "SSH_PROVIDER", "SSH_COMP", "SESSION_ID_PREFIX"}


def of(rows: Rows, subtype: int, section: str) -> Rows:
    return [row for row in rows if (row["subtype"], row["section"]) == (str(subtype), section)]


def assert_same(line: Field, row: dict[str, str]) -> None:
    assert (line.name, line.offset, line.length) == (row["name"], int(row["offset_dec"]), int(row["length"]))
    if row["format"] != "?":
        assert FORMATS[line.kind] == row["format"], line.name
        assert line.since == row["since"], line.name
    assert line.informational == ("informational" in row["notes"]), line.name


@pytest.mark.parametrize(("subtype", "section"), LAID_OUT, ids=lambda v: getattr(v, "name", v))
def test_every_line_of_a_section_is_the_reference_line(layout_rows: Rows, subtype: int, section: Section) -> None:
    assert section.layout is not None
    rows = [row for row in of(layout_rows, subtype, section.name) if row["length"] != "VAR"]
    assert len(section.layout.lines) == len(rows)
    for line, row in zip(section.layout.lines, rows, strict=True):
        assert_same(line, row)
        assert row["triplet"] == section.triplet


@pytest.mark.parametrize("subtype", [DETAIL, SUMMARY])
def test_header_and_triplets_are_the_reference_lines(layout_rows: Rows, subtype: int) -> None:
    lines = HEADER.lines + self_defining_section(subtype).lines
    rows = of(layout_rows, subtype, "SMF_HEADER") + of(layout_rows, subtype, "SELF_DEFINING")
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert (line.name, line.offset, line.length) == (
            row["name"],
            int(row["offset_dec"]),
            int(row["length"]),
        )
        assert line.since == row["since"], line.name


def test_no_reference_section_is_missing(layout_rows: Rows) -> None:
    ours = {(str(subtype), s.name) for subtype in (DETAIL, SUMMARY) for s in sections(subtype)}
    theirs = {(row["subtype"], row["section"]) for row in layout_rows}
    assert theirs - ours == {(t, s) for t in ("11", "12") for s in ("SMF_HEADER", "SELF_DEFINING")}


def test_the_reference_tables_pass_their_own_checker(layout_checker: Path) -> None:
    run = subprocess.run([sys.executable, layout_checker], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


SIZES = {
    (DETAIL, Shape.Z32): {"IDENT": 64, "COMMON": 128, "IPFILTER": 100, "TLS": 168, "SSH": 284, "IPSEC": 236},
    (DETAIL, Shape.V2R5): {"IDENT": 64, "COMMON": 128, "IPFILTER": 100, "TLS": 168, "SSH": 284, "IPSEC": 236},
    (SUMMARY, Shape.Z32): {"IDENT": 64, "COMMON": 212, "TLS": 116, "SSH": 46, "IPSEC": 148},
    (SUMMARY, Shape.V2R3): {"IDENT": 64, "COMMON": 204, "TLS": 36, "SSH": 46, "IPSEC": 74},
}


@pytest.mark.parametrize(("subtype", "shape"), SIZES, ids=str)
def test_sections_have_the_sizes_of_their_release(subtype: int, shape: Shape) -> None:
    found = {s.name: s.layout.size for s in sections(subtype, shape) if s.layout is not None and not s.several}
    assert found == SIZES[subtype, shape]


def test_triplets_are_as_many_as_the_release_has() -> None:
    assert [triplet_count(DETAIL, shape) for shape in Shape] == [7, 8, 8]
    assert [triplet_count(SUMMARY, shape) for shape in Shape] == [6, 6, 6]


@pytest.mark.parametrize(("subtype", "section"), ONE_EACH, ids=lambda v: getattr(v, "name", v))
def test_record_objects_have_the_fields_of_their_layout_in_order(subtype: int, section: Section) -> None:
    assert section.layout is not None
    values = section_makers(subtype)[section.attribute]()
    assert tuple(f.name for f in fields(values)) == section.layout.attributes
    for line in section.layout.fields:
        assert getattr(values, line.attribute) == line.default, line.name


@pytest.mark.parametrize("section", [section for _, section in LAID_OUT], ids=lambda v: v.name)
def test_every_enumeration_that_a_line_names_exists(section: Section) -> None:
    assert section.layout is not None
    for line in section.layout.fields:
        assert line.codes is None or line.codes in ENUMERATIONS or line.codes in TEXT_ENUMERATIONS, line.name
