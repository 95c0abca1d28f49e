"""The page ``docs/records.md``, made from the layouts and code values that the codec uses."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from zertap.smf.fields import Field, Kind
from zertap.zert.codes import ENUMERATIONS, Code, Confidence
from zertap.zert.layouts import DETAIL, HEADER, SUMMARY, Section, Shape, sections, self_defining_section

_LEAD = """\
# Record layouts

SMF 119 subtypes 11 (zERT connection detail) and 12 (zERT summary), as `zertap` reads and writes
them. This page is generated from the layouts that the codec uses; do not edit it by hand (`python
-m zertap.zert.document`).

Offsets of the header and the triplets count from the record descriptor word, those of sections from
the start of the section. Numbers are big-endian. Text is EBCDIC 1047, padded with blanks.
*Informational* fields (marked i) never cause a record when they change. Dates are packed
`0cyydddF`, times hundredths of a second since midnight. An IPv4 address stands in the first four
octets of its field.

Discovery being enabled and disabled (event types 5 and 6) has records of its own at the first and the
last packet of each input (`--no-switches` leaves them out), and where a reload switches it: the event
type is their only zERT data.

What this writer decided where no source says:

- The start of a connection is the moment it was established; every time is packet time in UTC.
- The header's system indicator is X'DE': new format, subtypes used, and the four version bits. The
  subsystem and release identifiers are blank unless configured.
- Text fields of a blanked (failed handshake) section are blank, all others zero.
- The length in the triplet of the distinguished names is that of the whole run of structures.
- The enforcement section (eighth triplet, V2R5) has no public layout: it is kept as octets when a
  record is read, and written only when a record brings one along. `zertap decode` shows the octets
  with `--enforcement` and otherwise leaves them out.
- Times of a connection that did not end (the input did, or it was pushed out of memory) are those of
  the moment when the view of it ended.
- Octets 36 to 41 of the subtype 12 TLS section are named by no source; they are zero.
- A serial number longer than 20 octets (its sign octet apart) is left out rather than cut.

The forms of releases (`zertap records --shape`, `zertap layout --shape`):

- **V2R3**: seven triplets in subtype 11. A failed handshake looks like no protection; neither the local
  role nor a reset by policy is told. The common section of subtype 12 has 204 octets.
- **V2R5**: eight triplets in subtype 11, with the enforcement section; the flag of a reset by policy.
- **3.2**, also V2R5 and 3.1 with APAR PH63197: failed handshakes and the local role are told. Subtype 12
  has failure counters (a common section of 212 octets), serials and ends of validity.

A reader tells them apart by the number of triplets and the length of the common section of subtype 12.
Records of subtype 11 with eight triplets are taken for 3.2 where the local role is told, which for TCP
it always is, else for V2R5. Sections that are longer or shorter than their layout are read as far as
both go."""

_CODES = """
# Codes

Codes are written when they are at least *likely*; `recalled` ones only on request. A fact without
such a code is written as Unknown (zero); its true name stays in every other output.

- *sourced*: read in a document.
- *likely*: recalled, and agreeing with a second, independent thing. An IBM panel names a CFB cipher
  that the recalled list of ciphers lacks, so likely codes of `ENC_ALG` may be off by one after the
  place where it belongs.
- *recalled*: memory alone."""


def document() -> str:
    """The whole page, in Markdown."""
    parts = [
        _LEAD,
        *_subtype(DETAIL, "Subtype 11: connection detail"),
        *_subtype(SUMMARY, "Subtype 12: summary"),
    ]
    parts += [_CODES, *_unsure(), *_enumerations()]
    return "\n".join(parts) + "\n"


def layout_rows(subtype: int, shape: Shape = Shape.Z32) -> Iterator[tuple[str, Field]]:
    """Every field of a record of this subtype and shape with the name of its section, in order."""
    yield from (("SMF_HEADER", field) for field in HEADER.lines)
    yield from (("SELF_DEFINING", field) for field in self_defining_section(subtype, shape).lines)
    for section in sections(subtype, shape):
        if section.layout is not None:
            yield from ((section.name, field) for field in section.layout.lines)


def _subtype(subtype: int, title: str) -> Iterator[str]:
    yield f"\n# {title}"
    yield from _table("Header", HEADER.lines)
    yield from _table("Self-defining section", self_defining_section(subtype).lines)
    for section in sections(subtype):
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    title = f"{section.name} (triplet {section.triplet})"
    if section.layout is None:
        yield f"\n## {title}\n\nSince {section.since}. Layout not public; kept as octets."
        return
    yield from _table(title, section.layout.lines)
    if section.several:
        yield "\nThe name follows, up to 1024 octets. One structure a name, one after the other."


def _table(title: str, fields: Iterable[Field]) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield "| offset | length | form | name | meaning | codes | since | source |"
    yield "|---:|---:|---|---|---|---|---|---|"
    for field in fields:
        mark = " (i)" if field.informational else ""
        codes = f"`{field.codes}`" if field.codes else ""
        cells = (field.offset, field.length, field.kind.value, f"`{field.name}`", field.doc + mark, codes)
        yield "| " + " | ".join(map(str, (*cells, field.since, field.source))) + " |"


def _unsure() -> Iterator[str]:
    yield "\n## Not sourced\n"
    for confidence in (Confidence.LIKELY, Confidence.RECALLED):
        lists = {name: _list(codes, confidence) for name, codes in ENUMERATIONS.items()}
        words = "; ".join(f"`{name}` {found}" for name, found in lists.items() if found)
        yield f"- *{confidence.name.lower()}*: {words}."


def _list(codes: Mapping[int, Code], confidence: Confidence) -> str:
    return ", ".join(_hex(code) for code in codes.values() if code.confidence is confidence)


def _enumerations() -> Iterator[str]:
    for name, codes in ENUMERATIONS.items():
        yield f"\n## {name}\n"
        yield "| code | meaning | confidence | since | source |"
        yield "|---|---|---|---|---|"
        for code in codes.values():
            confidence = code.confidence.name.lower()
            yield f"| {_hex(code)} | {code.label} | {confidence} | {code.since} | {code.origin} |"


def _hex(code: Code) -> str:
    return f"{code.value:0{2 * _octets(code.enumeration)}X}"


@cache
def _octets(enumeration: str) -> int:
    """How many octets the fields have that this enumeration explains."""
    fields = (field for subtype in (DETAIL, SUMMARY) for _, field in layout_rows(subtype))
    lengths = {field.length for field in fields if field.codes == enumeration and field.kind is not Kind.TEXT}
    return max(lengths, default=3)


if __name__ == "__main__":
    import sys

    sys.stdout.write(document())
