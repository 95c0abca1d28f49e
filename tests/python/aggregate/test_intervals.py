"""What each interval adds, against captures that were cut at its end: nothing here comes from aggregation."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from aggregation import MINUTE, batches, sets
from by_hand import SETTINGS, SHORT, TERMINATION, Kind, across, kind_of_detail, kind_of_summary
from wire import START, Talk, pcap
from zertap._native import KINDS, EventBatch
from zertap.aggregate import Interval, Set
from zertap.aggregate.book import MOST_IDLE
from zertap.rows import RowReader
from zertap.zert.facts import Side
from zertap.zert.mapping import detail_record
from zertap.zert.records import DetailRecord
from zertap.zert.sessions import COUNTERS, Counts

UNFINISHED = KINDS.index("unfinished")
TRAFFIC = ("bytes_client", "bytes_server", "segments_client", "segments_server")


def written_until(parts: Sequence[EventBatch]) -> dict[Kind, list[int]]:
    """Life counters at the end of a capture that was cut there: its records, and what live connections have carried."""
    reader = RowReader()
    records: dict[int, list[DetailRecord]] = defaultdict(list)
    carried: dict[int, tuple[int, ...]] = {}
    for batch in parts:
        columns = [batch.column(name) for name in ("connection", "kind", *TRAFFIC)]
        for row, (number, kind, *traffic) in enumerate(zip(*columns, strict=True)):
            carried[number] = tuple(traffic)
            if kind != UNFINISHED:
                for facts, events in reader.connections(batch, [row]):
                    records[number] += [detail_record(facts, event, SETTINGS, Side.SERVER) for event in events]
    found: dict[Kind, list[int]] = defaultdict(lambda: [0] * len(COUNTERS))
    for number, told in records.items():
        if told:
            add(found, told, carried[number])
    return dict(found)


def add(found: dict[Kind, list[int]], events: list[DetailRecord], carried: tuple[int, ...]) -> None:
    kinds = [kind_of_detail(record) for record in events]
    for kind in set(kinds):
        found[kind][0] += 1
        found[kind][1] += len(set(kinds)) > 1
    found[kinds[0]][2] += events[0].common.event == SHORT
    found[kinds[-1]][3] += events[-1].common.event not in (SHORT, TERMINATION)
    before: tuple[int, ...] = (0, 0, 0, 0)
    steps = [(c.in_bytes, c.out_bytes, c.in_segments, c.out_segments) for c in (record.common for record in events)]
    owners = [kinds[0], *kinds[:-1], kinds[-1]]
    for owner, now in zip(owners, [*steps, carried], strict=True):
        for place, (new, old) in enumerate(zip(now, before, strict=True), start=4):
            found[owner][place] += new - old
        before = now


def lived(found: Sequence[Set]) -> dict[Kind, list[int]]:
    """Life counters after these sets, from what each interval added."""
    result: dict[Kind, list[int]] = defaultdict(lambda: [0] * len(COUNTERS))
    for each in found:
        for summary in each.summaries:
            kind = kind_of_summary(summary)
            for place, name in enumerate(COUNTERS):
                result[kind][place] += getattr(summary.final, name) - getattr(summary.initial, name)
    return dict(result)


@pytest.mark.parametrize("minutes", [1, 2])
def test_every_interval_ends_with_what_had_been_written_and_carried_by_then(tmp_path: Path, minutes: int) -> None:
    interval = Interval(minutes * MINUTE)
    frames = across()
    found = sets(batches(pcap(tmp_path / "all.pcap", frames), interval=interval), interval)
    assert len(found) > 2 // minutes
    for count, each in enumerate(found[:-1], start=1):
        until = pcap(tmp_path / f"{count}.pcap", [frame for frame in frames if frame[0] < each.end])
        assert lived(found[:count]) == written_until(batches(until)), each.end
    assert lived(found) == written_until(batches(tmp_path / "all.pcap"))


def test_each_interval_begins_where_the_one_before_ended(tmp_path: Path) -> None:
    interval = Interval(MINUTE)
    found = sets(batches(pcap(tmp_path / "x.pcap", across()), interval=interval), interval)
    before: dict[object, Counts] = {}
    for each in found:
        for summary in each.summaries:
            assert summary.initial == before.get(summary.session, Counts())
        before = {summary.session: summary.final for summary in each.summaries}
    assert [each.end for each in found[:-1]] == [each.start for each in found[1:]]


def test_traffic_is_counted_in_the_interval_in_which_it_came(tmp_path: Path) -> None:
    talk = Talk(port=80).open().client(b"1").wait(50).client(b"22").wait(20).client(b"333").wait(100).client(b"4444")
    interval = Interval(MINUTE)
    found = sets(batches(pcap(tmp_path / "x.pcap", talk.close().frames), interval=interval), interval)
    summaries = [summary for each in found for summary in each.summaries]
    assert [each.final.in_bytes - each.initial.in_bytes for each in summaries] == [3, 3, 4]
    assert [(each.initial.active, each.final.active) for each in summaries] == [(0, 1), (1, 1), (1, 0)]


def test_idle_intervals_of_an_active_session_are_written_too(tmp_path: Path) -> None:
    talk = Talk(port=80).open().client(b"x").wait(5 * 3600).client(b"y").close()
    found = sets(batches(pcap(tmp_path / "x.pcap", talk.frames)))
    assert [(each.end - each.start) // MINUTE for each in found] == [60, 60, 60, 60, 60, 0]
    levels = [(s.initial.active, s.final.active, s.final.in_bytes) for each in found for s in each.summaries]
    assert levels == [(0, 1, 1), *[(1, 1, 1)] * 4, (1, 0, 2)]


def test_without_active_sessions_idle_intervals_are_passed_over(tmp_path: Path) -> None:
    frames = Talk(port=80).open().client(b"x").close().frames
    frames += Talk(port=80, client_port=50_001, at=START + 5 * 60 * MINUTE).open().client(b"x").close().frames
    assert len(sets(batches(pcap(tmp_path / "x.pcap", frames)))) == 2


def test_a_clock_that_jumps_by_years_writes_a_bounded_number_of_sets(tmp_path: Path) -> None:
    talk = Talk(port=80).open().client(b"x").wait(3 * 365 * 86_400).client(b"y").close()
    found = sets(batches(pcap(tmp_path / "x.pcap", talk.frames)))
    assert len(found) == MOST_IDLE + 2
    assert found[-1].summaries[0].initial == found[-2].summaries[0].final
