"""Writes the page from the answers. What is counted here is counted nowhere else."""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from differential.oracle_arguments import CLASSES
from truth.facts import Hearing
from truth.places import DATA
from truth.questions import QUESTIONS
from truth.scenarios import RIGHT, SILENT, WITNESSES, WRONG, Scenario

TITLES = {"tshark": "tshark", "suricata": "Suricata", "zertap": "zertap"}
FAMILIES = {
    "clear": "No handshake at the start",
    "disorder": "Lost and reordered packets",
    "links": "Files, links and taps",
    "ssh_openssh": "SSH with OpenSSH",
    "ssh_stacks": "SSH with other programs",
    "tls12": "TLS 1.2",
    "tls13": "TLS 1.3",
    "tls13_more": "TLS 1.3, more of it",
    "tls_alerts": "Refused with an alert",
    "tls_endings": "How handshakes and sessions end",
    "tls_stacks": "TLS with other programs",
    "tls_suites": "Suites and extensions",
    "upgrades": "Upgrades from clear text",
}

HEAD = """# What happened, and what three tools say of it

<!-- Written by `make truth` from pcaps/, docs/truth/ and tests/python/differential/argued.toml: change it there. -->

People act on a verdict only if they can check it. So here are {connections} connections of {captures} captures that we
recorded between real programs, of which **the programs themselves said what happened**; and what
[tshark](https://www.wireshark.org/), [Suricata](https://suricata.io/) and zertap say of the same packets, without keys.
The second part compares zertap with an oracle on {shared} captures of other people, which nobody here made.

{asked}

zertap's column is what zertap says today: a test compares it with this page. The captures, the scripts that recorded
them and the programs' words are in [`pcaps/`](../pcaps/README.md); the tools' words are kept in
[`docs/truth/`](truth/), so the page can be rebuilt without them: `make truth`.

## In numbers

How many connections each tool gets right, question by question. A question is asked only where the programs printed
the answer. **Wrong** is an answer that is not what happened; **no answer** is no fault: neither tshark nor Suricata
claims to judge a connection, and zertap looks at nothing but this. zertap is tested with these very captures and does
not pass while an answer is wrong, so here its column says what is promised, not how far the promise reaches; that is
what the second part is for.
"""

LEGEND = """
## How words become answers

Nothing is read into a tool's output but this. tshark and Suricata were made for other questions, so each of ours is
put to the field that comes nearest.

| question | tshark | Suricata | zertap |
|---|---|---|---|
"""

DETAILS = """
## Scenario by scenario

`✓` all that was asked is answered rightly; `(○ …)` these questions got no answer; `✗` what the tool says instead of
what happened. *What happened* is the verdict that follows from what the programs said.
"""


def page(scenarios: list[Scenario], hearings: dict[str, Hearing], account: dict[str, Any]) -> str:
    """The whole page."""
    parts = [
        HEAD.format(
            connections=len(scenarios),
            captures=len({each.entry["name"] for each in scenarios}),
            shared=account["captures"],
            asked="\n".join(_how_asked(hearings)),
        ),
        "\n".join(_numbers(scenarios)),
        LEGEND + "\n".join(_legend()),
        "\n".join(_disagreements(scenarios)),
        DETAILS + "\n".join(_families(scenarios)),
        "\n".join(_oracle(account)),
    ]
    return "\n".join(parts) + "\n"


def _how_asked(hearings: dict[str, Hearing]) -> Iterator[str]:
    yield "| tool | version | asked on | command |"
    yield "|---|---|---|---|"
    for tool, told in hearings.items():
        yield f"| {TITLES[tool]} | {told.version} | {told.date} | `{told.command}` |"
    yield "| zertap | as checked in | whenever the tests run | `zertap observe`, mode `full` |"


def _numbers(scenarios: list[Scenario]) -> Iterator[str]:
    yield "| question | asked | " + " | ".join(TITLES[each] for each in WITNESSES) + " |"
    yield "|---|--:|" + "---|" * len(WITNESSES)
    for question in QUESTIONS:
        asked = [each for scenario in scenarios for each in scenario.asked if each.question is question]
        cells = [_score(Counter(each.mark(witness) for each in asked)) for witness in WITNESSES]
        yield f"| {question.name}: {question.asks} | {len(asked)} | " + " | ".join(cells) + " |"
    cells = []
    for witness in WITNESSES:
        wrong = sum(any(each.mark(witness) == WRONG for each in scenario.asked) for scenario in scenarios)
        cells.append(f"{wrong}")
    yield f"| *connections with a wrong answer* | {len(scenarios)} | " + " | ".join(cells) + " |"


