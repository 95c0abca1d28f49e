"""Who stands beside a live tap: subscribers, metrics, syslog, and the owners of the host's own connections."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from live import programs
from live.conftest import Start
from live.places import Places, run, within
from live.test_service import records_in, talk

Subscribed = list[dict[str, Any]]


def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


@contextmanager
def follower(path: Path, *options: str) -> Iterator[Path]:
    """``zertap subscribe``; yields the file that gets its lines."""
    out = path.with_suffix(".lines")
    command = [sys.executable, "-m", "zertap", "subscribe", str(path), "-f", "jsonl", *options]
    with out.open("wb") as lines:
        client = subprocess.Popen(command, stdout=lines, stderr=subprocess.DEVNULL)
    try:
        yield out
    finally:
        client.terminate()
        client.wait()


def told(out: Path) -> Subscribed:
    return [json.loads(line) for line in out.read_text().splitlines()]


def events(records: Subscribed) -> list[str]:
    return [each["COMMON"]["SMF119SC_SAEvent_Type"]["code"] for each in records]


def test_a_subscriber_gets_records_as_they_come_and_the_list_of_what_lives(
    pair: Places, start: Start, reachable: Path, tmp_path: Path
) -> None:
    socket_path = reachable / "detail"
    tap = start(pair.near, "--format", "none", "--service", str(socket_path), "--taps", "2", "--stats=json")
    with programs.tls_server(pair, tmp_path):
        command = ["openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", f"{programs.SERVER}:4433"]
        client = within(pair.here, *command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with follower(socket_path) as first:
            eventually(socket_path.exists)
            time.sleep(10.5)  # the waiting span: the connection has its first record
            eventually(lambda: "01" in events(told(first)))
            with follower(socket_path, "--only-current") as late:
                eventually(lambda: events(told(late)) == ["01"])
            client.communicate()
            eventually(lambda: "03" in events(told(first)) or "04" in events(told(first)))
    assert tap.end() == 0
    account = json.loads(tap.said())
    assert account["balanced"]


def test_subscribers_come_back_after_kill_9(pair: Places, start: Start, reachable: Path) -> None:
    socket_path = reachable / "detail"
    options = [pair.near, "--format", "none", "--service", str(socket_path)]
    tap = start(*options)
    with follower(socket_path, "--reconnect") as out:
        hears(pair, out)
        tap.kill()
        again = start(*options)
        hears(pair, out)
    assert again.end() == 0


def hears(pair: Places, out: Path) -> None:
    """There is talk until the follower has heard of some: it may be still on its way to the service."""
    before = len(told(out))

    def heard() -> bool:
        talk(pair)
        return "04" in events(told(out)[before:])

    eventually(heard, 40)


def test_metrics_tell_what_the_tap_sees_and_lost(pair: Places, start: Start) -> None:
    pytest.importorskip("prometheus_client")
    tap = start(pair.near, "--rows", "last", "--metrics", "127.0.0.1:9155")
    talk(pair, 3)

    def scraped() -> str:
        return run(pair.here, [sys.executable, "-c", _SCRAPE]).stdout

    eventually(lambda: "plaintext" in scraped())
    page = scraped()
    assert 'zertap_capture_dropped_total{by="kernel"} 0.0' in page
    assert "zertap_connections_opened_total 3.0" in page
    assert tap.end() == 0


_SCRAPE = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:9155/metrics').read().decode())"


def test_syslog_hears_of_each_connection(pair: Places, start: Start, reachable: Path) -> None:
    path = str(reachable / "log")
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(path)
        log.settimeout(20)
        reader = threading.Thread(target=lambda: heard.append(log.recv(65_536)))
        reader.start()
        tap = start(pair.near, "--rows", "last", "--syslog", path)
        talk(pair)
        reader.join(30)
        assert tap.end() == 0
    assert b"plaintext" in heard[0]


def test_records_name_the_process_and_the_user_of_this_host(
    pair: Places, start: Start, tmp_path: Path, reachable: Path
) -> None:
    folder = reachable / "records"
    tap = start(pair.near, "--format", "none", "--records", str(folder), "--endpoint")
    with programs.tls_server(pair, tmp_path):
        programs.tls(pair, stay=1.5)
    assert tap.end() == 0
    records = [json.loads(line) for line in records_in(folder)]
    names = {
        (record["COMMON"]["SMF119SC_SAJobname"], record["COMMON"]["SMF119SC_SAUserID"])
        for record in records
        if record["COMMON"]["SMF119SC_SAEvent_Type"]["code"] == "04"
    }
    assert names == {("OPENSSL", "ROOT")}
