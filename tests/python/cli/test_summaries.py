"""``zertap records --summary``, and ``zertap layout``."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wire import SECOND, START, Talk, clear, pcap, refused, waiting
from zertap.zert.document import layout_rows
from zertap.zert.layouts import DETAIL, SUMMARY, Shape


def zertap(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zertap", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Fifty connections to one port, one refused; one lasts from one minute into the next."""
    frames = [frame for port in range(50) for frame in clear(port=80, client_port=50_000 + port)]
    long = Talk(port=80, client_port=51_000, at=START + 30 * SECOND).open().client(b"HELO\r\n").wait(60).close()
    return pcap(tmp_path / "x.pcap", [*frames, *refused(client_port=51_001), *long.frames])


def summaries(capture: Path, *options: str) -> Iterator[dict[str, Any]]:
    done = zertap("records", capture, "--summary", "--format", "jsonl", *options)
    assert (done.returncode, done.stderr) == (0, "")
    for record in objects(done.stdout):
        common = {name.removeprefix("SMF119SS_SA"): value for name, value in record["COMMON"].items()}
        yield common | {"reason": record["IDENT"]["SMF119TI_Reason"]["code"], "at": record["SMF_HEADER"]["SMF119TME"]}


def test_fifty_connections_are_one_summary(capture: Path) -> None:
    first, *found, last = summaries(capture)
    assert [first["Event_Type"]["code"], last["Event_Type"]["code"]] == ["02", "03"]
    assert [(each["SrvPortStart"], each["EndLifeConnCnt"], each["EndLifeShortConnCnt"]) for each in found] == [
        (80, 51, 50),
        (443, 1, 1),
    ]
    assert [each["EndFailedHsConnCnt"] for each in found] == [0, 1]
    assert [each["reason"] for each in found] == ["50", "10"]


def test_state_15_failed_handshakes_form_their_own_session(tmp_path: Path) -> None:
    """The usual key, the protocol and "failed": apart from what is in clear and what succeeded on the same port."""
    frames = [
        *(frame for port in range(3) for frame in refused(client_port=50_000 + port)),
        *(frame for port in range(2) for frame in clear(port=443, client_port=51_000 + port)),
    ]
    found = list(summaries(pcap(tmp_path / "x.pcap", frames)))[1:-1]
    counted = [(each["SecProtos"]["code"], each["EndLifeConnCnt"], each["EndFailedHsConnCnt"]) for each in found]
    assert counted == [("80", 3, 3), ("00", 2, 0)]
    assert len({each["SessionID"] for each in found}) == 2
    assert len({(each["SrvIP"], each["CltIP"], each["SrvPortStart"], each["Flags"]["code"]) for each in found}) == 1
    done = zertap("records", tmp_path / "x.pcap", "--summary", "--format", "jsonl")
    (tls,) = [record["TLS"] for record in objects(done.stdout) if record.get("TLS")]
    shown = {key.removeprefix("SMF119SS_TLS_") for key, value in tls.items() if _is_shown(value)}
    assert (shown, tls["SMF119SS_TLS_Neg_Cipher"]) == ({"Source", "Neg_Cipher"}, "FFFFFF")


def _is_shown(value: object) -> bool:
    """Whether a field of a section says anything: not zero, blank or a code of zero."""
    plain = value["code"] if isinstance(value, dict) else value
    return bool(str(plain).strip("0 "))


def test_each_interval_has_its_set(capture: Path) -> None:
    _, *found, _ = summaries(capture, "--interval", "1m")
    assert [(each["SrvPortStart"], each["InitActiveConnCnt"], each["EndActiveConnCnt"]) for each in found] == [
        (80, 0, 1),
        (443, 0, 0),
        (80, 1, 0),
    ]
    assert [each["reason"] for each in found] == ["C0", "80", "10"]
    assert [each["at"] for each in found] == ["00:01:00.00", "00:01:00.00", "00:01:30.00"]
    assert found[0]["EndLifeConnCnt"] == found[2]["InitLifeConnCnt"] == 51
    assert found[2]["IntervalDuration"] // 4096 == 30_006_000


def test_octets_decode_to_the_json_that_is_written_directly(capture: Path, tmp_path: Path) -> None:
    assert zertap("records", capture, "--summary", "-o", tmp_path / "x.smf").returncode == 0
    decoded = zertap("decode", tmp_path / "x.smf")
    direct = zertap("records", capture, "--summary", "--format", "jsonl")
    assert objects(decoded.stdout) == objects(direct.stdout) != []
    assert "interval" in zertap("decode", tmp_path / "x.smf", "--readable").stdout


def test_each_capture_is_aggregated_on_its_own_and_a_chain_as_one(capture: Path, tmp_path: Path) -> None:
    later = pcap(tmp_path / "later.pcap", clear(port=80, at=START + 120 * SECOND))
    apart = objects(zertap("records", capture, later, "--summary", "--format", "jsonl").stdout)
    chained = objects(zertap("records", capture, later, "--chain", "--summary", "--format", "jsonl").stdout)
    assert (len(apart), len(chained)) == (4 + 3, 4)


def test_without_a_session_there_are_only_the_records_of_the_switch(tmp_path: Path) -> None:
    found = summaries(pcap(tmp_path / "x.pcap", waiting()))
    assert [record["Event_Type"]["code"] for record in found] == ["02", "03"]


def test_without_a_connection_there_are_no_records(tmp_path: Path) -> None:
    assert list(summaries(pcap(tmp_path / "x.pcap", []))) == []


@pytest.mark.parametrize(
    "options",
    [
        ["--summary", "--interval", "25h"],
        ["--summary", "--sync", "25:00"],
        ["--summary", "--ftp-ports", "7"],
        ["--summary", "--ftp-ports", "9-7"],
        ["--summary", "--ftp-ports", "1-65536"],
        ["--interval", "1h"],
        ["--sync", "01:00"],
        ["--ftp-ports", "1-2"],
    ],
)
def test_options_that_make_no_sense_are_status_2(capture: Path, options: list[str]) -> None:
    done = zertap("records", capture, "--format", "jsonl", *options)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("subtype", [DETAIL, SUMMARY])
@pytest.mark.parametrize("shape", Shape)
def test_a_layout_has_every_field_with_source_and_release(subtype: int, shape: Shape) -> None:
    done = zertap("layout", "--subtype", str(subtype), "--shape", shape.value, "--format", "jsonl")
    found = [(row["section"], row["name"], row["offset"], row["since"], row["source"]) for row in objects(done.stdout)]
    assert found == [
        (section, field.name, field.offset, field.since, field.source) for section, field in layout_rows(subtype, shape)
    ]


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_a_layout_for_people_names_every_field_of_both_subtypes(form: str) -> None:
    text = zertap("layout", "--format", form).stdout
    for subtype in (DETAIL, SUMMARY):
        for _, field in layout_rows(subtype):
            assert any(f" {field.name} " in line and field.source in line for line in text.splitlines())
