"""Every rule by which a connection becomes a record."""

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from cases import BOTH, CLIENT, SERVER, SSH_2, SSL_2, T0, TLS_12, TLS_13, connection, event
from zertap.zert.codes import Codes, Confidence
from zertap.zert.events import EventType
from zertap.zert.facts import CertificateFacts, Side, SshFacts, TlsFacts
from zertap.zert.layouts import Shape
from zertap.zert.local import local_sides
from zertap.zert.mapping import (
    Settings,
    SystemNames,
    cipher_text,
    detail_record,
    switch_record,
)
from zertap.zert.records import Common, DistinguishedName, SshSection, TlsSection

PLAIN = Settings()
RECALLED = Settings(codes=Codes(Confidence.RECALLED))
FAILED_TLS = TlsSection(source=1, handshake_type=3, provider="Observation", cipher="FFFFFF")
FAILED_SSH = SshSection(source=1, flags=0x80, provider="Observation")


def test_a_failed_tls_handshake_keeps_source_provider_type_and_cipher_alone() -> None:
    record = detail_record(
        connection(TLS_12, session_id=b"abc"), event(EventType.INITIATION, "TLS", failed=True), PLAIN
    )
    assert record.tls == FAILED_TLS
    assert record.common.protocols == 0x80
    assert record.names == ()


def test_a_failed_ssh_handshake_keeps_source_provider_and_flag_alone() -> None:
    record = detail_record(connection(ssh=SSH_2), event(EventType.SHORT_TERMINATION, "SSH", failed=True), PLAIN)
    assert record.ssh == FAILED_SSH
    assert record.common.protocols == 0x40


@pytest.mark.parametrize("shape", [Shape.V2R3, Shape.V2R5])
def test_before_3_2_a_failed_handshake_is_no_protection(shape: Shape) -> None:
    record = detail_record(connection(TLS_12), event(EventType.INITIATION, "TLS", failed=True), Settings(shape=shape))
    assert record.tls is None
    assert record.common.protocols == 0


def test_no_protection_has_no_section() -> None:
    record = detail_record(connection(TLS_12), event(EventType.CHANGE), PLAIN)
    assert (record.tls, record.ssh, record.names, record.common.protocols) == (None, None, (), 0)


def test_inbound_is_what_the_local_side_received() -> None:
    server, client = (detail_record(connection(), event(EventType.TERMINATION), PLAIN, side).common for side in BOTH)
    assert (server.local, server.local_port, server.remote, server.remote_port) == (
        "192.0.2.7",
        443,
        "10.1.1.1",
        40_001,
    )
    assert (server.in_bytes, server.out_bytes) == (1_000, 200_000)
    assert (server.in_segments, server.out_segments) == (12, 150)
    assert (client.local, client.local_port, client.remote, client.remote_port) == (
        "10.1.1.1",
        40_001,
        "192.0.2.7",
        443,
    )
    assert (client.in_bytes, client.out_bytes) == (200_000, 1_000)
    assert (client.in_segments, client.out_segments) == (150, 12)


def test_flags_tell_ip_version_and_local_role() -> None:
    six = connection(client="2001:db8::1", server="2001:db8::2")
    flags = [
        detail_record(c, event(EventType.INITIATION), PLAIN, s).common.flags for c in (connection(), six) for s in BOTH
    ]
    assert flags == [0x10, 0x08, 0x90, 0x88]


def test_before_3_2_the_local_role_is_not_told() -> None:
    for shape in (Shape.V2R3, Shape.V2R5):
        record = detail_record(connection(), event(EventType.INITIATION), Settings(shape=shape))
        assert record.common.flags == 0


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (EventType.INITIATION, False),
        (EventType.CHANGE, False),
        (EventType.TERMINATION, True),
        (EventType.SHORT_TERMINATION, True),
    ],
)
def test_state_17_a_reset_by_policy_is_told_at_the_end_alone(kind: EventType, told: bool) -> None:
    record = detail_record(connection(reset=True), event(kind), PLAIN)
    assert bool(record.common.flags & 0x20) == told


