"""A tap as a service: signals, systemd's words, privileges, files, and everything that goes wrong."""

import json
import os
import pty
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

import zertap
from live import programs
from live.conftest import Start, listening
from live.places import Places, ip, run, within

OUTPUT_FAILED, DAMAGED, UNREADABLE, USAGE = 5, 4, 3, 2


def refused(place: str, *arguments: str) -> tuple[int, str]:
    """Status and standard error of a tap that cannot begin."""
    done = run(place, [sys.executable, "-m", "zertap", "tap", *arguments])
    assert done.stdout == ""
    return done.returncode, done.stderr


def talk(pair: Places, count: int = 1) -> None:
    """Connections in clear, one after the other; each asks and is answered."""
    ask = _ASK.format(count=count)
    server = within(pair.there, sys.executable, "-c", _SERVE)
    try:
        programs.listening(pair, 8080)
        done = run(pair.here, [sys.executable, "-c", ask])
        assert done.returncode == 0, done.stderr
    finally:
        server.kill()
        server.wait()


_SERVE = """
import socketserver

class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(99)
        self.request.send(b"250 ok")

class Server(socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 50

Server(("10.77.0.2", 8080), Answer).serve_forever()
"""
_ASK = """
import socket
for _ in range({count}):
    with socket.create_connection(("10.77.0.2", 8080)) as asking:
        asking.send(b"HELO")
        asking.recv(99)
"""


def records_in(folder: Path) -> list[str]:
    """Whole records of the finished files, as JSON lines."""
    lines = []
    for path in sorted(folder.glob("*.smf")):
        done = subprocess.run(
            [sys.executable, "-m", "zertap", "decode", "-f", "jsonl", str(path)],
            check=True,
            capture_output=True,
            text=True,
        )
        lines += done.stdout.splitlines()
    return lines


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0_and_nothing_is_lost(pair: Places, start: Start, how: signal.Signals) -> None:
    tap = start(pair.near, "--rows", "last", "--stats=json")
    talk(pair, 20)
    assert tap.end(how) == 0
    rows = [json.loads(line) for line in tap.out.read_text().splitlines()]
    assert [row["verdict"] for row in rows] == ["plaintext"] * 20
    told = json.loads(tap.said())
    assert told["balanced"]
    assert told["frames"]["received"] == told["frames"]["read"]
    assert told["connections"]["ended"] == 20


def test_a_connection_that_is_open_at_the_end_has_its_row(pair: Places, start: Start, tmp_path: Path) -> None:
    tap = start(pair.near, "--rows", "last")
    with programs.tls_server(pair, tmp_path):
        command = ["openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", f"{programs.SERVER}:4433"]
        client = within(pair.here, *command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(0.7)
        assert tap.end() == 0
        client.kill()
        client.communicate()
    (row,) = [json.loads(line) for line in tap.out.read_text().splitlines()]
    assert (row["verdict"], row["closed"]) == ("protected", "open")


def test_sigusr1_tells_the_account_and_sighup_reads_the_configuration_again(
    pair: Places, start: Start, tmp_path: Path
) -> None:
    settings, folder = tmp_path / "zertap.toml", tmp_path / "records"
    settings.write_text('[system]\nsystem = "ONE"\n')
    tap = start(pair.near, "--format", "none", "--records", str(folder), "--config", str(settings))

    def hear(word: str) -> None:
        deadline = time.monotonic() + 5
        while word not in tap.said():
            assert time.monotonic() < deadline, tap.said()
            time.sleep(0.02)

    talk(pair)
    time.sleep(0.5)  # records are those of the moment up to which all taps have come
    tap.process.send_signal(signal.SIGUSR1)
    hear("connections: ")
    settings.write_text('[system]\nsystem = "TWO"\n')
    tap.process.send_signal(signal.SIGHUP)
    hear("configuration read again")
    talk(pair)
    settings.write_text('[system]\nsystme = "THREE"\n')
    tap.process.send_signal(signal.SIGHUP)
    hear("stays as it was")
    assert tap.end() == 0, tap.said()
    records = [json.loads(line) for line in records_in(folder)]
    names = [record["IDENT"]["SMF119TI_SYSName"] for record in records if record["COMMON"]["SMF119SC_SARPort"]]
    assert [name.strip() for name in names] == ["ONE", "TWO"]


def test_discovery_switched_off_and_on_observes_nothing_in_between(pair: Places, start: Start, tmp_path: Path) -> None:
    settings = tmp_path / "zertap.toml"
    settings.write_text("")
    tap = start(pair.near, "--rows", "last", "--taps", "2", "--stats=json", "--config", str(settings))
    for text in ("", "globalconfig.zert = false\n", ""):
        settings.write_text(text)
        tap.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        talk(pair)
        time.sleep(0.3)
    assert tap.end() == 0
    assert len(tap.out.read_text().splitlines()) == 2
    told = json.loads(tap.said().splitlines()[-1])
    assert told["balanced"]
    assert told["frames"]["unobserved"] > 0


def test_the_watchdog_is_fed_and_the_end_is_announced(pair: Places, tmp_path: Path) -> None:
    """A program that listens where systemd would."""
    with listening(tmp_path / "notify") as notified:
        notified.settimeout(60)
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "600000"}
        command = [sys.executable, "-m", "zertap", "tap", pair.near]
        tap = within(pair.here, *command, env=environment, stdout=subprocess.DEVNULL)
        assert b"READY=1" in notified.recv(4096)
        assert [notified.recv(4096).strip() for _ in range(4)] == [b"WATCHDOG=1"] * 4
        tap.send_signal(signal.SIGHUP)
        while b"RELOADING=1" not in (said := notified.recv(4096)):
            assert b"WATCHDOG=1" in said
        assert b"MONOTONIC_USEC=" in said
        tap.terminate()
        while b"STOPPING=1" not in (said := notified.recv(4096)):
            assert said
        assert tap.wait(30) == 0


