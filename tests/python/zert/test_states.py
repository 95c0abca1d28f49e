"""EDGE_CASES A9 and every STATE entry by its number, from packets to records: what the whole way writes.

``test_events.py`` holds the grammar alone; here the engine tells it what happened and when.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import seeds
from cases import TLS_12, connection, event
from wire import CLIENT_HELLO, FIN, HANDSHAKE_FAILURE, RAW_IP, RST, SECOND, START, SYN, Frame, Talk
from zertap.configuration import parse
from zertap.recording import Session
from zertap.sinks.base import Stream
from zertap.sinks.shown import Look, jsonl
from zertap.zert.codec import decode, encode_detail
from zertap.zert.events import EventType
from zertap.zert.mapping import Settings, detail_record, switch_record
from zertap.zert.records import DetailRecord
from zertap.zert.views import Names

ACK = 16
_HELLO_BODY = b"\x03\x03" + bytes(range(32)) + b"\x00" + bytes.fromhex("c02f") + b"\x00"
SERVER_HELLO = (
    b"\x16\x03\x03"
    + (len(_HELLO_BODY) + 8).to_bytes(2)
    + b"\x02"
    + len(_HELLO_BODY).to_bytes(3)
    + _HELLO_BODY
    + bytes.fromhex("0e000000")
)
FINISHED = bytes.fromhex("140303000101") + b"\x16\x03\x03\x00\x28" + bytes(range(40))
CLIENT_FINISHED = bytes.fromhex("1603030026 10000022 21".replace(" ", "")) + bytes(33) + FINISHED
DATA = b"\x17\x03\x03\x00\x20" + bytes(range(32))
CLOSE_NOTIFY = b"\x15\x03\x03\x00\x1a" + bytes(26)
CLEAR = b"HELO example.org\r\n"

Tell = Callable[[Talk], Talk]


def tls(talk: Talk) -> Talk:
    """A whole handshake of TLS 1.2 and some data."""
    return finish(talk.client(CLIENT_HELLO))


def finish(talk: Talk) -> Talk:
    return talk.server(SERVER_HELLO).client(CLIENT_FINISHED).server(FINISHED).client(DATA).server(DATA)


def fail(talk: Talk) -> Talk:
    return talk.server(HANDSHAKE_FAILURE)


def reset(talk: Talk) -> Talk:
    talk._say(0, RST | ACK)
    return talk


def talk(**where: Any) -> Talk:
    return Talk(**where).open()


def write(path: Path, frames: list[Frame], text: str = "", end: float | None = None) -> list[dict[str, Any]]:
    """The records of *frames*; the input ends *end* seconds after its beginning, or with the last packet."""
    seeds.keep(frames)
    session = Session(parse(f"records.switches = false\n{text}"), jsonl(Stream(str(path)), Look(Names.SMF, "plain")))
    for at, frame in frames:
        session.push_frame(at, frame, link=RAW_IP)
    session.close(None if end is None else START + int(end * SECOND))
    return [json.loads(line) for line in path.read_text().splitlines()]


def told(records: list[dict[str, Any]]) -> list[str]:
    """Events as ``type protocol[!] @seconds``, in whole seconds; ``!`` marks a failed handshake."""
    return [_told(record) for record in records if record["SMF_HEADER"]["SMF119STY"] == 11]


def _told(record: dict[str, Any]) -> str:
    kind = int(record["COMMON"]["SMF119SC_SAEvent_Type"]["code"], 16)
    words = {"80": "TLS", "40": "SSH", "00": "none"}
    failed = "TLS" in record and record["TLS"]["SMF119SC_TLS_Handshake_Type"]["code"] == "03"
    hours, minutes, rest = record["SMF_HEADER"]["SMF119TME"].split(":")
    at = int(hours) * 3600 + int(minutes) * 60 + int(float(rest))
    return f"{kind} {words[record['COMMON']['SMF119SC_SASecProtos']['code']]}{'!' * failed} @{at}"


CASES: list[tuple[str, Tell, list[str]]] = [
    ("STATE-01 protected, long", lambda t: tls(t).wait(30).close(), ["1 TLS @10", "3 TLS @30"]),
    ("STATE-02 plaintext, long", lambda t: t.client(CLEAR).wait(30).close(), ["1 none @10", "3 none @30"]),
    ("STATE-03 protected, short", lambda t: tls(t).wait(5).close(), ["4 TLS @5"]),
    ("STATE-03 plaintext, short", lambda t: t.client(CLEAR).wait(5).close(), ["4 none @5"]),
    ("STATE-03 failed, short", lambda t: fail(t.client(CLIENT_HELLO)).wait(5).close(), ["4 TLS! @5"]),
    (
        "STATE-04 completes late",
        lambda t: finish(t.client(CLIENT_HELLO).wait(15)).wait(15).close(),
        ["1 TLS @15", "3 TLS @30"],
    ),
    (
        "STATE-04 fails late",
        lambda t: fail(t.client(CLIENT_HELLO).wait(15)).wait(15).close(),
        ["1 TLS! @15", "3 TLS! @30"],
    ),
    ("STATE-04 ends in progress", lambda t: reset(t.client(CLIENT_HELLO).wait(15)), ["1 TLS! @15", "3 TLS! @15"]),
    ("STATE-05 TLS ended, idle, FIN", lambda t: tls(t).client(CLOSE_NOTIFY).wait(5).close(), ["4 TLS @5"]),
    (
        "STATE-05 TLS ended, idle, RST",
        lambda t: reset(tls(t).client(CLOSE_NOTIFY).server(CLOSE_NOTIFY).wait(30)),
        ["1 TLS @10", "3 TLS @30"],
    ),
    (
        "STATE-06 TLS ended after event 1, then clear",
        lambda t: tls(t).wait(20).client(CLOSE_NOTIFY).client(CLEAR).wait(10).close(),
        ["1 TLS @10", "2 none @20", "3 none @30"],
    ),
    (
        "STATE-07 the same within ten seconds",
        lambda t: tls(t).wait(3).client(CLOSE_NOTIFY).client(CLEAR).wait(2).close(),
        ["1 TLS @3", "2 none @3", "3 none @5"],
    ),
    ("STATE-08 silent, short", lambda t: t.wait(3).close(), ["4 none @3"]),
    ("STATE-08 silent, long", lambda t: t.wait(30).close(), ["1 none @10", "3 none @30"]),
    ("STATE-09 clear, then TLS", lambda t: tls(t.client(CLEAR).wait(1)).wait(30).close(), ["1 TLS @10", "3 TLS @31"]),
    (
        "STATE-09 clear, TLS after event 1",
        lambda t: tls(t.client(CLEAR).wait(20)).wait(10).close(),
        ["1 none @10", "2 TLS @20", "3 TLS @30"],
    ),
    (
        "STATE-12 silent, then TLS",
        lambda t: tls(t.wait(20)).wait(10).close(),
        ["1 none @10", "2 TLS @20", "3 TLS @30"],
    ),
    (
        "STATE-13 failed, stays open, tries again",
        lambda t: tls(fail(t.client(CLIENT_HELLO)).wait(20)).wait(10).close(),
        ["1 TLS! @10", "3 TLS! @30"],
    ),
    (
        "STATE-18 none, then failed",
        lambda t: fail(t.wait(20).client(CLIENT_HELLO)).wait(10).close(),
        ["1 none @10", "2 TLS! @20", "3 TLS! @30"],
    ),
]


@pytest.mark.parametrize(("name", "tell", "expected"), CASES, ids=[each[0] for each in CASES])
def test_packets_become_exactly_these_records(tmp_path: Path, name: str, tell: Tell, expected: list[str]) -> None:
    assert told(write(tmp_path / "x", tell(talk()).frames)) == expected, name


def test_state_08_half_open_has_no_record(tmp_path: Path) -> None:
    attempt = Talk()
    attempt._say(0, SYN)
    attempt.wait(30)._say(0, RST)
    assert write(tmp_path / "x", attempt.frames) == []


def test_state_09_the_strict_mode_takes_no_handshake_after_clear_data(tmp_path: Path) -> None:
    frames = tls(talk().client(CLEAR).wait(1)).wait(30).close().frames
    assert told(write(tmp_path / "x", frames, "observer.mode = 'zert'")) == ["1 none @10", "3 none @31"]


OPEN: list[tuple[str, Tell, float, list[str], list[str]]] = [
    ("protected before ten seconds", tls, 3, ["1 TLS @3"], ["4 TLS @3"]),
    ("protected, with a record", tls, 30, ["1 TLS @10"], ["1 TLS @10", "3 TLS @30"]),
    ("silent", lambda t: t, 3, ["1 none @3"], ["4 none @3"]),
    ("in progress", lambda t: t.client(CLIENT_HELLO), 3, [], ["4 TLS! @3"]),
    ("in progress past ten seconds", lambda t: t.client(CLIENT_HELLO), 30, [], ["1 TLS! @30", "3 TLS! @30"]),
    ("failed", lambda t: fail(t.client(CLIENT_HELLO)), 3, ["1 TLS! @3"], ["4 TLS! @3"]),
]


@pytest.mark.parametrize(("name", "tell", "end", "reported", "closed"), OPEN, ids=[each[0] for each in OPEN])
def test_state_10_the_input_ends_with_connections_open(
    tmp_path: Path, name: str, tell: Tell, end: float, reported: list[str], closed: list[str]
) -> None:
    frames = tell(talk()).frames
    assert told(write(tmp_path / "x", frames, end=end)) == reported, name
    assert told(write(tmp_path / "x", frames, "observer.at_eof = 'terminate'", end)) == closed, name


def test_state_10_an_evicted_connection_follows_the_same_rule(tmp_path: Path) -> None:
    first, second = tls(talk(client_port=50_001)), talk(client_port=50_002, at=START + 3 * SECOND).client(CLEAR)
    frames, limit = [*first.frames, *second.frames], "limits.max_connections = 1\n"
    assert told(write(tmp_path / "x", frames, limit)) == ["1 TLS @3", "1 none @3"]
    assert told(write(tmp_path / "x", frames, limit + "observer.at_eof = 'terminate'")) == ["4 TLS @3", "4 none @3"]


def test_state_10_terminated_connections_are_active_no_more(tmp_path: Path) -> None:
    """Summaries and detail records tell the same."""
    summed = "globalconfig.aggregation = true\nsmfconfig.zertsummary = true\n"
    for option, active, short in (("report", 1, 0), ("terminate", 0, 1)):
        records = write(tmp_path / "x", tls(talk()).frames, f"{summed}observer.at_eof = '{option}'", 3)
        (found,) = (record["COMMON"] for record in records if record["COMMON"].get("SMF119SS_SASrvPortStart"))
        assert (found["SMF119SS_SAEndActiveConnCnt"], found["SMF119SS_SAEndLifeShortConnCnt"]) == (active, short)


def test_state_11_a_clock_that_runs_backwards_makes_no_negative_life(tmp_path: Path) -> None:
    frames = talk(at=START + 5 * SECOND).client(CLEAR).close().frames
    earlier = [(at - index * SECOND, frame) for index, (at, frame) in enumerate(frames)]
    (record,) = write(tmp_path / "x", earlier)
    assert told([record]) == ["4 none @5"]
    common = record["COMMON"]
    assert (common["SMF119SC_SASTime"], common["SMF119SC_SAETime"]) == ("00:00:05.00", "00:00:05.00")


def test_state_14_a_connection_older_than_our_start_has_no_record(tmp_path: Path) -> None:
    frames = tls(talk()).wait(30).close().frames
    assert write(tmp_path / "x", frames[8:]) == []


def test_state_15_failed_handshakes_are_a_session_of_their_own(tmp_path: Path) -> None:
    frames: list[Frame] = []
    lives: tuple[Tell, ...] = (tls, tls, lambda t: fail(t.client(CLIENT_HELLO)), lambda t: t.client(CLEAR))
    for port, tell in enumerate(lives):
        frames += tell(talk(client_port=50_000 + port, at=START + port * SECOND)).close().frames
    text = "globalconfig.aggregation = true\nsmfconfig.zertsummary = true\nsmfconfig.zertdetail = false"
    records = [record for record in write(tmp_path / "x", frames, text) if record["COMMON"]["SMF119SS_SASrvPortStart"]]
    counts = ("SMF119SS_SAEndLifeConnCnt", "SMF119SS_SAEndFailedHsConnCnt")
    found = {
        (record["COMMON"]["SMF119SS_SASecProtos"]["code"], *(record["COMMON"][name] for name in counts))
        for record in records
    }
    assert found == {("80", 2, 0), ("80", 1, 1), ("00", 1, 0)}
    (failed,) = (record["TLS"] for record in records if record["COMMON"][counts[1]])
    kept = {name: value for name, value in failed.items() if _says_something(value)}
    assert {name.rpartition("TLS_")[2] for name in kept} == {"Source", "Neg_Cipher"}
    assert kept["SMF119SS_TLS_Neg_Cipher"] == "FFFFFF"


def _says_something(value: Any) -> bool:
    return bool(int(value["code"], 16) if isinstance(value, dict) else value)


def test_state_16_is_about_sessions() -> None:
    """Enabled and disabled: the records have no connection data, whatever is known. See ``test_recording.py``."""
    for kind in (EventType.ENABLED, EventType.DISABLED):
        record = switch_record(kind, START, Settings())
        assert (record.tls, record.ssh, record.names, record.common.connection_id) == (None, None, (), 0)


def test_state_17_a_reset_by_policy_is_told_by_events_3_and_4_alone() -> None:
    """The policy itself is none of ours yet; who applies one hands over the fact and event 7."""
    facts = connection(TLS_12, reset=True)
    told_by = {
        kind: bool(detail_record(facts, event(kind, "TLS"), Settings()).common.flags & 0x20)
        for kind in (*EventType,)
        if kind not in (EventType.ENABLED, EventType.DISABLED)
    }
    assert {kind for kind, reset_told in told_by.items() if reset_told} == {
        EventType.TERMINATION,
        EventType.SHORT_TERMINATION,
    }


@pytest.mark.parametrize(("life", "expected"), [(9_999, ["4 none @10"]), (10_000, ["1 none @10", "3 none @10"])])
def test_state_19_a_fin_at_ten_seconds_comes_after_the_timer(tmp_path: Path, life: int, expected: list[str]) -> None:
    """*life* in milliseconds; the connection was established by the third packet, at 0.002 s."""
    closing = talk()
    end = closing.now = START + (2 + life) * 1_000_000
    for side, flags in ((0, FIN | ACK), (1, FIN | ACK), (0, ACK)):
        closing._say(side, flags)
        closing.now = end
    assert told(write(tmp_path / "x", closing.frames, end=30)) == expected


def test_state_19_a_completion_at_ten_seconds_comes_after_the_timer(tmp_path: Path) -> None:
    """In progress when the timer pops: event 1 is written with the outcome, at that instant."""
    late = finish(talk().client(CLIENT_HELLO).wait(9.995)).wait(20).close()
    assert told(write(tmp_path / "x", late.frames)) == ["1 TLS @10", "3 TLS @30"]


def test_state_20_the_same_addresses_again_are_another_connection(tmp_path: Path) -> None:
    first = talk().client(CLEAR).close()
    second = Talk(at=first.now)
    second.next = [700_000, 900_000]
    records = write(tmp_path / "x", [*first.frames, *second.open().client(CLEAR).close().frames])
    assert told(records) == ["4 none @0", "4 none @0"]
    assert len({record["COMMON"]["SMF119SC_SAConnID"] for record in records}) == 2
    assert len({record["COMMON"]["SMF119SC_SARPort"] for record in records}) == 1


def test_state_21_seen_twice_it_is_one_connection(tmp_path: Path) -> None:
    frames = tls(talk()).wait(30).close().frames
    twice = [each for at, frame in frames for each in ((at, frame), (at + 1000, frame))]
    once, again = write(tmp_path / "x", frames), write(tmp_path / "y", twice)
    assert told(again) == told(once) == ["1 TLS @10", "3 TLS @30"]
    for one, other in zip(once, again, strict=True):
        assert octets(one) == octets(other)


def test_state_22_octets_are_those_of_payload_and_counted_once(tmp_path: Path) -> None:
    conversation = talk().client(CLEAR).server(CLEAR * 3)
    conversation.next[0] -= len(CLEAR)
    frames = conversation.client(CLEAR + CLEAR).wait(15).close().frames
    first, last = write(tmp_path / "x", frames)
    assert octets(first) == octets(last) == (2 * len(CLEAR), 3 * len(CLEAR))
    segments = [(each["COMMON"]["SMF119SC_SAInSegDG"], each["COMMON"]["SMF119SC_SAOutSegDG"]) for each in (first, last)]
    assert segments[0][0] < segments[1][0], "the later record counts the segments of the end too"


def test_state_22_counters_are_wide_enough_for_a_long_life() -> None:
    """A counter of 64 bits is written as it is, one of the record's width."""
    facts = connection(TLS_12)
    long = replace(facts, octets_client=(1 << 64) - 1, octets_server=1 << 33)
    found = decode(encode_detail(detail_record(long, event(EventType.TERMINATION, "TLS"), Settings())))
    assert isinstance(found, DetailRecord)
    assert (found.common.in_bytes, found.common.out_bytes) == ((1 << 64) - 1, 1 << 33)


