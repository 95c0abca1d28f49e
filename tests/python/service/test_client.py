"""Subscribing: in a loop, under asyncio, again after a service died, and what is told of services that are none."""

import asyncio
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import zertap
from service_support import RECORD, eventually, numbers, run
from zertap.errors import ServiceFailed, ServiceUnreachable, Usage
from zertap.service import Kind, Service, Terms
from zertap.service.server import Limits
from zertap.zert.codec import decode


def fed(service: Service, records: int, subscribers: int = 1) -> threading.Thread:
    """A thread that waits for subscribers, hands out so many records, and ends the service."""

    def feed() -> None:
        eventually(lambda: service.tally.subscribed == subscribers)
        for number in range(records):
            service.write(run(1, number), 1)
        service.close()

    thread = threading.Thread(target=feed)
    thread.start()
    return thread


def test_a_loop_over_records(tmp_path: Path) -> None:
    service = Service(str(tmp_path / "s"), Kind.DETAIL, Terms(system="SYS1"))
    thread = fed(service, 3)
    with zertap.subscribe(tmp_path / "s", current=False) as subscription:
        assert list(subscription) == [decode(run(1, number)) for number in range(3)]
        assert subscription.service is not None
        assert (subscription.service.system, subscription.service.component) == ("SYS1", "SYSTCPER")
        assert subscription.service.started == pytest.approx(time.time(), abs=60)
        assert (subscription.received, subscription.lost, subscription.connections) == (3, 0, 1)
        assert subscription.ended is not None
        assert (subscription.ended.code, subscription.ended.reason) == (0, "the service has ended")
    thread.join()


def test_several_tasks_under_asyncio(tmp_path: Path) -> None:
    service = Service(str(tmp_path / "s"), Kind.DETAIL)
    thread = fed(service, 100, subscribers=20)

    async def one() -> list[object]:
        with zertap.subscribe(tmp_path / "s", current=False) as subscription:
            return [record async for record in subscription]

    async def all_of_them() -> list[list[object]]:
        return await asyncio.gather(*(one() for _ in range(20)))

    found = asyncio.run(all_of_them())
    thread.join()
    assert found == [[decode(run(1, number)) for number in range(100)]] * 20


def test_another_thread_may_end_a_subscription_that_waits(tmp_path: Path) -> None:
    with Service(str(tmp_path / "s"), Kind.DETAIL):
        subscription = zertap.subscribe(tmp_path / "s")
        found: list[object] = []
        thread = threading.Thread(target=lambda: found.extend(subscription))
        thread.start()
        time.sleep(0.1)
        subscription.close()
        thread.join(10)
        assert not thread.is_alive()


def test_a_directory_stands_for_its_only_service_of_the_kind(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnreachable, match="no service SYSTCPER in this directory"):
        zertap.subscribe(tmp_path)
    with Service(str(tmp_path / "SYSTCPER.A"), Kind.DETAIL), Service(str(tmp_path / "SYSTCPES.A"), Kind.SUMMARY):
        zertap.subscribe(tmp_path).close()
        with zertap.subscribe(tmp_path, summary=True) as found:
            assert found.path == str(tmp_path / "SYSTCPES.A")
        with Service(str(tmp_path / "SYSTCPER.B"), Kind.DETAIL), pytest.raises(ServiceUnreachable, match="several of"):
            zertap.subscribe(tmp_path)


def test_where_nobody_is_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnreachable, match="no service: no such path"):
        zertap.subscribe(tmp_path / "none")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    with pytest.raises(ServiceUnreachable, match="left behind"):
        zertap.subscribe(tmp_path / "dead")
    with pytest.raises(Usage):
        zertap.subscribe(tmp_path / "none", current=False, records=False)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\n", bytes(64), b"\x00\x00\x00\x10"])
def test_what_is_no_record_service_is_told(tmp_path: Path, answer: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "s"))
        other.listen()
        with zertap.subscribe(tmp_path / "s") as subscription:
            peer, _ = other.accept()
            with peer:
                peer.recv(100)
                peer.sendall(answer)
            with pytest.raises(ServiceFailed, match=r"no record service|broke off"):
                list(subscription)


