"""How records are shown: the lists of fields that the native reader follows, made from the layouts.

A view says which fields of which records are shown, under which names and in which form. *Nested* views are for JSON
and for the listing: one object a section. *Flat* ones are for tables (CSV, Arrow, Parquet) and for pairs (LEEF): one
schema for both subtypes, a column that a record lacks is empty. What is shown follows from the layouts; only names are
said here.

Three sets of names:

- ``smf``: the layout's own field names; codes as they are.
- ``readable``: those of our record objects, words in place of codes.
- ``zsecure``: the same, with the names of IBM zSecure where a public document tells them (``ZSECURE``).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from zertap._native import Decoder
from zertap.smf.codepage import from_ebcdic
from zertap.smf.fields import Field, Kind
from zertap.smf.layout import Layout
from zertap.zert.codes import BIT_SETS, ENUMERATIONS, label
from zertap.zert.layouts import DETAIL, HEADER, RECORD_TYPE, SUMMARY, TRIPLETS_AT, Section, sections

FieldSpec = tuple[str, str, int, int, int, list[int], list[str], int | None]
"""Key, form, offset, length, the offset in a turned record, numbers, texts, table of words: see ``Decoder``."""
PartSpec = tuple[str, str, int | None, bool, str, int, list[FieldSpec]]
"""Title, key, triplet, required, style, size, fields."""
KindSpec = tuple[str, list[tuple[int, bytes]], tuple[int, int], tuple[int, int, int] | None, str, list[PartSpec]]
"""Name, marks, places of the triplets, what turns a record, how its lines begin, parts."""


class Names(StrEnum):
    """Sets of field names."""

    SMF = "smf"
    READABLE = "readable"
    ZSECURE = "zsecure"


ZSECURE = {
    "tls_client_certificate_digest": "TLS_CLI_CERT_DIGEST_MTHD",
    "tls_client_certificate_key_bits": "TLS_CLIENT_CERT_KEY_LEN",
    "tls_client_certificate_key_type": "TLS_CLIENT_CERT_KEY_TYPE",
    "tls_client_certificate_time": "TLS_CLIENT_CERT_NOTAFTER",
    "tls_client_certificate_serial": "TLS_CLIENT_CERT_SERIAL",
    "ipsec_local_certificate_digest": "IKE_LCL_CERT_DIGEST_MTHD",
    "ipsec_local_certificate_key_type": "IKE_LOCAL_CERT_KEY_TYPE",
}
"""Our flat name -> the name of IBM zSecure, as far as a public document shows it.

Source: IBM Z Security and Compliance documentation, "SMF field descriptions: TLS_*"
(ibm.com/docs/en/szs/3.1.0?topic=records-smf-field-descriptions-tls). The lists of the other fields are not public.
"""

_SUBTYPES = (DETAIL, SUMMARY)
_FRAMING = ("length", "segment")
_IPV6 = 0x80
_HEADER_PART = 0
_PAGE = from_ebcdic(bytes(range(256)))
_NUMBERS = {1: "u8", 2: "u16", 4: "u32", 8: "u64"}
_FORMS = {Kind.TEXT: "text", Kind.RAW: "raw", Kind.ADDRESS: "address", Kind.DATE: "day", Kind.TIME: "time"}
_TYPES = {Kind.DATE: "day", Kind.TIME: "time"}


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of the records of both subtypes. ``columns``: name and type, for flat views."""

    kinds: tuple[KindSpec, ...]
    words: tuple[dict[int, str], ...]
    columns: tuple[tuple[str, str], ...] = ()

    def decoder(self, framing: str | None = None) -> Decoder:
        """A reader that shows this. ``framing``: ``plain``, ``blocked``; found out if None."""
        tallied = [(HEADER.by_attribute["record_type"].offset, 1), (HEADER.by_attribute["subtype"].offset, 2)]
        return Decoder(self.kinds, self.words, _PAGE, self.columns, tallied, framing)


class Tables:
    """The words for codes, each list once."""

    def __init__(self) -> None:
        self.words: list[dict[int, str]] = []
        self._numbers: dict[tuple[str, int], int] = {}

    def of(self, field: Field) -> int:
        """The number of the list for *field*, which has codes."""
        assert field.codes
        key = (field.codes, field.length)
        if key not in self._numbers:
            self._numbers[key] = self.add(self.spelled(*key))
        return self._numbers[key]

    def add(self, words: dict[int, str]) -> int:
        """The number of one more list."""
        self.words.append(words)
        return len(self.words) - 1

    def spelled(self, enumeration: str, length: int) -> dict[int, str]:
        """The words of one list: every value that has one."""
        return words_of(enumeration, length)


def words_of(enumeration: str, length: int) -> dict[int, str]:
    """Every value that has a word. Bits stand together in one octet only."""
    assert length == 1 or enumeration not in BIT_SETS
    values = range(256) if length == 1 else ENUMERATIONS[enumeration]
    shown = {value: label(enumeration, value) for value in values}
    return {value: word for value, word in shown.items() if word is not None}


