"""The page ``docs/decode.md``, made from the views that the native reader follows."""

from collections.abc import Iterator

from zertap.zert.leef import ADDED, DERIVED, KEYS, TIME_FORMAT, pairs
from zertap.zert.views import ZSECURE, Names, flat

_LEAD = """\
# Decoding records

`zertap decode FILE` reads zERT records (SMF 119 subtypes 11 and 12); `zertap records --format ...` writes the same
forms at once. This page is generated from the lists that the reader follows; do not edit it by hand (`python -m
zertap.zert.decode_page`). What the fields mean stands in [record layouts](records.md).

## Forms

| form | what it is | names |
|---|---|---|
| `table` | a listing for people: a block of lines a record, empty values left out | `readable` |
| `jsonl` | nested JSON, an object a section; with `smf` names lossless: a code has its number and its word | `smf` |
| `csv` | one row a record (RFC 4180, UTF-8) | `readable` |
| `arrow` | the same columns as an Arrow IPC stream | `readable` |
| `parquet` | the same columns as Parquet | `readable` |
| `leef` | one LEEF 2.0 event a record, for QRadar | its own |

CSV, Arrow and Parquet have one schema for both subtypes, whatever the file holds; a column that a record lacks is
empty. `written`, `start` and `end` are times without a zone: a record does not say which it is. zertap writes UTC;
z/OS writes the header's time in local time and the connection's in UTC. Dates and times that name none are empty
there, and in hexadecimal in JSON and CSV. Names of certificates and the enforcement section (its layout is not
public) are JSON in one cell.

## Sets of names

- `smf`: the layout's own field names; codes are numbers.
- `readable`: plain names; words in place of codes, in hexadecimal (`X'..'`) where no source has a word.
- `zsecure`: the same, with IBM zSecure's names as far as a public document tells them; the other columns keep ours.

| ours | zSecure |
|---|---|"""

_LEEF = f"""
## LEEF

`LEEF:2.0|zertap|zertap|VERSION|119-11|x09|` and pairs of key and value, separated by tabs. The client is `src`, the
server `dst`; octets and segments are told by who sent them. `cat` is the event in words; `devTime` is when the
record was written (`devTimeFormat={TIME_FORMAT}`). Empty and unknown values are left out; control characters in
values become blanks. Keys that IBM's example of a zERT event shows are used as it shows them, values are spelled as
there; what it does not show bears our name without underscores. Of its keys `sum` and `name` are not made.

| ours | key |
|---|---|"""


def page() -> str:
    """The whole page, in Markdown."""
    parts = [_LEAD, *(f"| `{ours}` | `{theirs}` |" for ours, theirs in ZSECURE.items())]
    parts += ["\n## Columns\n", *_columns(), _LEEF]
    parts += [f"| `{ours}` | `{key}` |" for ours, key in KEYS.items()]
    parts += [f"| `{ours}` | in part: {', '.join(f'`{key}`' for key in keys)} |" for ours, keys in DERIVED.items()]
    parts += [f"| `{ours}` less `{before}` | `{key}` |" for ours, (key, before) in ADDED.items()]
    parts += ["", "All keys: " + ", ".join(f"`{name}`" for name, _ in pairs().columns) + "."]
    return "\n".join(parts) + "\n"


def _columns() -> Iterator[str]:
    """Readable columns and types; the layout's names are those of the records page."""
    yield "Readable names and types (`moment`: timestamp in milliseconds). With `smf` names the columns are the"
    yield f"layout's fields, {len(flat(Names.SMF).columns)} of them.\n"
    yield "| column | type | in |"
    yield "|---|---|---|"
    where: dict[str, list[str]] = {}
    for kind in flat().kinds:
        for *_, fields in kind[5]:
            for spec in fields:
                where.setdefault(spec[0], []).append(kind[0])
    for name, word in flat().columns:
        yield f"| `{name}` | {word} | {', '.join(where[name])} |"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
