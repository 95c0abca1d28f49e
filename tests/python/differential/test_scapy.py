"""A second reader of our own captures: scapy's segments, its stream buffer and its TLS layer say what our rows say.

scapy takes the packets apart, puts the octets in order and reads the hellos and alerts; only the walk from record to
record is done here. Compared are the facts of both hellos, the alerts in clear, what makes a handshake an abbreviated
one, and the number of octets. What scapy cannot know (verdicts) is left to the other tests.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import zertap

pytest.importorskip("scapy", reason="scapy is not installed")
pytest.importorskip("cryptography", reason="scapy's TLS layer needs cryptography")

logging.getLogger("scapy").setLevel(logging.CRITICAL)

import scapy.contrib.geneve  # noqa: E402  importing these teaches scapy the tunnels
import scapy.contrib.mpls  # noqa: E402
import scapy.layers.ppp  # noqa: E402
import scapy.layers.vxlan  # noqa: E402, F401
from scapy.layers.inet import IP, TCP  # noqa: E402  after the logger is quiet
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.tls.all import TLS  # noqa: E402
from scapy.layers.tls.handshake import TLS13ServerHello, TLSClientHello, TLSServerHello  # noqa: E402
from scapy.layers.tls.record import TLSAlert, _tls_alert_description, _tls_alert_level  # noqa: E402
from scapy.packet import split_layers  # noqa: E402
from scapy.sessions import StringBuffer  # noqa: E402
from scapy.utils import PcapReader  # noqa: E402

OWN = Path(__file__).resolve().parents[3] / "pcaps/captures"
# scapy reads no zstd, stops at AH and at extension headers, and knows no VLAN of a connection.
BEYOND_SCAPY = {"file-zstd.pcap.zst", "link-ah.pcap", "link-extensions.pcap", "link-two-vlans.pcap"}
CAPTURES = sorted(path for path in OWN.iterdir() if path.name not in BEYOND_SCAPY)
# An alert follows what had failed the handshake already; we read no further.
SAID_LATER = {"gnutls-tls12-client-certificate-untrusted.pcap", "tls-record-too-long.pcap"}
VERSIONS = {"SSLv3": 0x0300, "TLSv1.0": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
CCS, ALERT, HANDSHAKE = 20, 21, 22
CLIENT_HELLO, SERVER_HELLO = 1, 2
FULL_ONLY = {11, 12, 14}
"""Certificate, ServerKeyExchange, ServerHelloDone: a server that sends one of them resumes nothing."""
SPOILT = {"one_sided", "truncated", "gap", "midstream", "upgraded"}
"""Flags of connections whose octets scapy's buffer cannot put together, or whose TLS begins in mid-stream."""

Row = dict[str, Any]
End = tuple[str, int]


@dataclass
class Talk:
    """One connection as scapy's segments show it: a buffer for each direction, the client's first."""

    client: End
    first: dict[End, int] = field(default_factory=dict)
    buffers: dict[End, StringBuffer] = field(default_factory=dict)

    def take(self, source: End, segment: Any, length: int) -> None:
        begin = int(segment.seq) + ("S" in segment.flags)
        first = self.first.setdefault(source, begin)
        offset = (begin - first) % (1 << 32)
        # An octet below the first (a keep-alive) or a FIN is none of the stream's.
        if length and offset < 1 << 31:
            self.buffers.setdefault(source, StringBuffer()).append(bytes(segment.payload)[:length], offset + 1)

    def octets(self, source: End) -> bytes:
        return bytes(self.buffers[source].content) if source in self.buffers else b""


def _talks(path: Path) -> dict[frozenset[End], list[Talk]]:
    talks: dict[frozenset[End], list[Talk]] = {}
    with PcapReader(str(path)) as reader:
        for packet in reader:
            found = _segment(packet)
            if found is None:
                continue
            source, target, segment, length = found
            known = talks.setdefault(frozenset((source, target)), [])
            opens = "S" in segment.flags and "A" not in segment.flags
            if not known or (opens and known[-1].first.get(source) not in {None, int(segment.seq) + 1}):
                known.append(Talk(source))
            known[-1].take(source, segment, length)
    return talks