def has_codes(field: Field) -> bool:
    """Whether a field's values are codes."""
    return field.codes in ENUMERATIONS and field.kind in (Kind.UNSIGNED, Kind.FLAGS)


def without_enforcement(view: View) -> View:
    """The same without the octets of the section whose layout is not public. The reader counts such records."""
    kinds = [
        (name, marks, places, turn, head, [_hidden(part) for part in parts])
        for name, marks, places, turn, head, parts in view.kinds
    ]
    return replace(view, kinds=tuple(kinds))


def _hidden(part: PartSpec) -> PartSpec:
    title, key, triplet, required, style, size, _ = part
    return (title, key, triplet, required, "hidden", size, []) if style == "opaque" else part


@cache
def nested(names: Names = Names.SMF) -> View:
    """One object a section: for JSON and the listing."""
    tables = Tables()
    kinds = tuple(kind_spec(subtype, _nested_parts(subtype, names, tables)) for subtype in _SUBTYPES)
    return View(kinds, tuple(tables.words))


def _nested_parts(subtype: int, names: Names, tables: Tables) -> list[PartSpec]:
    coded = "coded" if names is Names.SMF else "label"
    parts = [_nested_header(subtype, names, tables)]
    for triplet, section in enumerate(sections(subtype)):
        key = section.name if names is Names.SMF else section.attribute
        fields = [
            show(field, _key(field, section, names), coded, tables, triplet + 1, section) for field in shown(section)
        ]
        parts.append(part_spec(section, triplet, [*fields, *rest(section, key, tables, names)], key))
    return parts


def _nested_header(subtype: int, names: Names, tables: Tables) -> PartSpec:
    if names is Names.SMF:
        fields = [f for f in HEADER.fields if f.attribute not in _FRAMING]
        lines = [show(field, field.name, "coded", tables, _HEADER_PART, None) for field in fields]
        return (HEADER.name, HEADER.name, None, True, "fields", HEADER.size, lines)
    lines = [_constant("record", f"119-{subtype}"), written("written")]
    return (HEADER.name, "", None, True, "fields", HEADER.size, lines)


def _key(field: Field, section: Section, names: Names) -> str:
    if names is Names.SMF:
        return field.name
    return ZSECURE.get(flat_name(section, field), field.attribute) if names is Names.ZSECURE else field.attribute


def flat_name(section: Section, field: Field) -> str:
    """The readable name of a column: with its section's name before it, but for what every record has."""
    return field.attribute if section.attribute in ("ident", "common") else f"{section.attribute}_{field.attribute}"


@cache
def flat(names: Names = Names.READABLE) -> View:
    """One column a field, the same for both subtypes."""
    tables, columns = Tables(), dict[str, str]()
    kinds = tuple(kind_spec(subtype, list(_flat_parts(subtype, names, tables, columns))) for subtype in _SUBTYPES)
    return View(kinds, tuple(tables.words), tuple(columns.items()))


def _flat_parts(subtype: int, names: Names, tables: Tables, columns: dict[str, str]) -> Iterator[PartSpec]:
    yield _flat_header(subtype, names, tables, columns)
    for triplet, section in enumerate(sections(subtype)):
        fields = list(_flat_fields(section, names, tables, triplet + 1, columns))
        key = _opaque_column(section) if names is Names.SMF else section.attribute
        others = rest(section, key, tables, names)
        columns.update({spec[0]: "text" for spec in others})
        yield part_spec(section, triplet, [*fields, *others])


def _opaque_column(section: Section) -> str:
    """The name of the one column of a section of names, or of one whose layout is not public."""
    if section.layout is None or not section.several:
        return section.name
    return section.layout.by_attribute["type"].name.removesuffix("_Type")


def _flat_header(subtype: int, names: Names, tables: Tables, columns: dict[str, str]) -> PartSpec:
    columns |= {"record": "text"}
    lines = [_constant("record", f"119-{subtype}")]
    if names is not Names.SMF:
        columns |= {"written": "moment", "smf_id": "text", "subsystem_id": "text"}
        system, subsystem = HEADER.by_attribute["system_id"], HEADER.by_attribute["subsystem_id"]
        lines += [written("written"), _plain("smf_id", "text", system), _plain("subsystem_id", "text", subsystem)]
    else:
        for field in HEADER.fields:
            if field.attribute not in _FRAMING:
                columns[field.name] = _type(field, coded=False)
                lines.append(show(field, field.name, "number", tables, _HEADER_PART, None))
    return (HEADER.name, HEADER.name, None, True, "fields", HEADER.size, lines)