def test_a9_no_change_is_told_for_what_is_not_significant(tmp_path: Path) -> None:
    """A handshake after the handshake (renegotiation, a ticket, a key update) changes nothing that is seen."""
    again = b"\x16\x03\x03\x00\x28" + bytes(range(40))
    frames = tls(talk()).wait(20).client(again).server(again).client(DATA).wait(10).close().frames
    assert told(write(tmp_path / "x", frames)) == ["1 TLS @10", "3 TLS @30"]


def test_a9_a_jump_of_time_fires_every_timer_once_and_in_order(tmp_path: Path) -> None:
    """The packet that moved time comes after the timers that it moved past: here it ends the first connection."""
    first, second = tls(talk(client_port=50_001)), talk(client_port=50_002, at=START + 2 * SECOND).client(CLEAR)
    frames = [*first.frames, *second.frames]
    ended = len(first.frames)
    first.wait(3600).close()
    records = write(tmp_path / "x", [*frames, *first.frames[ended:]])
    assert told(records) == ["1 TLS @10", "1 none @12", "3 TLS @3600"]


def test_a9_an_end_in_progress_is_a_failure_first(tmp_path: Path) -> None:
    assert told(write(tmp_path / "x", talk().client(CLIENT_HELLO).wait(3).close().frames)) == ["4 TLS! @3"]


def test_every_state_has_its_test() -> None:
    """EDGE_CASES lists STATE-01 to STATE-22."""
    tests = Path(__file__).parents[1]
    texts = [path.read_text(encoding="utf-8") for path in tests.rglob("test_*.py")]
    named = {int(number) for text in texts for number in re.findall(r"(?:STATE-|test_state_)(\d\d)", text)}
    assert named >= set(range(1, 23))


def octets(record: dict[str, Any]) -> tuple[int, int]:
    return record["COMMON"]["SMF119SC_SAInBytes"], record["COMMON"]["SMF119SC_SAOutBytes"]
