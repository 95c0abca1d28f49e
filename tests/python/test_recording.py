"""A session whose configuration changes in mid-run: what is written, and for which connections."""

import json
from pathlib import Path
from typing import Any

import pytest

from wire import RAW_IP, SECOND, START, Frame, Talk, clear, pcap, refused
from zertap._native import Tap
from zertap.cli import main
from zertap.configuration import Configuration, parse
from zertap.recording import Session
from zertap.sinks.base import Stream
from zertap.sinks.octets import SmfFile
from zertap.sinks.shown import Look, jsonl
from zertap.zert.views import Names

PLAIN = parse("")
OFF = parse("globalconfig.zert = false")
SUMMED = parse("globalconfig.aggregation = true\nsmfconfig.zertsummary = true")
ONLY_DETAIL = parse("globalconfig.aggregation = false\nsmfconfig.zertsummary = true")

Step = tuple[float, Configuration]
"""Seconds after the beginning, and what the configuration is from then on."""


def frames() -> list[Frame]:
    """A long connection from 0 s on, one from 20 s to 60 s, one from 40 s to 80 s, and short ones in between."""
    found: list[Frame] = []
    for port, start, life in ((50_001, 0, 90), (50_002, 20, 40), (50_003, 40, 40)):
        talk = Talk(port=80, client_port=port, at=START + start * SECOND).open().client(b"HELO\r\n")
        found += talk.wait(life).server(b"250 ok\r\n").close().frames
    found += clear(port=80, client_port=50_004, at=START + 5 * SECOND)
    found += refused(client_port=50_005, at=START + 50 * SECOND)
    return sorted(found)


def replay(path: Path, steps: list[Step], first: Configuration = PLAIN, form: str = "jsonl") -> Session:
    """The frames, with the configuration changed on the way."""
    stream = Stream(str(path))
    output = SmfFile(stream) if form == "smf" else jsonl(stream, Look(Names.SMF, "plain"))
    session = Session(first, output)
    waiting = [(START + int(at * SECOND), configuration) for at, configuration in steps]
    for at, frame in frames():
        while waiting and waiting[0][0] <= at:
            now, configuration = waiting.pop(0)
            session.reconfigure(configuration, now)
        session.push_frame(at, frame, link=RAW_IP)
    session.close()
    assert not waiting
    return session


def told(path: Path) -> list[str]:
    """Records as ``type port @seconds`` (detail) or ``12:type port connections reason @seconds``."""
    found = []
    for line in path.read_text().splitlines():
        record = json.loads(line)
        at = seconds(record)
        common = {name.rpartition("SA")[2]: value for name, value in record["COMMON"].items()}
        kind = int(common["Event_Type"]["code"], 16)
        if record["SMF_HEADER"]["SMF119STY"] == 11:
            port = common["RPort"]
            found.append(f"{kind} {port} @{at:g}" if port else f"{kind} @{at:g}")
        else:
            reason = record["IDENT"]["SMF119TI_Reason"]["code"]
            port = common["SrvPortStart"]
            found.append(
                f"12:{kind} {port} {common['EndLifeConnCnt']} {reason} @{at:g}" if port else f"12:{kind} @{at:g}"
            )
    return found


def seconds(record: dict[str, Any]) -> float:
    hours, minutes, rest = record["SMF_HEADER"]["SMF119TME"].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + round(float(rest), 1)


@pytest.mark.parametrize("text", ["", "globalconfig.aggregation = true\nsmfconfig.zertsummary = true"])
def test_without_a_change_a_session_writes_what_the_command_writes(tmp_path: Path, text: str) -> None:
    capture, file = pcap(tmp_path / "x.pcap", frames()), tmp_path / "z.toml"
    file.write_text(text)
    assert main(["records", str(capture), "-o", str(tmp_path / "a"), "--config", str(file)]) == 0
    session = replay(tmp_path / "b", [], parse(text), "smf")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != b""
    assert session.written >= 10


@pytest.mark.parametrize("at", [0.001, 4, 9.5, 10, 19, 45, 60.003, 89])
def test_a_reload_that_changes_nothing_changes_nothing(tmp_path: Path, at: float) -> None:
    replay(tmp_path / "a", [], SUMMED)
    replay(
        tmp_path / "b",
        [(at, parse("[globalconfig]\naggregation = true\n[smfconfig]\nzertsummary = true"))],
        SUMMED,
    )
    one, other = ((tmp_path / name).read_text().splitlines() for name in "ab")
    assert sorted(one) == sorted(other), "only how detail and summary records alternate may differ"


def test_state_16_discovery_switched_off_and_on(tmp_path: Path) -> None:
    """Connections that began before it was switched on again are not picked up, however long they live."""
    session = replay(tmp_path / "x", [(25, OFF), (35, PLAIN)])
    assert told(tmp_path / "x") == [
        "5 @0",
        "4 50004 @5",
        "1 50001 @10",
        "6 @25",
        "5 @35",
        "1 50003 @50",
        "4 50005 @50",
        "3 50003 @80",
        "6 @90",
    ]
    assert session.written == 9
    assert session.unobserved == 0


def test_what_flows_while_discovery_is_off_is_not_observed(tmp_path: Path) -> None:
    session = replay(tmp_path / "x", [(45, OFF), (55, PLAIN)])
    assert session.unobserved == len([at for at, _ in frames() if START + 45 * SECOND <= at < START + 55 * SECOND]) > 0
    assert told(tmp_path / "x") == ["5 @0", "4 50004 @5", "1 50001 @10", "1 50002 @30", "6 @45", "5 @55", "6 @90"]


