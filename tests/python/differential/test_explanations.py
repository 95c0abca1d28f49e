"""Every connection of every capture can be explained, and the explanation agrees with its row and with tshark."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import zertap
from explanations import Case, kinds, own_captures, shared_captures
from zertap import Connection, Explanation
from zertap.errors import CaptureDamaged, ZertapError
from zertap.explanation.words import STEPS

MOST_OF_ONE_CAPTURE = 12
"""Connections of a capture that are explained, each by reading it again: the first ones and the last ones."""

OWN = own_captures()
SHARED = shared_captures()


def some(rows: zertap.Observation) -> list[Connection]:
    several = list(rows)
    half = MOST_OF_ONE_CAPTURE // 2
    return several if len(several) <= MOST_OF_ONE_CAPTURE else several[:half] + several[-half:]


def check(row: Connection, explained: Explanation, frames: int) -> None:
    """What holds for every explanation."""
    assert explained.connection.to_dict() == row.to_dict()
    steps = explained.steps
    packets = [step.packet for step in steps]
    assert packets == sorted(packets)
    assert all(1 <= step.packet <= step.last_packet <= frames for step in steps)
    assert packets[0] == row.first_packet
    moved = [step.verdict for step in steps if step.what == "moved"]
    assert (moved[-1] if moved else "no_traffic") == row.verdict or (not moved and row.verdict == "unmonitored")
    events = [step for step in steps if step.what == "zert_event"]
    told = [{name: step.to_dict()[name] for name in ("at", "protocol", "failed")} for step in events]
    assert told == [{name: event[name] for name in ("at", "protocol", "failed")} for event in row.events]
    assert [step.details["event"] for step in events] == [event["type"] for event in row.events]
    assert steps[-1].what == "ended"
    assert explained.why.sentence and "{" not in explained.why.sentence
    assert explained.text() and explained._repr_html_()
    lines = [json.loads(line) for line in explained.jsonl().splitlines()]
    assert (len(lines), lines[-1]["verdict"]) == (len(steps) + 1, row.verdict)


def explain_some(capture: Path) -> None:
    try:
        rows = zertap.observe(capture)
    except ZertapError:
        pytest.skip("no capture that can be read")
    for row in some(rows):
        check(row, rows.explain(row.uid if row.first_packet % 2 else row.first_packet), rows.counters["frames"])


@pytest.mark.parametrize("capture", OWN, ids=lambda path: path.stem)
def test_a_connection_of_our_own_captures_is_explained_as_it_was_observed(capture: Path) -> None:
    explain_some(capture)


@pytest.mark.skipif(not SHARED, reason="no shared captures (set ZERTAP_SHARED)")
def test_so_is_one_of_every_kind_in_the_captures_of_others() -> None:
    chosen = dict(kinds(SHARED))
    assert len(chosen) > 40
    for capture, first_packet in chosen.values():
        rows = zertap.observe(capture)
        (row,) = [row for row in rows if row.first_packet == first_packet]
        check(row, zertap.explain(capture, first_packet), rows.counters["frames"])


def tshark(capture: Path, wanted: str, *fields: str) -> list[list[str]]:
    """The packets that match, as values of *fields*."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    named = [part for field in fields for part in ("-e", field)]
    command = ["tshark", "-n", "-r", str(capture), "-Y", wanted, "-T", "fields", *named]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


SOUND = [path for path in OWN if path.stem.startswith(("tls12-", "tls13-", "ssh-", "gnutls-"))][::4]
"""Captures without disorder or loss, where tshark and we read the same packets; one in four is enough."""

SEEN = {
    ("tls.handshake.type", "2"): ({"what": "tls_message", "number": 2}, {"what": "tls_hello_retry"}),
    ("ssh.message_code", "20"): ({"what": "ssh_packet", "number": 20},),
    ("ssh.message_code", "21"): ({"what": "ssh_packet", "number": 21},),
}
"""What tshark calls ServerHello, KEXINIT and NEWKEYS, and our steps for it."""


def test_tshark_finds_hellos_and_keys_in_the_same_packets() -> None:
    compared = 0
    for capture in SOUND:
        fields = sorted({field for field, _ in SEEN})
        rows = tshark(capture, " || ".join(fields), "frame.number", *fields)
        steps = [
            step.to_dict()
            for row in zertap.observe(capture)
            for step in zertap.explain(capture, row.first_packet).steps
        ]
        for (field, number), wanted in SEEN.items():
            column = 1 + fields.index(field)
            theirs = {int(row[0]) for row in rows if number in row[column].split(",")}
            ours = {
                step["packet"]
                for step in steps
                if any(all(step.get(key) == value for key, value in each.items()) for each in wanted)
            }
            assert ours == theirs, (capture.name, field, number)
            compared += len(theirs)
    assert compared > 20


def test_every_word_of_the_engine_occurs_somewhere_or_has_its_own_test() -> None:
    """A word that no capture ever shows would be a sentence that nobody has read."""
    assert SHARED or pytest.skip("no shared captures (set ZERTAP_SHARED)")
    shown = set()
    for _, case in kinds([*OWN, *SHARED]):
        shown |= {step.what for step in zertap.explain(*case).steps}
    assert shown - {"zert_event"} <= set(STEPS)
    assert len(set(STEPS) - shown) <= 12, sorted(set(STEPS) - shown)


SPOKEN = [case for kind, case in kinds(OWN) if kind[0] in {"plaintext", "ended_clear"} or kind[3]]
"""Connections in which something is said in clear."""


@pytest.mark.parametrize("case", SPOKEN, ids=lambda case: case.capture.stem)
def test_no_octets_of_payload_occur_in_an_explanation(case: Case) -> None:
    """What one side said in clear: none of its words of some length is in any form of the output."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    rows = tshark(case.capture, "tcp.len > 0 && !tls && !ssh", "tcp.payload")
    explained = zertap.explain(*case)
    shown = f"{explained}{explained.jsonl().decode()}{explained._repr_html_()}".lower()
    for (payload,) in rows:
        text = bytes.fromhex(payload.replace(":", ""))
        for word in text.split():
            if len(word) > 7 and word.isalnum() and word.lower() != b"starttls":
                assert word.decode("latin-1").lower() not in shown
        assert payload[:32] not in shown


def test_damage_is_told_and_what_comes_before_it_is_explained(tmp_path: Path) -> None:
    whole = OWN[0].read_bytes()
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(whole[:-3])
    explained = zertap.explain(cut, 1)
    assert [type(each) for each in explained.warnings] == [CaptureDamaged]
