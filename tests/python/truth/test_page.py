"""The published page says what zertap says now, and what the tools said of these very captures.

Needs neither tshark nor Suricata: their words are stored beside the page. ``make truth`` brings it up to date.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from typing import Any

import pytest

from truth import __main__ as command
from truth import shared
from truth.facts import Hearing
from truth.places import PAGE, PCAPS
from truth.questions import ESTABLISHED, NOT_ESTABLISHED, QUESTIONS
from truth.scenarios import RIGHT, SILENT, WRONG, Asked, scenarios

MANIFEST: list[dict[str, Any]] = tomllib.loads((PCAPS / "manifest.toml").read_text())["capture"]
ASKED = {question.name: question for question in QUESTIONS}


def _hearings() -> dict[str, Hearing]:
    return {name: Hearing.load(name) for name in command.TOOLS}


def test_the_page_is_what_would_be_written_now() -> None:
    assert PAGE.read_text() == command.rebuilt(), "make truth"


@pytest.mark.parametrize("tool", sorted(command.TOOLS))
def test_a_tool_was_asked_about_every_capture_as_it_is_now(tool: str) -> None:
    told = Hearing.load(tool).captures
    assert sorted(told) == sorted(entry["name"] for entry in MANIFEST)
    for entry in MANIFEST:
        digest = hashlib.sha256((PCAPS / entry["file"]).read_bytes()).hexdigest()
        assert told[entry["name"]].sha256 == digest, entry["name"]


@pytest.mark.skipif(not shared.present(), reason="no shared captures (ZERTAP_SHARED)")
def test_the_oracle_agrees_as_the_page_says() -> None:
    assert shared.stored() == shared.fresh(), "make truth"


def test_zertap_answers_every_question_rightly() -> None:
    wrong = [
        f"{scenario.entry['name']}: {asked.question.name}: {asked.answers['zertap']}, not {asked.truth}"
        for scenario in scenarios(_hearings())
        for asked in scenario.asked
        if asked.mark("zertap") != RIGHT
    ]
    assert not wrong, "\n".join(wrong)


def test_every_connection_is_asked_for_protocol_and_outcome_and_most_for_more() -> None:
    asked = Counter(each.question.name for scenario in scenarios(_hearings()) for each in scenario.asked)
    connections = sum(entry["connections"] for entry in MANIFEST)
    assert asked["protocol"] == asked["outcome"] == connections
    assert set(asked) == set(ASKED)


def test_a_tool_that_was_asked_about_another_file_is_not_heard() -> None:
    told = _hearings()
    name = MANIFEST[0]["name"]
    told["tshark"].captures[name].sha256 = "0" * 64
    first = next(scenarios(told))
    assert first.entry["name"] == name
    assert {each.mark("tshark") for each in first.asked} == {SILENT}
    assert RIGHT in {each.mark("zertap") for each in first.asked}


def test_an_answer_is_right_wrong_or_none() -> None:
    asked = Asked(ASKED["version"], "TLSv1.3", {"tshark": "TLSv1.3", "suricata": "TLSv1.2", "zertap": None})
    assert [asked.mark(witness) for witness in ("tshark", "suricata", "zertap")] == [RIGHT, WRONG, SILENT]


TSHARK: dict[str, Any] = {
    "seen": ["a", "b"],
    "dissected": ["tls"],
    "version": "0x0303",
    "cipher": "0xc02f",
    "server_name": None,
    "serial": "0x00ab",
    "records": {"a": ["20", "22"], "b": ["20", "22"]},
    "newkeys": [],
}


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({}, ESTABLISHED),
        ({"version": "0x0304"}, NOT_ESTABLISHED),
        ({"version": "0x0304", "records": {"a": ["23"], "b": ["22", "23"]}}, ESTABLISHED),
        ({"records": {"a": ["20", "22"], "b": ["21", "22"]}}, NOT_ESTABLISHED),
        ({"records": {"a": [], "b": []}, "newkeys": ["a", "b"]}, ESTABLISHED),
        ({"records": {"a": [], "b": []}, "newkeys": ["a"]}, NOT_ESTABLISHED),
        ({"seen": ["a"]}, None),
    ],
)
def test_what_tshark_shows_is_read_as_the_legend_says(said: dict[str, Any], outcome: str | None) -> None:
    assert ASKED["outcome"].tshark(TSHARK | said) == outcome


def test_fields_of_the_tools_are_read_as_the_legend_says() -> None:
    suricata: dict[str, Any] = {
        "app_proto": "tls",
        "tls": {"version": "TLSv1", "serial": "00:AB", "ja3s": "769,49199,65281"},
        "ssh": None,
    }
    assert ASKED["version"].suricata(suricata) == "TLSv1.0"
    assert ASKED["version"].suricata(suricata | {"tls": {"version": "UNDETERMINED"}}) is None
    assert ASKED["version"].tshark(TSHARK) == "TLSv1.2"
    assert ASKED["suite"].suricata(suricata) == ASKED["suite"].tshark(TSHARK) == "C02F"
    assert ASKED["certificate"].suricata(suricata) == ASKED["certificate"].tshark(TSHARK) == "ab"
    assert ASKED["protocol"].suricata({"app_proto": "failed", "tls": None, "ssh": None}) == "none"
    assert ASKED["outcome"].suricata(suricata) is None
