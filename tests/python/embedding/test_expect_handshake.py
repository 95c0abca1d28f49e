"""Observation armed again: a protocol that nobody knows speaks in clear, says so, and begins TLS."""

from __future__ import annotations

import ssl

import pytest

import zertap
from embedding.conversing import CLIENT, SERVER, Identity, Line, client_context, identity, server_context
from wire import CLIENT_HELLO, REQUEST, RESPONSE, SECOND
from zertap.advice import TlsAdvice

LONG = bytes(200_000)
PREAMBLE = (
    ("client", b"\x00\x07LAMA/1?"),
    ("server", b"\x00\x07LAMA/1!" + LONG),
    ("client", LONG + b"\x00\x05SPIT?"),
    ("server", b"\x00\x05SPIT!"),
)
"""More than any upgrade is looked for behind, in both directions."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return identity(tmp_path_factory.mktemp("own"), "server.test")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("mode", ["full", "zert"])
@pytest.mark.parametrize("announced", [False, True], ids=["silent", "announced"])
def test_a_handshake_behind_clear_data_is_seen_if_it_is_announced(
    own: Identity, version: ssl.TLSVersion, mode: str, announced: bool
) -> None:
    tap = zertap.Tap(mode=mode)  # type: ignore[arg-type]
    line = Line(tap, client_context(own), server_context(own, version), preamble=PREAMBLE)
    if announced:
        assert tap.expect_handshake(line.name)
    row = line.shake_hands().exchange().close()
    if not announced:
        assert (row.verdict, row.tls) == ("plaintext", None)
        return
    assert row.tls and (row.verdict, row.source, row.tls.sni) == ("protected", "observation", "server.test")
    assert row.tls.version == {771: "TLSv1.2", 772: "TLSv1.3"}[version]
    assert "upgraded" in row.flags


def test_the_end_of_that_protection_is_seen_too(own: Identity) -> None:
    tap = zertap.Tap(mode="zert")
    contexts = client_context(own), server_context(own, ssl.TLSVersion.TLSv1_2)
    line = Line(tap, *contexts, preamble=PREAMBLE)
    tap.expect_handshake(line.name)
    line.shake_hands().exchange().push("client", b"in clear again")
    assert line.close().verdict == "ended_clear"


def test_events_tell_of_clear_data_and_then_of_tls(own: Identity) -> None:
    tap = zertap.Tap(mode="zert")
    line = Line(tap, client_context(own), server_context(own, ssl.TLSVersion.TLSv1_3), preamble=PREAMBLE)
    line.now = 12 * SECOND
    tap.advance(line.now)
    tap.expect_handshake(line.name)
    row = line.shake_hands().exchange().close()
    assert [(each["type"], each["protocol"]) for each in row.events] == [(1, "none"), (2, "TLS"), (3, "TLS")]


def test_where_something_else_follows_it_stays_clear_and_may_be_announced_again(own: Identity) -> None:
    tap = zertap.Tap(mode="zert")
    line = Line(tap, client_context(own), server_context(own, ssl.TLSVersion.TLSv1_3), preamble=PREAMBLE)
    assert tap.expect_handshake(line.name)
    line.push("server", b"\x16\x03")
    line.push("server", b"no hello after all")
    line.push("client", REQUEST)
    assert tap.expect_handshake(line.name)
    assert line.shake_hands().exchange().close().verdict == "protected"


def test_a_handshake_that_fails_is_a_failure() -> None:
    tap = zertap.Tap(mode="zert")
    name = tap.open_stream(1, CLIENT, SERVER)
    tap.push_stream(name, "client", REQUEST, 2)
    tap.push_stream(name, "server", RESPONSE, 3)
    tap.expect_handshake(name)
    tap.push_stream(name, "client", CLIENT_HELLO, 4)
    tap.end_stream(name, "server", 5, "rst")
    (row,) = tap.drain()
    assert (row.verdict, row.reason, row.gave_up) == ("failed", "reset", "server")


def test_ssh_may_be_announced_as_well() -> None:
    tap = zertap.Tap(mode="zert")
    name = tap.open_stream(1, CLIENT, SERVER)
    tap.push_stream(name, "client", REQUEST, 2)
    tap.expect_handshake(name)
    tap.push_stream(name, "server", b"SSH-2.0-Example\r\n", 3)
    tap.finish()
    (row,) = tap.drain()
    assert row.ssh and (row.verdict, row.ssh.server_banner) == ("in_progress", "SSH-2.0-Example")


def test_where_no_handshake_can_follow_the_call_says_so(own: Identity) -> None:
    """Only the first handshake is observed; and where nothing has flowed, it is expected anyway."""
    tap = zertap.Tap()
    name = tap.open_stream(1, CLIENT, SERVER)
    assert tap.expect_handshake(name)
    line = Line(tap, client_context(own), server_context(own, ssl.TLSVersion.TLSv1_3)).shake_hands()
    assert not tap.expect_handshake(line.name)
    advised = tap.open_stream(1, SERVER, CLIENT)
    tap.push_stream(advised, "client", REQUEST, 2)
    tap.advise(advised, TlsAdvice(provider="x", outcome="protected"))
    assert not tap.expect_handshake(advised)
    tap.finish()
    assert not tap.expect_handshake(advised)
    assert (tap.counters["calls_late"], tap.counters["calls_gone"]) == (2, 1)


def test_packets_are_followed_from_there_as_streams_are() -> None:
    """Retransmissions and a segment out of order before and after the call."""
    ends = CLIENT, SERVER
    tap = zertap.Tap(mode="zert")
    tap.push_segment(1, *ends, sequence=99, acknowledgment=0, flags=2)
    tap.push_segment(2, *ends[::-1], sequence=499, acknowledgment=100, flags=18)
    tap.push_segment(3, *ends, sequence=100, acknowledgment=500, flags=24, payload=REQUEST)
    tap.push_segment(4, *ends[::-1], sequence=500, acknowledgment=100 + len(REQUEST), flags=24, payload=RESPONSE)
    assert tap.expect_handshake(ends)
    at, ack = 100 + len(REQUEST), 500 + len(RESPONSE)
    tap.push_segment(5, *ends, sequence=100, acknowledgment=500, flags=24, payload=REQUEST)
    tap.push_segment(6, *ends, sequence=at + 50, acknowledgment=ack, flags=24, payload=CLIENT_HELLO[50:])
    tap.push_segment(7, *ends, sequence=at, acknowledgment=ack, flags=24, payload=CLIENT_HELLO[:50])
    tap.finish()
    (row,) = tap.drain()
    assert row.tls and (row.verdict, row.tls.sni, row.flags) == ("in_progress", "example.org", ["upgraded"])
