"""What the oracle says of the shared captures, and whether our rows agree (the shared folder's ORACLE.md).

One home for the comparison: the test reads it, and ``python oracle.py [GRADE...]`` prints the whole account.
Differences that stand on purpose are listed in ``argued.toml``, each with its reason.
"""

from __future__ import annotations

import ipaddress
import json
import os
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import zertap

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("ZERTAP_SHARED", HERE.parents[3] / "shared"))
CAPTURES = SHARED / "captures"
Row = dict[str, Any]
Found = Iterator[tuple[str, object, object]]

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
    """One point on which a row of ours and the oracle's disagree; ``why`` is the argument where there is one."""

    file: str
    stream: int
    grade: str
    what: str
    oracle: object
    ours: object
    flags: list[str] = field(default_factory=list)
    why: str | None = None

    def __str__(self) -> str:
        told = f"{self.file} #{self.stream}: {self.what}: oracle {self.oracle}, ours {self.ours}"
        return told + (f" {self.flags}" if self.flags else "") + (f" [argued: {self.why}]" if self.why else "")


@dataclass(slots=True)
class Account:
    """The outcome of a comparison, mostly as numbers of rows by grade.

    ``argued`` rows differ only where a reason stands, rows ``out_of_reach`` are not compared. ``stale`` are the entries
    of ``argued.toml`` that nothing needed. ``octets`` are rows whose octet counts differ from the sequence space that
    the oracle saw covered; there ``what`` is how we saw the connection close.
    """

    compared: Counter[str] = field(default_factory=Counter)
    agreeing: Counter[str] = field(default_factory=Counter)
    argued: Counter[str] = field(default_factory=Counter)
    out_of_reach: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    octets: list[Difference] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    def share(self, grade: str) -> float:
        """Agreeing rows of one grade, in per cent; an argued difference does not count as agreement."""
        return 100 * self.agreeing[grade] / max(1, self.compared[grade])

    def summary(self) -> Iterator[str]:
        """One line for each grade."""
        for grade in sorted(self.compared):
            yield (
                f"{grade}: {self.agreeing[grade]} of {self.compared[grade]} rows agree, {self.share(grade):.2f} %;"
                f" {self.argued[grade]} differ with an argument, {self.out_of_reach[grade]} more are out of reach"
            )


@dataclass(slots=True)
class Arguments:
    """``argued.toml``: which differences stand on purpose, and which rows no decoder of ours reaches."""

    reasons: dict[tuple[str, int, str], str]
    layers: dict[str, str]
    used: set[tuple[str, int, str] | str] = field(default_factory=set)

    @classmethod
    def load(cls) -> Arguments:
        told = tomllib.loads((HERE / "argued.toml").read_text())
        reasons = {
            (entry["file"], entry["stream"], what): entry["reason"]
            for entry in told["argued"]
            for what in entry["what"]
        }
        return cls(reasons, told["out_of_reach"])

    def why(self, difference: Difference) -> str | None:
        """The argument for a difference, if there is one."""
        key = (difference.file, difference.stream, difference.what)
        if key in self.reasons:
            self.used.add(key)
        return self.reasons.get(key)

    def unreachable(self, row: Row) -> bool:
        """Whether the row's packets lie in an encapsulation that is not ours to read."""
        layers = self.layers.keys() & set(row["encap"].split(":"))
        self.used |= layers
        return bool(layers)

    def stale(self) -> list[str]:
        """Entries that nothing needed."""
        return [str(entry) for entry in [*self.reasons, *self.layers] if entry not in self.used]


def files() -> Iterator[tuple[str, list[Row]]]:
    """Every capture with its oracle rows: (name, TCP rows in order)."""
    for path in sorted((CAPTURES / "expected").rglob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        name = str(path.relative_to(CAPTURES / "expected")).removesuffix(".jsonl")
        yield name, [row for row in rows if row["kind"] == "tcp"]


def observe(name: str) -> list[Row]:
    """Our rows of one capture, those before any damage included. Raises ``InputUnreadable``."""
    return [connection.to_dict() for connection in zertap.observe(CAPTURES / name, mode="full")]


def compare_file(name: str, oracle: list[Row], account: Account, arguments: Arguments | None = None) -> None:
    """Matches by endpoints and order, then compares field by field."""
    arguments = arguments or Arguments({}, {})
    reached = [row for row in oracle if not arguments.unreachable(row)]
    account.out_of_reach.update(row["grade"] for row in oracle if row not in reached)
    try:
        ours = _by_endpoints(observe(name)) if reached else {}
    except zertap.InputUnreadable as error:
        for row in reached:
            account.compared[row["grade"]] += 1
            _enter(
                account, arguments, row, [Difference(name, row["stream"], row["grade"], "file", "rows", error.reason)]
            )
        return
    seen: Counter[object] = Counter()
    for theirs in sorted(reached, key=lambda row: int(row["first_frame"])):
        key = _pair(_endpoint(theirs["client"]), _endpoint(theirs["server"]))
        candidates = ours.get(key, [])[seen[key] :]
        seen[key] += 1
        account.compared[theirs["grade"]] += 1
        _enter(account, arguments, theirs, _compare_row(name, theirs, candidates))
        if candidates:
            account.octets += _octet_differences(name, theirs, candidates[0])


def _by_endpoints(rows: list[Row]) -> dict[object, list[Row]]:
    ours: dict[object, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row["first_packet"])):
        ours[_pair((row["client_ip"], row["client_port"]), (row["server_ip"], row["server_port"]))].append(row)
    return ours