@pytest.mark.parametrize("kind", [k for k in EventType if k not in (EventType.ENABLED, EventType.DISABLED)])
def test_the_end_is_told_by_events_3_and_4_alone(kind: EventType) -> None:
    common = detail_record(connection(), event(kind, after=12.345), PLAIN).common
    assert common.event == int(kind)
    assert common.start == datetime(2026, 11, 21, 13, 24, 5, 670_000, UTC)
    if kind in (EventType.TERMINATION, EventType.SHORT_TERMINATION):
        assert common.end == datetime(2026, 11, 21, 13, 24, 18, 20_000, UTC)
    else:
        assert (common.end_time, common.end_date) == (0, 0)


def test_the_header_has_the_events_time_and_may_be_moved() -> None:
    event_ = event(EventType.INITIATION)
    moved = Settings(header_offset=11 * 3600 * 1_000_000_000)
    assert detail_record(connection(), event_, PLAIN).header.written == datetime(2026, 11, 21, 13, 24, 15, 670_000, UTC)
    record = detail_record(connection(), event_, moved)
    assert record.header.written == datetime(2026, 11, 22, 0, 24, 15, 670_000, UTC)
    assert record.common.start_date == detail_record(connection(), event_, PLAIN).common.start_date


def test_the_connection_id_is_the_low_32_bits() -> None:
    assert detail_record(connection(), event(EventType.INITIATION), PLAIN).common.connection_id == 7


def test_tls_facts_become_codes_that_are_sourced_or_likely() -> None:
    tls = detail_record(connection(TLS_12, session_id=b"\1\2\0"), event(EventType.INITIATION, "TLS"), PLAIN).tls
    assert tls == TlsSection(
        version=0x0303,
        source=1,
        handshake_type=1,
        handshake_role=3,
        session_id_length=3,
        session_id=b"\1\2\0".ljust(32, b"\0"),
        provider="Observation",
        cipher="C02F",
        encryption=0x0012,
        message_authentication=0x0001,
        key_exchange=0,
        server_certificate_signature=7,
        server_certificate_encryption=2,
        server_certificate_digest=6,
        server_certificate_serial_length=2,
        server_certificate_serial=b"\x0a\0".ljust(20, b"\0"),
        server_certificate_time_type=1,
        server_certificate_time="271231235959Z",
        server_certificate_key_type=2,
        server_certificate_key_bits=2048,
        client_certificate_signature=0,
        client_certificate_encryption=4,
        client_certificate_digest=6,
        client_certificate_serial_length=20,
        client_certificate_serial=bytes(range(1, 21)),
        client_certificate_time_type=2,
        client_certificate_time="20501231235959Z",
        client_certificate_key_type=5,
        client_certificate_key_bits=256,
    )


def test_recalled_codes_are_written_on_request() -> None:
    tls = detail_record(connection(TLS_12), event(EventType.INITIATION, "TLS"), RECALLED).tls
    assert tls is not None
    assert (tls.key_exchange, tls.client_certificate_signature) == (0x14, 0x0C)


def test_tls_13_has_no_known_key_exchange_code_at_any_confidence() -> None:
    tls = detail_record(connection(TLS_13), event(EventType.INITIATION, "TLS"), RECALLED).tls
    assert tls is not None
    assert (tls.version, tls.cipher, tls.encryption, tls.key_exchange) == (0x0304, "1302", 0x13, 0)
    assert tls.handshake_type == 2


@pytest.mark.parametrize(
    ("version", "cipher", "text"),
    [
        (0x0303, 0x002F, "002F"),
        (0x0304, 0x1301, "1301"),
        (0x0200, 0x010080, "010080"),
        (0x0303, None, "FFFFFF"),
        (0, 0x1301, "FFFFFF"),
    ],
)
def test_the_cipher_is_four_digits_six_for_sslv2_and_ffffff_when_unknown(
    version: int, cipher: int | None, text: str
) -> None:
    assert cipher_text(version, cipher) == text


