"""How many zERT records a second, written and read, of one core? CPU time, so that others on the machine count less."""

import csv
import io
import time
from collections.abc import Callable
from typing import Any

import pytest

from zertap._native import Blocks, records_in
from zertap.encoding import Encoding
from zertap.plans import Part
from zertap.rows import RowReader
from zertap.zert.codec import decode, encode_detail
from zertap.zert.events import Event
from zertap.zert.facts import ConnectionFacts, Side
from zertap.zert.mapping import Settings, detail_record
from zertap.zert.readable import to_json
from zertap.zert.views import Names, View, flat, nested

pytestmark = pytest.mark.benchmark(timer=time.process_time)

SOME = 2000
"""Records for what is slow."""
COPIES = 8
"""How often the records of the workload stand in what is read: enough for a steady figure."""
MANY = 500_000
"""Records read into columns, in pieces as `zertap decode` reads them."""
PIECE = 1 << 20


def _told(part: Part) -> list[tuple[ConnectionFacts, Event]]:
    connections = RowReader().connections(part.batch, range(len(part.batch)))
    return [(facts, event) for facts, events in connections for event in events]


@pytest.fixture(scope="module")
def records(record_part: Part) -> tuple[bytes, int]:
    """Records one after the other, and how many."""
    octets, count = Encoding(Settings()).write(record_part.batch, range(len(record_part.batch)))
    return octets * COPIES, count * COPIES


def test_records_written_from_rows(per_row: Callable[..., Any], record_part: Part) -> None:
    """All that lies between the engine's rows and an SMF file."""
    encoding, rows = Encoding(Settings()), range(len(record_part.batch))
    _, count = encoding.write(record_part.batch, rows)
    assert per_row(lambda: encoding.write(record_part.batch, rows), count)[1] == count


def test_records_encoded_the_plain_way(per_row: Callable[..., Any], record_part: Part) -> None:
    told, settings = _told(record_part)[:SOME], Settings()

    def encode() -> int:
        return len([encode_detail(detail_record(facts, event, settings, Side.SERVER)) for facts, event in told])

    assert per_row(encode, len(told)) == len(told)


def _taken(view: View, octets: bytes, how: str) -> bytes:
    decoder = view.decoder("plain")
    decoder.feed(octets)
    taken: bytes = getattr(decoder, how)()
    return taken


def _in_pieces(view: View, octets: bytes, how: str) -> int:
    """All records of a file, taken piece by piece; how many."""
    decoder = view.decoder("plain")
    for start in range(0, len(octets), PIECE):
        decoder.feed(octets[start : start + PIECE])
        getattr(decoder, how)()
    return sum(decoder.found)


@pytest.fixture(scope="module")
def many(records: tuple[bytes, int]) -> tuple[bytes, int]:
    """At least `MANY` records."""
    octets, count = records
    times = -(-MANY // count)
    return octets * times, count * times


@pytest.mark.parametrize("how", ["columns", "ipc"])
@pytest.mark.parametrize("names", [Names.SMF, Names.READABLE])
def test_records_read_into_columns(
    per_row: Callable[..., Any], many: tuple[bytes, int], names: Names, how: str
) -> None:
    octets, count = many
    assert per_row(lambda: _in_pieces(flat(names), octets, how), count) == count


@pytest.mark.parametrize("spanned", [False, True])
def test_records_put_into_blocks(per_row: Callable[..., Any], records: tuple[bytes, int], *, spanned: bool) -> None:
    octets, count = records
    blocks, _ = per_row(lambda: Blocks(spanned, 32_760).add(octets), count)
    assert records_in(blocks, blocked=True) > count * 9 // 10


def test_records_read_as_csv(per_row: Callable[..., Any], records: tuple[bytes, int]) -> None:
    octets, count = records
    rows = csv.reader(io.StringIO(per_row(lambda: _taken(flat(), octets, "csv"), count).decode(), newline=""))
    assert sum(1 for _ in rows) == 1 + count


@pytest.mark.parametrize("names", [Names.SMF, Names.READABLE])
def test_records_read_as_json_lines(per_row: Callable[..., Any], records: tuple[bytes, int], names: Names) -> None:
    octets, count = records
    assert per_row(lambda: _taken(nested(names), octets, "jsonl"), count).count(b"\n") == count


def test_records_read_the_plain_way(per_row: Callable[..., Any], records: tuple[bytes, int]) -> None:
    octets, at, some = records[0], 0, list[bytes]()
    while len(some) < SOME:
        length = int.from_bytes(octets[at : at + 2])
        some.append(octets[at : at + length])
        at += length
    assert len(per_row(lambda: [to_json(decode(each)) for each in some], len(some))) == len(some)
