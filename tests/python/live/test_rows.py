"""What a tap says of real connections while they live is what ``observe`` says of a capture of the same frames."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from live import programs
from live.conftest import Start
from live.places import Places, ip, run


def rows(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Rows in order of their first packets, without the name of what was read."""
    found = [json.loads(line) for line in lines]
    for row in found:
        del row["file"]
    return sorted(found, key=lambda row: (row["first_packet"], row["uid"]))


def observed(path: Path, *options: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "zertap", "observe", str(path), *options]
    return rows(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines())


TIMES = ("start", "end", "duration", "handshake_ms", "events", "uid")
"""What depends on stamps: each ring stamps frames that leave this host by itself. ``uid`` is made of the start."""


def differing(live: dict[str, Any], stored: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The fields that differ; stamps within a millisecond are the same."""
    found = {name: (live[name], stored[name]) for name in stored if live[name] != stored[name] and name not in TIMES}
    for name in ("start", "end"):
        if abs(seconds(live[name]) - seconds(stored[name])) > 0.001:
            found[name] = (live[name], stored[name])
    kinds = [[(each["type"], each["protocol"], each["failed"]) for each in row["events"]] for row in (live, stored)]
    if kinds[0] != kinds[1]:
        found["events"] = (live["events"], stored["events"])
    return found


def seconds(text: str) -> float:
    return datetime.fromisoformat(text[:26] + "+00:00").timestamp()


def need(*names: str) -> None:
    for name in names:
        if not shutil.which(name, path="/usr/sbin:/usr/bin:/bin:/sbin"):
            pytest.skip(f"no program `{name}`")


@pytest.mark.parametrize("taps", ["1", "3"])
def test_rows_are_those_of_a_capture_of_the_same_frames(pair: Places, start: Start, tmp_path: Path, taps: str) -> None:
    """With whatever number of taps: also the number of each connection's first frame."""
    need("tcpdump", "openssl", "sshd", "ssh")
    dump = tmp_path / "same.pcap"
    tap = start(pair.near, "--rows", "last", "--taps", taps, "--stats=json")
    with programs.tcpdump(pair, dump):
        with programs.tls_server(pair, tmp_path):
            for options in (
                "-tls1_2",
                "-tls1_3",
                "-tls1_3 -servername live.test",
                "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA",
            ):
                programs.tls(pair, *options.split())
        with programs.ssh_server(pair, tmp_path) as client:
            for choice in ([], ["-c", "aes128-ctr", "-m", "hmac-sha2-256"], ["-o", "KexAlgorithms=curve25519-sha256"]):
                done = run(pair.here, [*client[:-1], *choice, client[-1], "true"])
                assert done.returncode == 0, done.stderr
    assert tap.end() == 0, tap.said()
    live, stored = rows(tap.out.read_text().splitlines()), observed(dump)
    assert [row["verdict"] for row in stored].count("protected") == 6
    assert [row["verdict"] for row in stored].count("failed") == 1
    assert [differing(*both) for both in zip(live, stored, strict=True)] == [{}] * 7
    account = json.loads(tap.said())
    assert account["balanced"]
    assert account["frames"]["unread"] == 0


def test_records_are_those_of_a_capture_of_the_same_frames(pair: Places, start: Start, tmp_path: Path) -> None:
    need("tcpdump", "openssl")
    dump, folder = tmp_path / "same.pcap", tmp_path / "records"
    tap = start(pair.near, "--format", "none", "--records", str(folder), "--taps", "2", "--config", "/dev/null")
    with programs.tcpdump(pair, dump), programs.tls_server(pair, tmp_path):
        for options in ("-tls1_2", "-tls1_3"):
            programs.tls(pair, options)
    assert tap.end() == 0, tap.said()
    stored = tmp_path / "stored.smf"
    subprocess.run([sys.executable, "-m", "zertap", "records", str(dump), "-o", str(stored)], check=True)
    (finished,) = folder.glob("*.smf")

    def told(path: Path) -> list[dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-m", "zertap", "decode", "-f", "jsonl", str(path)], check=True, capture_output=True
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def facts(record: dict[str, Any]) -> dict[str, Any]:
        """Without moments, and what has them in it."""
        moment = re.compile("TME|DTE|Time|Date|STCK|ConnID")
        parts = {part: fields for part, fields in record.items() if isinstance(fields, dict)}
        return {
            part: {name: value for name, value in fields.items() if not moment.search(name)}
            for part, fields in parts.items()
        }

    both = [
        [facts(record) for record in told(path) if record["COMMON"]["SMF119SC_SARPort"]] for path in (finished, stored)
    ]
    assert both[0] == both[1]
    assert len(both[0]) == 2


def test_a_row_comes_when_the_verdict_is_reached_and_another_at_the_end(
    pair: Places, start: Start, tmp_path: Path
) -> None:
    need("openssl")
    tap = start(pair.near)
    with programs.tls_server(pair, tmp_path):
        key = subprocess.Popen(
            [
                "ip",
                "netns",
                "exec",
                pair.here,
                "openssl",
                "s_client",
                "-quiet",
                "-no_ign_eof",
                "-connect",
                f"{programs.SERVER}:4433",
            ],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 5
        while not (first := tap.out.read_text()).endswith("\n"):
            assert time.monotonic() < deadline, "no row of a connection that is protected"
            time.sleep(0.02)
        assert [(row["verdict"], row["closed"]) for row in rows(first.splitlines())] == [("protected", "open")]
        assert key.stdin
        key.stdin.close()
        key.wait(10)
    assert tap.end() == 0, tap.said()
    both = rows(tap.out.read_text().splitlines())
    assert [(row["verdict"], row["closed"]) for row in both] == [("protected", "open"), ("protected", "fin")]
    assert both[0]["uid"] == both[1]["uid"]


def test_both_directions_on_two_interfaces_are_one_connection(pair: Places, start: Start, tmp_path: Path) -> None:
    """As behind an optical tap: one interface hears the client, the other the server. Rows are those of a capture of
    the line itself.
    """
    need("tcpdump", "openssl", "sshd", "ssh", "tc")
    mirror(pair)
    dump = tmp_path / "same.pcap"
    tap = start("in0", "out0", "--rows", "last", "--taps", "2", "--stats=json")
    with programs.tcpdump(pair, dump):
        with programs.tls_server(pair, tmp_path):
            for options in ("-tls1_2", "-tls1_3", "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA"):
                programs.tls(pair, *options.split())
        with programs.ssh_server(pair, tmp_path) as client:
            done = run(pair.here, [*client, "true"])
            assert done.returncode == 0, done.stderr
    assert tap.end() == 0, tap.said()
    live, stored = rows(tap.out.read_text().splitlines()), observed(dump)
    assert [row["verdict"] for row in stored] == ["protected", "protected", "failed", "protected"]
    assert [differing(*both) for both in zip(live, stored, strict=True)] == [{}] * 4
    assert not any("one_sided" in row["flags"] or "gap" in row["flags"] for row in live)
    account = json.loads(tap.said())
    assert account["balanced"]
    heard = {each["name"]: each["read"] for each in account["interfaces"]}
    assert heard.keys() == {"in0", "out0"} and min(heard.values()) > 20
    assert account["taps"][0]["clock_backwards"] + account["taps"][1]["clock_backwards"] == 0


def mirror(pair: Places) -> None:
    """Copies what comes in at the near interface to ``in0``, what goes out to ``out0``."""
    for name in ("in0", "out0"):
        ip("-n", pair.here, "link", "add", name, "type", "veth", "peer", "name", f"{name}-end")
        ip("-n", pair.here, "link", "set", name, "up")
        ip("-n", pair.here, "link", "set", f"{name}-end", "up")
    commands = [f"qdisc add dev {pair.near} clsact"]
    for way, to in (("ingress", "in0"), ("egress", "out0")):
        every = "protocol all u32 match u32 0 0"  # of the classifiers the one that kernels usually have
        commands.append(f"filter add dev {pair.near} {way} {every} action mirred egress mirror dev {to}")
    for command in commands:
        added = run(pair.here, ["tc", *command.split()])
        if added.returncode:
            pytest.skip(f"traffic cannot be mirrored: {added.stderr.strip()}")