def test_sslv2_is_version_0200_with_a_six_digit_cipher() -> None:
    tls = detail_record(connection(SSL_2), event(EventType.INITIATION, "TLS"), PLAIN).tls
    assert tls is not None
    assert (tls.version, tls.cipher, tls.encryption, tls.message_authentication, tls.key_exchange) == (
        0x0200,
        "0700C0",
        4,
        3,
        2,
    )


def test_a_version_without_a_code_makes_the_cipher_unknown_too() -> None:
    draft = TlsFacts(version=0x7F1C, cipher=0x1301, bulk_cipher="AES-128-GCM")
    tls = detail_record(connection(draft), event(EventType.INITIATION, "TLS"), PLAIN).tls
    assert tls is not None
    assert (tls.version, tls.cipher) == (0, "FFFFFF")


@pytest.mark.parametrize(
    ("facts", "local", "role"),
    [
        (TlsFacts(version=0x0303), Side.SERVER, 2),
        (TlsFacts(version=0x0303), Side.CLIENT, 1),
        (TlsFacts(version=0x0303, client=Side.SERVER), Side.SERVER, 1),
        (TlsFacts(version=0x0303, client=Side.SERVER), Side.CLIENT, 2),
        (TlsFacts(version=0x0303, client=None), Side.SERVER, 0),
        (TlsFacts(version=0x0303, client_certificate_requested=True), Side.SERVER, 3),
        (TlsFacts(version=0x0303, client_certificate_requested=True), Side.CLIENT, 1),
        (TlsFacts(version=0x0303, client_certificate=CLIENT), Side.SERVER, 3),
    ],
)
def test_the_handshake_role_is_the_tls_role_of_the_local_side(facts: TlsFacts, local: Side, role: int) -> None:
    tls = detail_record(connection(facts), event(EventType.INITIATION, "TLS"), PLAIN, local).tls
    assert tls is not None
    assert tls.handshake_role == role


def test_encrypt_then_mac_is_a_flag() -> None:
    tls = detail_record(connection(TlsFacts(encrypt_then_mac=True)), event(EventType.INITIATION, "TLS"), PLAIN).tls
    assert tls is not None
    assert tls.crypto_flags == 0x80


def test_a_serial_longer_than_its_field_is_left_out_rather_than_cut() -> None:
    facts = TlsFacts(server_certificate=CertificateFacts(serial=bytes(range(1, 22))))
    tls = detail_record(connection(facts), event(EventType.INITIATION, "TLS"), PLAIN).tls
    assert tls is not None
    assert (tls.server_certificate_serial_length, tls.server_certificate_serial) == (0, bytes(20))


def test_the_sign_octet_of_a_serial_gives_way_when_nothing_else_is_too_much() -> None:
    facts = TlsFacts(server_certificate=CertificateFacts(serial=b"\0" + bytes(range(0x90, 0xA4))))
    tls = detail_record(connection(facts), event(EventType.INITIATION, "TLS"), PLAIN).tls
    assert tls is not None
    assert (tls.server_certificate_serial_length, tls.server_certificate_serial) == (
        20,
        bytes(range(0x90, 0xA4)),
    )


def test_names_are_written_as_far_as_the_code_for_whose_they_are_is_known() -> None:
    at = event(EventType.INITIATION, "TLS")
    assert detail_record(connection(TLS_12), at, PLAIN).names == (DistinguishedName(5, "CN=www[1].example"),)
    every = detail_record(connection(TLS_12), at, RECALLED).names
    assert [name.type for name in every] == [5, 6, 7, 8]
    assert [name.name for name in every] == [SERVER.subject, SERVER.issuer, CLIENT.subject, CLIENT.issuer]


