"""The explanation of one connection: its tables are total, its forms say the same, misuse is told in one line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import zertap
from explanations import Case, golden_pages
from wire import CLIENT_HELLO, SECOND, Talk, clear, pcap, refused, waiting
from zertap._native import FAULTS, FLAGS, PHASES
from zertap.errors import Usage
from zertap.explanation import words
from zertap.explanation.reasons import REASONS, VERDICTS, rule_of
from zertap.protection import TABLE

ROOT = Path(__file__).parents[3]
SHOWN = (ROOT / "rust/zertap-core/src/handshake/journal/shown.rs").read_text(encoding="utf-8")
ALIEN = {
    ("tls", "peer_not_ssh"),
    ("tls", "disconnect"),
    ("tls", "no_common_algorithm"),
    ("tls", "banner_too_long"),
    ("ssh", "alert"),
    ("ssh", "peer_not_tls"),
    ("ssh", "client_certificate_refused"),
}
"""Reasons that belong to the other protocol."""


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return pcap(tmp_path / "x.pcap", [*clear(port=80), *refused(client_port=50001), *waiting(client_port=50002)])


def test_every_reason_of_the_engine_has_a_sentence_for_each_protocol_that_can_have_it() -> None:
    every = {(protocol, reason) for protocol in ("tls", "ssh") for reason in FAULTS if reason}
    assert set(REASONS) == every - ALIEN
    assert set(words.FAULTS) == set(filter(None, FAULTS))


def test_every_verdict_and_phase_has_its_words() -> None:
    assert set(words.PHASES) == set(PHASES)
    with_reason = {"failed", "undetermined"}
    assert {verdict for verdict, _ in VERDICTS} == {each.word for each, _ in TABLE.values()} - with_reason


def test_every_word_of_the_journal_has_a_sentence() -> None:
    named = set(re.findall(r'=> "(\w+)"', SHOWN))
    assert named == set(words.STEPS)


@pytest.mark.parametrize(("protocol", "reason"), sorted(REASONS))
@pytest.mark.parametrize("who", ["client", "server", None])
def test_a_reason_is_one_finished_sentence_with_a_standard(protocol: str, reason: str, who: str | None) -> None:
    row = {
        "verdict": "undetermined" if reason == "capture_loss" else "failed",
        "protocol": protocol,
        "reason": reason,
        "gave_up": who,
        "upgrade": None,
        "tls": None,
    }
    rule = rule_of(row)
    assert re.fullmatch(r"[A-Z][^{}]+\.", rule.sentence)
    assert "RFC" in rule.source


def test_flags_that_are_noticed_are_told_with_their_meaning(tmp_path: Path) -> None:
    talk = Talk(client_port=50009).open().client(b"GET /").frames[3:]
    explained = zertap.explain(pcap(tmp_path / "mid.pcap", talk), 1)
    assert explained.verdict == "unmonitored"
    assert explained.noticed == [f"{flag}: {FLAGS[flag]}" for flag in explained.connection.flags]
    assert "None: zERT reports only connections" in str(explained)


def test_a_connection_is_named_by_its_first_packet_or_its_uid(capture: Path) -> None:
    rows = zertap.observe(capture)
    for row in rows:
        explained = zertap.explain(capture, row.first_packet)
        assert explained.connection == row
        for other in (
            zertap.explain(capture, row.uid),
            zertap.explain(capture, str(row.first_packet)),
            rows.explain(row.uid),
            rows.explain(row.first_packet),
        ):
            assert other.jsonl() == explained.jsonl()


def test_the_forms_say_the_same(capture: Path) -> None:
    row = next(row for row in zertap.observe(capture) if row.verdict == "failed")
    explained = zertap.explain(capture, row.first_packet)
    lines = [json.loads(line) for line in explained.jsonl().splitlines()]
    assert [line["text"] for line in lines[:-1]] == [step.text for step in explained.steps]
    flat = " ".join(str(explained).split())
    page = explained._repr_html_()
    for step in explained.steps:
        if len(step.text) < 50:
            assert step.text in flat
        assert step.text.replace("'", "&#x27;").replace(">", "&gt;") in page
    assert lines[-1]["why"] == explained.why.sentence
    assert "handshake_failure" in explained.why.sentence


def test_what_came_from_a_packet_is_escaped_everywhere(tmp_path: Path) -> None:
    """A server name is whatever the client writes: no markup, no control characters may reach a page or terminal."""
    evil = b"<b>&\x1b[2Jxy."
    name = CLIENT_HELLO.replace(b"example.org", evil)
    assert len(name) == len(CLIENT_HELLO)
    explained = zertap.explain(pcap(tmp_path / "e.pcap", Talk().open().client(name).frames), 1)
    assert explained.connection.tls and explained.connection.tls.sni == evil.decode()
    assert "<b>&" not in explained._repr_html_().replace("<b>Verdict", "")
    assert "&lt;b&gt;&amp;" in explained._repr_html_()
    assert "\x1b" not in str(explained) + explained._repr_html_()
    assert b"\x1b" not in explained.jsonl()


def test_an_unknown_connection_is_refused_by_naming_its_neighbours(tmp_path: Path) -> None:
    first = clear()
    capture = pcap(tmp_path / "two.pcap", [*first, *refused(client_port=50001, at=first[-1][0] + SECOND)])
    second = len(first) + 1
    for wrong, near in ((2, f"1, {second}"), (second - 1, f"1, {second}"), (999, f"{second}")):
        with pytest.raises(Usage, match=f"begins with packet {wrong}; nearest: {near}$"):
            zertap.explain(capture, wrong)
    with pytest.raises(Usage, match="no connection has the uid `abc`: the 2 connections"):
        zertap.explain(capture, "abc")


def test_connections_of_several_captures_need_a_uid(tmp_path: Path) -> None:
    one, two = pcap(tmp_path / "1.pcap", clear()), pcap(tmp_path / "2.pcap", refused(client_port=50001))
    rows = zertap.observe([one, two])
    with pytest.raises(Usage, match="connections of 2 captures begin with packet 1"):
        rows.explain(1)
    assert rows.explain(rows[1].uid).connection == rows[1]
    with pytest.raises(Usage, match="come from no capture"):
        zertap.Tap().drain().explain(1)


def test_a_connection_that_crosses_from_one_capture_into_the_next_is_explained_whole(tmp_path: Path) -> None:
    frames = refused()
    one, two = pcap(tmp_path / "1.pcap", frames[:4]), pcap(tmp_path / "2.pcap", frames[4:])
    rows = zertap.observe([one, two], chain=True)
    explained = rows.explain(1)
    assert (explained.verdict, explained.connection) == ("failed", rows[0])
    alert = next(step for step in explained.steps if step.what == "tls_alert")
    assert (alert.packet, alert.details["description"]) == (1, "handshake_failure")


def test_a_connection_that_replaces_another_begins_with_its_own_syn(tmp_path: Path) -> None:
    first = Talk().open().client(CLIENT_HELLO)
    second = Talk(at=first.now)
    second.next = [700_000, 900_000]
    frames = [*first.frames, *second.open().client(b"GET / HTTP/1.0\r\n\r\n").close().frames]
    rows = list(zertap.observe(pcap(tmp_path / "r.pcap", frames)))
    assert [row.ordinal for row in rows] == [1, 2]
    old, new = (zertap.explain(tmp_path / "r.pcap", row.first_packet) for row in rows)
    assert (old.connection.closed, old.steps[-1].details["kind"]) == ("replaced", "replaced")
    assert "other_syn" in [step.what for step in old.steps]
    assert [step.what for step in new.steps][:2] == ["syn", "syn_ack"]
    assert new.steps[0].packet == 5


def test_on_the_command_line_lines_of_json_or_a_page(capture: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "zertap", "explain", str(capture), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    first = str(next(iter(zertap.observe(capture))).first_packet)
    lines = run("--connection", first)
    assert (lines.returncode, lines.stderr) == (0, "")
    assert json.loads(lines.stdout.splitlines()[-1])["what"] == "verdict"
    page = run("-c", first, "--format", "table")
    assert page.stdout == str(zertap.explain(capture, first))
    unknown = run("-c", "999")
    assert unknown.returncode == 2
    assert re.fullmatch(r"zertap: no connection begins with packet 999; nearest: \d+\n", unknown.stderr)


@pytest.mark.parametrize(("page", "case"), golden_pages(), ids=lambda each: getattr(each, "stem", ""))
def test_the_pages_that_were_read_by_people_stay_as_they_were_read(page: Path, case: Case) -> None:
    assert str(zertap.explain(*case)) == page.read_text(encoding="utf-8")


def test_there_are_pages_that_were_read() -> None:
    assert len(golden_pages()) >= 12


SSH_LINE = b"SSH-2.0-test\r\n"
NEWKEYS = bytes.fromhex("0000000c0a15") + bytes(10)


def lossy(talk: Talk, lost: int) -> Talk:
    """The same conversation without its frame number *lost*."""
    del talk.frames[lost]
    return talk


MADE = {
    ("failed", "tls", "bad_length"): Talk().open().client(CLIENT_HELLO).server(bytes.fromhex("160303ffff00")),
    ("failed", "ssh", "banner_too_long"): Talk().open().server(b"SSH-2.0-" + b"a" * 9000),
    ("failed", "ssh", "protocol_violation"): Talk().open().server(SSH_LINE).client(SSH_LINE + NEWKEYS),
    ("undetermined", "tls", "capture_loss"): lossy(
        Talk().open().client(CLIENT_HELLO).server(bytes(100)).client(bytes(7)).close(), 4
    ),
    ("undetermined", "ssh", "capture_loss"): lossy(
        lossy(Talk().open().server(SSH_LINE).client(SSH_LINE).client(bytes(9)).server(bytes(9)).client(b"").close(), 5),
        5,
    ),
    ("no_traffic", "none", None): Talk(),
    ("plaintext", "none", None): Talk(port=110)
    .open()
    .server(b"+OK here\r\n")
    .client(b"STLS\r\n")
    .server(b"-ERR never\r\n")
    .client(b"QUIT\r\n")
    .close(),
}
"""Conversations of which no capture holds one: how they must be judged, and what was said."""
MADE["no_traffic", "none", None]._say(0, 2)


@pytest.mark.parametrize("kind", sorted(MADE, key=str), ids=lambda kind: "-".join(filter(None, kind)))
def test_what_no_capture_shows_is_explained_too(kind: tuple[str, str, str | None], tmp_path: Path) -> None:
    explained = zertap.explain(pcap(tmp_path / "made.pcap", MADE[kind].frames), 1)
    it = explained.connection
    assert (it.verdict, it.protocol, it.reason) == kind
    deciding = {
        "bad_length": "tls_too_long",
        "protocol_violation": "ssh_packet",
        "capture_loss": "gap",
        "banner_too_long": "moved",
    }
    assert {deciding.get(kind[2] or "", "ended")} <= {step.what for step in explained.steps}
    if kind[0] == "plaintext":
        assert [step.what for step in explained.steps if step.what.startswith("upgrade")] == [
            "upgrade_asked",
            "upgrade_refused",
        ]
    assert re.search(r"^Why:\n  [A-Z]", str(explained), re.MULTILINE)
