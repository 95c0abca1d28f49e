"""Summaries of a session that runs: when they are written, and what a changed configuration does to them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from wire import RAW_IP, SECOND, START, Frame, Talk
from zertap.configuration import Configuration, parse
from zertap.ledger import Outlet
from zertap.recording import Session
from zertap.sinks.destinations import Destinations, Listing
from zertap.smf.framing import RDW_SIZE
from zertap.zert.codec import decode
from zertap.zert.records_summary import SummaryRecord

SUMMED = "globalconfig.aggregation = true\nglobalconfig.intval = '2m'\nsmfconfig.zertdetail = false\n"
NOBODY = parse(SUMMED)
FILE = parse(SUMMED + "smfconfig.zertsummary = true")
SERVED = parse(SUMMED + "netmonitor.zertsummary = true")
BOTH = parse(SUMMED + "smfconfig.zertsummary = true\nnetmonitor.zertsummary = true")
NOT_SUMMED = parse(SUMMED.replace("= true", "= false") + "smfconfig.zertsummary = true\nnetmonitor.zertsummary = true")
HOURLY = parse("globalconfig.aggregation = true\nsmfconfig.zertdetail = false\nsmfconfig.zertsummary = true")

MIDNIGHT = START - START % (86_400 * SECOND)


class Taking:
    """An output, or subscribers to summaries: keeps what it is given."""

    subtype = 12
    asks = False

    def __init__(self, name: str) -> None:
        self.outlet = Outlet(name, "records")
        self.records: list[SummaryRecord] = []

    def write(self, octets: bytes, records: int) -> None:
        before, at = len(self.records), 0
        while at < len(octets):
            length = max(RDW_SIZE, int.from_bytes(octets[at : at + 2]))
            record = decode(octets[at : at + length])
            assert isinstance(record, SummaryRecord)
            self.records.append(record)
            at += length
        assert len(self.records) - before == records

    def walk(self, _listing: Listing) -> None: ...

    def close(self) -> None: ...

    def told(self) -> list[tuple[Any, ...]]:
        """``(type, reason, seconds)`` of switches; of sessions also port, octets received at both ends, active."""
        return [_told(record) for record in self.records]


def _told(record: SummaryRecord) -> tuple[Any, ...]:
    common, at = record.common, record.header.time / 100
    if common.event != 1:
        return (common.event, f"{record.ident.reason:02X}", at)
    counted = (common.initial_in_bytes, common.final_in_bytes, common.final_active)
    return (1, f"{record.ident.reason:02X}", at, common.server_port_first, *counted)


def frames() -> list[Frame]:
    """One connection that sends 10 octets every 10 s for 10 minutes; one that is silent from 5 s on; a short one."""
    busy = Talk(port=80, client_port=50_001).open()
    for _ in range(60):
        busy.client(b"0123456789").wait(10)
    silent = Talk(port=81, client_port=50_002, at=START + SECOND).open().client(b"HELO\r\n").wait(594).close()
    short = Talk(port=82, client_port=50_003, at=START + 30 * SECOND).open().client(b"HELO\r\n").close()
    return sorted([*busy.close().frames, *silent.frames, *short.frames])


def run(steps: Sequence[tuple[float, Configuration]], first: Configuration, talk: Sequence[Frame] = ()) -> list[Taking]:
    """What file and subscribers were given; each step: seconds after the beginning, the configuration from then on."""
    file, subscribers = Taking("file"), Taking("service")
    session = Session(first, Destinations(file, (), [subscribers]))
    waiting = [(START + int(at * SECOND), configuration) for at, configuration in steps]
    for at, frame in talk or frames():
        while waiting and waiting[0][0] <= at:
            now, configuration = waiting.pop(0)
            assert session.reconfigure(configuration, now) == ()
        session.push_frame(at, frame, link=RAW_IP)
    session.close()
    assert not waiting
    return [file, subscribers]


def test_the_wire_of_these_tests_begins_at_midnight() -> None:
    assert MIDNIGHT == START


@pytest.mark.parametrize("at", [35, 65.5, 119, 121, 345])
def test_a_final_set_has_all_that_came_until_then(at: float) -> None:
    """Also what came since the latest row of a connection: 10 octets at 0 s, 10 s, and so on."""
    file, subscribers = run([(at, NOT_SUMMED)], BOTH)
    (busy,) = (each for each in file.told() if each[:2] in {(1, "60"), (1, "20")} and each[3] == 80)
    assert busy[5] == 10 * (1 + int(at // 10))
    assert file.told() == subscribers.told()
    assert file.told()[-1] == (3, "08", at)


@pytest.mark.parametrize("at", [35, 119, 121, 345])
def test_where_only_the_file_is_switched_off_it_alone_gets_a_final_set(at: float) -> None:
    """Subscribers get what they would have got; aggregation was not disabled, so nobody is told so."""
    undisturbed = run([], SERVED)[1]
    file, subscribers = run([(at, SERVED)], BOTH)
    assert subscribers.records == undisturbed.records
    whole = run([], BOTH)[0].told()
    before = [each for each in whole if each[2] <= at]
    final = file.told()[len(before) :]
    assert file.told()[: len(before)] == before
    assert [each[:3] for each in final] == [*[(1, "60", at)] * (len(final) - 1), (1, "20", at)]
    assert {each[3] for each in final} == {80, 81, 82} if at < 120 else {80, 81} <= {each[3] for each in final}
    assert next(each[5] for each in final if each[3] == 80) == 10 * (1 + int(at // 10))


def test_what_is_summed_up_does_not_depend_on_who_gets_it() -> None:
    """The file is switched on late: its first set tells of connections and octets of before."""
    whole = run([], FILE)[0].told()
    file, subscribers = run([(130, FILE)], NOBODY)
    assert file.told() == [each for each in whole if each[2] > 130]
    assert subscribers.told() == []
    assert file.told()[0][3:6] == (80, 120, 240)


def test_subscribers_may_be_switched_on_and_off_without_a_word() -> None:
    _, whole = run([], SERVED)
    _, subscribers = run([(130, NOBODY), (370, SERVED)], SERVED)
    assert subscribers.told() == [each for each in whole.told() if each[2] <= 130 or each[2] > 370]


def test_other_names_make_no_final_set() -> None:
    other = parse(SUMMED + "smfconfig.zertsummary = true\nsystem.stack = 'OTHER'")
    whole, file = run([], FILE)[0], run([(130, other)], FILE)[0]
    named = [replace(each, ident=replace(each.ident, stack="ZERTAP")) for each in file.records]
    assert named == whole.records
    assert {each.ident.stack for each in file.records if each.header.time > 13_000} == {"OTHER"}


def test_other_networks_begin_anew() -> None:
    """Sessions of before would be others now."""
    other = parse(SUMMED + "smfconfig.zertsummary = true\nnetwork.local = ['192.0.2.0/24']")
    told = run([(130, other)], FILE)[0].told()
    assert [each[:2] for each in told if each[2] == 130] == [(1, "60"), (1, "20"), (3, "08")]


def test_an_interval_is_over_when_it_is_though_nothing_happens() -> None:
    """Nobody waits for the next packet; and the records are those of a replay."""
    file = Taking("file")
    session = Session(FILE, file)
    talk = [each for each in frames() if each[0] < START + 40 * SECOND]
    for at, frame in talk:
        session.push_frame(at, frame, link=RAW_IP)
    session.drain()
    counts = []
    for second in range(40, 400, 5):
        session.advance(START + second * SECOND)
        session.drain()
        counts.append((second, len(file.records)))
    grown = [second for (_, before), (second, after) in zip(counts, counts[1:], strict=False) if after > before]
    assert grown == [125, 245, 365], "at a boundary itself a row may still come that belongs before it"
    session.close(START + 400 * SECOND)
    again = Taking("file")
    replay = Session(FILE, again)
    for at, frame in talk:
        replay.push_frame(at, frame, link=RAW_IP)
    replay.close(START + 400 * SECOND)
    assert again.records == file.records


def test_after_a_week_of_hours_without_a_row_no_more_is_written() -> None:
    """As many sets as a replay writes, in however many steps time passes."""
    file = Taking("file")
    session = Session(HOURLY, file)
    for at, frame in Talk(port=80, client_port=50_001).open().client(b"HELO\r\n").frames:
        session.push_frame(at, frame, link=RAW_IP)
    for hour in range(1, 200):
        session.advance(START + hour * 3600 * SECOND)
        session.drain()
    assert len([each for each in file.told() if each[0] == 1]) == 1 + 168


def test_an_interval_of_its_own_waits_for_a_new_engine() -> None:
    """The engine's rows come at the boundaries that it began with."""
    session = Session(FILE, Taking("file"), start=START)
    assert session.reconfigure(HOURLY, START + SECOND) == ("globalconfig.intval",)
    session.reconfigure(parse("globalconfig.zert = false\nsmfconfig.zertdetail = false"), START + 2 * SECOND)
    assert session.reconfigure(HOURLY, START + 3 * SECOND) == ()


def test_aggregation_that_is_switched_on_late_has_its_intervals() -> None:
    """An engine that began without it tells of boundaries too."""
    late = Talk(port=83, client_port=50_004, at=START + 140 * SECOND).open()
    for _ in range(30):
        late.client(b"0123456789").wait(10)
    talk = sorted([*frames(), *late.close().frames])
    without = parse("globalconfig.intval = '2m'\nsmfconfig.zertdetail = false")
    told = run([(130, FILE)], without, talk)[0].told()
    assert [each[2:6] for each in told if each[0] == 1 and each[3] == 83] == [
        (240, 83, 0, 100),
        (360, 83, 100, 220),
        (480, 83, 220, 300),
    ]
