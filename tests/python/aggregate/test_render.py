"""Records rendered from templates are the records of the plain way."""

import ipaddress
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregation import CAPTURES, MINUTE, TOUR, batches, sets
from zertap._native import Tap
from zertap.aggregate import Aggregation, Interval, Places, Table, render, tally
from zertap.rows import SUMMARY_ROWS
from zertap.zert.codec import encode_summary
from zertap.zert.codes import Codes, Confidence
from zertap.zert.layouts import Shape
from zertap.zert.mapping import Settings
from zertap.zert.summary import Reason, summary_record

SYN, ACK, FIN = 2, 16, 1
EVERYWHERE = [ipaddress.ip_network(text) for text in ("0.0.0.0/0", "::/0")]
PLACES = [Places(), Places([ipaddress.ip_network("10.99.0.1/32")]), Places(EVERYWHERE, (1, 65_535))]


def plain(table: Table, settings: Settings, reason: Reason) -> bytes:
    final = len(table) - 1
    records = [summary_record(each, settings, reason, last=at == final) for at, each in enumerate(table)]
    return b"".join(encode_summary(record, settings.shape) for record in records)


@pytest.mark.parametrize("capture", [*CAPTURES, TOUR], ids=lambda path: path.name)
@pytest.mark.parametrize("places", PLACES, ids=["server", "one", "all"])
def test_octets_are_those_of_the_plain_way(capture: Path, places: Places) -> None:
    interval = Interval(MINUTE)
    for shape, reason in zip(Shape, Reason, strict=True):
        chosen = Settings(shape=shape, codes=Codes(Confidence.RECALLED if shape is Shape.V2R5 else Confidence.LIKELY))
        aggregation = Aggregation(interval, places, shape)
        found = [
            each for batch in batches(capture, interval=interval) for each in aggregation.add(batch, range(len(batch)))
        ]
        last = aggregation.close()
        for each in [*found, last] if last else found:
            assert isinstance(each.summaries, Table)
            assert b"".join(render(each.summaries, chosen, reason)) == plain(each.summaries, chosen, reason)


addresses = (
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
    .map(str)
    .filter(lambda text: not IPv6Address(f"::ffff:{text}" if "." in text else text).is_unspecified)
)
ports = st.one_of(st.sampled_from([20, 21, 1023, 1024, 50_000, 50_100]), st.integers(1, 65_535))
ends = st.tuples(addresses, ports)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(ends, ends), min_size=1, max_size=4), st.sampled_from(PLACES), st.integers(0, 2**16))
def test_any_addresses_and_ports_are_written_and_named_as_the_plain_way_does(
    pairs: list[tuple[tuple[str, int], tuple[str, int]]], places: Places, size: int
) -> None:
    tap = Tap({"rows": set(SUMMARY_ROWS)})
    for client, server in pairs:
        if ("." in client[0]) != ("." in server[0]) or _mapped(client[0]) or _mapped(server[0]) or client == server:
            continue
        tap.push_segment(1, client, server, 1, 0, SYN, b"")
        tap.push_segment(2, server, client, 1, 2, SYN | ACK, b"")
        tap.push_segment(3, client, server, 2, 2, ACK, bytes(size))
        tap.push_segment(4, client, server, 2 + size, 2, FIN | ACK, b"")
        tap.push_segment(5, server, client, 2, 3 + size, FIN | ACK, b"")
        tap.push_segment(6, client, server, 3 + size, 3, ACK, b"")
    tap.finish()
    for each in sets([tap.drain()], places=places):
        assert isinstance(each.summaries, Table)
        assert b"".join(render(each.summaries, Settings(), Reason.END)) == plain(each.summaries, Settings(), Reason.END)
        orders = [summary.session.order for summary in each.summaries]
        assert orders == sorted(orders)


def _mapped(text: str) -> bool:
    """Such an address cannot come in an IPv6 packet of the wire; here it would pass for IPv4."""
    return ":" in text and IPv6Address(text).ipv4_mapped is not None


def test_what_no_session_has_is_forgotten_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = sets(batches(TOUR))
    monkeypatch.setattr(tally, "MOST_KNOWN", 0)
    assert sets(batches(TOUR, 1)) == expected


def test_memory_follows_sessions_that_are_alive() -> None:
    tap, aggregation = Tap({"rows": set(SUMMARY_ROWS)}), Aggregation(Interval(MINUTE), Places())
    client, server = "192.0.2.1", ("198.51.100.7", 80)
    remembered = []
    for minute in range(4):
        for port in range(1000, 1400):
            at, ends = minute * MINUTE + port, ((client, port), server)
            tap.push_segment(at, *ends, 1, 0, SYN, b"")
            tap.push_segment(at, *ends[::-1], 1, 2, SYN | ACK, b"")
            tap.push_segment(at, *ends, 2, 2, ACK | FIN, b"x")
            tap.push_segment(at, *ends[::-1], 2, 4, FIN | ACK, b"")
            tap.push_segment(at, *ends, 4, 3, ACK, b"")
        batch = tap.drain()
        list(aggregation.add(batch, range(len(batch))))
        remembered.append(aggregation.remembered)
        server = ("198.51.100.7", 81 + minute)
    assert remembered == [1, 2, 2, 2], "the session of the minute, and the one that was just closed"