def _score(marks: Counter[str]) -> str:
    parts = [f"**{marks[RIGHT]}** right"] if marks[RIGHT] else []
    parts += [f"{marks[WRONG]} wrong"] if marks[WRONG] else []
    parts += [f"{marks[SILENT]} no answer"] if marks[SILENT] else []
    return ", ".join(parts) or "○"


def _legend() -> Iterator[str]:
    ours = {
        "protocol": "`protocol`",
        "version": "`tls.version`",
        "suite": "`tls.cipher`",
        "algorithms": "the eight names in `ssh`",
        "name": "`tls.sni`",
        "certificate": "`tls.server_certificate.serial`",
        "outcome": "`verdict` is `protected`, or `ended_clear`: it was until data in clear followed",
    }
    for question in QUESTIONS:
        yield f"| {question.name} | {question.tshark_reading} | {question.suricata_reading} | {ours[question.name]} |"


def _disagreements(scenarios: list[Scenario]) -> Iterator[str]:
    yield "\n## Every wrong answer\n"
    yield "| tool | question | says | what happened | connections | where | why |"
    yield "|---|---|---|---|--:|---|---|"
    reasons = _reasons()
    groups: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for scenario in scenarios:
        for asked in scenario.asked:
            for witness in WITNESSES:
                if asked.mark(witness) == WRONG:
                    said = str(asked.answers[witness])
                    groups[witness, asked.question.name, *_shown(asked.question.name, said, asked.truth)].append(
                        scenario.entry["name"]
                    )
    if not groups:
        yield "| none | | | | 0 | | |"
    order = sorted(groups.items(), key=lambda item: (WITNESSES.index(item[0][0]), -len(item[1]), item[0]))
    for (witness, question, said, truth), names in order:
        where = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in Counter(names).items())
        why = reasons.get((witness, question, said), "")
        yield f"| {TITLES[witness]} | {question} | {said} | {truth} | {len(names)} | {where} | {why} |"


def _reasons() -> dict[tuple[str, str, str], str]:
    told = tomllib.loads((DATA / "why.toml").read_text())["why"]
    return {(each["tool"], each["question"], each["says"]): each["reason"] for each in told}


def _shown(question: str, said: str, truth: str) -> tuple[str, str]:
    """Serial numbers and lists of names are too long, and too many, to be told one from another."""
    return ("another", "the one sent") if question in {"certificate", "algorithms"} else (said, truth)


def _families(scenarios: list[Scenario]) -> Iterator[str]:
    groups: dict[str, list[Scenario]] = defaultdict(list)
    for scenario in scenarios:
        groups[scenario.entry["script"].rsplit("/", 1)[-1].removesuffix(".py")].append(scenario)
    for family, members in groups.items():
        yield f"\n### {FAMILIES.get(family, family)}\n"
        yield "| scenario | what happened | " + " | ".join(TITLES[each] for each in WITNESSES) + " |"
        yield "|---|---|" + "---|" * len(WITNESSES)
        yield from map(_line, members)


def _line(scenario: Scenario) -> str:
    entry, row = scenario.entry, scenario.row
    number = f" #{scenario.ordinal}" if entry["connections"] > 1 else ""
    name = f"[{entry['name']}](../pcaps/{entry['file']}){number}"
    cells = [_cell(scenario, witness) for witness in WITNESSES]
    return f"| {name}<br>{_text(entry['shows'])} | {_happened(row)} | " + " | ".join(cells) + " |"


def _happened(row: dict[str, Any]) -> str:
    facts = [f"**{row['verdict']}**" + (f" ({row['reason']})" if row.get("reason") else "")]
    tls, ssh = row.get("tls") or {}, row.get("ssh") or {}
    facts += [str(tls[key]) for key in ("version", "cipher") if tls.get(key)]
    facts += [f"SSH {ssh['kex']}"] if ssh.get("kex") else ["SSH"] if row["protocol"] == "ssh" else []
    return ", ".join(facts)


