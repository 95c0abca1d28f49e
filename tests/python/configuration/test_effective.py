"""Precedence, origins and reports."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wire import clear, pcap, refused
from zertap.configuration import KEYS, defaults, parse, report
from zertap.configuration.builds import interval, places, tap_limits
from zertap.errors import Usage
from zertap.pipeline import Request

FILE = """\
[globalconfig]
aggregation = true
intval = "2h"
[network]
local = ["192.0.2.0/24"]
"""
MINUTE = 60 * 1_000_000_000


def zertap(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zertap", *map(str, arguments)]
    variables = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=variables)


def shown(text: str) -> dict[str, tuple[Any, str]]:
    rows = [json.loads(line) for line in text.splitlines()]
    return {row["key"]: (row["value"], row["origin"]) for row in rows}


def test_an_option_beats_the_file_and_the_file_the_default() -> None:
    found = parse(FILE, "z.toml").overridden([("globalconfig.intval", "30m", "--interval"), ("smf.intval", None, "-")])
    assert (found["globalconfig.intval"], found.origin("globalconfig.intval")) == ("30m", "--interval")
    assert (found["globalconfig.aggregation"], found.origin("globalconfig.aggregation")) == (True, "z.toml:2")
    assert (found["smf.intval"], found.origin("smf.intval")) == (30, "default")


def test_a_bad_option_is_named() -> None:
    with pytest.raises(Usage, match=r"^--interval: the interval `7m` does not divide a day$"):
        defaults().overridden([("globalconfig.intval", "7m", "--interval")])


def test_intervals_are_those_of_smf_or_of_the_profile() -> None:
    assert (interval(defaults()).length, interval(defaults()).sync) == (60 * MINUTE, 0)
    own = interval(parse('globalconfig.intval = "24h"\nglobalconfig.syncval = "06:30"'))
    assert (own.length, own.sync) == (24 * 60 * MINUTE, 390 * MINUTE)
    smf = interval(
        parse('globalconfig.intval = "smf"\nsmf.intval = 15\nsmf.syncval = 5\nglobalconfig.syncval = "06:30"')
    )
    assert (smf.length, smf.sync) == (15 * MINUTE, 5 * MINUTE)


def test_places_and_limits_reach_those_who_need_them() -> None:
    found = parse('network.ftp_data_ports = "50000-50100"\nlimits.max_half_open = 7\nobserver.ignore_vlan = true')
    assert places(found).passive_ports == (50_000, 50_100)
    assert tap_limits(found) == tap_limits(defaults()) | {"max_half_open": 7, "ignore_vlan": True}
    config = Request.of(parse('observer.mode = "zert"')).config()
    assert (config["certificates"], config["upgrades"], config["waiting_span_ns"]) == (False, False, 10 * 10**9)


def test_defaults_of_limits_are_the_engines() -> None:
    """The engine is told all limits, so a difference would show in what the program and the library keep."""
    source = (Path(__file__).parents[3] / "rust/zertap-core/src/config.rs").read_text(encoding="utf-8")
    assert "max_connections: 1 << 20" in source
    assert "max_half_open: 65_536" in source
    assert "waiting_span: Span::seconds(10)" in source
    stream = (Path(__file__).parents[3] / "rust/zertap-core/src/stream/mod.rs").read_text(encoding="utf-8")
    assert "held_octets: 32 * 1024" in stream
    limits = {name: value for name, value in defaults().items() if name.startswith("limits.")}
    assert list(limits.values()) == [10, 1 << 20, 65_536, 32 * 1024]


def test_a_file_written_from_the_values_in_effect_gives_them_again() -> None:
    found = parse(FILE, "z.toml")
    again = parse("\n".join(report.toml(found)))
    assert dict(again) == dict(found)
    assert [key for key in again if again.origin(key) != "default"] == [
        key for key in found if found.origin(key) != "default"
    ]


def test_the_report_has_the_blocks_and_labels_of_netstat_config() -> None:
    lines = [line.rstrip() for line in report.text(parse(FILE, "z.toml"))]
    assert lines[0] == "ZERTAP CONFIG  TCPIP NAME: ZERTAP  FILE: z.toml"
    blocks = [line for line in lines if line.endswith(":")]
    assert blocks[:5] == [
        "SMF PARAMETERS:",
        "TYPE 119:",
        "SMF INTERVAL:",
        "GLOBAL CONFIGURATION INFORMATION:",
        "NETWORK MONITOR CONFIGURATION INFORMATION:",
    ]
    at = lines.index("GLOBAL CONFIGURATION INFORMATION:")
    assert [line.split() for line in lines[at + 1 : at + 4]] == [
        ["ZERT:", "YES", "default"],
        ["AGGREGATION:", "YES", "z.toml:2"],
        ["INTVAL:", "2h", "z.toml:3"],
    ]
    assert len(lines) == 1 + len(KEYS) + len({key.table for key in KEYS}) + 1


def test_config_show_tells_every_value_and_its_origin(tmp_path: Path) -> None:
    file = tmp_path / "z.toml"
    file.write_text(FILE)
    named = shown(zertap("config", "show", "--config", file, "--format", "jsonl").stdout)
    assert set(named) == {key.name for key in KEYS}
    assert named["globalconfig.intval"] == ("2h", f"{file}:3")
    assert named["network.local"] == (["192.0.2.0/24"], f"{file}:5")
    assert named["records.codes"] == ("likely", "default")
    by_environment = shown(zertap("config", "show", "--format", "jsonl", ZERTAP_CONFIG=str(file)).stdout)
    assert by_environment == named
    assert zertap("config", "show", ZERTAP_CONFIG="").stdout.startswith("ZERTAP CONFIG  TCPIP NAME: ZERTAP  FILE: -\n")
    assert zertap("config", "show", "--config", file, "-f", "toml").returncode == 0


def test_config_check_says_what_is_wrong_in_one_line_with_status_2(tmp_path: Path) -> None:
    file = tmp_path / "z.toml"
    file.write_text(FILE)
    done = zertap("config", "check", file)
    assert (done.returncode, done.stderr) == (0, f"{file}: 3 of {len(KEYS)} keys given, all of them sound\n")
    file.write_text("[globalconfig]\nzert = 'yes'\n")
    done = zertap("config", "check", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f'{file}: line 2: globalconfig.zert: "yes" is neither true nor false\n'


def test_records_and_observe_take_the_file(tmp_path: Path) -> None:
    capture = pcap(tmp_path / "x.pcap", [*clear(port=80), *refused(client_port=50001)])
    file = tmp_path / "z.toml"
    file.write_text(FILE + "[smfconfig]\nzertsummary = true\n[records]\nswitches = false\n[system]\nsystem = 'SYSX'\n")
    done = zertap("records", capture, "--format", "jsonl", "--config", file)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    subtypes = [record["SMF_HEADER"]["SMF119STY"] for record in records]
    assert (subtypes.count(11), subtypes.count(12)) == (2, 4)
    assert {record["IDENT"]["SMF119TI_SYSName"] for record in records} == {"SYSX"}
    details = [record["COMMON"] for record in records if record["SMF_HEADER"]["SMF119STY"] == 11]
    assert {each["SMF119SC_SALIP"] for each in details} == {"192.0.2.1"}, "the client's network is local"
    file.write_text("observer.mode = 'full'\nobserver.offers = true\n")
    rows = zertap("observe", capture, "--format", "jsonl", "--fields", "tls", ZERTAP_CONFIG=str(file))
    without = zertap("observe", capture, "--format", "jsonl", "--fields", "tls")
    assert (rows.returncode, without.returncode) == (0, 0)
    assert rows.stdout != without.stdout


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("globalconfig.zert = false", "nothing to write: discovery is off: globalconfig.zert ({file}:1)"),
        (
            "smfconfig.zertdetail = false",
            (
                "nothing to write: switched off: smfconfig.zertdetail ({file}:1), globalconfig.aggregation (default), "
                "smfconfig.zertsummary (default)"
            ),
        ),
    ],
)
def test_a_run_that_would_write_nothing_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    capture, file = pcap(tmp_path / "x.pcap", clear(port=80)), tmp_path / "z.toml"
    file.write_text(text)
    done = zertap("records", capture, "--format", "jsonl", "--config", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [f"zertap: {reason.format(file=file)}"]
