"""Syslog: what rsyslog understands of what we send, by every way; and what becomes of messages that cannot be sent."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsyslog import MISSING, MISSING_TLS, Rsyslog, certificates, free_port, rsyslog
from zertap.errors import Usage
from zertap.sinks.sending import Line, Sender
from zertap.sinks.syslog_form import Form, Said
from zertap.sinks.syslog_lines import Counted, Datagrams, Local, Proof, line_to

TOUR = Path(__file__).parents[3] / "pcaps" / "tour.pcap"

MESSAGE = re.compile(
    r"<(?P<pri>\d{1,3})>1 (?P<at>\S+) (?P<host>\S{1,255}) (?P<app>\S{1,48}) (?P<proc>\S{1,128}) (?P<id>\S{1,32}) "
    r'(?P<data>-|(?:\[[^ =\]"]{1,32}(?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\])+) (?P<text>.*)',
    re.DOTALL,
)
"""RFC 5424 section 6, written down again."""

PARAMETER = re.compile(r' ([^ =\]"]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"')


def zertap(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zertap", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def parameters(data: str) -> dict[str, str]:
    return {name: re.sub(r"\\(.)", r"\1", value) for name, value in PARAMETER.findall(data)}


def address_of(receiver: Rsyslog, way: str) -> str:
    return {
        "udp": f"udp://127.0.0.1:{receiver.udp}",
        "tcp": f"tcp://127.0.0.1:{receiver.tcp}",
        "tls": f"tls://localhost:{receiver.tls}",
        "local": str(receiver.local),
    }[way]


WAYS = [
    pytest.param("udp", marks=pytest.mark.skipif(bool(MISSING), reason=str(MISSING))),
    pytest.param("tcp", marks=pytest.mark.skipif(bool(MISSING), reason=str(MISSING))),
    pytest.param("local", marks=pytest.mark.skipif(bool(MISSING), reason=str(MISSING))),
    pytest.param("tls", marks=pytest.mark.skipif(bool(MISSING_TLS), reason=str(MISSING_TLS))),
]


@pytest.mark.parametrize("way", WAYS)
def test_rsyslog_understands_our_records(tmp_path: Path, way: str) -> None:
    with rsyslog(tmp_path, tls=way == "tls") as receiver:
        config = tmp_path / "z.toml"
        config.write_text(
            f"[syslog]\nauthorities = '{receiver.authorities}'\nhost = 'tap.example'\nenterprise = 4711\n"
        )
        done = zertap(
            "records", TOUR, "--config", config, "--syslog", address_of(receiver, way), "--no-switches", "--stats=json"
        )
        assert done.returncode == 0, done.stderr
        account = json.loads(done.stderr.splitlines()[-1])
        (outlet,) = account["outputs"]
        found = receiver.messages(outlet["taken"])
    assert account["balanced"]
    assert (outlet["written"], outlet["lost"]) == (outlet["taken"], 0)
    expected = [
        json.loads(line)
        for line in zertap("records", TOUR, "-f", "jsonl", "--names", "readable", "--no-switches").stdout.splitlines()
    ]
    assert len(found) == len(expected) > 10
    for message, record in zip(found, expected, strict=True):
        check_record(message, record)
    assert {message["severity"] for message in found} == {"4", "6"}


def check_record(message: dict[str, Any], record: dict[str, Any]) -> None:
    common, told = record["common"], parameters(message["data"])
    assert (message["facility"], message["app"], message["version"]) == ("local5", "zertap", "1")
    assert message["host"] == "tap.example"
    assert message["at"].startswith(record["written"][:19])
    assert message["msgid"] == common["event"].replace(" ", "-").upper()
    assert message["data"].startswith('[zert@4711 record="119-11"][ident@4711 system="ZERTAP"')
    for name in ("remote_address", "remote_port", "local_address", "in_bytes", "protocols"):
        assert told.get(name, "") == str(common[name])
    if record.get("tls"):
        assert told["cipher"] == record["tls"]["cipher"]
        failed = record["tls"]["handshake_type"] == "failed"
        assert message["severity"] == ("4" if failed else "6")
    assert str(common["remote_address"]) in message["msg"]


@pytest.mark.skipif(bool(MISSING), reason=str(MISSING))
def test_rsyslog_understands_our_connections(tmp_path: Path) -> None:
    with rsyslog(tmp_path) as receiver:
        done = zertap("observe", TOUR, "--syslog", f"tcp://127.0.0.1:{receiver.tcp}")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        found = receiver.messages(len(rows))
    assert len(found) == len(rows) > 10
    for message, row in zip(found, rows, strict=True):
        told = parameters(message["data"])
        assert (told["verdict"], told["uid"], message["msgid"]) == (row["verdict"], row["uid"], "CONNECTION")
        assert message["severity"] == ("6" if row["verdict"] == "protected" else "4")
        assert message["at"][:19] == row["end"][:19]


@pytest.mark.skipif(bool(MISSING_TLS), reason=str(MISSING_TLS))
def test_a_receiver_that_cannot_prove_its_name_gets_nothing(tmp_path: Path) -> None:
    with rsyslog(tmp_path, tls=True) as receiver:
        for address, authorities in (
            (f"tls://localhost:{receiver.tls}", ""),
            (f"tls://127.0.0.1:{receiver.tls}", "ca"),
        ):
            line, _ = line_to(address, Proof(str(tmp_path / "ca.pem") if authorities else ""))
            sender = Sender(line, linger=1)
            sender.put([b"<174>1 - - - - - - secret"])
            sender.close()
            assert (sender.outlet.written, sender.outlet.lost) == (0, 1)
            assert "certificate verify failed" in str(sender.trouble)
        assert receiver.messages(0) == []


@pytest.mark.skipif(bool(MISSING), reason=str(MISSING))
def test_after_a_restart_of_the_receiver_messages_go_on(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with rsyslog(tmp_path / "a") as receiver:
        sender = Sender(Counted("127.0.0.1", receiver.tcp, None))
        sender.put([b"<174>1 - - - - - - first"])
        assert receiver.messages(1)
    sender.put([b"<174>1 - - - - - - second"])
    time.sleep(0.2)
    with socket.create_server(("127.0.0.1", receiver.tcp)) as other:
        peer, _ = other.accept()
        with peer:
            assert peer.recv(100) == b"25 <174>1 - - - - - - second"
    sender.close()
    assert (sender.outlet.written, sender.outlet.lost, sender.connects) == (2, 0, 2)


TEXTS = st.text(max_size=40)
FACTS = st.dictionaries(
    TEXTS, st.one_of(TEXTS, st.integers(), st.booleans(), st.none(), st.lists(TEXTS, max_size=3)), max_size=8
)


@given(FACTS, st.dictionaries(st.sampled_from(["tls", "ssh"]), FACTS), TEXTS, TEXTS, st.integers(480, 4000))
def test_every_message_has_the_form_of_the_rfc(
    facts: dict[str, Any], parts: dict[str, Any], word: str, text: str, longest: int
) -> None:
    said = Said("2026-01-01T00:00:00.123456789Z", 4, word, text, {**facts, **parts})
    octets = Form(longest=longest, host="h").written(said)
    assert len(octets) <= longest
    found = MESSAGE.fullmatch(octets.decode("utf-8"))
    assert found
    assert (found["pri"], found["at"]) == ("172", "2026-01-01T00:00:00.123456Z")
    elements = re.findall(r"\[([^ =\]\"]+)(?: |\])", re.sub(r'"(?:[^"\\]|\\.)*"', '""', found["data"]))
    assert len(elements) == len(set(elements)), "no element comes twice (6.3.2)"


def test_a_long_message_loses_whole_parameters_and_says_how_many() -> None:
    facts = {"tls": {f"name{number}": "x" * 50 for number in range(100)}}
    octets = Form(longest=1000, host="h").written(Said("", 6, "W", "text", facts))
    found = MESSAGE.fullmatch(octets.decode())
    assert found
    assert 900 < len(octets) <= 1000
    kept = len(PARAMETER.findall(found["data"])) - 1
    assert parameters(found["data"])["parameters"] == str(100 - kept)
    assert (found["at"], found["text"]) == ("-", "text")


def test_values_of_others_cannot_break_out() -> None:
    facts = {"tls": {"server_name": 'x"] [evil@1 a="b\\', "subject": "CN=ä\n<0>1"}}
    octets = Form(host="h").written(Said("", 6, "W", "t", facts))
    found = MESSAGE.fullmatch(octets.decode())
    assert found
    assert parameters(found["data"]) == {"server_name": 'x"] [evil@1 a="b\\', "subject": "CN=ä\\n<0>1"}
    assert b"\n" not in octets


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("udp://h", Datagrams),
        ("udp://[::1]:5514", Datagrams),
        ("tcp://h:1", Counted),
        ("tls://h", Counted),
        ("/dev/log", Local),
        ("unix:/dev/log", Local),
        ("unix:///dev/log", Local),
    ],
)
def test_addresses(address: str, kind: type) -> None:
    line, longest = line_to(address, Proof())
    assert isinstance(line, kind)
    assert longest == (2048 if kind is Datagrams else 8192)


@pytest.mark.parametrize(
    "address", ["", "h:514", "http://h", "udp://", "udp://h:x", "udp://h/x", "tcp://h:99999", "unix:"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Usage, match="no address of a syslog receiver"):
        line_to(address, Proof())


def test_files_for_tls_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(Usage, match=r"none\.pem: No such file"):
        line_to("tls://h", Proof(str(tmp_path / "none.pem")))
    certificates(tmp_path)
    with pytest.raises(Usage, match=r"ca\.pem"):
        line_to("tls://h", Proof(certificate=str(tmp_path / "ca.pem")))


@pytest.mark.parametrize("way", ["tcp", "local", "udp"])
def test_where_nobody_listens_the_tap_goes_on_and_all_is_counted(tmp_path: Path, way: str) -> None:
    port = free_port()
    lines: dict[str, Line] = {
        "tcp": Counted("127.0.0.1", port, None),
        "local": Local(str(tmp_path / "none")),
        "udp": Datagrams("127.0.0.1", port),
    }
    sender = Sender(lines[way], limit=100, linger=0.5)
    begun = time.monotonic()
    sender.put(b"x" * 100 for _ in range(10_000))
    assert time.monotonic() - begun < 1
    sender.close()
    outlet = sender.outlet
    assert outlet.taken == outlet.written + outlet.lost == 10_000
    assert outlet.lost > 5000
    # What a datagram's refusal says comes by ICMP, at any time, also behind the last of them.
    assert sender.trouble is not None or way == "udp"


def test_a_receiver_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = Sender(Counted("127.0.0.1", server.getsockname()[1], None), limit=100, linger=0.3)
        begun = time.monotonic()
        for _ in range(100):
            sender.put(b"x" * 8000 for _ in range(100))
        assert time.monotonic() - begun < 3
        sender.close()
        assert time.monotonic() - begun < 10
    assert sender.outlet.taken == sender.outlet.written + sender.outlet.lost == 10_000
    assert sender.outlet.lost > 1000


def test_a_replay_waits_for_a_slow_receiver(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = Sender(Counted("127.0.0.1", server.getsockname()[1], None), limit=10, patience=10)
        got = bytearray()

        def read() -> None:
            peer, _ = server.accept()
            with peer:
                while octets := peer.recv(10_000):
                    got.extend(octets)
                    time.sleep(0.0005)

        reading = threading.Thread(target=read)
        reading.start()
        sender.put(b"%04d" % number for number in range(5000))
        sender.close()
        reading.join(10)
    assert bytes(got) == b"".join(b"4 %04d" % number for number in range(5000))
    assert (sender.outlet.written, sender.outlet.lost) == (5000, 0)


def test_a_replay_gives_up_on_a_receiver_that_never_comes(tmp_path: Path) -> None:
    sender = Sender(Counted("127.0.0.1", free_port(), None), limit=10, patience=0.5, linger=0.2)
    begun = time.monotonic()
    sender.put(b"x" for _ in range(1000))
    assert 0.4 < time.monotonic() - begun < 20
    sender.close()
    assert (sender.outlet.written, sender.outlet.lost) == (0, 1000)


def test_a_datagram_that_is_too_long_for_the_way_is_lost_alone(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        sender = Sender(Datagrams("127.0.0.1", receiver.getsockname()[1]))
        sender.put([b"one", b"x" * 70_000, b"two"])
        sender.close()
        assert [receiver.recv(100), receiver.recv(100)] == [b"one", b"two"]
    assert (sender.outlet.written, sender.outlet.lost) == (2, 1)


def test_lost_messages_are_told_at_the_end(tmp_path: Path) -> None:
    done = zertap("observe", TOUR, "--syslog", f"tcp://127.0.0.1:{free_port()}")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 15
    assert re.fullmatch(r"syslog tcp://127\.0\.0\.1:\d+: 15 of 15 rows lost on the way\n", done.stderr)
