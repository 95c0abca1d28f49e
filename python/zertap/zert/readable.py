"""Records as JSON, in the layout's own field names, without loss; and the way back.

A field whose values are codes becomes ``{"code": "0303", "label": "TLSv1.2"}`` (``label`` is null where no
source explains the code), every other field a number, a text, an ISO date, a time of day, an address or
hexadecimal. Absent sections are absent. ``to_plain`` says the same in the names of our record objects,
labels instead of codes.
"""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from zertap.smf.fields import Field, Json, Kind, Wire
from zertap.smf.layout import Layout
from zertap.values import replace
from zertap.zert.codec import Record, section_makers, section_values
from zertap.zert.codes import ENUMERATIONS, label
from zertap.zert.layouts import DETAIL, HEADER, RECORD_TYPE, SUMMARY, Section, sections
from zertap.zert.records import DetailRecord, DistinguishedName, Header
from zertap.zert.records_summary import SummaryRecord

_FRAMING = ("length", "segment")
_FOLLOWING = ("record_type", "subtype")


def to_json(record: Record) -> dict[str, Any]:
    """*record* in the layout's field names, by section. ``from_json`` gives the same record back."""
    subtype = subtype_of(record)
    shown: dict[str, Any] = {"SMF_HEADER": _header(record.header, subtype)}
    ipv6 = record.common.ipv6
    for section in sections(subtype):
        value = getattr(record, section.attribute)
        if value is None or value == ():
            continue
        shown[section.name] = _section(section, value, _addresses_are_ipv6(value, ipv6), _coded)
    return shown


def to_plain(record: Record) -> dict[str, Any]:
    """*record* in readable names, with labels in place of codes (in hexadecimal where it has none)."""
    subtype = subtype_of(record)
    plain: dict[str, Any] = {"record": f"119-{subtype}", "written": _moment(record.header)}
    for section in sections(subtype):
        value = getattr(record, section.attribute)
        if value is None or value == ():
            continue
        ipv6 = _addresses_are_ipv6(value, record.common.ipv6)
        plain[section.attribute] = _section(section, value, ipv6, _labelled, by_attribute=True)
    return plain


def from_json(shown: Mapping[str, Any]) -> Record:
    """The record that ``to_json`` had shown. Raises ValueError or KeyError for anything else."""
    fields = [field for field in HEADER.fields if field.attribute not in _FRAMING]
    header = {field.attribute: _taken(field, shown["SMF_HEADER"][field.name]) for field in fields}
    subtype = header["subtype"]
    if subtype not in (DETAIL, SUMMARY):
        raise ValueError(f"not the subtype of a zERT record: {subtype!r}")
    values: dict[str, Any] = {
        section.attribute: _take_section(section, shown[section.name], int(subtype))
        for section in sections(int(subtype))
        if section.name in shown
    }
    kept: dict[str, Any] = {name: value for name, value in header.items() if name not in _FOLLOWING}
    values["header"] = Header(**kept)
    return DetailRecord(**values) if subtype == DETAIL else SummaryRecord(**values)


def without_enforcement(record: Record) -> Record:
    """*record* without its enforcement section, whose layout is not public; the very record if it has none."""
    if isinstance(record, DetailRecord) and record.enforcement:
        return replace(record, enforcement=())
    return record


def subtype_of(record: Record) -> int:
    """11 or 12."""
    return DETAIL if isinstance(record, DetailRecord) else SUMMARY


def _header(header: Header, subtype: int) -> dict[str, Any]:
    given: dict[str, Wire] = {"record_type": RECORD_TYPE, "subtype": subtype}
    return {
        field.name: _coded(field, given.get(field.attribute, getattr(header, field.attribute, 0)), False)
        for field in HEADER.fields
        if field.attribute not in _FRAMING
    }


def _moment(header: Header) -> str | None:
    return header.written.replace(tzinfo=None).isoformat() if header.written else None


def _addresses_are_ipv6(value: Any, ipv6: bool) -> bool:
    """IPsec of subtype 11 has a flag of its own for its endpoints."""
    return bool(value.tunnel_flags & 0x80) if hasattr(value, "tunnel_flags") else ipv6


_Show = Callable[[Field, Wire, bool], Any]


def _section(section: Section, value: Any, ipv6: bool, show: _Show, *, by_attribute: bool = False) -> Any:
    if section.layout is None:
        return [part.hex().upper() for part in value]
    if section.several:
        return [_name(section.layout, name, show, by_attribute) for name in value]
    shown = {}
    for field, wire in zip(section.layout.fields, section_values(section.layout, value), strict=True):
        name = field.attribute if by_attribute else field.name
        if field.kind is Kind.RAW:
            shown[name] = _octets(field, wire, value)
        else:
            shown[name] = show(field, wire, ipv6)
    return shown


def _octets(field: Field, wire: Wire, section: object) -> str:
    """As many octets as the length beside them says; where more are in use, up to the last of them."""
    assert isinstance(wire, bytes)
    used = getattr(section, f"{field.attribute}_length", 0)
    return (wire.rstrip(b"\0") if any(wire[used:]) else wire[:used]).hex().upper()


def _name(layout: Layout, name: DistinguishedName, show: _Show, by_attribute: bool) -> dict[str, Any]:
    field = layout.by_attribute["type"]
    kind = show(field, name.type, False)
    if by_attribute:
        return {"type": kind, "name": name.name}
    return {field.name: kind, _name_field(layout): name.name}


def _name_field(layout: Layout) -> str:
    """The variable part's own name: what the names of the fixed part begin with."""
    return layout.by_attribute["type"].name.removesuffix("_Type")


@cache
def _has_codes(field: Field) -> bool:
    return field.codes in ENUMERATIONS and field.kind in (Kind.UNSIGNED, Kind.FLAGS)


def _coded(field: Field, value: Wire, ipv6: bool) -> Any:
    if not _has_codes(field):
        return _shown(field, value, ipv6)
    code, words = _code(field, value)
    return {"code": code, "label": words}


def _labelled(field: Field, value: Wire, ipv6: bool) -> Json:
    if not _has_codes(field):
        return _shown(field, value, ipv6)
    code, words = _code(field, value)
    if words is None:
        return f"X'{code}'" if value else ""
    return words


def _shown(field: Field, value: Wire, ipv6: bool) -> Json:
    if isinstance(value, str) or field.kind is Kind.UNSIGNED:
        assert not isinstance(value, bytes)
        return value
    return _shown_once(field, value, ipv6)


@lru_cache(maxsize=16_384)
def _shown_once(field: Field, value: Wire, ipv6: bool) -> Json:
    return field.shown(value, ipv6=ipv6)


@lru_cache(maxsize=16_384)
def _code(field: Field, value: Wire) -> tuple[str, str | None]:
    """A code in as many digits as its field has, and its label."""
    assert isinstance(value, int)
    assert field.codes
    return f"{value:0{2 * field.length}X}", label(field.codes, value)


def _taken(field: Field, shown: Any) -> Wire:
    return int(shown["code"], 16) if isinstance(shown, Mapping) else field.taken(shown)


def _take_section(section: Section, shown: Any, subtype: int) -> Any:
    if section.layout is None:
        return tuple(bytes.fromhex(part) for part in shown)
    if section.several:
        kind, name = section.layout.by_attribute["type"], _name_field(section.layout)
        return tuple(DistinguishedName(int(part[kind.name]["code"], 16), part[name]) for part in shown)
    values = (_taken(field, shown[field.name]) for field in section.layout.fields)
    return section_makers(subtype)[section.attribute](*values)
