"""Our own captures, connection by connection: what happened, and everybody's answers beside it."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import zertap
from truth.facts import Capture, Ends, Hearing, ends
from truth.places import PCAPS
from truth.questions import QUESTIONS, Answer, Question, Said

WITNESSES = ("tshark", "suricata", "zertap")
RIGHT, WRONG, SILENT = "right", "wrong", "no answer"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that arises, the truth, and what each witness answers."""

    question: Question
    truth: str
    answers: dict[str, Answer]

    def mark(self, witness: str) -> str:
        """Whether the witness is right."""
        answer = self.answers[witness]
        return SILENT if answer is None else RIGHT if answer == self.truth else WRONG


@dataclass(frozen=True, slots=True)
class Scenario:
    """One connection of one capture: its entry in the manifest, its place, its expected row, who read nothing."""

    entry: dict[str, Any]
    ordinal: int
    row: Said
    asked: list[Asked]
    unread: dict[str, bool]


def scenarios(hearings: dict[str, Hearing]) -> Iterator[Scenario]:
    """Every connection of every capture in the manifest's order."""
    for entry in tomllib.loads((PCAPS / "manifest.toml").read_text())["capture"]:
        rows = [json.loads(line) for line in (PCAPS / entry["expected"]).read_text().splitlines()]
        heard = {tool: _of_tool(hearing.captures.get(entry["name"]), entry) for tool, hearing in hearings.items()}
        heard["zertap"] = _of_zertap(entry)
        unread = {witness: _could_not(hearings, witness, entry) for witness in WITNESSES}
        seen: Counter[Ends] = Counter()
        for ordinal, row in enumerate(rows, 1):
            key = ends((row["client_ip"], row["client_port"]), (row["server_ip"], row["server_port"]))
            said = {witness: _nth(heard[witness].get(key, []), seen[key]) for witness in WITNESSES}
            seen[key] += 1
            asked = [found for each in QUESTIONS if (found := _ask(each, row, said))]
            yield Scenario(entry, ordinal, row, asked, unread)


def _could_not(hearings: dict[str, Hearing], witness: str, entry: dict[str, Any]) -> bool:
    told = hearings[witness].captures.get(entry["name"]) if witness in hearings else None
    return bool(told and told.unread)


def _ask(question: Question, row: Said, said: dict[str, Said | None]) -> Asked | None:
    truth = question.row(row)
    if truth is None:
        return None
    read = {"tshark": question.tshark, "suricata": question.suricata, "zertap": question.row}
    answers = {witness: None if (told := said[witness]) is None else read[witness](told) for witness in WITNESSES}
    return Asked(question, truth, answers)


def _nth(told: list[Said], place: int) -> Said | None:
    return told[place] if place < len(told) else None


def _of_tool(capture: Capture | None, entry: dict[str, Any]) -> dict[Ends, list[Said]]:
    """A tool's words by connection; none if it was not asked about this very file, or could not read it."""
    heard: dict[Ends, list[Said]] = {}
    if capture and capture.sha256 == entry["sha256"]:
        for each in capture.connections:
            heard.setdefault(each.ends, []).append(each.said)
    return heard


def _of_zertap(entry: dict[str, Any]) -> dict[Ends, list[Said]]:
    heard: dict[Ends, list[Said]] = {}
    rows = [connection.to_dict() for connection in zertap.observe(PCAPS / entry["file"], mode="full")]
    for row in sorted(rows, key=lambda each: int(each["first_packet"])):
        key = ends((row["client_ip"], row["client_port"]), (row["server_ip"], row["server_port"]))
        heard.setdefault(key, []).append(row)
    return heard
