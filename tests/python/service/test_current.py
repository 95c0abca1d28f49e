"""The list of current connections: what the engine tells of those that live, and that nothing comes of asking."""

import json
from pathlib import Path
from typing import Any

import pytest

from service_support import ByHand, eventually
from wire import CLIENT_HELLO, RAW_IP, SECOND, START, Frame, Talk, clear, refused
from zertap._native import Tap
from zertap.configuration import parse
from zertap.pipeline import Request
from zertap.recording import Session
from zertap.service import Kind, Service
from zertap.sinks.base import Stream
from zertap.sinks.destinations import Destinations
from zertap.sinks.octets import SmfFile
from zertap.zert.codec import decode
from zertap.zert.records import DetailRecord

SERVED = parse("netmonitor.zertservice = true")


def frames() -> list[Frame]:
    """At 15 s: 50001 lives in clear since 0 s, 50002 since 8 s (too young), 50003 hangs, others ended."""
    found: list[Frame] = []
    for port, start in ((50_001, 0), (50_002, 8)):
        talk = Talk(port=80, client_port=port, at=START + start * SECOND).open().client(b"HELO\r\n")
        found += talk.wait(20).server(b"250 ok\r\n").close().frames
    found += Talk(client_port=50_003).open().client(CLIENT_HELLO).wait(30).close().frames
    found += clear(port=80, client_port=50_004, at=START + 5 * SECOND)
    found += refused(client_port=50_005, at=START + 6 * SECOND)
    return sorted(found)


def details(octets: list[bytes]) -> list[DetailRecord]:
    found = [decode(each) for each in octets]
    assert all(isinstance(each, DetailRecord) for each in found)
    return [each for each in found if isinstance(each, DetailRecord)]


def pushed(session: Session, until: float) -> list[Frame]:
    """Feeds a session the frames before this second; those that are left."""
    rest = frames()
    while rest and rest[0][0] < START + until * SECOND:
        at, frame = rest.pop(0)
        session.push_frame(at, frame, link=RAW_IP)
    session.advance(START + int(until * SECOND))
    session.drain()
    return rest


def session_at(path: Path, service: Service) -> Session:
    return Session(SERVED, Destinations(SmfFile(Stream(str(path))), services=[service]))


def offered(session: Session, service: Service) -> None:
    def is_over() -> bool:
        session.drain()
        return not service.asks

    eventually(is_over)


def test_the_list_has_those_of_whom_a_record_was_written_and_the_rest_follows(tmp_path: Path) -> None:
    with Service(str(tmp_path / "s"), Kind.DETAIL) as service:
        session = session_at(tmp_path / "f", service)
        rest = pushed(session, 15)
        peer = ByHand(service.path, "both")
        eventually(lambda: service.asks)
        offered(session, service)
        heard = peer.until(complete=True)
        (listed,) = details(heard.listed)
        common = listed.common
        assert (common.event, common.remote_port, common.in_bytes) == (1, 50_001, 6)
        assert (common.start_time, common.end_time, common.end_date) == (0, 0, 0)
        for at, frame in rest:
            session.push_frame(at, frame, link=RAW_IP)
        session.close()
        told = details(peer.to_the_end().records)
    assert [(each.common.event, each.common.remote_port) for each in told] == [
        (1, 50_002),
        (3, 50_001),
        (3, 50_002),
        (1, 50_003),
        (3, 50_003),
        (6, 0),
    ]


def test_asking_changes_nothing_for_the_file(tmp_path: Path) -> None:
    contents = []
    for asking in (True, False):
        with Service(str(tmp_path / "s"), Kind.DETAIL) as service:
            file = tmp_path / f"f{asking}"
            session = session_at(file, service)
            for at, frame in frames():
                if asking:
                    ByHand(service.path, "list")
                    eventually(lambda service=service: service.asks)  # type: ignore[misc]
                    offered(session, service)
                session.push_frame(at, frame, link=RAW_IP)
            session.close()
            contents.append(file.read_bytes())
    assert contents[0] == contents[1]


def rows_of(asking: int) -> tuple[list[dict[str, Any]], dict[str, int], dict[str, int]]:
    """The rows of the frames where the engine is asked for its connections, so many at a time, after each."""
    from zertap.plans import Part, Plans
    from zertap.schema import FIELDS

    tap = Tap({**Request.of(parse(""), records=True).config(), "fingerprints": False})
    found: list[dict[str, Any]] = []
    plans = Plans(FIELDS)
    for at, frame in frames():
        tap.push_frame(at, RAW_IP, frame)
        start: int | None = 0 if asking else None
        while start is not None:
            batch, start = tap.current(start, asking)
            assert len(batch) <= asking
    tap.finish()
    part = Part(tap.drain(), 0, "x")
    found = [json.loads(line) for line in part.batch.jsonl(plans.of(part)).splitlines()]
    return found, tap.counters(), tap.ledger()


@pytest.mark.parametrize("most", [1, 2, 1000])
def test_asking_changes_no_row_and_no_counter(most: int) -> None:
    assert rows_of(most) == rows_of(0)


def test_every_live_connection_is_told_once(tmp_path: Path) -> None:
    tap = Tap(Request.of(parse(""), records=True).config())
    for number in range(300):
        talk = Talk(port=80, client_port=20_000 + number, at=START + number)
        opened = talk.open().client(b"x").frames if number % 3 else talk.open().close().frames
        for at, frame in opened:
            tap.push_frame(at, RAW_IP, frame)
    ports: list[int] = []
    start: int | None = 0
    while start is not None:
        batch, start = tap.current(start, 7)
        ports += batch.column("client_port").tolist()
    live = [20_000 + number for number in range(300) if number % 3]
    assert sorted(port for port in ports if (port - 20_000) % 3) == live
    assert len(ports) == len(set(ports)) == tap.counters()["connections_live"]


def test_without_discovery_the_list_is_empty(tmp_path: Path) -> None:
    off = parse("[netmonitor]\nzertservice = true\n[globalconfig]\nzert = false")
    with Service(str(tmp_path / "s"), Kind.DETAIL) as service:
        session = Session(off, Destinations(None, services=[service]))
        peer = ByHand(service.path, "list")
        eventually(lambda: service.asks)
        offered(session, service)
        assert peer.to_the_end().listed == []
        session.close()


def test_file_and_subscribers_get_what_their_switches_say(tmp_path: Path) -> None:
    text = "[smfconfig]\nzertdetail = {file}\n[netmonitor]\nzertservice = {served}"
    found = []
    for file, served in ((True, False), (False, True), (True, True)):
        with Service(str(tmp_path / "s"), Kind.DETAIL) as service:
            configuration = parse(text.format(file=str(file).lower(), served=str(served).lower()))
            destinations = Destinations(SmfFile(Stream(str(tmp_path / "f"))), services=[service])
            session = Session(configuration, destinations)
            peer = ByHand(service.path)
            eventually(lambda service=service: service.tally.subscribed == 1)  # type: ignore[misc]
            for at, frame in frames():
                session.push_frame(at, frame, link=RAW_IP)
            session.close()
            found.append(((tmp_path / "f").read_bytes(), b"".join(peer.to_the_end().records)))
    (whole, nothing), (empty, served_alone), both = found
    assert (nothing, empty) == (b"", b"")
    assert (whole, served_alone) == both == (whole, whole)
    assert len(whole) > 1000