def test_ssh_directions_follow_the_local_role() -> None:
    server, client = (
        detail_record(connection(ssh=SSH_2), event(EventType.INITIATION, "SSH"), PLAIN, side).ssh for side in BOTH
    )
    assert server is not None
    assert client is not None
    assert (server.in_encryption, server.in_message_authentication) == (0x11, 4)
    assert (server.out_encryption, server.out_message_authentication) == (0x0C, 3)
    assert server.crypto_flags == 0x80
    assert (client.in_encryption, client.out_encryption, client.crypto_flags) == (0x0C, 0x11, 0x40)


def test_ssh_facts_become_codes() -> None:
    ssh = detail_record(connection(ssh=SSH_2), event(EventType.INITIATION, "SSH"), PLAIN).ssh
    assert ssh is not None
    assert (ssh.version, ssh.source, ssh.flags, ssh.provider) == (2, 1, 0, "Observation")
    assert (ssh.key_exchange, ssh.server_key_type, ssh.server_key_bits) == (6, 2, 3072)
    assert (ssh.server_fingerprint_length, ssh.server_fingerprint[:32]) == (32, bytes(range(32)))
    assert (ssh.authentication, ssh.client_key_type) == (0, 0)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (SshFacts(version=2, host_key="ssh-ed25519"), 0),
        (SshFacts(version=2, host_key="rsa-sha2-256"), 2),
        (SshFacts(version=2, host_key="rsa-sha2-256", host_key_type="ssh-rsa"), 2),
        (SshFacts(version=1, host_key_type="rsa1"), 6),
        (SshFacts(version=2), 0),
    ],
)
def test_the_host_key_is_that_seen_or_else_that_negotiated(facts: SshFacts, code: int) -> None:
    ssh = detail_record(connection(ssh=facts), event(EventType.INITIATION, "SSH"), PLAIN).ssh
    assert ssh is not None
    assert ssh.server_key_type == code


def test_protection_without_facts_is_unknown_and_not_failed() -> None:
    tls = detail_record(connection(), event(EventType.INITIATION, "TLS"), PLAIN).tls
    ssh = detail_record(connection(), event(EventType.INITIATION, "SSH"), PLAIN).ssh
    assert tls == TlsSection(source=1, provider="Observation", cipher="FFFFFF")
    assert ssh == SshSection(source=1, provider="Observation")


@pytest.mark.parametrize("kind", [EventType.ENABLED, EventType.DISABLED])
def test_enabled_and_disabled_have_no_connection_data(kind: EventType) -> None:
    record = switch_record(kind, T0, PLAIN)
    assert record.common == Common(event=int(kind))
    assert record.ident.component == "STACK"
    assert (record.tls, record.ssh) == (None, None)


def test_other_events_need_a_connection() -> None:
    with pytest.raises(ValueError, match="INITIATION"):
        switch_record(EventType.INITIATION, T0, PLAIN)


def test_identification_comes_from_configuration() -> None:
    names = SystemNames(system="SYS1", sysplex="PLEX", stack="TCPIP", user="TCPIP", asid=77, smf_id="SYS1")
    record = detail_record(connection(), event(EventType.INITIATION), Settings(names))
    assert (record.ident.system, record.ident.sysplex, record.ident.stack) == ("SYS1", "PLEX", "TCPIP")
    assert (record.ident.component, record.ident.reason, record.ident.asid) == ("STACK", 0x08, 77)
    assert record.header.system_id == "SYS1"


TEN, NET = ip_network("10.0.0.0/8"), ip_network("192.0.2.0/24")


@pytest.mark.parametrize(
    ("networks", "sides"),
    [
        ([], (Side.SERVER,)),
        ([TEN], (Side.CLIENT,)),
        ([NET], (Side.SERVER,)),
        ([TEN, NET], (Side.SERVER, Side.CLIENT)),
        ([ip_network("2001:db8::/32")], (Side.SERVER,)),
    ],
)
def test_local_sides(networks: list[object], sides: tuple[Side, ...]) -> None:
    assert local_sides("10.1.1.1", "192.0.2.7", networks) == sides  # type: ignore[arg-type]
