"""Writes ``docs/schema.md`` from ``zertap.schema``; a test compares the two. Run: ``python docs/schema_page.py``."""

from pathlib import Path

from zertap.protection import Protection
from zertap.schema import EVERY_FIELD, FIELDS, NEEDS, TYPES, VERSION, Field

PAGE = Path(__file__).parent / "schema.md"

VERDICTS = {
    Protection.NO_TRAFFIC: "no payload in either direction",
    Protection.PLAINTEXT: "payload, and no recognised handshake at its start",
    Protection.IN_PROGRESS: "the beginning of a handshake was seen, its outcome is open",
    Protection.FAILED: "a handshake was begun and did not complete",
    Protection.PROTECTED: "the handshake completed",
    Protection.ENDED_CLEAR: "was protected, then data in clear",
    Protection.UNMONITORED: "picked up in mid-life without a visible start",
    Protection.UNDETERMINED: "a handshake was begun, what would decide it was lost to the capture",
}

HEAD = f"""# The connection schema

<!-- Written by docs/schema_page.py from python/zertap/schema.py: change it there. -->

Version: `{VERSION}`. Every TCP connection is one JSON object with all of these fields, whatever its verdict. A fact
that is absent is `null`; `tls` and `ssh` are `null` as a whole unless the connection spoke that protocol. A connection
is written when it ends; those still open at the end of the input come last, in order of their first packet.

Flat outputs (CSV, Arrow, Parquet) have the same fields as columns, with `_` for `.` in the names. In CSV, lists of
words are joined by blanks, objects and lists of objects are JSON, and `null` is an empty cell.

The verdicts:

| verdict | meaning |
|---|---|
"""

FIELD_HEAD = """
The fields. *Known by* names the key of `evidence` that says how the fact is known.

| field | type | known by | meaning |
|---|---|---|---|
"""


OPTIONAL_HEAD = """
## Opt-in fields

They exist only where they are asked for: by the option named, which adds them beside their kin, or by their name in
`--fields`, `--where` or `--fail-on`. What is not asked for costs nothing. JA3 and JA4 are those of the first
ClientHello, without GREASE; a hello that was not captured whole has none, nor has one in SSLv2's form. The Community ID
is that of the addresses in the same row (pseudonyms included), with the seed of `--community-id-seed`.

| field | type | asked for by | meaning |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    verdicts = "".join(f"| `{each.word}` | {VERDICTS[each]} |\n" for each in Protection)
    fields = "".join(_row(each) for each in FIELDS)
    objects = "".join(_object(each) for each in FIELDS if each.parts)
    optional = "".join(_optional(each) for each in EVERY_FIELD if each.needs)
    return HEAD + verdicts + FIELD_HEAD + fields + OPTIONAL_HEAD + optional + "\n## Objects\n" + objects


def _row(field: Field) -> str:
    known_by = f"`{field.known_by}`" if field.known_by else ""
    return f"| `{field.path}` | {TYPES[field.type]} | {known_by} | {field.doc} |\n"


def _optional(field: Field) -> str:
    asked_by = NEEDS[field.needs] if field.needs else ""
    return f"| `{field.path}` | {TYPES[field.type]} | {asked_by} | {field.doc} |\n"


def _object(field: Field) -> str:
    rows = "".join(f"| `{part.name}` | {TYPES[part.type]} | {part.doc} |\n" for part in field.parts)
    return f"\n`{field.path}`\n\n| key | type | meaning |\n|---|---|---|\n{rows}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