def test_it_becomes_another_user_for_good_and_goes_on_writing(pair: Places, start: Start, reachable: Path) -> None:
    folder = reachable / "made-for-it"
    tap = start(pair.near, "--user", "nobody", "--records", str(folder))
    status = Path(f"/proc/{tap.process.pid}/status").read_text()
    mine = {name: values.split() for name, _, values in (line.partition(":") for line in status.splitlines())}
    assert set(mine["Uid"]) == {"65534"} == set(mine["Groups"])
    assert set(mine["Gid"]) == {"65534"}
    assert {int(mine[name][0], 16) for name in ("CapPrm", "CapEff", "CapAmb")} == {0}
    talk(pair)
    assert tap.end() == 0, tap.said()
    assert len(records_in(folder)) == 3  # enabled, the connection, disabled


def test_kill_and_restart_leave_no_half_record(pair: Places, start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    first = start(pair.near, "--format", "none", "--records", str(folder))
    talk(pair, 5)
    time.sleep(0.5)
    first.kill()
    assert not list(folder.glob("*.smf"))
    (part,) = folder.glob(".*.part")
    part.write_bytes(part.read_bytes() + b"\x02\x00\x00\x00half a record")
    second = start(pair.near, "--format", "none", "--records", str(folder))
    assert "an earlier run had left it" in second.said()
    talk(pair, 2)
    assert second.end() == 0, second.said()
    assert not list(folder.glob(".*"))
    assert len(list(folder.glob("*.smf"))) == 2
    connections = [each for each in map(json.loads, records_in(folder)) if each["COMMON"]["SMF119SC_SARPort"]]
    assert len(connections) == 7


def test_a_part_that_another_tap_writes_is_left_alone(pair: Places, start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    first = start(pair.near, "--format", "none", "--records", str(folder))
    talk(pair)
    second = start(pair.near, "--format", "none", "--records", str(folder))
    assert second.end() == 0
    assert first.end() == 0, first.said()
    assert len(records_in(folder)) >= 3


def test_files_are_finished_by_age(pair: Places, start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    tap = start(pair.near, "--format", "none", "--records", str(folder), "--rotate-every", "1")
    talk(pair)
    deadline = time.monotonic() + 5
    while not list(folder.glob("*.smf")):
        assert time.monotonic() < deadline, "no file was finished"
        time.sleep(0.05)
    assert tap.process.poll() is None
    assert tap.end() == 0


def test_a_full_disk_is_one_line_and_what_is_whole_is_finished(pair: Places, start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(folder)], check=True)
    try:
        tap = start(pair.near, "--format", "none", "--records", str(folder))
        talk(pair, 60)
        assert tap.process.wait(30) == OUTPUT_FAILED
        (line,) = [line for line in tap.said().splitlines() if "No space" in line]
        assert "records not written" in line
        assert records_in(folder)
        assert not list(folder.glob(".*"))
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_rows_on_a_full_disk_are_one_line_and_the_records_go_on(pair: Places, start: Start, tmp_path: Path) -> None:
    """One output fails; the other has everything that was decided, and the status says that not all was well."""
    small, folder = tmp_path / "small", tmp_path / "records"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(small)], check=True)
    try:
        tap = start(pair.near, "--rows", "last", "-o", str(small / "rows"), "--records", str(folder))
        talk(pair, 60)
        deadline = time.monotonic() + 30
        while "No space" not in tap.said():
            assert time.monotonic() < deadline, tap.said()
            time.sleep(0.05)
        talk(pair, 3)
        assert tap.end() == OUTPUT_FAILED
        (line,) = tap.said().splitlines()
        assert re.fullmatch(r".*/rows: No space left on device: [\d,]+ of [\d,]+ rows not written", line), line
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert len([each for each in map(json.loads, records_in(folder)) if each["COMMON"]["SMF119SC_SARPort"]]) == 63


