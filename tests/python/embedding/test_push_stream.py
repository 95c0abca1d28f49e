"""Streams without packets: the rows are those that the packets of the same streams bring."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

import zertap

pytest.importorskip("scapy", reason="scapy is not installed")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams import Conversation, conversations
from wire import CLIENT_HELLO, HANDSHAKE_FAILURE, REQUEST, RESPONSE

OWN = Path(__file__).resolve().parents[3] / "pcaps/captures"
CAPTURES = sorted(each.name for each in OWN.glob("*.pcap") if not each.name.startswith(("file-", "link-", "tap-")))
SPOILT = {"gap", "truncated", "midstream", "one_sided", "overlap_conflict", "never_established", "beyond_fin"}
"""Connections of which no whole streams can be put together."""
COMPARED = [
    "verdict",
    "protocol",
    "reason",
    "gave_up",
    "client_ip",
    "client_port",
    "server_ip",
    "server_port",
    "bytes_client",
    "bytes_server",
    "handshake_type",
    "upgrade",
    "tls",
    "ssh",
    "evidence",
]
CLIENT, SERVER = ("192.0.2.1", 50000), ("192.0.2.2", 443)


@cache
def talks(name: str) -> tuple[Conversation, ...]:
    return tuple(conversations(OWN / name))


def facts(observed: zertap.Observation) -> dict[tuple[Any, ...], dict[str, Any]]:
    """What is compared, by ends and number."""
    rows = [each.to_dict() for each in observed]
    return {
        (row["client_ip"], row["client_port"], row["server_ip"], row["server_port"], row["ordinal"]): {
            **{name: row[name] for name in COMPARED},
            "flags": set(row["flags"]) - {"reset_ignored"},
        }
        for row in rows
        if not SPOILT & set(row["flags"])
    }


def pushed(talk: Conversation, sizes: list[int] | None = None) -> zertap.Observation:
    """The talk as streams, whole or in pieces of these *sizes*, over and over."""
    tap = zertap.Tap()
    name = tap.open_stream(talk.began, *talk.ends)
    turn = 0
    for each in talk.said:
        if len(each) == 3:
            way, how, at = each
            tap.end_stream(name, way, at, how)  # type: ignore[arg-type]
            continue
        way, octets, at, seen = each
        while octets:
            size = sizes[turn % len(sizes)] if sizes else len(octets)
            turn += 1
            tap.push_stream(name, way, octets[:size], at, seen)  # type: ignore[arg-type]
            octets = octets[size:]
    tap.finish()
    return tap.drain()


@pytest.mark.parametrize("name", CAPTURES)
def test_streams_bring_the_rows_of_their_packets(name: str) -> None:
    expected = facts(zertap.observe(OWN / name))
    compared = 0
    for talk in talks(name):
        for key, row in facts(pushed(talk)).items():
            wanted = [other for known, other in expected.items() if known[:4] == key[:4]]
            if len(wanted) == 1:
                assert row == wanted[0]
                compared += 1
    assert compared or not expected or len(expected) > 1


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["tls12-full.pcap", "tls13-long.pcap", "ssh-openssh.pcap", "smtp-starttls.pcap"]), st.data())
def test_any_cut_of_a_stream_brings_the_same_row(name: str, data: st.DataObject) -> None:
    (talk,) = talks(name)
    sizes = data.draw(st.lists(st.integers(1, 600), min_size=1, max_size=8))
    assert facts(pushed(talk, sizes)) == facts(pushed(talk))


def test_octets_sent_before_the_hello_was_seen_do_not_answer_it() -> None:
    verdicts = {}
    for seen in (0, None):
        tap = zertap.Tap()
        name = tap.open_stream(0, CLIENT, SERVER)
        tap.push_stream(name, "client", CLIENT_HELLO, 1)
        tap.push_stream(name, "server", RESPONSE, 2, seen)
        tap.finish()
        verdicts[seen] = tap.drain()[0].verdict
    assert verdicts == {0: "plaintext", None: "failed"}


def test_a_connection_is_named_by_what_open_gave_or_by_its_ends() -> None:
    tap = zertap.Tap()
    name = tap.open_stream(0, CLIENT, SERVER)
    assert tap.find(CLIENT, SERVER) == tap.find(SERVER, CLIENT) == name
    assert tap.push_stream((CLIENT, SERVER), "client", CLIENT_HELLO, 1)
    assert tap.push_stream(name, "server", HANDSHAKE_FAILURE, 2)
    assert tap.end_stream(name, "server", 3) and tap.end_stream((SERVER, CLIENT), "client", 3)
    (row,) = tap.drain()
    assert (row.verdict, row.reason, row.gave_up, row.closed) == ("failed", "alert", "server", "fin")
    assert tap.find(CLIENT, SERVER) is None


def test_a_late_call_is_counted_and_harmless() -> None:
    tap = zertap.Tap()
    name = tap.open_stream(0, CLIENT, SERVER)
    assert tap.end_stream(name, "client", 1, "rst")
    assert not tap.push_stream(name, "server", RESPONSE, 2)
    assert not tap.end_stream(name, None, 2, "abort")
    assert not tap.push_stream((CLIENT, SERVER), "client", REQUEST, 3)
    assert tap.counters["calls_gone"] == 3
    assert len(tap.drain()) == 1


def test_a_new_connection_of_the_same_ends_replaces_one_that_lives() -> None:
    tap = zertap.Tap()
    first = tap.open_stream(0, CLIENT, SERVER)
    tap.push_stream(first, "client", REQUEST, 1)
    second = tap.open_stream(2, CLIENT, SERVER)
    assert not tap.push_stream(first, "client", REQUEST, 3)
    tap.push_stream(second, "client", CLIENT_HELLO, 4)
    tap.finish()
    assert [(each.verdict, each.closed, each.ordinal) for each in tap.drain()] == [
        ("plaintext", "replaced", 1),
        ("in_progress", "open", 2),
    ]


def test_ends_that_nobody_knows_are_told_apart_all_the_same() -> None:
    tap = zertap.Tap()
    names = [tap.open_stream(0) for _ in range(100)]
    for name in names:
        tap.push_stream(name, "client", CLIENT_HELLO, 1)
        tap.push_stream(name, "server", HANDSHAKE_FAILURE, 2)
    for name in names:
        tap.end_stream(name, None, 3, "abort")
    rows = tap.drain()
    assert len(rows) == 100 and rows.summary() == {"failed": 100}
    assert {(each.client_ip, each.server_ip, each.closed) for each in rows} == {("::", "0.0.0.0", "open")}


def test_a_stream_longer_than_sequence_numbers_keeps_its_counts() -> None:
    tap = zertap.Tap()
    name = tap.open_stream(0, CLIENT, SERVER)
    tap.push_stream(name, "client", CLIENT_HELLO, 1)
    block = bytes(64 << 20)
    for at in range(70):
        tap.push_stream(name, "server", block, 2 + at)
    tap.finish()
    (row,) = tap.drain()
    assert (row.bytes_server, row.verdict, row.flags) == (70 * len(block), "failed", [])


def test_a_direction_an_address_or_an_end_that_is_none_is_misuse() -> None:
    tap = zertap.Tap()
    name = tap.open_stream(0, CLIENT, SERVER)
    with pytest.raises(zertap.Usage, match="direction"):
        tap.push_stream(name, "peer", b"x", 1)  # type: ignore[arg-type]
    with pytest.raises(zertap.Usage, match="both ends"):
        tap.open_stream(0, CLIENT)
    with pytest.raises(zertap.Usage, match="nowhere"):
        tap.open_stream(0, ("nowhere", 1), SERVER)
    with pytest.raises(zertap.Usage, match="abort"):
        tap.end_stream(name, "client", 1, "abort")


@pytest.mark.parametrize("given", [bytes, bytearray, memoryview])
def test_octets_may_stand_in_any_buffer(given: type) -> None:
    tap = zertap.Tap()
    name = tap.open_stream(0, CLIENT, SERVER)
    tap.push_stream(name, "client", given(CLIENT_HELLO), 1)
    tap.finish()
    assert tap.drain()[0].verdict == "in_progress"