def test_a_session_that_begins_without_discovery_says_nothing_until_it_is_enabled(tmp_path: Path) -> None:
    replay(tmp_path / "x", [(35, PLAIN)], OFF)
    assert told(tmp_path / "x")[:2] == ["5 @35", "1 50003 @50"]


def test_a_session_that_ends_without_discovery_says_nothing_more(tmp_path: Path) -> None:
    replay(tmp_path / "x", [(25, OFF)])
    assert told(tmp_path / "x")[-1] == "6 @25"


def test_the_records_of_the_switch_can_be_left_out(tmp_path: Path) -> None:
    quiet = parse("records.switches = false")
    replay(tmp_path / "x", [(25, parse("records.switches = false\nglobalconfig.zert = false")), (35, quiet)], quiet)
    assert not [line for line in told(tmp_path / "x") if line[0] in "56"]


@pytest.mark.parametrize("split", [1, 2, 3, 5, 8, 13, 17, 19, 22])
def test_a_switch_at_any_packet_leaves_what_came_before_as_it_was(tmp_path: Path, split: int) -> None:
    replay(tmp_path / "whole", [])
    at = (frames()[split][0] - START) / SECOND
    replay(tmp_path / "x", [(at, OFF)])
    whole, cut = told(tmp_path / "whole"), told(tmp_path / "x")
    assert cut[:-1] == whole[: len(cut) - 1]
    assert cut[-1].startswith("6 @")


def test_disabling_discovery_discards_what_was_summed_up(tmp_path: Path) -> None:
    replay(tmp_path / "x", [(25, OFF)], SUMMED)
    assert told(tmp_path / "x") == ["5 @0", "4 50004 @5", "1 50001 @10", "12:2 @5", "6 @25", "12:3 @25"]


def test_switching_aggregation_off_writes_the_final_set(tmp_path: Path) -> None:
    """Reason *end*; detail records go on."""
    replay(tmp_path / "x", [(25, ONLY_DETAIL)], SUMMED)
    found = told(tmp_path / "x")
    assert [line for line in found if line.startswith("12")] == ["12:2 @5", "12:1 80 2 20 @25", "12:3 @25"]
    assert found[-1] == "6 @90"


def test_switching_aggregation_on_sums_up_only_connections_established_since(tmp_path: Path) -> None:
    replay(tmp_path / "x", [(35, SUMMED)], ONLY_DETAIL)
    found = [line for line in told(tmp_path / "x") if line.startswith("12")]
    assert found == ["12:2 @40", "12:1 80 1 50 @80", "12:1 443 1 10 @80", "12:3 @80"]


def test_names_and_form_follow_at_once(tmp_path: Path) -> None:
    replay(tmp_path / "x", [(35, parse("system.stack = 'OTHER'"))])
    stacks = [json.loads(line)["IDENT"]["SMF119TI_Stack"] for line in (tmp_path / "x").read_text().splitlines()]
    whole = [line.split("@")[1] for line in told(tmp_path / "x")]
    assert stacks == ["ZERTAP" if float(at) < 35 else "OTHER" for at in whole]


def test_the_clock_tells_the_first_and_the_latest_moment() -> None:
    """A time that is not known (zero) is no beginning, and time does not run backwards (A9)."""
    tap = Tap()
    assert tap.clock() is None
    tap.push_frame(0, RAW_IP, b"")
    assert tap.clock() is None
    for at in (START, START + 5 * SECOND, START + 2 * SECOND):
        tap.push_frame(at, RAW_IP, b"")
    assert tap.clock() == (START, START + 5 * SECOND)
    tap.advance(START + 9 * SECOND)
    assert tap.clock() == (START, START + 9 * SECOND)


def test_the_waiting_span_is_the_configured_one(tmp_path: Path) -> None:
    replay(tmp_path / "x", [], parse("limits.waiting_span = 30"))
    assert [line for line in told(tmp_path / "x") if line.startswith("1 ")] == [
        "1 50001 @30",
        "1 50002 @50",
        "1 50003 @70",
    ]


def test_the_headers_time_may_be_local(tmp_path: Path) -> None:
    """Only the header's: start and end of a connection are UTC on z/OS too."""
    replay(tmp_path / "x", [], parse("records.header_offset = 60"))
    replay(tmp_path / "y", [])
    local, utc = ([json.loads(line) for line in (tmp_path / name).read_text().splitlines()] for name in "xy")
    assert [seconds(one) - seconds(other) for one, other in zip(local, utc, strict=True)] == [3600.0] * len(utc)
    assert [each["COMMON"] for each in local] == [each["COMMON"] for each in utc]


def test_what_only_a_new_engine_can_take_waits(tmp_path: Path) -> None:
    session = Session(PLAIN, SmfFile(Stream(str(tmp_path / "x"))), start=START)
    other = parse("limits.max_connections = 5\nobserver.mode = 'zert'\nrecords.codes = 'sourced'")
    assert session.reconfigure(other, START) == ("observer.mode", "limits.max_connections")
    assert session.configuration["limits.max_connections"] == PLAIN["limits.max_connections"]
    assert session.configuration["records.codes"] == "sourced"
    session.reconfigure(OFF, START + SECOND)
    assert session.reconfigure(other, START + 2 * SECOND) == ()
    assert session.configuration["limits.max_connections"] == 5
    session.close(START + 3 * SECOND)
    assert len((tmp_path / "x").read_bytes()) == 4 * (92 + 64 + 128)
