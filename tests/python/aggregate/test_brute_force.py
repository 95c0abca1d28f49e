"""Summary counters against the detail records of the same capture, added up by hand.

Nothing here comes from aggregation: detail records are grouped by connection and walked one after the other.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from aggregation import CAPTURES, MINUTE, TOUR, batches, sets, totals
from by_hand import CHANGE, INITIATION, SETTINGS, SHORT, TERMINATION, Kind, kind_of_detail, kind_of_summary, lives
from wire import pcap
from zertap._native import EventBatch
from zertap.aggregate import Interval
from zertap.rows import RowReader
from zertap.zert.facts import Side
from zertap.zert.mapping import detail_record
from zertap.zert.records import DetailRecord
from zertap.zert.sessions import COUNTERS


def details(parts: Iterable[EventBatch]) -> list[DetailRecord]:
    reader = RowReader()
    return [
        detail_record(facts, event, SETTINGS, Side.SERVER)
        for batch in parts
        for facts, events in reader.connections(batch, range(len(batch)))
        for event in events
    ]


def by_hand(records: Iterable[DetailRecord]) -> dict[Kind, list[int]]:
    """Counters in the order of ``COUNTERS``, from detail records alone."""
    connections: dict[int, list[DetailRecord]] = defaultdict(list)
    for record in records:
        connections[record.common.connection_id].append(record)
    found: dict[Kind, list[int]] = defaultdict(lambda: [0] * 8)
    for events in connections.values():
        kinds = [kind_of_detail(record) for record in events]
        for kind in set(kinds):
            found[kind][0] += 1
            found[kind][1] += len(set(kinds)) > 1
        found[kinds[0]][2] += events[0].common.event == SHORT
        found[kinds[-1]][3] += events[-1].common.event not in (SHORT, TERMINATION)
        before = (0, 0, 0, 0)
        for index, record in enumerate(events):
            common = record.common
            now = (common.in_bytes, common.out_bytes, common.in_segments, common.out_segments)
            owner = found[kinds[max(0, index - 1)]]
            for place, (new, old) in enumerate(zip(now, before, strict=True), start=4):
                owner[place] += new - old
            before = now
    return dict(found)


def aggregated(parts: Iterable[EventBatch], interval: Interval | None = None) -> dict[Kind, list[int]]:
    found = sets(parts, interval)
    latest = {summary.session: summary for each in found for summary in each.summaries}
    result: dict[Kind, list[int]] = defaultdict(lambda: [0] * 8)
    for session, counts in totals(found).items():
        kind = kind_of_summary(latest[session])
        for place, name in enumerate(COUNTERS):
            result[kind][place] += getattr(counts, name)
    return dict(result)


def closed_book(records: list[DetailRecord], parts: Iterable[EventBatch]) -> bool:
    """Whether detail records tell all traffic: not so where a connection goes on after its last record."""
    last = {record.common.connection_id: record for record in records}
    traffic: dict[int, tuple[int, ...]] = {}
    for batch in parts:
        columns = [batch.column(name) for name in ("connection", "bytes_client", "bytes_server", "segments_client")]
        traffic |= {row[0]: row[1:] for row in zip(*columns, strict=True)}
    return all(
        (record.common.in_bytes, record.common.out_bytes, record.common.in_segments) == traffic[number]
        for number, record in last.items()
    )


@pytest.mark.parametrize("capture", [*CAPTURES, TOUR], ids=lambda path: path.name)
@pytest.mark.parametrize("minutes", [1, 60])
def test_counters_are_those_of_the_detail_records(capture: Path, minutes: int) -> None:
    parts = batches(capture)
    records = details(parts)
    expected, found = by_hand(records), aggregated(parts, Interval(minutes * MINUTE))
    if closed_book(records, parts):
        assert found == expected
    else:
        assert {kind: counts[:4] for kind, counts in found.items()} == {
            kind: counts[:4] for kind, counts in expected.items()
        }


@pytest.mark.parametrize("minutes", [1, 60])
def test_lives_of_every_kind_are_counted_as_their_records_say(tmp_path: Path, minutes: int) -> None:
    parts = batches(pcap(tmp_path / "lives.pcap", lives()), 3)
    records = details(parts)
    assert {record.common.event for record in records} == {INITIATION, CHANGE, TERMINATION, SHORT}
    assert closed_book(records, parts)
    expected = by_hand(records)
    assert aggregated(parts, Interval(minutes * MINUTE)) == expected
    assert len(expected) == 3, "clear at each port, refused at one; the late failures were clear first"
