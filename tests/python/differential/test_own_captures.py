"""Every capture of our own, observed in both modes, says what its expected rows say.

How a row is read stands in ``pcaps/README.md``: what is absent is not claimed, ``null`` claims absence, ``mode_zert``
holds what differs there. Nothing else is compared, and nothing that is claimed is skipped.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

import zertap

HOME = Path(__file__).resolve().parents[3] / "pcaps"
MANIFEST: list[dict[str, Any]] = tomllib.loads((HOME / "manifest.toml").read_text())["capture"]
CERTIFICATES = ("server_certificate", "client_certificate")
Row = dict[str, Any]
Mode = Literal["full", "zert"]


def _expected(entry: Row, mode: Mode) -> list[Row]:
    rows = [json.loads(line) for line in (HOME / entry["expected"]).read_text().splitlines()]
    return [_of_mode(row, mode) for row in rows]


def _of_mode(row: Row, mode: Mode) -> Row:
    """The claims that hold in *mode*: in ``zert`` no certificate is read; ``mode_zert`` null: the connection is all."""
    if mode == "zert" and row.get("mode_zert", {}) is None:
        return {key: row[key] for key in ("first_packet", "client_ip", "client_port", "server_ip", "server_port")}
    strict: Row = row.get("mode_zert") or {}
    row = {key: value for key, value in row.items() if key != "mode_zert"}
    if mode == "full":
        return row
    if row.get("tls"):
        row["tls"] = row["tls"] | {key: None for key in CERTIFICATES if key in row["tls"]}
    return row | strict


def _differences(claims: Row, found: Row, path: str = "") -> Iterator[str]:
    for key, claim in claims.items():
        if key == "flags_include":
            missing = sorted(set(claim) - set(found["flags"]))
            if missing:
                yield f"flags: {missing} missing in {found['flags']}"
            continue
        ours = _comparable(key, found[key]) if key in found else "no such key"
        if isinstance(claim, dict) and isinstance(ours, dict):
            yield from _differences(claim, ours, f"{path}{key}.")
        elif claim != ours:
            yield f"{path}{key}: expected {claim!r}, found {ours!r}"


def _comparable(key: str, value: Any) -> Any:
    """Our value as far as expected rows speak of it: events without times, alerts in clear."""
    if key == "events":
        return [{name: event[name] for name in ("type", "protocol", "failed")} for event in value]
    if key == "alerts":
        return [alert for alert in value if not alert["encrypted"]]
    return value


def _account(rows: list[Row], expected: list[Row]) -> list[str]:
    """Every point on which the rows differ, a line each; empty where all agree."""
    if len(rows) != len(expected):
        found = "".join(f"\n    {_name(row)}: {row['verdict']}" for row in rows)
        return [f"{len(expected)} connections expected, {len(rows)} found:{found}"]
    return [
        f"{_name(row)} ({row['verdict']}, {row['reason']}, {row['flags']}): {difference}"
        for row, claims in zip(rows, expected, strict=True)
        for difference in _differences(claims, row)
    ]


def _name(row: Row) -> str:
    return f"packet {row['first_packet']}, {row['client_ip']}:{row['client_port']}"


@pytest.mark.parametrize("mode", ["full", "zert"])
@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["name"])
def test_a_capture_of_our_own_gives_the_expected_rows(entry: Row, mode: Mode) -> None:
    observed = [connection.to_dict() for connection in zertap.observe(HOME / entry["file"], mode=mode)]
    observed.sort(key=lambda row: int(row["first_packet"]))
    account = _account(observed, _expected(entry, mode))
    if account:
        pytest.fail("\n".join([f"{entry['name']}, mode {mode}: {entry['shows']}", *account]), pytrace=False)


def test_a_wrong_claim_of_any_kind_is_noticed() -> None:
    """The comparison itself: each altered claim must be told, none of the right ones may be."""
    path = HOME / "captures/tls12-client-certificate-missing.pcap"
    (row,) = [connection.to_dict() for connection in zertap.observe(path)]
    right = {"verdict": "failed", "gave_up": row["gave_up"], "tls": {"version": "TLSv1.2", "client_certificate": None}}
    assert _account([row], [right]) == []
    wrong: list[Row] = [
        {"verdict": "protected"},
        {"tls": None},
        {"tls": {"version": None}},
        {"tls": {"server_certificate": {"serial": "00"}}},
        {"flags_include": ["no_such_flag"]},
        {"events": []},
        {"no_such_key": None},
    ]
    for claims in wrong:
        assert len(_account([row], [right | claims])) == 1, claims
    assert len(_account([row], [right, right])) == 1