def _endpoint(told: Row) -> tuple[str, int]:
    address = ipaddress.ip_address(told["ip"])
    return str(getattr(address, "ipv4_mapped", None) or address), told["port"]


def _pair(a: tuple[str, int], b: tuple[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted([a, b]))


def _compare_row(name: str, theirs: Row, candidates: list[Row]) -> list[Difference]:
    grade = theirs["grade"]
    if not candidates:
        return [Difference(name, theirs["stream"], grade, "row", "present", "absent")]
    flags = candidates[0]["flags"]
    return [Difference(name, theirs["stream"], grade, *each, flags) for each in _differences(theirs, candidates[0])]


def _enter(account: Account, arguments: Arguments, theirs: Row, found: list[Difference]) -> None:
    for difference in found:
        difference.why = arguments.why(difference)
    account.differences += found
    if not found:
        account.agreeing[theirs["grade"]] += 1
    elif all(difference.why for difference in found):
        account.argued[theirs["grade"]] += 1


def _octet_differences(name: str, theirs: Row, ours: Row) -> Iterator[Difference]:
    covered = theirs["bytes_unique"]
    sides = (
        ["c2s", "s2c"] if _endpoint(theirs["client"]) == (ours["client_ip"], ours["client_port"]) else ["s2c", "c2s"]
    )
    for side, way in zip(("client", "server"), sides, strict=True):
        if covered[way] != ours[f"bytes_{side}"]:
            counted = ours[f"bytes_{side}"]
            yield Difference(
                name, theirs["stream"], theirs["grade"], ours["closed"], covered[way], counted, ours["flags"]
            )


def _differences(theirs: Row, ours: Row) -> Found:
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


def _tls_differences(theirs: Row, ours: Row, outcome: str) -> Found:
    if theirs.get("server_hello_seen"):
        if theirs["version"] is not None and not _same_version(theirs, ours["version"]):
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


def _same_version(theirs: Row, ours: str | None) -> bool:
    """Names equal; or, for a version without a name, the hexadecimal number, which alone counts."""
    number = str(theirs.get("version_hex") or "").removeprefix("0x").upper()
    return ours is not None and (ours in {theirs["version"], number})


def _certificate_differences(which: str, theirs: Row | None, ours: Row | None) -> Found:
    if not theirs or theirs.get("empty"):
        return
    if not ours:
        yield f"{which} certificate", "present", "absent"
        return
    for key, mine in [("subject_der_sha256", "subject_sha256"), ("issuer_der_sha256", "issuer_sha256")]:
        if theirs.get(key) and theirs[key] != ours[mine]:
            yield f"{which} {mine}", theirs[key], ours[mine]
    serial = theirs.get("serial")
    if serial is not None and ours["serial"] is not None and _number(serial) != int(ours["serial"], 16):
        yield f"{which} serial", serial, ours["serial"]
    after = theirs.get("not_after")
    if after and ours["not_after"] and str(after)[:19].replace(" ", "T") != ours["not_after"][:19]:
        yield f"{which} not_after", after, ours["not_after"]


def _number(serial: int | str) -> int:
    return serial if isinstance(serial, int) else int(serial.removeprefix("0x").replace(":", ""), 16)


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


def _ssh_differences(theirs: Row, ours: Row) -> Found:
    negotiated = theirs.get("negotiated") or {}
    for key, mine in _SSH.items():
        value = negotiated.get(key)
        if value is None:
            continue
        value = "implicit" if value == "<implicit>" else value
        if value != ours[mine]:
            yield key, value, ours[mine]


@cache
def account() -> Account:
    """Compares every shared capture."""
    result = Account()
    arguments = Arguments.load()
    for name, rows in files():
        compare_file(name, rows, result, arguments)
    result.stale = arguments.stale()
    return result


def main() -> None:
    """Prints the account."""
    if not CAPTURES.is_dir():
        sys.exit(f"no captures in {CAPTURES}; ZERTAP_SHARED names the folder that holds them")
    result = account()
    grades = set(sys.argv[1:]) or {"firm"}
    lines = [str(difference) for difference in result.differences if difference.grade in grades]
    stale = [f"stale argument: {entry}" for entry in result.stale]
    sys.stdout.write("\n".join([*lines, *stale, *result.summary(), ""]))


if __name__ == "__main__":
    main()
