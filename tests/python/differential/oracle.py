"""What the oracle says of the shared captures, and whether our rows agree (the shared folder's ORACLE.md).

One home for the account: the tests and the published page read it, and ``python oracle.py [firm] [soft] [derived]
[unbacked]`` prints it. What is compared stands in ``oracle_points``; differences that stand on purpose in
``argued.toml``.
"""

from __future__ import annotations

import ipaddress
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import zertap
from differential.oracle_arguments import Arguments, Difference
from differential.oracle_points import Row, differences, outcome

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("ZERTAP_SHARED", HERE.parents[3] / "shared"))
CAPTURES = SHARED / "captures"


@dataclass(slots=True)
class Account:
    """The outcome of a comparison, mostly as numbers of rows by grade.

    ``expected`` rows differ only where ORACLE.md expects it, ``argued`` rows only where some reason stands.
    ``derived`` are rows whose outcome is taken from the oracle's facts instead of its word; ``ours`` is then what
    follows from them. ``unbacked`` is what we call protected though the oracle does not say *established*, and all
    that we call ended in clear, of which it says nothing; there ``what`` is our verdict. ``octets`` are rows whose
    octet counts differ from the sequence space that the oracle saw covered; there ``what`` is how we saw the
    connection close. ``stale`` are the entries of ``argued.toml`` that nothing needed.
    """

    compared: Counter[str] = field(default_factory=Counter)
    agreeing: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)
    argued: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    derived: list[Difference] = field(default_factory=list)
    unbacked: list[Difference] = field(default_factory=list)
    octets: list[Difference] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    def share(self, grade: str) -> float:
        """Agreeing rows of one grade, in per cent, those included that differ as ORACLE.md expects and are argued."""
        return 100 * (self.agreeing[grade] + self.expected[grade]) / max(1, self.compared[grade])

    def summary(self) -> Iterator[str]:
        """One line for each grade."""
        for grade in sorted(self.compared):
            yield (
                f"{grade}: {self.agreeing[grade]} of {self.compared[grade]} rows agree, {self.expected[grade]}"
                f" differ as expected, {self.share(grade):.2f} %; {self.argued[grade]} more differ with an argument"
            )


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
    arguments = arguments or Arguments()
    account.compared.update(row["grade"] for row in oracle)
    account.derived += [
        _difference(name, row, row["protection"], row["outcome"], outcome(row))
        for row in oracle
        if outcome(row) != row["outcome"]
    ]
    try:
        ours = _by_endpoints(observe(name))
    except zertap.InputUnreadable as error:
        for row in oracle:
            _enter(account, arguments, row, [_difference(name, row, "file", "rows", error.reason)])
        return
    for theirs in sorted(oracle, key=lambda row: int(row["first_frame"])):
        waiting = ours.get(_pair(_endpoint(theirs["client"]), _endpoint(theirs["server"])), [])
        if not waiting:
            _enter(account, arguments, theirs, [_difference(name, theirs, "row", "present", "absent")])
            continue
        mine = waiting.pop(0)
        found = [_difference(name, theirs, *each, mine["flags"]) for each in differences(theirs, mine)]
        _enter(account, arguments, theirs, found)
        account.unbacked += _unbacked(name, theirs, mine, arguments)
        account.octets += _octet_differences(name, theirs, mine)
    for mine in (row for rows in ours.values() for row in rows):
        account.unbacked += _unbacked(name, None, mine, arguments)


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


def _difference(
    name: str, theirs: Row, what: str, oracle: object, ours: object, flags: list[str] | None = None
) -> Difference:
    because = theirs.get("soft_because") or []
    return Difference(name, theirs["stream"], theirs["grade"], what, oracle, ours, flags or [], because)


def _enter(account: Account, arguments: Arguments, theirs: Row, found: list[Difference]) -> None:
    for difference in found:
        difference.why = arguments.why(difference)
    account.differences += found
    if not found:
        account.agreeing[theirs["grade"]] += 1
    elif all(difference.why and difference.why.sort == "expected" for difference in found):
        account.expected[theirs["grade"]] += 1
    elif all(difference.why for difference in found):
        account.argued[theirs["grade"]] += 1


def _unbacked(name: str, theirs: Row | None, ours: Row, arguments: Arguments) -> Iterator[Difference]:
    """Our word for a completed handshake where the oracle's facts do not say the same."""
    verdict = ours["verdict"]
    said = outcome(theirs) if theirs else None
    if verdict == "ended_clear" or (verdict == "protected" and said != "established"):
        told = f"{theirs['protection']} {said}" if theirs else "no row"
        found = _difference(name, theirs or _NO_ROW, verdict, told, verdict, ours["flags"])
        found.why = arguments.why(found)
        yield found


_NO_ROW = {"stream": -1, "grade": "none"}


def _octet_differences(name: str, theirs: Row, ours: Row) -> Iterator[Difference]:
    covered = theirs["bytes_unique"]
    sides = (
        ["c2s", "s2c"] if _endpoint(theirs["client"]) == (ours["client_ip"], ours["client_port"]) else ["s2c", "c2s"]
    )
    for side, way in zip(("client", "server"), sides, strict=True):
        counted = ours[f"bytes_{side}"]
        if covered[way] != counted:
            yield _difference(name, theirs, ours["closed"], covered[way], counted, ours["flags"])


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
    asked = set(sys.argv[1:]) or {"firm"}
    lines = [str(difference) for difference in result.differences if difference.grade in asked]
    for name in sorted({"derived", "unbacked"} & asked):
        lines += [f"{name}: {difference}" for difference in getattr(result, name)]
    stale = [f"stale argument: {entry}" for entry in result.stale]
    sys.stdout.write("\n".join([*lines, *stale, *result.summary(), ""]))


if __name__ == "__main__":
    main()