def test_an_output_that_takes_nothing_does_not_keep_it_from_ending(pair: Places, start: Start) -> None:
    read, write = os.pipe()
    tap = start(pair.near, stdout=write)
    os.close(write)
    talk(pair, 100)
    time.sleep(0.5)
    assert tap.end() == OUTPUT_FAILED
    (line,) = tap.said().splitlines()
    assert "took nothing" in line
    os.close(read)


def test_a_reader_who_leaves_ends_it_without_a_complaint(pair: Places, start: Start) -> None:
    read, write = os.pipe()
    tap = start(pair.near, stdout=write)
    os.close(write)
    os.close(read)
    talk(pair)
    assert tap.process.wait(30) == 0
    assert tap.said() == ""


def test_an_interface_that_goes_down_ends_it_and_its_rows_are_there(pair: Places, start: Start) -> None:
    tap = start(pair.near, "--rows", "last")
    talk(pair, 3)
    time.sleep(0.3)
    ip("-n", pair.here, "link", "set", pair.near, "down")
    assert tap.process.wait(30) == DAMAGED
    assert tap.said() == f"{pair.near}: the interface went down\n"
    assert len(tap.out.read_text().splitlines()) == 3


def test_one_of_two_interfaces_that_goes_away_is_told_and_the_other_goes_on(pair: Places, start: Start) -> None:
    ip("-n", pair.here, "link", "add", "gone0", "type", "veth", "peer", "name", "gone1")
    for name in ("gone0", "gone1"):
        ip("-n", pair.here, "link", "set", name, "up")
    tap = start(pair.near, "gone0", "--rows", "last")
    ip("-n", pair.here, "link", "del", "gone0")
    time.sleep(1.5)
    assert tap.process.poll() is None
    talk(pair, 2)
    assert tap.end() == DAMAGED
    assert tap.said().startswith("gone0: ")
    assert len(tap.out.read_text().splitlines()) == 2