def _cell(scenario: Scenario, witness: str) -> str:
    wrong = []
    for each in scenario.asked:
        if each.mark(witness) == WRONG:
            said, _ = _shown(each.question.name, str(each.answers[witness]), each.truth)
            wrong.append(f"✗ {each.question.name}: {said}")
    silent = [each.question.name for each in scenario.asked if each.mark(witness) == SILENT]
    if len(silent) == len(scenario.asked):
        return "○ file not read" if scenario.unread[witness] else "○"
    told = "; ".join(wrong) if wrong else "✓"
    return told + (f" (○ {', '.join(silent)})" if silent else "")


def _text(words: str) -> str:
    return words.replace("|", "\\|")


def _oracle(account: dict[str, Any]) -> Iterator[str]:
    yield f"\n## Other people's captures: zertap and the oracle\n\n{ORACLE.format(**account)}"
    yield "| rows | compared | agree | differ as expected | agreement | differ, each with an argument |"
    yield "|---|--:|--:|--:|--:|--:|"
    for grade, row in account["rows"].items():
        yield (
            f"| {grade} | {row['compared']} | {row['agreeing']} | {row['expected']} | **{row['share']:.2f} %** |"
            f" {row['argued']} |"
        )
    yield "\n" + SECOND.format(**account["suricata"])
    yield "\n### Every difference, and why it stands\n"
    yield from _arguments(account["differences"])
    yield f"\n### Where the oracle's word does not follow from its facts\n\n{DERIVED}"
    yield "| rows | protocol: the word / what follows | where |"
    yield "|---|---|---|"
    for group in account["derived"]:
        where = ", ".join(_where(file, streams) for file, streams in group["rows"].items())
        yield f"| {_count(group)} | {'<br>'.join(group['words'])} | {where} |"
    yield f"\n### Nothing is called protected on our word alone\n\n{UNBACKED}"
    yield from _arguments(account["unbacked"])


def _arguments(groups: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield "| rows | point: oracle / zertap | why | where |"
    yield "|---|---|---|---|"
    for group in groups:
        sort = CLASSES.get(group["class"], "not argued")
        where = ", ".join(_where(file, streams) for file, streams in group["rows"].items())
        words = "<br>".join(group["words"])
        yield f"| {_count(group)} | {words} | *{sort}.* {_text(group['reason'])} | {where} |"


def _count(group: dict[str, Any]) -> str:
    number = sum(map(len, group["rows"].values()))
    return f"{number} {group['grade']}" if group["grade"] != "none" else f"{number}, not in the oracle"


def _where(file: str, streams: list[int]) -> str:
    shown = ", ".join(str(stream) for stream in streams[:4] if stream >= 0)
    more = f" and {len(streams) - 4} more" if len(streams) > 4 else ""
    return f"`{file.rsplit('/', 1)[-1]}`" + (f" #{shown}{more}" if shown else "")


ORACLE = """The oracle is {oracle[0]}, with a certificate reader of its own, over {captures} captures from the test
suites of other projects. A row is *firm* where nothing stood in its way, and *soft* where it says itself why it may be
wrong: lost packets, cut packets, one direction only. Compared are protocol, version, suite or algorithms, group, server
name, resumption, the certificates' names, serial numbers and dates, and the outcome. A fact that the oracle leaves
open is not compared; one that it states must be stated by zertap, and alike. Words like A8 or TCP-10 name entries of
the project's catalogue of edge cases.
"""

SECOND = """For scale: of the {rows} firm rows of TLS and SSH, Suricata 7 agrees with the oracle on {agreeing}, asked
for protocol, version and resumption alone; {unrecognised} it takes for neither, most of them in tunnels or behind tags,
the others behind upgrades. zertap, asked for everything, agrees on {zertap_agreeing} of the same rows.
"""

DERIVED = """By its definition a TLS handshake up to 1.2 is *established* when both sides sent ChangeCipherSpec and an
encrypted record, and SSH *failed* when it ended or was disconnected before NEWKEYS. These rows list exactly that, or
neither end nor disconnect, and yet carry another word, since the oracle also wants to have seen the ServerHello, or
takes the absence of a common algorithm for the end. zertap is compared with what follows from the facts.
"""

UNBACKED = """Every row, of whatever grade, that zertap calls `protected` while the oracle does not say *established*,
or `ended_clear`, of which the oracle never speaks. Behind lost octets a test asks tshark once more, segment by segment,
and finds both sides' encrypted records in every one of them.
"""
