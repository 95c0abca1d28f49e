"""What the engine writes of rows at once (JSON lines, Arrow) is what it tells of them one by one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zertap._native import SOURCES, EventBatch, Source, Tap
from zertap.pipeline import Request
from zertap.plans import Part, Plans
from zertap.schema import EVERY_FIELD, Field

CAPTURES = sorted((Path(__file__).parents[2] / "pcaps" / "captures").glob("*.pcap*"))
KINDS = frozenset({"opened", "moved", "due", "closed", "reset", "replaced", "evicted", "unfinished", "interval"})
TOLD = [each for each in EVERY_FIELD if each.source not in ("verdict", "protocol", "events") and each.source[0] != "="]
"""Fields that need no words of ours."""
SECOND = 1_000_000_000


def batches(capture: Path, config: dict[str, Any], rows: int = 1 << 30) -> Iterator[EventBatch]:
    tap, source = Tap(config), Source(str(capture))
    while tap.pump(source, rows):
        yield tap.drain()
    tap.finish()
    yield tap.drain()


def told(batch: EventBatch, row: int, field: Field) -> Any:
    value = batch.value(row, field.source)
    if SOURCES[field.source] == "time" and value is not None:
        moment = datetime.fromtimestamp(value // SECOND, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{value % SECOND:09}Z"
    return value


def at(line: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        if line is None:
            return None
        line = line[name]
    return line


def same(batch: EventBatch) -> None:
    """Whether lines and columns say what values say."""
    plan = Plans(EVERY_FIELD).of(Part(batch, 0))
    lines = [msgspec.json.decode(line) for line in batch.jsonl(plan).splitlines()]
    table = polars.read_ipc_stream(batch.ipc(plan)) if lines else None
    assert len(lines) == len(batch)
    for row, line in enumerate(lines):
        for field in TOLD:
            value = told(batch, row, field)
            assert at(line, field.path) == value, field.path
            column = field.path.replace(".", "_")
            if table is not None and column in table.columns and isinstance(value, (str, int, float, type(None))):
                cell = table[column][row]
                assert SOURCES[field.source] == "time" or cell == value, field.path


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_lines_and_columns_say_what_the_values_of_rows_say(capture: Path) -> None:
    config = Request(offers=True, fingerprints=True, rows=KINDS).config()
    for extra in ({}, {"pseudonyms": ("prefix", bytes(32)), "nameless": True}):
        for batch in batches(capture, config | extra):
            same(batch)


@pytest.mark.parametrize("capture", CAPTURES[:6], ids=lambda path: path.name)
def test_any_choice_of_rows_gives_their_lines(capture: Path) -> None:
    for batch in batches(capture, Request(rows=KINDS).config()):
        plan = Plans(EVERY_FIELD).of(Part(batch, 0))
        lines = batch.jsonl(plan).splitlines(keepends=True)
        count = len(lines)
        for rows in (range(count), range(1, count), range(count - 1), range(0, count, 2), range(count, 0, -1), [0, 0]):
            numbers = [row for row in rows if row < count]
            assert batch.jsonl(plan, rows) == b"".join(lines[row] for row in numbers)
        assert batch.jsonl(plan, range(2 * count, 3 * count)) == b""
        assert batch.jsonl(plan, range(3, 1)) == b""


CLIENT, SERVER = ("192.0.2.1", 50_000), ("2001:db8::7", 8_080)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 2**61),
    st.integers(0, 2**61) | st.integers(0, 10**6).map(lambda number: number * 10**9) | st.integers(0, 10**9),
    st.sampled_from([SERVER, ("192.0.2.2", 443)]),
)
def test_any_times_and_ends_are_written_as_they_are(start: int, span: int, server: tuple[str, int]) -> None:
    tap = Tap({"rows": set(KINDS)})
    tap.push_segment(start, CLIENT, server, sequence=1, acknowledgment=0, flags=0x02, payload=b"")
    tap.push_segment(start, server, CLIENT, sequence=9, acknowledgment=2, flags=0x12, payload=b"")
    tap.push_segment(start + span, server, CLIENT, sequence=10, acknowledgment=2, flags=0x14, payload=b"")
    tap.finish()
    batch = tap.drain()
    assert batch.value(len(batch) - 1, "duration") == span / SECOND
    same(batch)
