"""The captures in ``pcaps/``, their manifest and their expected rows agree with each other.

Nothing is observed here: this file keeps the *questions* sound, so that a wrong answer elsewhere is
never the fault of a capture without origin or a row with a word that nobody defined.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "pcaps"
MANIFEST: list[dict[str, Any]] = tomllib.loads((HOME / "manifest.toml").read_text())["capture"]
LIMIT = 40 * 1024

ENTRY_KEYS: dict[str, type] = {
    "name": str,
    "file": str,
    "expected": str,
    "script": str,
    "programs": list,
    "shows": str,
    "cases": list,
    "date": str,
    "connections": int,
    "bytes": int,
    "sha256": str,
}
MAGIC = {
    ".pcap": (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d"),
    ".pcapng": (b"\x0a\x0d\x0d\x0a",),
    ".gz": (b"\x1f\x8b",),
    ".zst": (b"\x28\xb5\x2f\xfd",),
}
ROW_KEYS = {
    "verdict",
    "protocol",
    "first_packet",
    "client_ip",
    "client_port",
    "server_ip",
    "server_port",
    "bytes_client",
    "bytes_server",
}
MORE_ROW_KEYS = {
    "reason",
    "gave_up",
    "handshake_type",
    "closed",
    "tls",
    "ssh",
    "events",
    "flags_include",
    "upgrade",
    "mode_zert",
}
TLS_KEYS = {
    "version",
    "cipher",
    "cipher_name",
    "group",
    "group_id",
    "sni",
    "sni_is_outer",
    "alpn",
    "resumed",
    "alerts",
    "server_certificate",
    "client_certificate",
    "encrypt_then_mac",
    "extended_master_secret",
    "early_data_offered",
}
CERTIFICATE_KEYS = {"serial", "not_before", "not_after", "not_after_type", "subject", "issuer", "sha256"}
SSH_KEYS = {
    "version",
    "client_banner",
    "server_banner",
    "kex",
    "host_key",
    "host_key_fingerprint",
    "cipher_c2s",
    "cipher_s2c",
    "mac_c2s",
    "mac_s2c",
    "compression_c2s",
    "compression_s2c",
}
VERDICTS = {
    "no_traffic",
    "plaintext",
    "in_progress",
    "failed",
    "protected",
    "ended_clear",
    "unmonitored",
    "undetermined",
}
VERSIONS = {"SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}
SIDES = {"client", "server"}
# What issue 2 names one by one.
FIRST_DOZEN = {
    "tls12-full",
    "tls12-resumed-id",
    "tls12-resumed-ticket",
    "tls13-full",
    "tls13-hello-retry",
    "tls13-resumed",
    "tls13-mlkem",
    "tls12-no-common-cipher",
    "tls12-unknown-ca",
    "tls13-client-certificate-missing",
    "tls13-client-certificate-untrusted",
    "tls-in-progress",
    "http-clear",
    "ssh-openssh",
    "ssh-no-common-kex",
}


def _words_of(source: str) -> set[str]:
    """The output words that a Rust enumeration of the observers' vocabulary defines; its file is their home."""
    text = (ROOT / "rust/zertap-core/src/handshake" / source).read_text()
    return set(re.findall(r'"([a-z][a-z0-9_]+)"', text))


REASONS = _words_of("fault.rs")
FLAGS = _words_of("flag.rs")


def _rows(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HOME / entry["expected"]).read_text().splitlines()]


ALL_ROWS = [
    pytest.param(entry, row, id=f"{entry['name']}:{number}")
    for entry in MANIFEST
    for number, row in enumerate(_rows(entry), start=1)
]
WITH_EVENTS = [
    pytest.param(entry, row, id=f"{entry['name']}:{number}")
    for entry in MANIFEST
    for number, row in enumerate(_rows(entry), start=1)
    if "events" in row
]
each_entry = pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["name"])
each_row = pytest.mark.parametrize(("entry", "row"), ALL_ROWS)


def test_names_are_unique_and_in_order() -> None:
    names = [entry["name"] for entry in MANIFEST]
    assert names == sorted(set(names))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


def test_every_capture_and_every_expectation_is_listed() -> None:
    for folder, key in (("captures", "file"), ("expected", "expected")):
        on_disk = {path.relative_to(HOME).as_posix() for path in (HOME / folder).iterdir()}
        assert on_disk == {entry[key] for entry in MANIFEST}


def test_the_first_dozen_is_there() -> None:
    assert {entry["name"] for entry in MANIFEST} >= FIRST_DOZEN


def test_there_are_at_least_sixty_scenarios() -> None:
    assert len(MANIFEST) >= 60


def test_no_private_key_is_kept() -> None:
    marks = (b"PRIVATE " + b"KEY", b"PuTTY-User-" + b"Key-File")
    for path in HOME.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(mark in data for mark in marks), path


@each_entry
def test_an_entry_has_the_keys_of_a_manifest(entry: dict[str, Any]) -> None:
    assert set(entry) - {"tshark_differs"} == set(ENTRY_KEYS)
    assert all(isinstance(entry[key], kind) for key, kind in ENTRY_KEYS.items())
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", entry["date"])
    assert entry["programs"]
    assert all(re.search(r"\d", program) for program in entry["programs"]), "a program without a version"
    assert entry["cases"]
    assert all(re.fullmatch(r"(TLS|SSH|TCP|IP|FILE|STATE)-\d\d|A\d", case) for case in entry["cases"])


