"""What the oracle says of the shared captures, and whether our rows agree (the shared folder's ORACLE.md).

One home for the comparison: the test reads it, and ``python oracle.py`` prints the whole account.
"""

import ipaddress
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zertap

SHARED = Path(os.environ.get("ZERTAP_SHARED", Path(__file__).resolve().parents[4] / "shared"))
CAPTURES = SHARED / "captures"
Row = dict[str, Any]

_VERDICTS = {
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


@dataclass(slots=True)
class Difference:
    """One point on which a row of ours and the oracle's disagree."""

    file: str
    stream: int
    grade: str
    what: str
    oracle: object
    ours: object
    flags: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.file} #{self.stream}: {self.what}: oracle {self.oracle}, ours {self.ours} {self.flags or ''}"


@dataclass(slots=True)
class Account:
    """The outcome of a comparison."""

    compared: Counter[str] = field(default_factory=Counter)
    agreeing: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def share(self, grade: str) -> float:
        """Agreeing rows of one grade, in per cent."""
        return 100 * self.agreeing[grade] / max(1, self.compared[grade])


def files() -> Iterator[tuple[str, list[Row]]]:
    """Every capture with its oracle rows: (name, TCP rows in order)."""
    for path in sorted((CAPTURES / "expected").rglob("*.jsonl")):
        rows = [json.loads(line) for line in path.open()]
        name = str(path.relative_to(CAPTURES / "expected")).removesuffix(".jsonl")
        yield name, [row for row in rows if row["kind"] == "tcp"]


def observe(name: str) -> list[Row]:
    """Our rows of one capture, those before any damage included."""
    with_options = zertap.observe(CAPTURES / name, mode="full")
    return [connection.to_dict() for connection in with_options]


def _address(text: str) -> str:
    address = ipaddress.ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _pair(a: tuple[str, int], b: tuple[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted([a, b]))


def compare_file(name: str, oracle: list[Row], account: Account) -> None:
    """Matches by endpoints and order, then compares field by field."""
    ours: dict[object, list[Row]] = defaultdict(list)
    for row in observe(name):
        key = _pair((row["client_ip"], row["client_port"]), (row["server_ip"], row["server_port"]))
        ours[key].append(row)
    for rows in ours.values():
        rows.sort(key=lambda row: row["first_packet"])
    seen: Counter[object] = Counter()
    for theirs in sorted(oracle, key=lambda row: row["first_frame"]):
        client, server = theirs["client"], theirs["server"]
        key = _pair((_address(client["ip"]), client["port"]), (_address(server["ip"]), server["port"]))
        index = seen[key]
        seen[key] += 1
        grade = theirs["grade"]
        account.compared[grade] += 1
        candidates = ours.get(key, [])
        if index >= len(candidates):
            account.differences.append(Difference(name, theirs["stream"], grade, "row", "present", "absent"))
            continue
        found = list(_differences(theirs, candidates[index]))
        if not found:
            account.agreeing[grade] += 1
        flags = candidates[index]["flags"]
        account.differences += [Difference(name, theirs["stream"], grade, *each, flags) for each in found]


def _differences(theirs: Row, ours: Row) -> Iterator[tuple[str, object, object]]:
    protection, outcome = theirs["protection"], theirs["outcome"]
    wanted = set(_VERDICTS.get((protection, outcome), set()))
    unseen_start = not theirs["saw_syn"] and not theirs["saw_synack"]
    if protection in {"none", "unknown"} and unseen_start:
        wanted.add("unmonitored")
    if wanted and ours["verdict"] not in wanted:
        yield "verdict", f"{protection} {outcome}", f"{ours['verdict']} ({ours['reason']})"
        return
    if protection == "tls" and ours["tls"] and outcome != "midstream":
        yield from _tls_differences(theirs["tls"], ours["tls"], outcome)
    if protection == "ssh" and ours["ssh"]:
        yield from _ssh_differences(theirs["ssh"], ours["ssh"])


def _tls_differences(theirs: Row, ours: Row, outcome: str) -> Iterator[tuple[str, object, object]]:
    if theirs.get("server_hello_seen"):
        if theirs["version"] is not None and theirs["version"] != ours["version"]:
            yield "version", theirs["version"], ours["version"]
        cipher = theirs["cipher"]
        if cipher is not None and int(cipher, 16) != int(ours["cipher"] or "0", 16):
            yield "cipher", cipher, ours["cipher"]
        if theirs.get("group") is not None and int(theirs["group"], 16) != ours["group_id"]:
            yield "group", theirs["group"], ours["group_id"]
        if outcome == "established" and theirs.get("resumed") is not None and theirs["resumed"] != ours["resumed"]:
            yield "resumed", theirs["resumed"], ours["resumed"]
    if theirs.get("client_hello_seen") and (theirs.get("sni") or None) != (ours["sni"] or None):
        yield "sni", theirs.get("sni"), ours["sni"]
    for which in ("server", "client"):
        yield from _certificate_differences(which, theirs.get(f"{which}_cert"), ours[f"{which}_certificate"])


def _certificate_differences(
    which: str, theirs: Row | None, ours: Row | None
) -> Iterator[tuple[str, object, object]]:
    if not theirs or theirs.get("empty"):
        return
    if not ours:
        yield f"{which} certificate", "present", "absent"
        return
    for key, mine in [
        ("subject_der_sha256", "subject_sha256"),
        ("issuer_der_sha256", "issuer_sha256"),
    ]:
        if theirs.get(key) and theirs[key] != ours[mine]:
            yield f"{which} {mine}", theirs[key], ours[mine]
    serial = theirs.get("serial")
    if serial is not None and ours["serial"] is not None:
        value = serial if isinstance(serial, int) else int(str(serial).removeprefix("0x").replace(":", ""), 16)
        if value != int(ours["serial"], 16):
            yield f"{which} serial", serial, ours["serial"]
    after = theirs.get("not_after")
    if after and ours["not_after"] and str(after)[:19].replace(" ", "T") != ours["not_after"][:19]:
        yield f"{which} not_after", after, ours["not_after"]


_SSH = {
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


def _ssh_differences(theirs: Row, ours: Row) -> Iterator[tuple[str, object, object]]:
    negotiated = theirs.get("negotiated") or {}
    for key, mine in _SSH.items():
        value = negotiated.get(key)
        if value is None:
            continue
        value = "implicit" if value == "<implicit>" else value
        if value != ours[mine]:
            yield key, value, ours[mine]


def account() -> Account:
    """Compares every shared capture."""
    result = Account()
    for name, rows in files():
        try:
            compare_file(name, rows, result)
        except zertap.errors.InputUnreadable as error:
            for row in rows:
                result.compared[row["grade"]] += 1
                result.differences.append(Difference(name, row["stream"], row["grade"], "unreadable", "rows", error.reason))
    return result


def main() -> None:
    """Prints the account."""
    result = account()
    grades = set(sys.argv[1:]) or {"firm"}
    for difference in result.differences:
        if difference.grade in grades:
            print(difference)
    for grade in sorted(result.compared):
        print(f"{grade}: {result.agreeing[grade]} of {result.compared[grade]} agree, {result.share(grade):.2f} %")


if __name__ == "__main__":
    main()
