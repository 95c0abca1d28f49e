"""``zertap records --service`` and ``zertap subscribe``: a capture replayed to subscribers, in every form."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from wire import Talk, clear, pcap, refused

ZERTAP = [sys.executable, "-m", "zertap"]
TOUR = Path(__file__).parents[3] / "pcaps" / "tour.pcap"


def zertap(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*ZERTAP, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def serving(*arguments: str | Path) -> Iterator["subprocess.Popen[str]"]:
    """``zertap records`` waiting for its subscribers."""
    command = [*ZERTAP, "records", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "waiting for" in process.stderr.readline()
    with process:
        try:
            yield process
        finally:
            process.terminate()


def subscribed(process: "subprocess.Popen[str]") -> None:
    """Waits until the process has a socket: its signals are handled by then."""
    until = time.monotonic() + 20
    while not has_socket(process.pid):
        assert time.monotonic() < until
        time.sleep(0.02)
    time.sleep(0.1)


def has_socket(pid: int) -> bool:
    """Whether a process has a socket; it may open and close other files meanwhile."""
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            if "socket:" in str(each.readlink()):
                return True
    return False


def connected(path: Path) -> None:
    """Waits until somebody is connected to the socket at *path* (state 03, proc(5))."""
    until = time.monotonic() + 20
    while not any(
        line.endswith(f" {path}") and line.split()[5] == "03"
        for line in Path("/proc/net/unix").read_text().splitlines()
    ):
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    long = Talk(client_port=50003).open().client(b"HELO\r\n").wait(30).server(b"250 ok\r\n").close()
    return pcap(tmp_path / "x.pcap", [*clear(port=80), *refused(client_port=50001), *long.frames])


@pytest.mark.parametrize("summary", [False, True])
def test_a_subscriber_gets_what_the_file_would_get(tmp_path: Path, summary: bool) -> None:
    option = ["--summary"] if summary else []
    assert zertap("records", TOUR, "-o", tmp_path / "file.smf", *option).returncode == 0
    with serving(TOUR, "--service", tmp_path / "s", "--subscribers", "1", *option) as process:
        done = zertap("subscribe", tmp_path / "s", "-f", "smf", "-o", tmp_path / "came.smf", *option)
        assert (done.returncode, done.stderr) == (0, "")
        assert process.wait(20) == 0
    assert (tmp_path / "came.smf").read_bytes() == (tmp_path / "file.smf").read_bytes() != b""
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("form", ["jsonl", "csv", "leef", "table", "arrow"])
def test_every_form_is_that_of_decode(capture: Path, tmp_path: Path, form: str) -> None:
    assert zertap("records", capture, "-o", tmp_path / "file.smf").returncode == 0
    with serving(capture, "--service", tmp_path / "s", "--subscribers", "1"):
        done = zertap("subscribe", tmp_path / "s", "-f", form, "-o", tmp_path / "came")
        assert (done.returncode, done.stderr) == (0, "")
    assert zertap("decode", tmp_path / "file.smf", "-f", form, "-o", tmp_path / "decoded").returncode == 0
    if form == "arrow":
        import polars

        came, decoded = (polars.read_ipc_stream(tmp_path / name) for name in ("came", "decoded"))
        assert came.equals(decoded)
    else:
        assert (tmp_path / "came").read_bytes() == (tmp_path / "decoded").read_bytes() != b""


def test_a_directory_gets_both_services(capture: Path, tmp_path: Path) -> None:
    config = tmp_path / "z.toml"
    config.write_text("[globalconfig]\naggregation = true\n[smfconfig]\nzertsummary = true\n[system]\nstack = 'TCP1'\n")
    (tmp_path / "run").mkdir()
    with serving(capture, "--config", config, "--service", tmp_path / "run", "--subscribers", "2") as process:
        assert sorted(each.name for each in (tmp_path / "run").iterdir()) == ["SYSTCPER.TCP1", "SYSTCPES.TCP1"]
        first = subprocess.Popen([*ZERTAP, "subscribe", str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
        second = zertap("subscribe", tmp_path / "run", "--summary")
        told, _ = first.communicate(timeout=20)
        assert process.wait(20) == 0
    subtypes = [
        {json.loads(line)["SMF_HEADER"]["SMF119STY"] for line in text.splitlines()} for text in (told, second.stdout)
    ]
    assert subtypes == [{11}, {12}]


def test_the_account_has_a_line_for_each_output(capture: Path, tmp_path: Path) -> None:
    with serving(
        capture, "--service", tmp_path / "s", "--subscribers", "1", "-o", tmp_path / "f", "--stats=json"
    ) as process:
        zertap("subscribe", tmp_path / "s")
        _, told = process.communicate(timeout=20)
    account = json.loads(told.splitlines()[-1])
    assert account["balanced"]
    assert account["outputs"] == [
        {"name": str(tmp_path / name), "of": "records", "taken": 6, "written": 6, "lost": 0} for name in ("f", "s")
    ]


def test_records_of_a_pipe_reach_subscribers_while_it_goes_on(tmp_path: Path) -> None:
    command = [*ZERTAP, "records", "-", "--service", str(tmp_path / "s"), "--subscribers", "1"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stderr is not None
    until = time.monotonic() + 60
    while not (tmp_path / "s").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    done = subprocess.Popen([*ZERTAP, "subscribe", str(tmp_path / "s"), "--count", "5"], stdout=subprocess.PIPE)
    process.stdin.write(TOUR.read_bytes())
    process.stdin.flush()
    told, _ = done.communicate(timeout=60)
    assert (done.returncode, len(told.splitlines())) == (0, 5)
    assert process.poll() is None, "the pipe is still open"
    process.stdin.close()
    process.wait(60)
    process.stderr.close()


def test_count_and_interruption_end_a_subscription(capture: Path, tmp_path: Path) -> None:
    with serving(capture, "--service", tmp_path / "s", "--subscribers", "2") as process:
        follower = subprocess.Popen(
            [*ZERTAP, "subscribe", str(tmp_path / "s")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        subscribed(follower)
        connected(tmp_path / "s")
        time.sleep(0.5)  # the service has read what it asks for: it counts as one of the two
        follower.send_signal(signal.SIGTERM)
        told, complaint = follower.communicate(timeout=20)
        assert (follower.returncode, told, complaint) == (143, "", "")
        done = zertap("subscribe", tmp_path / "s", "--count", "2")
        assert process.wait(20) == 0
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2)


def test_a_path_that_is_taken_is_one_line_and_status_5(capture: Path, tmp_path: Path) -> None:
    with serving(capture, "--service", tmp_path / "s", "--subscribers", "1"):
        late = zertap("records", capture, "--service", tmp_path / "s")
        assert (late.returncode, late.stderr) == (5, f"{tmp_path / 's'}: a service is running there already\n")
        zertap("subscribe", tmp_path / "s")
    (tmp_path / "file").write_text("precious")
    late = zertap("records", capture, "--service", tmp_path / "file")
    assert (late.returncode, late.stderr) == (5, f"{tmp_path / 'file'}: is there already, and is no socket\n")
    assert (tmp_path / "file").read_text() == "precious"


def test_a_service_that_dies_is_told_and_status_4(capture: Path, tmp_path: Path) -> None:
    with serving(capture, "--service", tmp_path / "s", "--subscribers", "2") as process:
        follower = subprocess.Popen([*ZERTAP, "subscribe", str(tmp_path / "s")], stderr=subprocess.PIPE, text=True)
        subscribed(follower)
        connected(tmp_path / "s")
        process.kill()
        _, told = follower.communicate(timeout=20)
    assert (follower.returncode, told) == (4, f"{tmp_path / 's'}: the connection broke off\n")
    gone = zertap("subscribe", tmp_path / "s")
    assert (gone.returncode, gone.stdout) == (3, "")
    assert gone.stderr == f"{tmp_path / 's'}: no service is running here (its socket was left behind)\n"
    with serving(capture, "--service", tmp_path / "s", "--subscribers", "1"):
        assert zertap("subscribe", tmp_path / "s").returncode == 0


def test_where_nobody_listens_that_is_one_line_and_status_3(tmp_path: Path) -> None:
    done = zertap("subscribe", tmp_path / "none")
    assert (done.returncode, done.stderr) == (3, f"{tmp_path / 'none'}: no service: no such path\n")


@pytest.mark.parametrize(
    "arguments", [["--only-current", "--summary"], ["--only-current", "--reconnect"], ["--count", "0"]]
)
def test_options_that_do_not_fit_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    done = zertap("subscribe", tmp_path / "none", *arguments)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_waiting_for_subscribers_needs_a_service(capture: Path) -> None:
    assert zertap("records", capture, "--subscribers", "1").returncode == 2


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes somebody else")
def test_a_subscriber_without_permission_is_told(capture: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "s"))
        other.listen()
        (tmp_path / "s").chmod(0o600)
        tmp_path.chmod(0o755)
        for each in tmp_path.parents[:3]:
            each.chmod(each.stat().st_mode | 0o055)
        program = (
            "import os, sys; from zertap.cli import main; main(['subscribe', '/none']); "  # loads what it needs
            "os.setgid(65534); os.setuid(65534); sys.exit(main(['subscribe', sys.argv[1]]))"
        )
        command = [sys.executable, "-c", program, str(tmp_path / "s")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert "not permitted to connect" in done.stderr
