"""``zertap layout``: the layouts of the records, from the very lists that write and read them."""

import sys
from collections.abc import Callable, Iterator
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Annotated

from zertap.cli.declared import Option

if TYPE_CHECKING:
    from zertap.smf.fields import Field

Row = dict[str, str | int | bool | None]

_COLUMNS = ("section", "offset", "length", "form", "name", "meaning", "codes", "informational", "since", "source")


class Subtype(Enum):
    """Subtypes with a layout."""

    DETAIL = "11"
    SUMMARY = "12"


class Release(StrEnum):
    """Forms that the records have had."""

    V2R3 = "V2R3"
    V2R5 = "V2R5"
    Z32 = "3.2"


class Form(StrEnum):
    """Forms of output."""

    TABLE = "table"
    JSONL = "jsonl"
    MARKDOWN = "markdown"


def layout(
    subtype: Annotated[Subtype | None, Option(help="11: connection detail, 12: summary. Default: both.")] = None,
    shape: Annotated[Release, Option(help="The release whose form is shown.")] = Release.Z32,
    form: Annotated[Form, Option("--format", "-f", help="Form of output.")] = Form.TABLE,
) -> int:
    """Prints the layouts of zERT records: every field with its place, source and the release that brought it.

    Offsets of the header and the self-defining section count from the record's start, others from their section's.
    """
    wanted = [subtype] if subtype else list(Subtype)
    sys.stdout.writelines(_WRITERS[form]([row for each in wanted for row in _rows(each, shape)]))
    return 0


def _rows(subtype: Subtype, shape: Release) -> Iterator[Row]:
    from zertap.zert.document import layout_rows
    from zertap.zert.layouts import Shape

    number = int(subtype.value)
    for section, field in layout_rows(number, Shape(shape.value)):
        yield {"subtype": number, "section": section, **_described(field)}


def _described(field: "Field") -> Row:
    return {
        "offset": field.offset,
        "length": field.length,
        "form": field.kind.value,
        "name": field.name,
        "meaning": field.doc,
        "codes": field.codes,
        "informational": field.informational,
        "since": field.since,
        "source": field.source,
    }


def _jsonl(rows: list[Row]) -> Iterator[str]:
    import msgspec

    return (msgspec.json.encode(row).decode() + "\n" for row in rows)


def _markdown(rows: list[Row]) -> Iterator[str]:
    yield f"| subtype | {' | '.join(_COLUMNS)} |\n"
    yield "|---:|---|---:|---:" + "|---" * (len(_COLUMNS) - 3) + "|\n"
    for row in rows:
        yield "| " + " | ".join(_word(row[name]).replace("|", "\\|") for name in ("subtype", *_COLUMNS)) + " |\n"


def _table(rows: list[Row]) -> Iterator[str]:
    """Columns side by side, as wide as their widest word; one block a section."""
    shown = [name for name in _COLUMNS if name not in {"section", "source", "informational"}]
    widths = {name: max(len(name), *(len(_word(row[name])) for row in rows)) for name in shown}
    head = None
    for row in rows:
        if head != (row["subtype"], row["section"]):
            yield "" if head is None else "\n"
            head = row["subtype"], row["section"]
            yield f"119-{row['subtype']} {row['section']}\n"
            yield _line({name: name for name in (*shown, "source")}, shown, widths)
        yield _line(row, shown, widths)


def _line(row: Row, shown: list[str], widths: dict[str, int]) -> str:
    cells = (
        f"{_word(row[name]):>{widths[name]}}" if name in {"offset", "length"} else f"{_word(row[name]):<{widths[name]}}"
        for name in shown
    )
    return "  ".join(cells) + f"  {row['source']}\n"


def _word(value: str | int | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)


_WRITERS: dict[Form, Callable[[list[Row]], Iterator[str]]] = {
    Form.TABLE: _table,
    Form.JSONL: _jsonl,
    Form.MARKDOWN: _markdown,
}
