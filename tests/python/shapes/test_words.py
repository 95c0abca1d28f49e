"""How values change on their way into other shapes."""

from typing import Any

import pytest

from zertap.shapes import words


@pytest.mark.parametrize(
    ("closed", "established", "flags", "back", "state"),
    [
        ("fin", "2026", [], 3, "SF"),
        ("open", "2026", [], 3, "S1"),
        ("rst", "2026", [], 3, None),
        ("rst", None, [], 1, "REJ"),
        ("open", None, ["never_established"], 0, "S0"),
        ("open", None, [], 2, None),
        ("fin", "2026", ["midstream"], 3, "OTH"),
    ],
)
def test_zeeks_state_is_told_where_it_is_known(
    closed: str, established: str | None, flags: list[str], back: int, state: str | None
) -> None:
    assert words.zeek_state(closed, established, flags, back) == state


def test_times_keep_their_microseconds() -> None:
    time = "2026-01-02T03:04:05.123456789Z"
    assert words.epoch(time) == 1767323045.123456
    assert words.suricata_time(time) == "2026-01-02T03:04:05.123456+0000"
    assert words.suricata_date("2026-01-02T03:04:05Z") == "2026-01-02T03:04:05"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("CN=server.example.org,O=Example\\, Inc.,C=US", "C=US, O=Example, Inc., CN=server.example.org"),
        ("CN=a\\\\b", "CN=a\\b"),
        ("emailAddress=a@example.org,CN=b", "CN=b, Email=a@example.org"),
        ("", None),
        (None, None),
    ],
)
def test_a_name_stands_in_the_certificates_order(ours: str | None, theirs: str | None) -> None:
    assert words.suricata_name(ours) == theirs


def test_a_serial_number_has_its_sign_octet() -> None:
    assert words.suricata_serial("205C") == "20:5C"
    assert words.suricata_serial("E85C") == "00:E8:5C"
    assert words.suricata_serial(None) is None


@pytest.mark.parametrize(
    ("version", "number", "protocol", "suricata", "zeek"),
    [
        ("TLSv1.3", "1.3", "tls", "TLS 1.3", "TLSv13"),
        ("TLSv1.0", "1.0", "tls", "TLSv1", "TLSv10"),
        ("SSLv3", "3", "ssl", "SSLv3", "SSLv3"),
        ("7F1C", None, None, "7F1C", "7F1C"),
        (None, None, None, "UNDETERMINED", None),
    ],
)
def test_versions_are_called_as_each_tool_calls_them(
    version: str | None, number: str | None, protocol: str | None, suricata: str, zeek: str | None
) -> None:
    assert words.version_number(version) == number
    assert words.version_protocol(version) == protocol
    assert words.suricata_version(version) == suricata
    assert words.zeek_version(version) == zeek


def test_a_suite_without_a_name_keeps_its_number() -> None:
    assert words.known_name("TLS_AES_128_GCM_SHA256", "1301") == "TLS_AES_128_GCM_SHA256"
    assert words.known_name(None, "FFFE") == "unknown-65534"
    assert words.known_name(None, None) is None


def test_a_banner_is_taken_apart() -> None:
    assert words.ssh_protocol("SSH-2.0-OpenSSH_9.2p1 Debian-2") == "2.0"
    assert words.ssh_software("SSH-2.0-OpenSSH_9.2p1 Debian-2") == "OpenSSH_9.2p1"
    assert words.ssh_software("SSH-2") is None
    assert words.ssh_protocol(None) is None


def test_the_last_alert_is_one_in_clear() -> None:
    alerts: list[dict[str, Any]] = [
        {"description": "handshake_failure", "encrypted": False},
        {"description": None, "encrypted": True},
    ]
    assert words.last_alert(alerts) == "handshake_failure"
    assert words.last_alert([]) is None


def test_two_directions_are_one_name_where_they_agree() -> None:
    assert words.both_ways("a", "a") == "a"
    assert words.both_ways("a", "b") == "To server: a, to client: b"
    assert words.both_ways(None, "b") == "b"
    assert words.both_ways(None, None) is None
