"""Fast equals plain."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import SSH_2, SSL_2, TLS_12, TLS_13, connection, event
from strategies import details, text
from zertap.smf.layout import LayoutError
from zertap.zert import bulk
from zertap.zert.bulk import DetailEncoder, DetailTemplate
from zertap.zert.codec import encode_detail, section_values
from zertap.zert.codes import Codes, Confidence
from zertap.zert.events import Event, EventType
from zertap.zert.facts import ConnectionFacts, Side
from zertap.zert.layouts import COMMON_11, Shape
from zertap.zert.mapping import Settings, detail_record
from zertap.zert.records import DetailRecord

CHOICES = [
    Settings(shape=shape, codes=Codes(level), header_offset=o)
    for shape in Shape
    for level in Confidence
    for o in (0, -7)
]
ENCODERS = [DetailEncoder(choice) for choice in CHOICES]

BIG = st.integers(min_value=0, max_value=2**64 - 1)
TIMES = st.integers(min_value=10**9, max_value=2**62)
CONNECTIONS = st.builds(
    ConnectionFacts,
    number=BIG,
    established=TIMES,
    client_address=st.ip_addresses(v=4).map(str),
    server_address=st.ip_addresses(v=4).map(str),
    client_port=st.integers(min_value=0, max_value=65_535),
    server_port=st.integers(min_value=0, max_value=65_535),
    octets_client=BIG,
    octets_server=BIG,
    segments_client=BIG,
    segments_server=BIG,
    tls=st.sampled_from([None, TLS_12, TLS_13, SSL_2]),
    ssh=st.sampled_from([None, SSH_2]),
    session_id=st.binary(max_size=40),
    reset_by_policy=st.booleans(),
    job_name=text(8),
)
EVENTS = st.builds(
    Event,
    type=st.sampled_from([k for k in EventType if k not in (EventType.ENABLED, EventType.DISABLED)]),
    at=TIMES,
    protocol=st.sampled_from(["TLS", "SSH"]),
    failed=st.booleans(),
) | st.builds(Event, st.just(EventType.CHANGE), TIMES, st.just("none"), st.just(False))


@settings(max_examples=400)
@given(CONNECTIONS, EVENTS, st.sampled_from(list(Side)), st.sampled_from(ENCODERS))
def test_the_fast_way_gives_the_octets_of_the_plain_way(
    facts: ConnectionFacts, event_: Event, local: Side, encoder: DetailEncoder
) -> None:
    choice = CHOICES[ENCODERS.index(encoder)]
    plain = encode_detail(detail_record(facts, event_, choice, local), choice.shape)
    assert encoder.encode(facts, event_, local) == plain


@settings(max_examples=60, deadline=None)
@given(details(), details(), st.sampled_from(list(Shape)))
def test_a_template_gives_the_siblings_of_its_record(record: DetailRecord, other: DetailRecord, shape: Shape) -> None:
    """Whatever sections it has, header time, common section and session id alone change."""
    tls, session = record.tls, b""
    if tls is not None and not tls.failed:
        session = other.tls.session_id if other.tls is not None else b"\1"
        tls = replace(tls, session_id_length=len(session), session_id=session.ljust(32, b"\0"))
    header = replace(record.header, time=other.header.time, date=other.header.date)
    sibling = replace(record, header=header, common=other.common, tls=tls)
    values = section_values(COMMON_11, other.common)
    fast = DetailTemplate(record, shape).encode(header.time, header.date, values, session)
    assert fast == encode_detail(sibling, shape)


def test_templates_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST_TEMPLATES", 4)
    encoder = DetailEncoder(Settings())
    at = event(EventType.INITIATION, "TLS")
    for bits in range(1, 20):
        facts = connection(replace(TLS_12, cipher=bits))
        assert encoder.encode(facts, at) == encode_detail(detail_record(facts, at, Settings()))
        assert len(encoder._templates) <= 4


def test_facts_that_died_do_not_lend_their_template_to_others() -> None:
    """Templates are found by identity, so they keep what they were made from alive."""
    encoder = DetailEncoder(Settings())
    at = event(EventType.INITIATION, "TLS")
    for cipher in range(200):
        facts = connection(replace(TLS_12, cipher=cipher))
        assert f"{cipher:04X}".encode("cp037") in encoder.encode(facts, at)


def test_the_fast_way_names_a_value_that_does_not_fit() -> None:
    encoder, at = DetailEncoder(Settings()), event(EventType.INITIATION)
    facts = replace(connection(), client_port=70_000)
    for _ in range(2):
        with pytest.raises(LayoutError, match="SARPort"):
            encoder.encode(facts, at)
        encoder.encode(connection(), at)


def test_all_events_from_all_sides_follow_one_another() -> None:
    facts = connection(TLS_13)
    both = [event(EventType.INITIATION, "TLS"), event(EventType.TERMINATION, "TLS", after=60)]
    octets = DetailEncoder(Settings()).encode_all(facts, both, (Side.SERVER, Side.CLIENT))
    plain = [encode_detail(detail_record(facts, e, Settings(), s)) for s in (Side.SERVER, Side.CLIENT) for e in both]
    assert octets == b"".join(plain)