def _segment(packet: Any) -> tuple[End, End, Any, int] | None:
    """Both ends, the TCP header, and the length of its payload by the IP header (frames have padding)."""
    if TCP not in packet:
        return None
    segment = packet[TCP]
    network = segment.underlayer
    inner = network.len - 4 * network.ihl if isinstance(network, IP) else network.plen
    assert isinstance(network, IP | IPv6)
    ends = (str(network.src), int(segment.sport)), (str(network.dst), int(segment.dport))
    return *ends, segment, int(inner) - 4 * int(segment.dataofs)


def _records(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Content type and body of each record, as long as there are records."""
    at = 0
    while at + 5 <= len(octets) and octets[at] in {CCS, ALERT, HANDSHAKE, 23, 24} and octets[at + 1] == 3:
        length = int.from_bytes(octets[at + 3 : at + 5])
        yield octets[at], octets[at + 5 : at + 5 + length]
        at += 5 + length


def _in_clear(octets: bytes, *, modern: bool) -> tuple[list[bytes], list[Any]]:
    """Handshake messages and alerts that one side sent in clear; in TLS 1.3 a CCS means nothing."""
    stream, alerts = b"", []
    for kind, body in _records(octets):
        if kind == CCS and not modern:
            break
        if kind == HANDSHAKE:
            stream += body
        elif kind == ALERT and len(body) == 2:
            alerts.append(TLSAlert(body))
    return list(_messages(stream)), alerts


def _messages(stream: bytes) -> Iterator[bytes]:
    while len(stream) >= 4:
        length = 4 + int.from_bytes(stream[1:4])
        yield stream[:length]
        stream = stream[length:]


def _extensions(hello: Any) -> dict[int, Any]:
    return {int(extension.type): extension for extension in hello.ext or []}


def _server_hello(messages: list[bytes]) -> tuple[Any, bool]:
    """The ServerHello that counts, and whether a HelloRetryRequest came before it."""
    hellos = [message for message in messages if message[0] == SERVER_HELLO]
    real = [message for message in hellos if message[6:38] != RETRY]
    if not real:
        return None, bool(hellos)
    plain = TLSServerHello(real[0])
    modern = TLS13ServerHello(real[0]) if 43 in _extensions(plain) else plain
    return modern, len(real) < len(hellos)


def _read(talk: Talk, client: End, server: End) -> Row:
    """What scapy says of one connection, in the words of our schema."""
    hello, _ = _server_hello(_in_clear(talk.octets(server), modern=False)[0])
    modern = hello is not None and 43 in _extensions(hello)
    said = {side: _in_clear(talk.octets(end), modern=modern) for side, end in (("client", client), ("server", server))}
    hello, retried = _server_hello(said["server"][0])
    facts: Row = {"alerts": sorted(_alerts(said)), **_of_client(said["client"][0])}
    if hello is not None or retried:
        facts["hello_retry"] = retried
    if hello is not None:
        facts |= _of_server(hello, {message[0] for message in said["server"][0]})
    return facts


def _alerts(said: dict[str, tuple[list[bytes], list[Any]]]) -> Iterator[tuple[str, str, str]]:
    for side, (_, alerts) in said.items():
        for alert in alerts:
            yield side, _tls_alert_level[alert.level], _tls_alert_description[alert.descr]


def _of_client(messages: list[bytes]) -> Row:
    hellos = [TLSClientHello(message) for message in messages if message[0] == CLIENT_HELLO]
    if not hellos:
        return {}
    extensions = _extensions(hellos[-1])
    names = extensions[0].servernames if 0 in extensions else []
    return {
        "sni": names[0].servername.decode() if names else None,
        "early_data_offered": 42 in _extensions(hellos[0]),
    }


def _of_server(hello: Any, sent: set[int]) -> Row:
    extensions = _extensions(hello)
    facts: Row = {"cipher": f"{int(hello.cipher):04X}", "session_id": bytes(hello.sid).hex().upper() or None}
    if 43 in extensions:
        share = extensions.get(51)
        group = int(share.server_share.group) if share is not None else None
        return facts | {"version": int(extensions[43].version), "group_id": group, "resumed": 41 in extensions}
    return facts | {
        "version": int(hello.version),
        "resumed": not sent & FULL_ONLY,
        "extended_master_secret": 23 in extensions,
        "encrypt_then_mac": 22 in extensions,
        "alpn": extensions[16].protocols[0].protocol.decode() if 16 in extensions else None,
    }


def _ours(row: Row) -> Row:
    tls = row["tls"]
    clear = [(alert["from"], alert["level"], alert["description"]) for alert in tls["alerts"] if not alert["encrypted"]]
    facts: Row = tls | {"version": VERSIONS.get(tls["version"]), "alerts": sorted(clear)}
    return facts


@dataclass
class Compared:
    """What was compared, and what differs."""

    rows: int = 0
    hellos: int = 0
    versions: set[int] = field(default_factory=set)
    octets: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)


@cache
def _compared() -> Compared:
    split_layers(TCP, TLS)  # segments first: the TLS layer must not read a segment as a record because of its port
    result = Compared()
    for path in CAPTURES:
        talks = _talks(path)
        for connection in zertap.observe(path):
            row = connection.to_dict()
            if not SPOILT & set(row["flags"]):
                _compare(result, path.name, row, talks)
    return result


def _compare(result: Compared, name: str, row: Row, talks: dict[frozenset[End], list[Talk]]) -> None:
    client, server = (row["client_ip"], row["client_port"]), (row["server_ip"], row["server_port"])
    talk = talks[frozenset((client, server))][row["ordinal"] - 1]
    result.rows += 1
    for side, end in (("client", client), ("server", server)):
        if row[f"bytes_{side}"] != len(talk.octets(end)):
            result.octets.append(f"{name}: {side}: scapy {len(talk.octets(end))}, ours {row[f'bytes_{side}']}")
    if row["protocol"] != "tls":
        return
    ours = _ours(row)
    starter = client if talk.octets(client)[5:6] == bytes([CLIENT_HELLO]) else server
    theirs = _read(talk, starter, server if starter == client else client)
    if starter == server:
        theirs["alerts"] = sorted(
            ("server" if side == "client" else "client", *rest) for side, *rest in theirs["alerts"]
        )
    result.hellos += "cipher" in theirs
    result.versions.add(theirs.get("version", 0))
    for key, value in theirs.items():
        later = key == "alerts" and name in SAID_LATER and set(ours[key]) < set(value)
        if not later and not _agree(key, value, ours[key], row):
            result.facts.append(f"{name}: {key}: scapy {value!r}, ours {ours[key]!r} ({row['verdict']})")


def _agree(key: str, theirs: Any, ours: Any, row: Row) -> bool:
    if key == "resumed" and row["verdict"] not in {"protected", "ended_clear"}:
        return True  # an outcome of ours, a fact of the hello for scapy
    if key == "early_data_offered" and ours is None:
        return row["tls"]["version"] is None  # told together with what the server chose
    if key == "alerts" and row["reason"] == "closed":
        return set(ours) <= set(theirs)  # what was said to a side that had left
    return bool(theirs == ours)


def test_hellos_and_alerts_are_those_that_scapy_reads() -> None:
    assert not _compared().facts, "\n".join(_compared().facts)


def test_octets_are_as_many_as_scapy_puts_in_order() -> None:
    assert not _compared().octets, "\n".join(_compared().octets)


def test_enough_was_compared_to_mean_something() -> None:
    result = _compared()
    assert result.rows > 150
    assert result.hellos > 70
    assert result.versions >= set(VERSIONS.values())
