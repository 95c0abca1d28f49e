"""Any record: hypothesis strategies made from the layouts."""

from typing import Any

from hypothesis import strategies as st

from zertap.smf.fields import Field, Kind
from zertap.zert.codec import section_makers
from zertap.zert.layouts import DETAIL, HEADER, SUMMARY, Section, sections
from zertap.zert.records import DetailRecord, DistinguishedName, Header
from zertap.zert.records_summary import SummaryRecord

LATIN = st.characters(max_codepoint=0xFF)


def text(longest: int) -> st.SearchStrategy[str]:
    """Text that a field keeps: in the code page, without trailing blanks."""
    return st.text(alphabet=LATIN, max_size=longest).map(lambda t: t.rstrip(" "))


def wire(field: Field) -> st.SearchStrategy[Any]:
    """Any wire value of a field."""
    if field.kind is Kind.TEXT:
        return text(field.length)
    if field.kind in (Kind.RAW, Kind.ADDRESS):
        return st.binary(min_size=field.length, max_size=field.length)
    return st.integers(min_value=0, max_value=(1 << 8 * field.length) - 1)


def section(subtype: int, which: Section) -> st.SearchStrategy[Any]:
    """Any content of one section."""
    assert which.layout is not None
    made = section_makers(subtype)[which.attribute]
    return st.tuples(*(wire(field) for field in which.layout.fields)).map(lambda values: made(*values))


def headers() -> st.SearchStrategy[Header]:
    """Any header."""
    names = ("flags", "time", "date", "system_id", "subsystem_id")
    return st.builds(Header, **{name: wire(HEADER.by_attribute[name]) for name in names})


def names() -> st.SearchStrategy[tuple[DistinguishedName, ...]]:
    """Any run of distinguished names; their text keeps trailing blanks, it has a length of its own."""
    one = st.builds(DistinguishedName, st.integers(min_value=0, max_value=0xFFFF), st.text(alphabet=LATIN, max_size=80))
    return st.lists(one, max_size=12).map(tuple)


def _parts(subtype: int) -> dict[str, st.SearchStrategy[Any]]:
    parts: dict[str, st.SearchStrategy[Any]] = {"header": headers(), "names": names()}
    for which in sections(subtype):
        if which.layout is not None and not which.several:
            content = section(subtype, which)
            required = which.attribute in ("ident", "common")
            parts[which.attribute] = content if required else st.none() | content
    return parts


def details() -> st.SearchStrategy[DetailRecord]:
    """Any subtype 11 record."""
    octets = st.integers(min_value=1, max_value=40).flatmap(
        lambda n: st.lists(st.binary(min_size=n, max_size=n), max_size=3)
    )
    return st.builds(DetailRecord, **_parts(DETAIL), enforcement=octets.map(tuple))


def summaries() -> st.SearchStrategy[SummaryRecord]:
    """Any subtype 12 record."""
    return st.builds(SummaryRecord, **_parts(SUMMARY))
