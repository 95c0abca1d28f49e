"""Summary counters against the detail records of the same capture, added up by hand.

Nothing here comes from aggregation: detail records are grouped by connection and walked one after the other.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from aggregation import CAPTURES, MINUTE, TOUR, batches, sets, totals
from wire import CLIENT_HELLO, HANDSHAKE_FAILURE, Frame, Talk, clear, pcap, refused, waiting
from zertap._native import EventBatch
from zertap.aggregate import Interval
from zertap.rows import RowReader
from zertap.zert.facts import Side
from zertap.zert.mapping import Settings, detail_record
from zertap.zert.records import DetailRecord
from zertap.zert.sessions import COUNTERS, SessionSummary
from zertap.zert.summary import Reason, summary_record

SETTINGS = Settings()
INITIATION, CHANGE, TERMINATION, SHORT = 1, 2, 3, 4


class Kind(NamedTuple):
    """What detail and summary records both say of a session."""

    server: str
    client: str
    port: int
    protocols: int
    failed: bool
    attributes: tuple[object, ...]


def details(parts: Iterable[EventBatch]) -> list[DetailRecord]:
    reader = RowReader()
    return [
        detail_record(facts, event, SETTINGS, Side.SERVER)
        for batch in parts
        for facts, events in reader.connections(batch, range(len(batch)))
        for event in events
    ]


def kind_of_detail(record: DetailRecord) -> Kind:
    common = record.common
    failed = bool((record.tls and record.tls.failed) or (record.ssh and record.ssh.failed))
    return Kind(common.local, common.remote, common.local_port, common.protocols, failed, attributes(record))


def kind_of_summary(summary: SessionSummary) -> Kind:
    record = summary_record(summary, SETTINGS, Reason.INTERVAL, last=True)
    common = record.common
    failed = summary.session.shown.failed
    return Kind(common.server, common.client, common.server_port_first, common.protocols, failed, attributes(record))


def attributes(record: object) -> tuple[object, ...]:
    tls, ssh = record.tls, record.ssh  # type: ignore[attr-defined]
    names = tuple(sorted((each.type, each.name) for each in record.names))  # type: ignore[attr-defined]
    if tls:
        keys = (tls.server_certificate_key_type, tls.server_certificate_key_bits, tls.client_certificate_key_bits)
        return (tls.version, tls.cipher, tls.crypto_flags, tls.key_exchange, *keys, *names)
    if ssh:
        both = (ssh.in_encryption, ssh.out_encryption, ssh.in_message_authentication, ssh.out_message_authentication)
        return (ssh.version, ssh.key_exchange, ssh.crypto_flags, ssh.server_key_type, ssh.server_key_bits, *both)
    return ()


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


def lives() -> list[Frame]:
    """Lives of every kind, to two servers' ports, many times the same."""
    frames: list[Frame] = []
    for number in range(5):
        port = 50_100 + 10 * number
        frames += clear(port=80, client_port=port)
        frames += refused(client_port=port + 1)
        frames += waiting(client_port=port + 2)
        long = Talk(port=80, client_port=port + 3).open().client(b"HELO\r\n").wait(30).server(b"250 ok\r\n").close()
        late = Talk(client_port=port + 4).open().wait(20).client(CLIENT_HELLO).server(HANDSHAKE_FAILURE).wait(9)
        frames += long.frames + late.close().frames
        frames += Talk(port=80, client_port=port + 5).open().client(b"x").frames
        frames += Talk(port=80, client_port=port + 6).frames
    return frames


@pytest.mark.parametrize("minutes", [1, 60])
def test_lives_of_every_kind_are_counted_as_their_records_say(tmp_path: Path, minutes: int) -> None:
    parts = batches(pcap(tmp_path / "lives.pcap", lives()), 3)
    records = details(parts)
    assert {record.common.event for record in records} == {INITIATION, CHANGE, TERMINATION, SHORT}
    assert closed_book(records, parts)
    expected = by_hand(records)
    assert aggregated(parts, Interval(minutes * MINUTE)) == expected
    assert len(expected) == 3, "clear at each port, refused at one; the late failures were clear first"
