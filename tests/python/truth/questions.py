"""Seven questions about a connection, and how each witness's words are read as an answer to them.

An answer is a word that can be compared with the truth, or ``None``: the witness does not answer. Only what the
programs themselves printed is asked for; where they printed nothing, the question does not arise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Said = dict[str, Any]
Answer = str | None
COMPLETE = {"protected", "ended_clear"}
ESTABLISHED, NOT_ESTABLISHED = "established", "not established"
SSH_NAMES = ("kex", "host_key", "cipher_c2s", "cipher_s2c", "mac_c2s", "mac_s2c", "compression_c2s", "compression_s2c")
HEXADECIMAL = {"0x0300": "SSLv3", "0x0301": "TLSv1.0", "0x0302": "TLSv1.1", "0x0303": "TLSv1.2", "0x0304": "TLSv1.3"}
SURICATA_VERSIONS = {
    "SSLv3": "SSLv3",
    "TLSv1": "TLSv1.0",
    "TLS 1.1": "TLSv1.1",
    "TLS 1.2": "TLSv1.2",
    "TLS 1.3": "TLSv1.3",
}
CHANGE_CIPHER_SPEC, APPLICATION_DATA = "20", "23"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, how it is read out of a row of ours (expected or found), and out of each tool's words."""

    name: str
    asks: str
    row: Callable[[Said], Answer]
    tshark: Callable[[Said], Answer]
    tshark_reading: str
    suricata: Callable[[Said], Answer]
    suricata_reading: str


def _of_tls(key: str) -> Callable[[Said], Answer]:
    return lambda row: (row.get("tls") or {}).get(key)


def _row_outcome(row: Said) -> Answer:
    return ESTABLISHED if row["verdict"] in COMPLETE else NOT_ESTABLISHED


def _row_serial(row: Said) -> Answer:
    return _serial(((row.get("tls") or {}).get("server_certificate") or {}).get("serial"))


def _row_names(row: Said) -> Answer:
    ssh = row.get("ssh") or {}
    return " ".join(str(ssh[name]) for name in SSH_NAMES) if all(ssh.get(name) for name in SSH_NAMES) else None


def _tshark_protocol(said: Said) -> Answer:
    return said["dissected"][0] if said["dissected"] else "none"


def _tshark_outcome(said: Said) -> Answer:
    records = said["records"].values()
    if len(said["seen"]) < len(records):
        return None
    encrypted = {APPLICATION_DATA} if said["version"] == "0x0304" else {APPLICATION_DATA, CHANGE_CIPHER_SPEC}
    done = all(encrypted & set(side) for side in records) or len(said["newkeys"]) == len(records)
    return ESTABLISHED if done else NOT_ESTABLISHED


def _suricata_protocol(said: Said) -> Answer:
    return said["app_proto"] if said["app_proto"] in {"tls", "ssh", None} else "none"


def _suricata_tls(said: Said, key: str) -> Answer:
    value: Answer = (said["tls"] or {}).get(key)
    return value


def _suricata_suite(said: Said) -> Answer:
    text = _suricata_tls(said, "ja3s")
    return f"{int(text.split(',')[1]):04X}" if text else None


def _serial(told: Answer) -> Answer:
    return told.lower().removeprefix("0x").replace(":", "").lstrip("0") or "0" if told else None


def _silent(_said: Said) -> Answer:
    return None


QUESTIONS = (
    Question(
        "protocol",
        "Is this connection TLS, SSH, or neither?",
        lambda row: row["protocol"],
        _tshark_protocol,
        "any frame of the connection dissected as `tls` or `ssh`; else neither",
        _suricata_protocol,
        "`app_proto` of the flow; `failed` and any other protocol is neither, none at all no answer",
    ),
    Question(
        "version",
        "Which TLS version was negotiated?",
        _of_tls("version"),
        lambda said: HEXADECIMAL.get(said["version"] or "", said["version"]),
        "`supported_version`, else `handshake.version`, of the last ServerHello",
        lambda said: SURICATA_VERSIONS.get(_suricata_tls(said, "version") or ""),
        "`tls.version`; `UNDETERMINED` is no answer",
    ),
    Question(
        "suite",
        "Which cipher suite was negotiated?",
        _of_tls("cipher"),
        lambda said: f"{int(said['cipher'], 16):04X}" if said["cipher"] else None,
        "`handshake.ciphersuite` of the last ServerHello",
        _suricata_suite,
        "the second number of the JA3S text; there is no field for it",
    ),
    Question(
        "algorithms",
        "Which SSH algorithms were agreed on?",
        _row_names,
        _silent,
        "no answer: both sides' lists are shown, not what follows from them",
        _silent,
        "no answer: banners and the lists' digests are logged",
    ),
    Question(
        "name",
        "Which server did the client ask for (SNI)?",
        _of_tls("sni"),
        lambda said: said["server_name"],
        "`extensions_server_name` of the last ClientHello",
        lambda said: _suricata_tls(said, "sni"),
        "`tls.sni`",
    ),
    Question(
        "certificate",
        "Which certificate did the server send (serial number)?",
        _row_serial,
        lambda said: _serial(said["serial"]),
        "the first `x509af.serialNumber`",
        lambda said: _serial(_suricata_tls(said, "serial")),
        "`tls.serial`",
    ),
    Question(
        "outcome",
        "Did a protected session come about?",
        _row_outcome,
        _tshark_outcome,
        "tshark gives no verdict; a reader sees one where both sides send Application Data, or up to TLS 1.2"
        " Change Cipher Spec, or for SSH New Keys; no answer where one side was not captured",
        _silent,
        "no answer: what the hellos said is logged, not how the handshake ended",
    ),
)
