"""Endpoint mode: real sockets on the loopback interface, and whose they are by the kernel's tables."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

import zertap
from wire import SECOND
from zertap.configuration import parse
from zertap.endpoint import Endpoint, Owner, local_networks
from zertap.endpoint.owners import Question
from zertap.endpoint.tables import Place, holders, process_name, sockets
from zertap.recording import Session
from zertap.sinks.base import Stream
from zertap.sinks.octets import SmfFile
from zertap.zert.codec import decode
from zertap.zert.records import DetailRecord
from zertap.zert.records_summary import SummaryRecord

PROC = Path("/proc")
ME = pwd.getpwuid(os.getuid()).pw_name
SERVER = """
import socket, sys
open("/proc/self/comm", "w").write("lama-serverd")
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family) as listener:
    listener.bind((sys.argv[1], 0))
    listener.listen()
    print(listener.getsockname()[1], flush=True)
    kept = []
    while True:
        kept.append(listener.accept()[0])
"""

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="no table of sockets here")


@pytest.fixture(params=["127.0.0.1", "::1"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """A server in a process of its own, called ``lama-serverd``."""
    program = [sys.executable, "-c", SERVER, request.param]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            port = process.stdout.readline()
            if not port:
                pytest.skip(f"no {request.param} here")
            yield request.param, int(port)
        finally:
            process.kill()


def own_name() -> str:
    return Path("/proc/self/comm").read_text().strip()


def whole(octets: bytes) -> Iterator[bytes]:
    """Records, by their descriptor words."""
    while octets:
        length = int.from_bytes(octets[:2])
        yield octets[:length]
        octets = octets[length:]


def ends(client: socket.socket) -> tuple[tuple[str, int], tuple[str, int]]:
    return client.getsockname()[:2], client.getpeername()[:2]


def test_both_ends_of_a_connection_within_the_host_are_known(server: tuple[str, int]) -> None:
    endpoint = Endpoint()
    with closing(socket.create_connection(server)) as client:
        note = endpoint.look_up(*ends(client))
    assert endpoint.owners(note) == (Owner(own_name(), ME), Owner("lama-serverd", ME))


def test_the_owner_of_a_listener_answers_for_a_connection_that_is_gone(server: tuple[str, int]) -> None:
    endpoint = Endpoint()
    gone = (server[0], 1)
    assert endpoint.owners(endpoint.look_up(gone, server)) == (None, Owner("lama-serverd", ME))
    assert endpoint.look_up(gone, (server[0], 2)) == 0


def test_few_owners_are_told_apart_by_small_numbers(server: tuple[str, int]) -> None:
    endpoint = Endpoint()
    with closing(socket.create_connection(server)) as one, closing(socket.create_connection(server)) as two:
        assert endpoint.look_up(*ends(one)) == endpoint.look_up(*ends(two)) != 0
    assert len(endpoint._owners) == 2


def test_questions_are_answered_beside_the_tap_and_the_answer_comes_back_in_rows(server: tuple[str, int]) -> None:
    tap = zertap.Tap(rows={"opened", "closed"})
    with Endpoint() as endpoint, closing(socket.create_connection(server)) as client:
        name = tap.open_stream(1, *ends(client))
        (row,) = tap.drain()
        endpoint.ask_about(row)
        assert endpoint.wait(20)
        endpoint.tell(tap)
        tap.end_stream(name, "client", 2)
        tap.end_stream(name, "server", 2)
        (row,) = tap.drain()
    assert row.note
    assert [owner and owner.process for owner in endpoint.owners(row.note)] == [own_name(), "lama-serverd"]


def test_questions_beyond_the_limit_are_counted_and_nobody_waits() -> None:
    endpoint = Endpoint()
    endpoint._turn.acquire()
    try:
        for number in range(9000):
            endpoint.ask(Question(("127.0.0.1", 1), ("127.0.0.1", 2), number))
    finally:
        endpoint._turn.release()
    assert endpoint.unasked == 9000 - 8192
    endpoint.close()
    endpoint.ask(Question(("127.0.0.1", 1), ("127.0.0.1", 2), 1))
    assert endpoint.unasked == 9001 - 8192


def test_records_name_the_job_and_the_user_of_the_local_socket(server: tuple[str, int], tmp_path: Path) -> None:
    """From both sides, as both are local; the names as the fields of z/OS hold them."""
    path = tmp_path / "records.smf"
    settings = parse(f'network.local = ["{server[0]}"]')
    with Endpoint() as endpoint, closing(socket.create_connection(server)) as client:
        session = Session(settings, SmfFile(Stream(str(path))), endpoint=endpoint)
        tap = session._tap
        assert tap
        name = tap.open_stream(SECOND, *ends(client))
        session.drain()
        assert endpoint.wait(20)
        session.drain()
        tap.push_stream(name, "client", b"GET /", 2 * SECOND)
        tap.end_stream(name, "client", 3 * SECOND, "rst")
        session.close()
    records = [decode(each) for each in whole(path.read_bytes())]
    shown = [each.common for each in records if isinstance(each, DetailRecord) and each.common.event == 4]
    assert {(each.job_name, each.user_id) for each in shown} == {
        (own_name().upper()[:8], ME.upper()[:8]),
        ("LAMA-SER", ME.upper()[:8]),
    }


def test_the_tables_are_read_as_the_kernel_writes_them(tmp_path: Path) -> None:
    """A table with what is rare: a socket of TIME_WAIT without an owner, mapped addresses, a line cut short."""
    net = tmp_path / "net"
    net.mkdir()
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    rest = "00000000:00000000 00:00000000 00000000"
    (net / "tcp").write_text(
        head
        + f"   0: 0100007F:1F90 00000000:0000 0A {rest}  1000        0 111 1 0\n"
        + f"   1: 0100007F:1F90 0200007F:C001 06 {rest}     0        0 0 3 0\n"
        + "   2: 0100007F"
    )
    mapped = "0000000000000000FFFF0000" + "0100007F"
    (net / "tcp6").write_text(head + f"   0: {mapped}:0050 {mapped}:C002 01 {rest}  33        0 222 1 0\n")
    found = sockets(tmp_path)
    ours = Place.of("127.0.0.1", 8080)
    if sys.byteorder == "little":
        assert found.of(ours, Place.of("127.0.0.2", 0xC001)) == (111, 1000)
        assert found.of(Place.of("127.0.0.1", 80), Place.of("127.0.0.1", 0xC002)) == (222, 33)
    assert sockets(tmp_path / "nowhere") == ({}, {})
    assert holders(PROC, {2**63}) == {} and process_name(PROC, 2**22 + 1) is None


def test_local_addresses_are_those_of_the_interfaces() -> None:
    found = local_networks()
    assert any(ip_address("127.0.0.1") in each for each in found)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.255", 9))
        except OSError:
            return
        own = ip_address(probe.getsockname()[0])
    assert any(own in each for each in found)
    assert not any(ip_address("198.51.100.77") in each for each in found)
    assert all(each == ip_network(str(each)) for each in found)


def test_summaries_tell_sessions_apart_by_the_owner_of_the_local_socket(tmp_path: Path) -> None:
    """As zERT aggregation does by job name: one server address and port, two jobs, and one that nobody knows."""
    path = tmp_path / "records.smf"
    settings = parse("globalconfig.aggregation = true\nsmfconfig.zertsummary = true\nsmfconfig.zertdetail = false")
    session = Session(settings, SmfFile(Stream(str(path))), endpoint=Told())
    tap = session._tap
    assert tap
    name = 0
    for number, note in enumerate((0x1_0000_0001, 0x2_0000_0001, 0x1_0000_0002, 0x2_0000_0003, 0)):
        name = tap.open_stream(SECOND, ("192.0.2.1", 1000 + number), ("192.0.2.2", 80))
        assert tap.mark(name, note, early=True)
        tap.push_stream(name, "client", b"GET /", 2 * SECOND)
        tap.advance(2 * SECOND)
    session.advance(12 * SECOND)
    assert not tap.mark(name, 0x1_0000_0001, early=True)
    session.close(13 * SECOND)
    records = [decode(each) for each in whole(path.read_bytes())]
    found = [each.common for each in records if isinstance(each, SummaryRecord) and each.common.event == 1]
    assert {(each.job_name, each.user_id, each.final_connections, each.final_active) for each in found} == {
        ("LAMA-SER", "LOLA", 2, 2),
        ("LAMA-SER", "OTTO", 2, 2),
        ("", "", 1, 1),
    }
    assert len({each.session_id for each in found}) == 3


class Told:
    """Knows three owners; two of them look alike in the fields of z/OS."""

    OWNERS = (None, Owner("lama-serverd", "lola"), Owner("lama-serverd", "otto"), Owner("lama-server-2", "otto"))

    def owners(self, note: int) -> tuple[Owner | None, Owner | None]:
        return self.OWNERS[note >> 32], self.OWNERS[note & 0xFFFF_FFFF]

    def attend(self, tap: object, batch: object) -> None:
        """Nobody asks."""
