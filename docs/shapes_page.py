"""Writes ``docs/shapes.md`` from the tables of ``zertap.shapes``; a test compares them.

Run: ``python docs/shapes_page.py``.
"""

from pathlib import Path

from zertap.shapes import SHAPES, Line, Record, Shape

PAGE = Path(__file__).parent / "shapes.md"

HEAD = """# Connections in other shapes

<!-- Written by docs/shapes_page.py from python/zertap/shapes: change it there. -->

`zertap observe --format zeek`, `eve` or `ecs` writes JSON lines with the names that pipelines for Zeek, Suricata or the
Elastic stack expect. The tables say where each value comes from, by the names of [our schema](schema.md), and how it
changes on the way. What is not known is left out; nothing is invented to fill a place. Our verdict, its reason and what
the other shape has no place for travel under `zertap`.

`--fingerprints` adds JA3, JA3S, JA4 and HASSH, `--community-id` the Community ID, both in the places that each shape
has for them. `--where`, `--fail-on` and `--pseudonyms` work as with every format; `--fields` does not: the shapes are
fixed.
"""

PSEUDONYMS = """
## Pseudonyms

`--pseudonyms prefix` or `plain` puts pseudonyms in the place of addresses, in every format of `observe` and in
`records`, before anything else is made of them: `uid`, `flow_id`, Community ID and the expressions of `--where` and
`--fail-on` see pseudonyms only; `--local` of `records` is translated.

| manner | IPv4 | IPv6 | what stays visible |
|---|---|---|---|
| `prefix` | Crypto-PAn | Crypto-PAn | which addresses share a network, and how much of it |
| `plain` | 28 bits in 240.0.0.0/4 | 120 bits in fd00::/8 | which address is the same as which |

The key (64 hexadecimal digits in a file) is named by `--pseudonym-key FILE`; `--pseudonym-key new:FILE` makes one,
readable by its owner alone. The same key gives the same pseudonyms in every run, so that reports can be joined; whoever
has it can find addresses again by trying. Without a key a random one is used once and forgotten. With `plain`, two
IPv4 addresses among tens of thousands may get the same pseudonym.

What stays as it was: ports, times, counts, lengths, the name of the capture, and what the two sides said: server
names, SSH banners, certificates. `--without-names` leaves out the capture's name, server names, session ids, host key
fingerprints, and of certificates serial, subject, issuer and all digests; key types, lengths, times of validity,
banners and protocol names stay. A prefix-preserving pseudonym can be undone by whoever knows enough of the traffic (a
few known hosts, the scan of a whole network): share it with people you trust, `plain` with others.
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_shape(each) for each in SHAPES.values()) + PSEUDONYMS


def _shape(shape: Shape) -> str:
    lines = "one object" if len(shape.records) == 1 else "an object for each of these that fits it"
    nesting = "Dots nest." if shape.nested else "Dots are part of the names."
    head = f"\n## {shape.title}\n\nEach connection is {lines}. {nesting} Names: <{shape.source}>.\n"
    return head + "".join(_record(each) for each in shape.records)


def _record(record: Record) -> str:
    of = f"of connections that spoke {record.protocol.upper()}" if record.protocol else "of every connection"
    rows = "".join(_row(each) for each in record.lines)
    return f"\n### `{record.name}`, {of}\n\n| name | made of | how |\n|---|---|---|\n{rows}"


def _row(line: Line) -> str:
    sources = ", ".join(f"`{each}`" for each in line.sources)
    how = " ".join(filter(None, [(line.make.__doc__ or "").strip() if line.make else "", line.note]))
    return f"| `{line.target}` | {sources} | {how} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
