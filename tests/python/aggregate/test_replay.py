"""Replay: the same packets, however they come, give the same summaries."""

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aggregation import CAPTURES, MINUTE, TOUR, batches, negative, sets
from by_hand import across
from wire import Frame, pcap
from zertap._native import EventBatch, Source, Tap
from zertap.aggregate import Aggregation, Interval, Places, Set, render
from zertap.rows import SUMMARY_ROWS
from zertap.zert.mapping import Settings
from zertap.zert.summary import Reason

RAW_IP = 101


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_a_capture_gives_the_same_sets_row_by_row_as_in_one_piece(capture: Path) -> None:
    assert sets(batches(capture, 1)) == sets(batches(capture))


@given(st.lists(st.integers(0, 400), max_size=8), st.sampled_from([1, 2, 15, 60]))
def test_any_cut_of_the_rows_gives_the_same_sets(cuts: list[int], minutes: int) -> None:
    interval = Interval(minutes * MINUTE)
    aggregation = Aggregation(interval, Places())
    found: list[Set] = []
    for batch in batches(TOUR, interval=interval):
        ends = [0, *sorted(min(cut, len(batch)) for cut in cuts), len(batch)]
        for start, stop in zip(ends, ends[1:], strict=False):
            found += aggregation.add(batch, range(start, stop))
    last = aggregation.close()
    assert last is not None
    assert [*found, last] == sets(batches(TOUR, interval=interval), interval)


@settings(deadline=None)
@given(st.lists(st.integers(0, 400), max_size=8).map(sorted), st.sampled_from([1, 2, 15, 60]))
@example([10, 10], 1)
def test_looking_at_an_open_interval_changes_nothing(looks: list[int], minutes: int) -> None:
    """But for the life of a session that was idle since: it may be forgotten sooner, and then begins at zero again."""
    interval = Interval(minutes * MINUTE)
    aggregation = Aggregation(interval, Places())
    found: list[Set] = []
    for batch in batches(TOUR, interval=interval):
        ends = [0, *sorted(min(look, len(batch)) for look in looks), len(batch)]
        for start, stop in zip(ends, ends[1:], strict=False):
            found += aggregation.add(batch, range(start, stop))
            aggregation.peek(0)
    last = aggregation.close()
    assert last is not None
    assert [added(each) for each in (*found, last)] == [
        added(each) for each in sets(batches(TOUR, interval=interval), interval)
    ]


def added(each: Set) -> tuple[object, ...]:
    """What an interval added to each session, and how many connections were active at its end."""
    told = [(one.session, one.latest, one.final + negative(one.initial), one.final.active) for one in each.summaries]
    return (each.start, each.end, told, [(one.start, one.end) for one in each.summaries])


FRAMES = sorted(across(), key=lambda frame: frame[0])
EVERY_MINUTE = Interval(MINUTE)


def tap() -> Tap:
    config: dict[str, Any] = {"rows": set(SUMMARY_ROWS), "interval_ns": (EVERY_MINUTE.length, EVERY_MINUTE.sync)}
    return Tap(config)


def whole(parts: list[EventBatch]) -> list[bytes]:
    """The records of all sets."""
    found = sets(parts, EVERY_MINUTE)
    return [octets for each in found for octets in render(each.summaries, Settings(), Reason.INTERVAL)]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return whole(list(batches(pcap(tmp_path_factory.mktemp("x") / "x.pcap", FRAMES), interval=EVERY_MINUTE)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, len(FRAMES)), max_size=5).map(sorted))
def test_a_chain_of_files_cut_anywhere_gives_the_records_of_one(
    at_once: list[bytes], tmp_path: Path, cuts: list[int]
) -> None:
    reading, parts = tap(), []
    for number, (start, stop) in enumerate(zip([0, *cuts], [*cuts, len(FRAMES)], strict=True)):
        source = Source(str(pcap(tmp_path / f"{number}.pcap", FRAMES[start:stop])))
        while reading.pump(source, 3):
            parts.append(reading.drain())
        parts.append(reading.drain())
    reading.finish()
    assert whole([*parts, reading.drain()]) == at_once


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(steps=st.integers(1, 40), every=st.integers(1, 50))
def test_live_with_a_clock_that_ticks_between_packets_gives_the_records_of_the_file(
    at_once: list[bytes], steps: int, every: int
) -> None:
    """Times as the file has them: in microseconds."""
    live, parts, now = tap(), [], FRAMES[0][0]
    for number, (at, packet) in enumerate(FRAMES):
        moment = at // 1000 * 1000
        for step in range(1, steps):
            live.advance(now + (moment - now) * step // steps)
        now = moment
        live.push_frame(moment, RAW_IP, packet)
        if number % every == 0:
            parts.append(live.drain())
    live.finish()
    assert whole([*parts, live.drain()]) == at_once


def test_a_replay_at_any_hour_is_the_same(tmp_path: Path) -> None:
    """Nothing but packet time is used: two readings, one after the other, are equal octet by octet."""
    capture = pcap(tmp_path / "x.pcap", FRAMES)
    one, other = ([*map(bytes, whole(list(batches(capture, at, EVERY_MINUTE))))] for at in (5, 4096))
    assert b"".join(one) == b"".join(other)
    assert struct.unpack_from(">H", one[0])[0] > 0


def moved(frames: list[Frame], by: int) -> list[Frame]:
    return [(at + by, packet) for at, packet in frames]


def test_a_capture_some_whole_intervals_later_gives_the_same_counters(tmp_path: Path) -> None:
    capture = pcap(tmp_path / "x.pcap", FRAMES)
    later = pcap(tmp_path / "y.pcap", moved(FRAMES, 12 * MINUTE))
    one, other = (sets(batches(each, interval=EVERY_MINUTE), EVERY_MINUTE) for each in (capture, later))
    assert [[(s.session, s.initial, s.final) for s in each.summaries] for each in one] == [
        [(s.session, s.initial, s.final) for s in each.summaries] for each in other
    ]
