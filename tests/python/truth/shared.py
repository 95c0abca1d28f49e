"""The second part of the page: our agreement with the oracle on the shared captures, as data.

The shared captures are no part of the repository, so the account is kept in ``docs/truth/oracle.json``, and compared
with a fresh one where they are there.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from differential import oracle
from differential.oracle_arguments import Difference
from truth.places import DATA

STORE = DATA / "oracle.json"
GRADES = ("firm", "soft")


def present() -> bool:
    """Whether the shared captures are there."""
    return (oracle.CAPTURES / "expected").is_dir()


def fresh() -> dict[str, Any]:
    """The account as it stands now, in plain values."""
    account = oracle.account()
    heads = [json.loads(path.read_text().splitlines()[0]) for path in (oracle.CAPTURES / "expected").rglob("*.jsonl")]
    return {
        "oracle": sorted({head["oracle"] for head in heads if "oracle" in head}),
        "captures": len(heads),
        "rows": {
            grade: {
                "compared": account.compared[grade],
                "agreeing": account.agreeing[grade],
                "expected": account.expected[grade],
                "argued": account.argued[grade],
                "share": round(account.share(grade), 2),
            }
            for grade in GRADES
        },
        "suricata": _suricata(account.differences),
        "differences": _grouped(account.differences),
        "derived": _grouped(account.derived),
        "unbacked": _grouped(account.unbacked),
    }


def _suricata(differences: Iterable[Difference]) -> dict[str, int]:
    """How Suricata fares against the same oracle: the shared folder's own comparison, firm rows of TLS and SSH."""
    rows = [json.loads(line) for line in (oracle.CAPTURES / "second_oracle.jsonl").read_text().splitlines()]
    firm = [row for row in rows if row["grade"] == "firm"]
    ours = {(each.file, each.stream) for each in differences}
    return {
        "rows": len(firm),
        "agreeing": sum(row["agree"] for row in firm),
        "unrecognised": sum("protection" in row["diff"] for row in firm),
        "zertap_agreeing": sum((row["file"], row["stream"]) not in ours for row in firm),
    }


def _grouped(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    """One entry for each argument and grade, with the words that differ and the rows it is about."""
    groups: dict[tuple[str, str, str], list[Difference]] = defaultdict(list)
    for each in differences:
        sort, reason = (each.why.sort, each.why.reason) if each.why else ("", "")
        groups[each.grade, sort, reason].append(each)
    return [
        {
            "grade": grade,
            "class": sort,
            "reason": reason,
            "words": sorted({f"{each.what}: {each.oracle} / {each.ours}" for each in group}),
            "rows": _rows(group),
        }
        for (grade, sort, reason), group in sorted(
            groups.items(), key=lambda item: (item[0][0], -len(item[1]), item[0])
        )
    ]


def _rows(group: list[Difference]) -> dict[str, list[int]]:
    rows: dict[str, set[int]] = defaultdict(set)
    for each in group:
        rows[each.file].add(each.stream)
    return {file: sorted(streams) for file, streams in sorted(rows.items())}


def store(account: dict[str, Any]) -> None:
    """Writes what ``stored`` reads."""
    STORE.write_text(json.dumps(account, indent=1, sort_keys=True) + "\n")


def stored() -> dict[str, Any]:
    """The account that the page was made with."""
    told: dict[str, Any] = json.loads(STORE.read_text())
    return told
