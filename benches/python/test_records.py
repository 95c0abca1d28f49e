"""How many zERT connection detail records a second?"""

from collections.abc import Callable
from typing import Any

from zertap.plans import Part
from zertap.rows import RowReader
from zertap.zert.bulk import DetailEncoder
from zertap.zert.codec import encode_detail
from zertap.zert.events import Event
from zertap.zert.facts import ConnectionFacts, Side
from zertap.zert.mapping import Settings, detail_record


def _told(part: Part) -> list[tuple[ConnectionFacts, Event]]:
    connections = RowReader().connections(part.batch, range(len(part.batch)))
    return [(facts, event) for facts, events in connections for event in events]


def test_records_encoded_by_templates(per_row: Callable[..., Any], record_part: Part) -> None:
    told = _told(record_part)
    encoder = DetailEncoder(Settings())
    assert per_row(lambda: len([encoder.encode(facts, event) for facts, event in told]), len(told)) == len(told)


def test_records_encoded_the_plain_way(per_row: Callable[..., Any], record_part: Part) -> None:
    told, settings = _told(record_part)[:2000], Settings()

    def encode() -> int:
        return len([encode_detail(detail_record(facts, event, settings, Side.SERVER)) for facts, event in told])

    assert per_row(encode, len(told)) == len(told)


def test_records_made_from_rows(per_row: Callable[..., Any], record_part: Part) -> None:
    def make() -> int:
        reader, encoder, records = RowReader(), DetailEncoder(Settings()), 0
        for facts, events in reader.connections(record_part.batch, range(len(record_part.batch))):
            records += len([encoder.encode(facts, event) for event in events])
        return records

    assert per_row(make, len(_told(record_part))) == len(_told(record_part))