def test_the_capability_alone_is_enough(pair: Places, reachable: Path) -> None:
    """As the unit file gives it: nobody's, with CAP_NET_RAW and nothing else."""
    closed = [folder for folder in Path(zertap.__file__).parents if not folder.stat().st_mode & stat.S_IXOTH]
    if closed:
        pytest.skip(f"{closed[0]} is closed to other users: nobody else can run what stands in it")
    rights = ["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
    rights += [f"--{name}=-all,+net_raw" for name in ("inh-caps", "ambient-caps", "bounding-set")]
    with listening(reachable / "notify") as notified:
        notified.settimeout(60)
        environment = {**os.environ, "NOTIFY_SOCKET": str(reachable / "notify")}
        command = ["setpriv", *rights, sys.executable, "-m", "zertap", "tap", pair.near, "--rows", "last"]
        tap = within(pair.here, *command, env=environment, stdout=subprocess.PIPE)
        assert b"READY=1" in notified.recv(4096)
    talk(pair, 2)
    time.sleep(0.3)
    tap.terminate()
    said, _ = tap.communicate(timeout=30)
    assert tap.returncode == 0
    assert len(said.splitlines()) == 2


def test_what_cannot_begin_says_why_in_one_line(pair: Places, tmp_path: Path) -> None:
    ip("-n", pair.here, "link", "add", "down0", "type", "veth", "peer", "name", "down1")
    cases = {
        ("nowhere0",): (UNREADABLE, "nowhere0: no such interface\n"),
        ("down0",): (UNREADABLE, "down0: the interface is down: ip link set down0 up\n"),
        (pair.near, "--user", "nobody-of-this-name"): (USAGE, "zertap: --user: no such user: `nobody-of-this-name`\n"),
        (pair.near, "--format", "none"): (USAGE, "zertap: --format none shows nothing: add --records or --service\n"),
        (pair.near, "--records", "/proc/nowhere"): (OUTPUT_FAILED, "/proc/nowhere: No such file or directory\n"),
    }
    for arguments, (status, said) in cases.items():
        assert refused(pair.here, *arguments) == (status, said)
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind(path := str(tmp_path / "taken"))
        taken.listen()
        status, said = refused(pair.here, pair.near, "--format", "none", "--service", path)
        assert (status, said) == (OUTPUT_FAILED, f"{path}: a service is running there already\n")
    status, said = refused(pair.here, pair.near, "--filter", "tcp prt 443")
    assert status == USAGE
    assert said.startswith(f"{pair.near}: bad filter `tcp prt 443`: ")
    assert said.count("\n") == 1


def test_without_the_capability_the_line_names_it(pair: Places, tmp_path: Path) -> None:
    done = run(pair.here, ["capsh", "--drop=cap_net_raw", "--", "-c", f"{sys.executable} -m zertap tap {pair.near}"])
    assert done.returncode == UNREADABLE
    assert done.stderr.startswith(f"{pair.near}: not permitted: capturing needs the capability CAP_NET_RAW: ")
    assert done.stderr.count("\n") == 1


def test_the_filter_chooses_frames_and_the_counts_are_those_of_the_filter(pair: Places, start: Start) -> None:
    tap = start(pair.near, "--filter", "tcp port 9", "--rows", "last", "--stats=json")
    talk(pair, 5)
    assert tap.end() == 0
    assert tap.out.read_text() == ""
    assert json.loads(tap.said())["frames"]["received"] == 0


@pytest.mark.parametrize(("option", "expected"), [("--promiscuous", 1), ("--no-promiscuous", 0)])
def test_frames_for_others_are_heard_unless_not_wanted(pair: Places, start: Start, option: str, expected: int) -> None:
    tap = start(pair.near, option)
    told = run(pair.here, ["ip", "-d", "-j", "link", "show", pair.near]).stdout
    assert json.loads(told)[0]["promiscuity"] == expected
    assert tap.end() == 0


def test_on_a_terminal_a_table_moves(pair: Places, start: Start) -> None:
    """Verdicts, frames and the newest failures, drawn again and again; Ctrl-C ends it."""
    master, slave = pty.openpty()
    tap = start(pair.near, stdin=slave, stdout=slave)
    os.close(slave)
    shown = b""

    def watch() -> None:
        nonlocal shown
        with suppress(OSError):  # how a terminal says that nobody writes any more
            while piece := os.read(master, 65536):
                shown += piece

    watching = threading.Thread(target=watch)
    watching.start()
    talk(pair, 7)
    deadline = time.monotonic() + 20
    while shown.count(b"Verdict") <= 3 or b"plaintext" not in shown:
        assert time.monotonic() < deadline, shown
        time.sleep(0.05)
    time.sleep(1.2)
    assert tap.end(signal.SIGINT) == 0
    watching.join(20)
    os.close(master)
    last = shown.decode().rsplit("Verdict", 1)[1]
    assert "Dropped by the kernel" in last
    (line,) = [line for line in last.splitlines() if "plaintext" in line]
    assert re.sub("\x1b\\[[0-9;]*m", "", line).split()[-1] == "7"
    assert shown.count(b"Verdict") > 3
