"""What a capture cannot show of a connection, and why: a list of conditions on the row, each with its sentence."""

from collections.abc import Callable
from typing import Final

from zertap._native import FLAGS
from zertap.explanation.words import Row


def _tls(row: Row) -> Row:
    return row["tls"] or {}


def _is_13(row: Row) -> bool:
    return str(_tls(row).get("version") or "").startswith("TLSv1.3")


def _evidence(row: Row, fact: str) -> str:
    return str((row["evidence"] or {}).get(fact) or "")


def _flagged(*flags: str) -> Callable[[Row], bool]:
    return lambda row: any(flag in row["flags"] for flag in flags)


def _no_certificate(row: Row) -> bool:
    return row["protocol"] == "tls" and _tls(row).get("server_certificate") is None


HIDDEN: Final[tuple[tuple[Callable[[Row], bool], str], ...]] = (
    (
        lambda row: row["verdict"] in {"protected", "ended_clear"},
        "What was said under protection: it is encrypted, and nothing here decrypts.",
    ),
    (
        lambda row: _is_13(row) and _no_certificate(row),
        "Certificates: TLS 1.3 encrypts them (RFC 8446 section 4.4.2).",
    ),
    (
        lambda row: _is_13(row) and _evidence(row, "alpn") == "offered",
        "Which application protocol the server chose: its EncryptedExtensions are encrypted (RFC 8446 section 4.3.1).",
    ),
    (
        lambda row: _is_13(row) and _evidence(row, "outcome") == "inferred",
        "Finished and alerts: TLS 1.3 encrypts them; lengths and order of records have to tell (RFC 8446 section 5.2).",
    ),
    (
        lambda row: not _is_13(row) and row["protocol"] == "tls" and _evidence(row, "outcome") == "inferred",
        "A part of the handshake: the outcome is inferred from what came before and after it.",
    ),
    (
        lambda row: _no_certificate(row) and not _is_13(row) and _tls(row).get("resumed") is True,
        "Certificates: a resumed session sends none; they passed when the session was made (RFC 5246 section 7.3).",
    ),
    (
        lambda row: any(alert["encrypted"] for alert in _tls(row).get("alerts") or ()),
        "What an encrypted alert says: only its record's type or length shows that it is one.",
    ),
    (
        lambda row: row["protocol"] == "tls" and not _tls(row).get("version"),
        "Version and cipher suite: no ServerHello can be seen.",
    ),
    (
        lambda row: bool(_tls(row).get("early_data_offered")),
        "Whether the server accepted early data: it says so encrypted (RFC 8446 section 4.2.10).",
    ),
    (
        _flagged("ech_offered"),
        "The real server name, if Encrypted ClientHello was meant: the name shown is the outer one.",
    ),
    (
        lambda row: row["protocol"] == "ssh" and row["verdict"] == "protected",
        "Who logged in and how: SSH authenticates users after NEWKEYS, encrypted (RFC 4252).",
    ),
    (
        _flagged("one_sided"),
        "The other direction: only one side's packets are in the capture.",
    ),
    (
        _flagged("midstream"),
        "How the connection began: its first packets are not in the capture.",
    ),
    (
        _flagged("gap"),
        "Octets that were sent and acknowledged but not captured.",
    ),
    (
        _flagged("truncated"),
        "The rest of packets that the capture's snap length cut.",
    ),
    (
        _flagged("desync"),
        "Where protection may have ended: record boundaries were lost after the handshake.",
    ),
    (
        lambda row: row["closed"] in {"open", "evicted"},
        "How it went on: the view of this connection ended before the connection did.",
    ),
    (
        lambda row: row["verdict"] == "plaintext",
        "Protection by anything other than TLS or SSH: it would look like data in clear.",
    ),
)
"""Condition on a row, and what is not visible where it holds."""


def hidden_of(row: Row) -> list[str]:
    """What is not visible of *row*, and why."""
    return [sentence for holds, sentence in HIDDEN if holds(row)]


def noticed_of(row: Row) -> list[str]:
    """Every flag of *row* with its meaning."""
    return [f"{flag}: {FLAGS[flag]}" for flag in row["flags"]]
