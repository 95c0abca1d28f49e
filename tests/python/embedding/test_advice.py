"""A provider's advice: its word stands beside what was observed, in rows and in records."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

import zertap
from embedding.conversing import CLIENT, SERVER, Identity, Line, client_context, identity, server_context
from wire import CLIENT_HELLO, HANDSHAKE_FAILURE, REQUEST, RESPONSE, SECOND
from zertap import _native
from zertap.advice import SshAdvice, TlsAdvice, from_ssl
from zertap.plans import Part
from zertap.rows import RECORD_ROWS, RowReader
from zertap.zert.events import EventType
from zertap.zert.mapping import Settings, detail_record

COMPLETE = TlsAdvice(
    provider="Example SSL",
    outcome="protected",
    version="TLSv1.3",
    cipher="TLS_AES_128_GCM_SHA256",
    group="x25519",
    resumed=False,
    client="client",
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return identity(tmp_path_factory.mktemp("own"), "server.test")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return identity(tmp_path_factory.mktemp("theirs"), "client.test")


def opened(tap: zertap.Tap, *said: tuple[str, bytes]) -> int:
    name = tap.open_stream(1, CLIENT, SERVER)
    for number, (way, octets) in enumerate(said):
        tap.push_stream(name, way, octets, 2 + number)  # type: ignore[arg-type]
    return name


def only_row(tap: zertap.Tap) -> zertap.Connection:
    tap.finish()
    (row,) = tap.drain()
    return row


def test_without_advice_the_source_is_observation() -> None:
    tap = zertap.Tap()
    opened(tap, ("client", CLIENT_HELLO), ("server", HANDSHAKE_FAILURE))
    row = only_row(tap)
    assert (row.source, row.provider, row.note) in {("observation", None, 0), (None, None, 0)}


def test_a_provider_tells_of_a_handshake_that_nobody_could_observe() -> None:
    tap = zertap.Tap(mode="zert")
    name = opened(tap, ("client", REQUEST), ("server", RESPONSE))
    assert tap.advise(name, COMPLETE)
    row = only_row(tap)
    assert (row.verdict, row.protocol, row.source, row.provider) == ("protected", "tls", "provider", "Example SSL")
    assert row.tls and (row.tls.version, row.tls.group, row.tls.resumed) == ("TLSv1.3", "x25519", False)
    assert row.evidence["outcome"] == row.evidence["parameters"] == "advised"
    assert row.evidence["certificates"] == "not_visible"


def test_where_both_speak_the_provider_is_believed_and_what_it_does_not_mention_stays() -> None:
    tap = zertap.Tap()
    name = opened(tap, ("client", CLIENT_HELLO), ("server", HANDSHAKE_FAILURE))
    assert tap.advise(name, TlsAdvice(provider="Example SSL", outcome="protected", version="TLSv1.2"))
    row = only_row(tap)
    assert (row.verdict, row.reason, row.gave_up) == ("protected", None, None)
    assert row.tls and (row.tls.version, row.tls.sni) == ("TLSv1.2", "example.org")


def test_a_failure_that_only_the_provider_saw() -> None:
    tap = zertap.Tap(mode="zert")
    name = opened(tap, ("client", REQUEST))
    assert tap.advise(
        name, SshAdvice(provider="sshd", outcome="failed", reason="no_common_algorithm", gave_up="server")
    )
    row = only_row(tap)
    assert (row.verdict, row.protocol, row.reason, row.gave_up) == ("failed", "ssh", "no_common_algorithm", "server")


def test_later_advice_adds_to_earlier() -> None:
    tap = zertap.Tap()
    name = opened(tap, ("client", REQUEST))
    tap.advise(name, COMPLETE)
    tap.advise(name, TlsAdvice(provider="Example SSL", alpn="h2"))
    row = only_row(tap)
    assert row.tls and (row.tls.alpn, row.tls.version, row.verdict) == ("h2", "TLSv1.3", "protected")


def test_the_end_of_protection_is_told_too_and_shows_as_a_change() -> None:
    tap = zertap.Tap(mode="zert", rows={"moved", "due", "closed"})
    name = opened(tap, ("client", REQUEST))
    tap.advise(name, COMPLETE)
    tap.advance(11 * SECOND)
    assert tap.advise(name, TlsAdvice(provider="Example SSL", outcome="ended_clear"))
    tap.end_stream(name, "client", 12 * SECOND)
    tap.end_stream(name, "server", 12 * SECOND)
    rows = tap.drain()
    assert [each.kind for each in rows] == ["moved", "due", "moved", "closed"]
    assert [each.verdict for each in rows] == ["protected", "protected", "ended_clear", "ended_clear"]
    assert [event["type"] for event in rows[3].events] == [1, 2, 3]


def test_a_row_follows_only_if_something_is_new() -> None:
    tap = zertap.Tap(rows={"moved"})
    name = opened(tap, ("client", REQUEST))
    assert tap.advise(name, COMPLETE) and tap.advise(name, COMPLETE)
    assert [each.kind for each in tap.drain()] == ["moved"]


def test_advice_behind_the_report_is_late_and_counted() -> None:
    tap = zertap.Tap(rows={"due", "closed"})
    name = opened(tap, ("client", CLIENT_HELLO), ("server", HANDSHAKE_FAILURE))
    tap.advance(11 * SECOND)
    assert not tap.advise(name, COMPLETE)
    tap.end_stream(name, "server", 12 * SECOND, "rst")
    assert not tap.advise(name, COMPLETE)
    assert (tap.counters["calls_late"], tap.counters["calls_gone"]) == (1, 1)
    assert tap.drain().summary() == {"failed": 1}


def test_a_mark_comes_back_in_every_later_row() -> None:
    tap = zertap.Tap(rows={"opened", "due", "unfinished"})
    name = opened(tap, ("client", REQUEST))
    (row,) = tap.drain()
    assert row.kind == "opened" and tap.mark(row, 2**63 + 7)
    tap.advance(11 * SECOND)
    tap.finish()
    assert [each.note for each in tap.drain()] == [2**63 + 7] * 2
    assert not tap.mark(name, 1) and not tap.mark(row, 1)


def test_a_row_of_an_earlier_connection_names_not_the_one_that_took_its_place() -> None:
    tap = zertap.Tap(rows={"opened"})
    opened(tap)
    (row,) = tap.drain()
    opened(tap)
    assert not tap.mark(row, 1) and tap.mark((CLIENT, SERVER), 1)


@pytest.mark.parametrize(
    "facts",
    [
        {"protocol": "tls", "facts": {"colour": 1}},
        {"protocol": "ipsec", "facts": {}},
        {"protocol": "tls", "facts": {"outcome": "well"}},
        {"protocol": "tls", "facts": {"reason": "mood"}},
        {"protocol": "tls", "facts": {"server_certificate": b"no DER"}},
        {"protocol": "tls", "facts": {}, "provider": ""},
    ],
)
def test_advice_that_makes_no_sense_is_misuse(facts: dict[str, Any]) -> None:
    tap = _native.Tap()
    name = tap.open_stream(0, CLIENT, SERVER)
    with pytest.raises(zertap.Usage):
        tap.advise(name, facts["protocol"], facts.get("provider", "x"), facts["facts"])
    with pytest.raises(zertap.Usage):
        TlsAdvice(provider="x", cipher="TLS_OF_OUR_DREAMS").facts()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("asked", [False, True], ids=["server-only", "client-certificate"])
def test_what_the_ssl_module_knows_agrees_with_what_was_observed(
    own: Identity, theirs: Identity, version: ssl.TLSVersion, asked: bool
) -> None:
    def line(tap: zertap.Tap) -> Line:
        client = theirs if asked else None
        return Line(tap, client_context(own, client), server_context(own, version, client)).shake_hands().exchange()

    observed = line(zertap.Tap()).close()
    advised_line = line(zertap.Tap())
    for way in ("server", "client"):
        assert advised_line.tap.advise(advised_line.name, from_ssl(advised_line.ends[way]))
    advised = advised_line.close()
    assert observed.tls and advised.tls
    for name in ("version", "cipher", "sni", "resumed"):
        assert getattr(advised.tls, name) == getattr(observed.tls, name)
    assert (observed.verdict, advised.verdict, advised.provider) == ("protected", "protected", "OpenSSL")
    assert advised.tls.alpn == "http/1.1"
    assert advised.tls.server_certificate and "CN=server.test" in advised.tls.server_certificate["subject"]
    certificate = advised.tls.client_certificate
    assert bool(certificate) is asked and (not asked or "CN=client.test" in certificate["subject"])  # type: ignore[index]
    if version is ssl.TLSVersion.TLSv1_3:
        assert observed.tls.server_certificate is None and observed.tls.alpn is None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_resumption_is_told_and_observed(own: Identity, version: ssl.TLSVersion) -> None:
    contexts = client_context(own), server_context(own, version)
    first = Line(zertap.Tap(), *contexts).shake_hands().exchange()
    again = Line(zertap.Tap(), *contexts, session=first.ends["client"].session).shake_hands().exchange()
    told = from_ssl(again.ends["server"])
    assert (from_ssl(first.ends["server"]).resumed, told.resumed) == (False, True)
    again.tap.advise(again.name, told)
    row = again.close()
    assert row.tls and row.tls.resumed and row.handshake_type == 2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_refused_certificate_is_told_as_a_failure(own: Identity, theirs: Identity, version: ssl.TLSVersion) -> None:
    line = Line(zertap.Tap(mode="zert"), client_context(theirs), server_context(own, version)).shake_hands()
    failure = line.failures["client"]
    told = from_ssl(line.ends["client"], failure=failure)
    assert (told.outcome, told.reason, told.sni) == ("failed", "alert", "server.test")
    line.tap.advise(line.name, told)
    row = line.close()
    assert (row.verdict, row.reason, row.source) == ("failed", "alert", "provider")


def records(tap: zertap.Tap) -> list[Any]:
    """The detail records of all rows that wait."""
    part = Part(tap._tap.drain(), 0)
    reader = RowReader()
    told = reader.connections(part.batch, range(len(part.batch)))
    return [detail_record(facts, event, Settings()) for facts, events in told for event in events]


def test_records_name_source_and_provider_as_zert_does() -> None:
    tap = zertap.Tap(mode="zert", rows=RECORD_ROWS)
    advised = opened(tap, ("client", REQUEST))
    tap.advise(advised, COMPLETE)
    tap.end_stream(advised, "client", 9, "rst")
    failed = opened(tap, ("client", REQUEST))
    tap.advise(failed, SshAdvice(provider="sshd", outcome="failed"))
    tap.end_stream(failed, "client", 9, "rst")
    observed = opened(tap, ("client", CLIENT_HELLO), ("server", HANDSHAKE_FAILURE))
    tap.end_stream(observed, "client", 9, "rst")
    one, two, three = records(tap)
    assert {each.common.event for each in (one, two, three)} == {EventType.SHORT_TERMINATION}
    assert (one.tls.source, one.tls.provider, one.tls.cipher, one.tls.version) == (2, "Example SSL", "1301", 0x0304)
    assert (two.ssh.source, two.ssh.provider, two.ssh.flags) == (2, "sshd", 0x80)
    assert (three.tls.source, three.tls.provider, three.tls.cipher) == (1, "Observation", "FFFFFF")


@pytest.mark.parametrize("failed", [False, True])
def test_advice_behind_a_report_of_no_protection_is_a_change(failed: bool) -> None:
    """As a z/OS program that begins TLS late and unannounced: event 1 without protection, then event 2 (STATE-12)."""
    tap = zertap.Tap(mode="zert", rows=RECORD_ROWS)
    name = opened(tap, ("client", REQUEST), ("server", RESPONSE))
    tap.advance(11 * SECOND)
    said = TlsAdvice(provider="Example SSL", outcome="failed", reason="alert") if failed else COMPLETE
    assert tap.advise(name, said)
    tap.end_stream(name, "client", 12 * SECOND, "rst")
    shown = [
        (each.common.event, each.tls and (each.tls.source, each.tls.handshake_type, each.tls.cipher))
        for each in records(tap)
    ]
    change = (2, 3, "FFFFFF") if failed else (2, 1, "1301")
    assert shown == [(1, None), (2, change), (3, change)]


def test_an_early_mark_comes_too_late_once_something_was_reported() -> None:
    """Whose connection it is tells security sessions apart: it must not change between two records."""
    tap = zertap.Tap(mode="zert")
    name = opened(tap, ("client", REQUEST))
    assert tap.mark(name, 1, early=True) and tap.mark(name, 2, early=True)
    tap.advise(name, COMPLETE)
    tap.advise(name, TlsAdvice(provider="Example SSL", outcome="ended_clear"))
    assert not tap.mark(name, 3, early=True)
    assert tap.counters["calls_late"] == 1
    assert only_row(tap).note == 2