@each_entry
def test_a_capture_is_the_one_that_was_entered(entry: dict[str, Any]) -> None:
    data = (HOME / entry["file"]).read_bytes()
    assert len(data) == entry["bytes"] <= LIMIT
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]


@each_entry
def test_a_capture_begins_as_its_name_says(entry: dict[str, Any]) -> None:
    path = HOME / entry["file"]
    assert path.name.split(".")[0] == entry["name"]
    assert path.read_bytes().startswith(MAGIC[path.suffix])


@each_entry
def test_a_scenario_stands_in_the_script_that_is_named(entry: dict[str, Any]) -> None:
    assert f'"{entry["name"]}"' in (HOME / entry["script"]).read_text()


@each_entry
def test_there_is_one_row_for_each_connection_in_order(entry: dict[str, Any]) -> None:
    rows = _rows(entry)
    assert len(rows) == entry["connections"] > 0
    firsts = [row["first_packet"] for row in rows]
    assert firsts == sorted(set(firsts))
    assert firsts[0] >= 1


@each_row
def test_a_row_has_the_keys_of_the_schema(entry: dict[str, Any], row: dict[str, Any]) -> None:
    assert set(row) >= ROW_KEYS, entry["name"]
    assert set(row) <= ROW_KEYS | MORE_ROW_KEYS
    assert set(row.get("tls", {})) <= TLS_KEYS
    assert set(row.get("ssh", {})) <= SSH_KEYS
    for side in ("server_certificate", "client_certificate"):
        certificate = row.get("tls", {}).get(side)
        assert certificate is None or set(certificate) == CERTIFICATE_KEYS
    assert ("tls" in row, "ssh" in row) == (row["protocol"] == "tls", row["protocol"] == "ssh")


@each_row
def test_a_row_uses_words_of_the_closed_lists(entry: dict[str, Any], row: dict[str, Any]) -> None:
    assert row["verdict"] in VERDICTS, entry["name"]
    assert row["protocol"] in {"tls", "ssh", "none"}
    assert row.get("reason") in REASONS | {None}
    assert row.get("gave_up") in SIDES | {None}
    assert row.get("handshake_type") in {1, 2, 3, None}
    assert row.get("closed", "open") in {"fin", "rst", "replaced", "evicted", "open"}
    assert set(row.get("flags_include", [])) <= FLAGS
    assert row.get("tls", {}).get("version") in VERSIONS | {None}
    assert row.get("ssh", {}).get("version", 2) in {1, 2}


@each_row
def test_a_row_writes_values_as_the_schema_does(entry: dict[str, Any], row: dict[str, Any]) -> None:
    for side in SIDES:
        ipaddress.ip_address(row[f"{side}_ip"])
        assert 0 < row[f"{side}_port"] < 65536, entry["name"]
        assert row[f"bytes_{side}"] >= 0
    tls = row.get("tls", {})
    assert re.fullmatch(r"[0-9A-F]{4}([0-9A-F]{2})?", tls.get("cipher") or "1301")
    for key in ("server_certificate", "client_certificate"):
        certificate = tls.get(key) or {}
        assert re.fullmatch(r"([0-9A-F]{2})+", certificate.get("serial", "01"))
        for time in ("not_before", "not_after"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", certificate.get(time, "2026-11-21T00:00:00Z"))
        late = certificate.get("not_after", "2026") >= "2050"
        assert certificate.get("not_after_type", "generalized" if late else "utc") == ("generalized" if late else "utc")
    for alert in tls.get("alerts", []):
        assert set(alert) == {"from", "level", "description", "encrypted"}
        assert alert["from"] in SIDES
        assert alert["level"] in {"warning", "fatal"}


@each_row
def test_a_verdict_and_its_reason_do_not_contradict(entry: dict[str, Any], row: dict[str, Any]) -> None:
    failed = row["verdict"] == "failed"
    if "reason" in row:
        assert (row["reason"] is not None) == failed, entry["name"]
    if not failed:
        assert row.get("gave_up") is None
    if row["protocol"] == "tls" and "handshake_type" in row:
        assert (row["handshake_type"] == 3) == failed
        assert (row["handshake_type"] in {1, 2}) == (row["verdict"] in {"protected", "ended_clear"})
    if row["protocol"] == "none":
        assert row["verdict"] in {"plaintext", "no_traffic", "unmonitored"}
    if row["verdict"] == "no_traffic":
        assert row["bytes_client"] == row["bytes_server"] == 0
    if row["verdict"] == "in_progress":
        assert row.get("closed", "open") == "open"


@pytest.mark.parametrize(("entry", "row"), WITH_EVENTS)
def test_events_are_a_sequence_that_zert_can_write(entry: dict[str, Any], row: dict[str, Any]) -> None:
    numbers = [event["type"] for event in row["events"]]
    assert numbers == [4] or (numbers[0] == 1 and numbers[-1] == 3 and set(numbers[1:-1]) <= {2})
    assert all(event["protocol"] in {"TLS", "SSH", "none"} for event in row["events"])
    assert row["events"][-1]["failed"] == (row["verdict"] == "failed"), entry["name"]