def _flat_fields(
    section: Section, names: Names, tables: Tables, part: int, columns: dict[str, str]
) -> Iterator[FieldSpec]:
    for field in shown(section):
        if names is Names.SMF:
            key, form = field.name, "number"
        elif field.kind is Kind.DATE and section.attribute == "common":
            continue
        elif field.kind is Kind.TIME and section.attribute == "common":
            key = field.attribute.removesuffix("_time")
            columns[key] = "moment"
            yield _moment(key, field, section)
            continue
        else:
            key, form = flat_name(section, field), "label"
            key = ZSECURE.get(key, key) if names is Names.ZSECURE else key
        kind = _type(field, coded=form == "label")
        assert columns.setdefault(key, kind) == kind or kind in _NUMBERS.values(), key
        if kind in _NUMBERS.values():
            columns[key] = max(columns[key], kind, key=lambda word: int(word[1:]))
        yield show(field, key, form, tables, part, section)


def _type(field: Field, *, coded: bool) -> str:
    if field.kind in (Kind.UNSIGNED, Kind.FLAGS):
        return "text" if coded and has_codes(field) else _NUMBERS[field.length]
    return _TYPES.get(field.kind, "text")


def show(
    field: Field, key: str, coded: str, tables: Tables, part: int, section: Section | None, turned: int | None = None
) -> FieldSpec:
    """One line: *field* under the name *key*; ``coded`` is the form of fields that have codes."""
    form, numbers, table = _FORMS.get(field.kind, "number"), list[int](), None
    if has_codes(field):
        form = coded
        table = tables.of(field) if form != "number" else None
    elif field.kind is Kind.RAW and section is not None and section.layout is not None:
        used = section.layout.by_attribute.get(f"{field.attribute}_length")
        numbers = [used.offset, used.length] if used else []
    elif field.kind is Kind.ADDRESS and section is not None:
        numbers = _family(section, part)
    return (key, form, field.offset, field.length, field.offset if turned is None else turned, numbers, [], table)


def _family(section: Section, part: int) -> list[int]:
    """Where it is said that addresses are IPv6: IPsec of subtype 11 has a flag of its own for its endpoints."""
    assert section.layout is not None
    own = section.layout.by_attribute.get("tunnel_flags")
    if own is not None:
        return [part, own.offset, _IPV6]
    subtype = DETAIL if section in sections(DETAIL) else SUMMARY
    common, at = common_part(subtype)
    return [at, common.by_attribute["flags"].offset, _IPV6]


def common_part(subtype: int) -> tuple[Layout, int]:
    """The layout of the common section, and the number of its part."""
    for triplet, section in enumerate(sections(subtype)):
        if section.attribute == "common" and section.layout is not None:
            return section.layout, triplet + 1
    raise AssertionError(subtype)


def shown(section: Section) -> Iterable[Field]:
    """The fields of a section that has a fixed layout."""
    return () if section.layout is None or section.several else section.layout.fields


def rest(section: Section, key: str, tables: Tables, names: Names = Names.READABLE) -> list[FieldSpec]:
    """The one field of a section of names, or of one whose layout is not public."""
    if section.layout is None:
        return [(key, "opaque", 0, 0, 0, [], [], None)]
    if not section.several:
        return []
    kind = section.layout.by_attribute["type"]
    if names is Names.SMF:
        texts = [kind.name, kind.name.removesuffix("_Type")]
        return [(key, "names", 0, 0, 0, [], texts, tables.of(kind))]
    return [(key, "plain_names", 0, 0, 0, [], ["type", "name"], tables.of(kind))]


def part_spec(section: Section, triplet: int, fields: list[FieldSpec], key: str | None = None) -> PartSpec:
    """A section of a record; ``key``: what it is called in nested views."""
    style = "opaque" if section.layout is None else "names" if section.several else "fields"
    required, size = section.attribute in ("ident", "common"), section.layout.size if section.layout else 0
    return (section.name, key or section.name, triplet, required, style, size, fields)


def kind_spec(
    subtype: int, parts: list[PartSpec], head: str = "", turn: tuple[int, int, int] | None = None
) -> KindSpec:
    """A kind of record from its parts."""
    marks = [
        (HEADER.by_attribute["record_type"].offset, bytes([RECORD_TYPE])),
        (HEADER.by_attribute["subtype"].offset, subtype.to_bytes(2)),
    ]
    return (f"119-{subtype}", marks, (HEADER.size, TRIPLETS_AT), turn, head, parts)


def _constant(key: str, text: str) -> FieldSpec:
    return (key, "constant", 0, 0, 0, [], [text], None)


def _plain(key: str, form: str, field: Field) -> FieldSpec:
    return (key, form, field.offset, field.length, field.offset, [], [], None)


def written(key: str, form: str = "moment") -> FieldSpec:
    """When the record was written."""
    time, date = HEADER.by_attribute["time"], HEADER.by_attribute["date"]
    return (key, form, time.offset, time.length, time.offset, [date.offset], [], None)


def _moment(key: str, time: Field, section: Section) -> FieldSpec:
    assert section.layout is not None
    date = section.layout.by_attribute[f"{key}_date"]
    return (key, "moment", time.offset, time.length, time.offset, [date.offset], [], None)
