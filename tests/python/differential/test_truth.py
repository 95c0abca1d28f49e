"""Fields of one row never contradict each other: the promise of "computed once, in one place, at one moment".

Each rule below is a sentence that must hold for every row, whatever was captured; it yields what contradicts it. The
rules are asked of every capture of our own and every shared one, damaged ones included, in both modes. No rule knows
what a capture shows, so none can be satisfied by an expectation that was written from our own output.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest

import zertap
from differential.oracle import CAPTURES
from wire import CLIENT_HELLO, Frame, Talk, pcap

OWN = Path(__file__).resolve().parents[3] / "pcaps/captures"
MODES: tuple[Literal["full", "zert"], ...] = ("full", "zert")
Row = dict[str, Any]
Rule = Callable[[Row], Iterator[str]]

COMPLETE = {"protected", "ended_clear"}
BEGUN = COMPLETE | {"in_progress", "failed", "undetermined"}
EVIDENCE = {"negotiated", "offered", "inferred", "not_visible"}
ENDED = {"fin", "rst", "replaced"}
WAITING_SPAN = 10.0
RULES: list[Rule] = []


def rule(told: Rule) -> Rule:
    """Enters a rule."""
    RULES.append(told)
    return told


@rule
def a_reason_stands_exactly_where_something_went_wrong(row: Row) -> Iterator[str]:
    verdict, reason = row["verdict"], row["reason"]
    # A6: that no algorithm is common is known before the connection ends.
    early = (verdict, reason) == ("in_progress", "no_common_algorithm")
    if (verdict in {"failed", "undetermined"}) != (reason is not None) and not early:
        yield f"{verdict} with reason {reason}"
    if verdict == "undetermined" and reason != "capture_loss":
        yield f"undetermined by {reason}"
    if verdict == "failed" and reason == "capture_loss":
        yield "failed by what the tap lost"


@rule
def only_a_failed_handshake_was_given_up(row: Row) -> Iterator[str]:
    if row["gave_up"] is not None and row["verdict"] != "failed":
        yield f"{row['verdict']}, but {row['gave_up']} gave up"


@rule
def a_protocol_stands_exactly_where_a_handshake_was_begun(row: Row) -> Iterator[str]:
    if (row["protocol"] != "none") != (row["verdict"] in BEGUN):
        yield f"{row['verdict']} of protocol {row['protocol']}"
    if row["verdict"] == "ended_clear" and row["protocol"] != "tls":
        yield f"ended_clear of {row['protocol']}"


@rule
def facts_are_those_of_the_protocol(row: Row) -> Iterator[str]:
    for protocol in ("tls", "ssh"):
        if (row[protocol] is not None) != (row["protocol"] == protocol):
            yield f"protocol {row['protocol']}, but {protocol} is {row[protocol]}"
    if row["evidence"] is None if row["verdict"] in COMPLETE else row["evidence"] and row["protocol"] == "none":
        yield f"{row['verdict']} of {row['protocol']}, evidence {row['evidence']}"


@rule
def a_time_of_completion_stands_exactly_where_a_handshake_completed(row: Row) -> Iterator[str]:
    if (row["handshake_ms"] is not None) != (row["verdict"] in COMPLETE):
        yield f"{row['verdict']} with handshake_ms {row['handshake_ms']}"
    elif row["handshake_ms"] is not None and not 0 <= row["handshake_ms"] <= row["duration"] * 1000 + 1e-3:
        yield f"{row['handshake_ms']} ms of handshake in {row['duration']} s"


@rule
def the_type_of_a_handshake_fits_its_outcome(row: Row) -> Iterator[str]:
    kind = row["handshake_type"]
    if row["protocol"] != "tls":
        if kind is not None:
            yield f"{row['protocol']} with type {kind}"
        return
    if (kind == 3) != (row["verdict"] == "failed"):
        yield f"{row['verdict']} with type {kind}"
    if kind in {1, 2} and row["verdict"] not in COMPLETE:
        yield f"{row['verdict']} with type {kind}"
    if row["verdict"] in COMPLETE and {None: None, False: 1, True: 2}[row["tls"]["resumed"]] != kind:
        yield f"resumed {row['tls']['resumed']}, type {kind}"


@rule
def octets_stand_where_the_verdict_says_that_something_flowed(row: Row) -> Iterator[str]:
    sides = row["bytes_client"], row["bytes_server"]
    if row["verdict"] == "no_traffic":
        # Up to three octets may still become a handshake (A3); those of a SYN that nobody accepted never flowed.
        if max(sides) > 3 and "never_established" not in row["flags"]:
            yield f"no_traffic, but {sides} octets"
    elif row["verdict"] != "unmonitored" and sum(sides) == 0:
        yield f"{row['verdict']} without an octet"
    for side, octets in zip(("client", "server"), sides, strict=True):
        if octets and not row[f"segments_{side}"]:
            yield f"{octets} octets of the {side} without a segment"
    if row["segments_client"] + row["segments_server"] == 0:
        yield "no segment at all"


@rule
def what_ended_is_not_in_progress(row: Row) -> Iterator[str]:
    if row["verdict"] == "in_progress" and row["closed"] not in {"open", "evicted"}:
        yield f"in_progress, closed by {row['closed']}"


@rule
def what_was_never_established_had_no_traffic_and_no_record(row: Row) -> Iterator[str]:
    if "never_established" in row["flags"] and (row["verdict"], row["events"]) != ("no_traffic", []):
        yield f"never established, but {row['verdict']} with events {_numbers(row)}"


@rule
def what_is_unmonitored_has_no_visible_start_and_no_record(row: Row) -> Iterator[str]:
    """The start lies before the capture, behind its snap length, or in octets that were lost."""
    visible = not set(row["flags"]) & {"midstream", "truncated", "gap"}
    if row["verdict"] == "unmonitored" and (visible or row["events"]):
        yield f"unmonitored, flags {row['flags']}, events {_numbers(row)}"


def _numbers(row: Row) -> list[int]:
    return [event["type"] for event in row["events"]]


def _time(text: str) -> float:
    whole, fraction = text.removesuffix("Z").split(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction}")


@rule
def events_follow_the_grammar_of_zert(row: Row) -> Iterator[str]:
    numbers = _numbers(row)
    text = "".join(map(str, numbers))
    if not re.fullmatch(r"4?|12*3?", text):
        yield f"sequence {numbers}"
    if ("3" in text or "4" in text) != (bool(numbers) and row["closed"] in ENDED):
        yield f"closed {row['closed']}, but events {numbers}"
    accounted = row["verdict"] not in {"unmonitored", "in_progress"} and "never_established" not in row["flags"]
    if accounted and not numbers:
        yield f"{row['verdict']} without a record"


@rule
def a_change_changes_something(row: Row) -> Iterator[str]:
    shown = [(event["protocol"], event["failed"]) for event in row["events"]]
    for before, after, event in zip(shown, shown[1:], row["events"][1:], strict=False):
        if (event["type"] == 2) != (before != after):
            yield f"type {event['type']} from {before} to {after}"


@rule
def the_last_event_says_what_the_verdict_says(row: Row) -> Iterator[str]:
    if not row["events"]:
        return
    last = row["events"][-1]
    protected = row["protocol"].upper() if row["protocol"] != "none" else "none"
    wanted = {
        "no_traffic": ("none", False),
        "plaintext": ("none", False),
        "in_progress": ("none", False),  # what was written before the handshake began (STATE-12)
        "ended_clear": ("none", False),
        "protected": (protected, False),
        "failed": (protected, True),
        "undetermined": (protected, True),
    }
    if wanted.get(row["verdict"]) != (last["protocol"], last["failed"]):
        yield f"{row['verdict']}, last event {last}"


@rule
def a_failed_event_names_a_protocol(row: Row) -> Iterator[str]:
    for event in row["events"]:
        if event["failed"] and event["protocol"] == "none":
            yield f"{event}"


@rule
def times_are_in_order(row: Row) -> Iterator[str]:
    if row["start"] is None or row["end"] is None:
        return
    start, end = row["start"], row["end"]
    times = [start, *(event["at"] for event in row["events"])]
    if times != sorted(times):
        yield f"times {times}"
    # Event 1 of an open connection comes when the waiting span ends, which may be after its last packet.
    late = [event for event in row["events"] if event["at"] > end and (row["closed"] in ENDED or event["type"] != 1)]
    if late:
        yield f"{late} after the end {end}"
    if abs(_time(end) - _time(start) - row["duration"]) > 1e-5 or row["duration"] < 0:
        yield f"{start} to {end} is not {row['duration']} s"


@rule
def a_short_life_is_shorter_than_the_waiting_span(row: Row) -> Iterator[str]:
    numbers = _numbers(row)
    if 2 in numbers or row["closed"] not in ENDED or not numbers:
        return
    if numbers[0] == 1 and row["duration"] < WAITING_SPAN:
        yield f"events {numbers} in {row['duration']} s"
    if numbers[0] == 1 and _time(row["events"][0]["at"]) - _time(row["start"]) < WAITING_SPAN:
        yield "event 1 before the waiting span is over, without a change"


@rule
def words_of_evidence_are_the_four(row: Row) -> Iterator[str]:
    for key, word in (row["evidence"] or {}).items():
        if word is not None and word not in EVIDENCE:
            yield f"{key}: {word}"


@rule
def a_negotiated_fact_is_there_and_one_that_is_not_visible_is_absent(row: Row) -> Iterator[str]:
    known, tls = row["evidence"], row["tls"]
    if known is None:
        return
    facts = (
        {"algorithms": row["ssh"]["kex"]}
        if tls is None
        else {"parameters": tls["cipher"], "group": tls["group_id"], "alpn": tls["alpn"], "resumption": tls["resumed"]}
    )
    for kind, fact in facts.items():
        if known[kind] == "not_visible" and fact is not None:
            yield f"{kind} not visible, but {fact}"
    if facts.get("parameters") is None and known.get("parameters") == "negotiated":
        yield "parameters negotiated, but absent"


@rule
def numbers_and_their_names_go_together(row: Row) -> Iterator[str]:
    tls = row["tls"]
    if tls is None:
        return
    if tls["cipher"] is not None and not re.fullmatch(r"[0-9A-F]{4}([0-9A-F]{2})?", tls["cipher"]):
        yield f"cipher {tls['cipher']}"
    for number, name in (("cipher", "cipher_name"), ("group_id", "group")):
        if tls[number] is None and tls[name] is not None:
            yield f"{name} {tls[name]} without {number}"
    if (tls["version"] is None) != (tls["cipher"] is None):
        yield f"version {tls['version']}, cipher {tls['cipher']}: both stand in the ServerHello"


@rule
def facts_fit_the_version(row: Row) -> Iterator[str]:
    tls = row["tls"]
    if tls is None or tls["version"] is None:
        return
    if tls["version"] == "TLSv1.3":
        hidden = ("server_certificate", "client_certificate", "alpn", "signature_scheme", "dh_bits", "sni_acknowledged")
        for key in hidden:
            if tls[key] is not None:
                yield f"{key} in clear in TLS 1.3"
    elif tls["hello_retry"] and not tls["version"].startswith("TLSv1.3") and row["verdict"] in COMPLETE:
        yield f"HelloRetryRequest in {tls['version']}"
    if row["reason"] == "client_certificate_refused" and not tls["version"].startswith("TLSv1.3"):
        yield f"a refusal after the Finished in {tls['version']}"


@rule
def an_abbreviated_handshake_shows_no_certificate(row: Row) -> Iterator[str]:
    tls = row["tls"]
    if (
        tls
        and tls["resumed"]
        and row["verdict"] in COMPLETE
        and (tls["server_certificate"] or tls["client_certificate"])
    ):
        yield "resumed, with a certificate"


@rule
def an_alert_that_failed_the_handshake_is_listed(row: Row) -> Iterator[str]:
    if row["tls"] is None:
        return
    alerts = row["tls"]["alerts"]
    for alert in alerts:
        if alert["encrypted"] != (alert["level"] is None) or alert["encrypted"] != (alert["description"] is None):
            yield f"{alert}"
    if row["reason"] == "alert" and row["gave_up"] not in {alert["from"] for alert in alerts}:
        yield f"{row['gave_up']} gave up by an alert, but the alerts are {alerts}"


@rule
def the_way_a_handshake_ended_fits_the_way_the_connection_did(row: Row) -> Iterator[str]:
    if row["reason"] == "reset" and row["closed"] != "rst":
        yield f"failed by a reset, closed {row['closed']}"
    if row["reason"] == "closed" and row["closed"] == "evicted":
        yield "failed by an end that was not seen"


@rule
def flags_fit_what_they_speak_of(row: Row) -> Iterator[str]:
    flags = set(row["flags"])
    if len(flags) != len(row["flags"]):
        yield f"twice in {row['flags']}"
    if "one_sided" in flags and row["segments_client"] and row["segments_server"]:
        yield "one_sided with segments of both"
    if "upgraded" in flags and row["protocol"] == "none":
        yield "upgraded to nothing"
    if row["upgrade"] is not None and "upgraded" not in flags:
        yield f"upgrade {row['upgrade']} without its flag"
    if "midstream_tls" in flags and row["verdict"] != "plaintext":
        yield f"midstream_tls and {row['verdict']}"
    if row["verdict"] == "undetermined" and not flags & {"gap", "truncated", "overlap_conflict", "one_sided"}:
        yield f"undetermined without a loss: {row['flags']}"
    if row["tls"] and row["tls"]["sni_is_outer"] and "ech_offered" not in flags:
        yield "an outer name without Encrypted ClientHello"
    if (row["closed"] == "evicted") != ("evicted" in flags):
        yield f"closed {row['closed']}, flags {row['flags']}"


@rule
def ssh_algorithms_are_whole(row: Row) -> Iterator[str]:
    ssh = row["ssh"]
    if ssh is None:
        return
    if (
        row["verdict"] == "protected"
        and ssh["version"] == 2
        and not set(row["flags"]) & {"one_sided", "gap", "midstream"}
    ):
        yield from (f"{key} is absent" for key in ("kex", "host_key", "cipher_c2s", "mac_c2s") if ssh[key] is None)
    for way in ("c2s", "s2c"):
        if ssh[f"mac_{way}"] == "implicit" and not re.search(r"gcm|poly1305", ssh[f"cipher_{way}"] or ""):
            yield f"implicit MAC with {ssh[f'cipher_{way}']}"
    if ssh["host_key_fingerprint"] and not re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", ssh["host_key_fingerprint"]):
        yield f"fingerprint {ssh['host_key_fingerprint']}"
    if row["reason"] == "no_common_algorithm" and row["verdict"] not in {"failed", "in_progress"}:
        yield f"nothing in common, but {row['verdict']}"


# ---- where the rows come from, and the tests


@cache
def _captures() -> dict[str, Path]:
    folders = [("own", OWN)] + ([("shared", CAPTURES)] if CAPTURES.is_dir() else [])
    return {
        f"{name}/{path.relative_to(folder).as_posix()}": path
        for name, folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "expected" not in path.parts and path.suffix not in {".jsonl", ".csv"}
    }


def _made() -> dict[str, Path]:
    """What no capture shows, made on the spot."""
    folder = Path(tempfile.mkdtemp(prefix="zertap-truth-"))
    made = {"lost": _lost_on_both_sides(), "replaced": _replaced_by_a_new_start()}
    return {f"made/{name}": pcap(folder / f"{name}.pcap", frames) for name, frames in made.items()}


def _lost_on_both_sides() -> list[Frame]:
    """The octets that would decide the handshake were lost, and the connection ended."""
    hello = b"\x02\x00\x00\x26\x03\x03" + bytes(32) + b"\x00\xc0\x2f\x00"
    talk = Talk().open().client(CLIENT_HELLO).server(b"\x16\x03\x03" + len(hello).to_bytes(2) + hello)
    lost = len(talk.frames)
    talk.client(bytes(120)).server(bytes(51)).close()
    return [*talk.frames[:lost], *talk.frames[lost + 2 :]]


def _replaced_by_a_new_start() -> list[Frame]:
    """The same pair starts again while its first connection lives (TCP-11)."""
    first = Talk().open().client(CLIENT_HELLO)
    second = Talk(at=first.now)
    second.next = [3_000_000, 9_000_000]
    return first.frames + second.open().client(b"in clear").close().frames


@cache
def _rows(mode: Literal["full", "zert"]) -> dict[str, list[Row]]:
    rows = {}
    for name, path in (_captures() | _made()).items():
        try:
            rows[name] = [connection.to_dict() for connection in zertap.observe(path, mode=mode)]
        except zertap.InputUnreadable:
            continue
    return rows


def _title(name: str, row: Row) -> str:
    return f"{name} packet {row['first_packet']}"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("told", RULES, ids=lambda told: told.__name__)
def test_no_row_contradicts_itself(told: Rule, mode: Literal["full", "zert"]) -> None:
    wrong = [f"{_title(name, row)}: {each}" for name, rows in _rows(mode).items() for row in rows for each in told(row)]
    assert not wrong, f"{len(wrong)} rows:\n" + "\n".join(wrong[:40])


def test_mode_zert_reads_no_certificate_and_follows_no_upgrade() -> None:
    for name, rows in _rows("zert").items():
        for row in rows:
            assert "upgraded" not in row["flags"], _title(name, row)
            assert row["upgrade"] is None, _title(name, row)
            tls = row["tls"] or {"server_certificate": None, "client_certificate": None}
            assert (tls["server_certificate"], tls["client_certificate"]) == (None, None), _title(name, row)


def test_the_mode_changes_nothing_but_upgrades_and_certificates() -> None:
    for name, full in _rows("full").items():
        strict = {(row["uid"], row["first_packet"]): row for row in _rows("zert")[name]}
        assert len(strict) == len(full), name
        for row in full:
            other = strict[row["uid"], row["first_packet"]]
            assert _common(row) == _common(other), _title(name, row)
            if "upgraded" not in row["flags"]:
                assert row["verdict"] == other["verdict"], _title(name, row)
                assert row["events"] == other["events"], _title(name, row)


def _common(row: Row) -> Row:
    keys = ("start", "end", "closed", "ordinal", "client_ip", "client_port", "server_ip", "server_port")
    return {key: row[key] for key in keys} | {key: row[key] for key in row if key.startswith(("bytes_", "segments_"))}


def test_no_two_connections_of_a_capture_share_an_identity_or_a_packet() -> None:
    for name, rows in _rows("full").items():
        for key in ("uid", "first_packet"):
            twice = [value for value, times in Counter(row[key] for row in rows).items() if times > 1]
            assert not twice, f"{name}: {key} {twice}"


def test_ordinals_count_the_connections_of_a_pair_from_one() -> None:
    for name, rows in _rows("full").items():
        numbers: dict[str, list[int]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: int(row["first_packet"])):
            ends = sorted([(row["client_ip"], row["client_port"]), (row["server_ip"], row["server_port"])])
            numbers[str(ends)].append(row["ordinal"])
        for pair, ordinals in numbers.items():
            assert ordinals == list(range(1, len(ordinals) + 1)), f"{name} {pair}"


def test_the_captures_show_every_verdict_and_every_kind_of_end() -> None:
    """Otherwise a rule could hold because nothing spoke against it."""
    if not CAPTURES.is_dir():
        pytest.skip(f"no shared captures in {CAPTURES} (ZERTAP_SHARED)")
    rows = [row for each in _rows("full").values() for row in each]
    assert {row["verdict"] for row in rows} == BEGUN | {"no_traffic", "plaintext", "unmonitored"}
    assert {row["closed"] for row in rows} >= ENDED | {"open"}
    assert len(rows) > 2000
