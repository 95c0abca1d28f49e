"""Fast equals plain: stencils, filled as the native encoder fills them, are what the plain codec makes."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import SSH_2, SSL_2, TLS_12, TLS_13, connection, event
from strategies import text
from zertap.smf.fields import stamp
from zertap.zert.bulk import Hole, Stencil, stencil
from zertap.zert.codec import encode_detail
from zertap.zert.codes import Codes, Confidence
from zertap.zert.events import Event, EventType
from zertap.zert.facts import ConnectionFacts, Side
from zertap.zert.layouts import Shape
from zertap.zert.mapping import Settings, detail_record

CHOICES = [
    Settings(shape=shape, codes=Codes(level), header_offset=o)
    for shape in Shape
    for level in Confidence
    for o in (0, -7)
]

BIG = st.integers(min_value=0, max_value=2**64 - 1)
TIMES = st.integers(min_value=10**9, max_value=2**62)
PORTS = st.integers(min_value=0, max_value=65_535)
EVENTS = st.builds(
    Event,
    type=st.sampled_from([k for k in EventType if k not in (EventType.ENABLED, EventType.DISABLED)]),
    at=TIMES,
    protocol=st.sampled_from(["TLS", "SSH"]),
    failed=st.booleans(),
) | st.builds(Event, st.just(EventType.CHANGE), TIMES, st.just("none"), st.just(False))


@st.composite
def alike(draw: Any) -> tuple[ConnectionFacts, ConnectionFacts]:
    """Two connections that share what many share, and nothing else."""
    version = draw(st.sampled_from([4, 6]))
    shared = {
        "tls": draw(st.sampled_from([None, TLS_12, TLS_13, SSL_2])),
        "ssh": draw(st.sampled_from([None, SSH_2])),
        "reset_by_policy": draw(st.booleans()),
        "job_name": draw(text(8)),
    }
    own = st.builds(
        ConnectionFacts,
        number=BIG,
        established=TIMES,
        client_address=st.ip_addresses(v=version).map(str),
        server_address=st.ip_addresses(v=version).map(str),
        client_port=PORTS,
        server_port=PORTS,
        octets_client=BIG,
        octets_server=BIG,
        segments_client=BIG,
        segments_server=BIG,
        session_id=st.binary(max_size=40),
    )
    return replace(draw(own), **shared), replace(draw(own), **shared)


def filled(made: Stencil, facts: ConnectionFacts, at: int, offset: int) -> bytes:
    """What the native encoder does, said once more."""
    octets = bytearray(made.octets)
    for hole in made.holes:
        octets[hole.offset : hole.offset + hole.length] = content(hole, facts, at, offset)
    return bytes(octets)


def content(hole: Hole, facts: ConnectionFacts, at: int, offset: int) -> bytes:
    times = {"established": facts.established, "event": at, "written": at + offset}
    session = facts.session_id[:32]
    numbers = {
        "connection": facts.number,
        "client_port": facts.client_port,
        "server_port": facts.server_port,
        "bytes_client": facts.octets_client,
        "bytes_server": facts.octets_server,
        "segments_client": facts.segments_client,
        "segments_server": facts.segments_server,
    }
    match hole.form:
        case "number":
            return numbers[hole.source].to_bytes(8)[-hole.length :]
        case "address":
            named = facts.client_address if hole.source == "client_ip" else facts.server_address
            return ip_address(named).packed.ljust(16, b"\0")
        case "hundredths":
            return stamp(times[hole.source])[0].to_bytes(4)
        case "day":
            return stamp(times[hole.source])[1].to_bytes(4)
        case "octets":
            return session.ljust(hole.length, b"\0")
        case "used":
            return len(session).to_bytes(hole.length)
    raise AssertionError(hole)


@settings(max_examples=400)
@given(alike(), EVENTS, TIMES, st.sampled_from(list(Side)), st.sampled_from(CHOICES))
def test_the_stencil_of_one_connection_fits_another_like_it(
    pair: tuple[ConnectionFacts, ConnectionFacts], event_: Event, at: int, local: Side, choice: Settings
) -> None:
    one, other = pair
    made = stencil(one, event_, 0, choice, local)
    plain = encode_detail(detail_record(other, event_._replace(at=at), choice, local), choice.shape)
    assert filled(made, other, at, choice.header_offset) == plain


@pytest.mark.parametrize("kind", [EventType.INITIATION, EventType.CHANGE, EventType.TERMINATION])
def test_holes_lie_in_the_record_and_never_on_one_another(kind: EventType) -> None:
    made = stencil(connection(TLS_12, session_id=b"12"), event(kind, "TLS"), 3, Settings(), Side.CLIENT)
    taken = [octet for hole in made.holes for octet in range(hole.offset, hole.offset + hole.length)]
    assert len(taken) == len(set(taken))
    assert max(taken) < len(made.octets)
    assert made.slot == 3


def test_what_only_ends_tell_is_no_hole_elsewhere() -> None:
    sources = {
        kind: [hole.source for hole in stencil(connection(), event(kind), 0, Settings(), Side.SERVER).holes]
        for kind in (EventType.INITIATION, EventType.TERMINATION)
    }
    assert "event" not in sources[EventType.INITIATION]
    assert sources[EventType.TERMINATION].count("event") == 2
