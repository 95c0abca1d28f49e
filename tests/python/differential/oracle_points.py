"""The points on which a row of ours and one of the oracle's are compared, and what agreement means on each.

The words are ORACLE.md's: its table of outcomes and verdicts, its names of facts. A fact that the oracle leaves open
(``null``) is no claim of its; one that it states must be stated by us too, and alike. No file is read here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]
Found = Iterator[tuple[str, object, object]]

VERDICTS = {
    ("tls", "established"): {"protected", "ended_clear"},
    ("ssh", "established"): {"protected"},
    ("tls", "failed"): {"failed"},
    ("ssh", "failed"): {"failed"},
    ("tls", "in_progress"): {"in_progress"},
    ("ssh", "in_progress"): {"in_progress"},
    ("tls", "midstream"): {"unmonitored"},
    ("ssh", "midstream"): {"unmonitored"},
    ("none", None): {"plaintext"},
    ("unknown", None): {"no_traffic"},
}
"""The table "agrees with our verdict"; ``one_sided`` is missing in it, since A8 decides there (always a soft row)."""

SSH_NAMES = {
    "kex": "kex",
    "hostkey": "host_key",
    "enc_c2s": "cipher_c2s",
    "enc_s2c": "cipher_s2c",
    "mac_c2s": "mac_c2s",
    "mac_s2c": "mac_s2c",
    "comp_c2s": "compression_c2s",
    "comp_s2c": "compression_s2c",
}
"""The oracle's key of each negotiated name, and ours."""


def outcome(theirs: Row) -> str | None:
    """The outcome by ORACLE.md's definition, from the oracle's own facts, where its word does not follow from them.

    Two kinds. Up to TLS 1.2, both sides' ChangeCipherSpec with an encrypted record behind it is *established*; the word
    is missing where no ServerHello was captured, though ``sequence`` shows both. SSH *failed* needs an end or a
    DISCONNECT; the word stands without either where no algorithm is common.
    """
    said: str | None = theirs["outcome"]
    if theirs["protection"] == "tls" and said in {"in_progress", "failed"} and _finished(theirs["tls"]):
        return "established"
    if theirs["protection"] == "ssh" and said == "failed" and not _ended(theirs):
        return "in_progress"
    return said


def _finished(told: Row) -> bool:
    """Both sides: ChangeCipherSpec, then an encrypted handshake record, which only versions up to 1.2 have."""
    sequence: list[str] = told.get("sequence") or []
    if told.get("server_hello_seen"):
        return False
    behind = {side: sequence[_place(sequence, f"{side}:ccs") :] for side in ("c2s", "s2c")}
    return all(f"{side}:encrypted_handshake" in rest for side, rest in behind.items())


def _place(sequence: list[str], word: str) -> int:
    return sequence.index(word) if word in sequence else len(sequence)


def _ended(theirs: Row) -> bool:
    messages = theirs["ssh"].get("messages") or []
    return bool(theirs["fin"] or theirs["rst"] or any(message.endswith("Disconnect") for message in messages))


def differences(theirs: Row, ours: Row) -> Found:
    """Every point on which the two rows disagree: (point, the oracle's word, ours)."""
    protection, ended = theirs["protection"], outcome(theirs)
    yield from _verdict_differences(theirs, ours, ended)
    if protection == "tls" and ours["tls"] and ended != "midstream":
        yield from _tls_differences(theirs["tls"], ours["tls"], ended)
    if protection == "ssh" and ours["ssh"] and ended != "midstream":
        yield from _ssh_differences(theirs["ssh"], ours["ssh"])


def _verdict_differences(theirs: Row, ours: Row, ended: str | None) -> Found:
    protection = theirs["protection"]
    wanted = set(VERDICTS.get((protection, ended), set()))
    if protection in {"none", "unknown"} and not theirs["saw_syn"] and not theirs["saw_synack"]:
        wanted.add("unmonitored")
    if wanted and ours["verdict"] not in wanted:
        yield "verdict", f"{protection} {ended}", f"{ours['verdict']} ({ours['reason']})"
    elif ours["verdict"] not in {"unmonitored", "no_traffic", "plaintext"} and ours["protocol"] != protection:
        yield "protocol", protection, ours["protocol"]


def _tls_differences(theirs: Row, ours: Row, ended: str | None) -> Found:
    if theirs.get("server_hello_seen"):
        if theirs["version"] is not None and not _same_version(theirs, ours["version"]):
            yield "version", theirs["version"], ours["version"]
        cipher = theirs["cipher"]
        if cipher is not None and (ours["cipher"] is None or int(cipher, 16) != int(ours["cipher"], 16)):
            yield "cipher", cipher, ours["cipher"]
        if theirs.get("group") is not None and int(theirs["group"], 16) != ours["group_id"]:
            yield "group", theirs["group"], ours["group_id"]
        # Of a handshake that did not complete we do not say that it resumed anything.
        if ended == "established" and theirs.get("resumed") is not None and theirs["resumed"] != ours["resumed"]:
            yield "resumed", theirs["resumed"], ours["resumed"]
    if theirs.get("client_hello_seen") and (theirs.get("sni") or None) != (ours["sni"] or None):
        yield "sni", theirs.get("sni"), ours["sni"]
    for which in ("server", "client"):
        yield from _certificate_differences(which, theirs.get(f"{which}_cert"), ours[f"{which}_certificate"])


def _same_version(theirs: Row, ours: str | None) -> bool:
    """Names equal; or, for a version without a name, the hexadecimal number, which alone counts."""
    number = str(theirs.get("version_hex") or "").removeprefix("0x").upper()
    return ours is not None and (ours in {theirs["version"], number})


def _certificate_differences(which: str, theirs: Row | None, ours: Row | None) -> Found:
    if not theirs or theirs.get("empty"):
        if theirs and ours:
            yield f"{which} certificate", "empty", "present"
        return
    if not ours:
        yield f"{which} certificate", "present", "absent"
        return
    for key, mine in [("subject_der_sha256", "subject_sha256"), ("issuer_der_sha256", "issuer_sha256")]:
        if theirs.get(key) and theirs[key] != ours[mine]:
            yield f"{which} {mine}", theirs[key], ours[mine]
    serial = theirs.get("serial")
    if serial is not None and (ours["serial"] is None or _number(serial) != int(ours["serial"], 16)):
        yield f"{which} serial", serial, ours["serial"]
    for point in ("not_before", "not_after"):
        date = theirs.get(point)
        if date and (ours[point] or "")[:19] != str(date)[:19].replace(" ", "T"):
            yield f"{which} {point}", date, ours[point]


def _number(serial: int | str) -> int:
    return serial if isinstance(serial, int) else int(serial.removeprefix("0x").replace(":", ""), 16)


def _ssh_differences(theirs: Row, ours: Row) -> Found:
    negotiated = theirs.get("negotiated") or {}
    for key, mine in SSH_NAMES.items():
        value = "implicit" if negotiated.get(key) == "<implicit>" else negotiated.get(key)
        if value is not None and value != ours[mine]:
            yield key, value, ours[mine]