def test_a_service_of_the_other_kind_is_told(tmp_path: Path) -> None:
    with (
        Service(str(tmp_path / "s"), Kind.SUMMARY),
        zertap.subscribe(tmp_path / "s") as subscription,
        pytest.raises(ServiceFailed, match="the other kind"),
    ):
        list(subscription)


def test_a_full_service_is_told(tmp_path: Path) -> None:
    with Service(str(tmp_path / "s"), Kind.DETAIL, Terms(limits=Limits(subscribers=1))) as service:
        first = zertap.subscribe(tmp_path / "s")
        eventually(lambda: service.tally.subscribed == 1)
        with zertap.subscribe(tmp_path / "s") as late, pytest.raises(ServiceFailed, match="as many subscribers"):
            list(late)
        first.close()


SERVER = """
import sys, time
sys.path.insert(0, sys.argv[2])
from service_support import run
from zertap.service import Kind, Service
service = Service(sys.argv[1], Kind.DETAIL)
print("ready", flush=True)
begun = int(sys.argv[3])
number = 0
while True:
    service.walk(lambda start, most: (run(2, begun), 2, None))
    service.write(run(1, begun + 100 + number), 1)
    number += 1
    time.sleep(0.005)
"""


def test_after_kill_9_subscribers_come_back_and_get_the_current_list(tmp_path: Path) -> None:
    def started(begun: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SERVER, str(tmp_path / "s"), str(Path(__file__).parents[1]), str(begun)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    listed: dict[int, list[list[int]]] = {each: [] for each in range(5)}
    fresh: dict[int, list[int]] = {each: [] for each in range(5)}

    def follow(which: int, subscription: zertap.Subscription) -> None:
        for batch in subscription.batches():
            if batch.current:
                listed[which].append(numbers(batch.octets))
            else:
                fresh[which] += numbers(batch.octets)

    first = started(1000)
    subscriptions = [zertap.subscribe(tmp_path / "s", reconnect=True) for _ in range(5)]
    threads = [threading.Thread(target=follow, args=each) for each in enumerate(subscriptions)]
    for each in threads:
        each.start()
    eventually(lambda: all(len(found) > 3 for found in fresh.values()))
    first.send_signal(signal.SIGKILL)
    first.wait()
    time.sleep(0.3)
    second = started(2000)
    eventually(lambda: all(found[-1] > 2100 for found in fresh.values()))
    for subscription in subscriptions:
        subscription.close()
    for each in threads:
        each.join(10)
    second.kill()
    second.wait()
    for process in (first, second):
        assert process.stdout is not None
        process.stdout.close()
    assert all(found == [[1000, 1001], [2000, 2001]] for found in listed.values())
    assert all(each.connections >= 2 for each in subscriptions)


def test_lost_records_are_counted_at_the_client(tmp_path: Path) -> None:
    limits = Limits(waiting=1 << 17, queue=1 << 20)
    service = Service(str(tmp_path / "s"), Kind.DETAIL, Terms(limits=limits))
    with zertap.subscribe(tmp_path / "s", current=False) as subscription:
        eventually(lambda: service.tally.subscribed == 1)
        for number in range(100):
            service.write(run(500, number * 500), 500)
        threading.Thread(target=service.close).start()
        told = [(batch.records, batch.lost) for batch in subscription.batches()]
    assert subscription.received + subscription.lost == 50_000
    assert subscription.lost == sum(lost for _, lost in told) > 0


def test_octets_are_those_of_an_smf_file(tmp_path: Path) -> None:
    service = Service(str(tmp_path / "s"), Kind.DETAIL)
    thread = fed(service, 2)
    with zertap.subscribe(tmp_path / "s", current=False) as subscription:
        assert b"".join(batch.octets for batch in subscription.batches()) == run(2, 0)
    thread.join()
    assert len(run(2, 0)) == 2 * len(RECORD)
