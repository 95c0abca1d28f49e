"""Serving: many, slow and wrong subscribers, and what each of them gets and is told."""

import socket
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from service_support import RECORD, REQUESTS, ByHand, eventually, numbers, run
from zertap.service import Kind, Service, Terms
from zertap.service.server import Limits

SMALL = Terms(limits=Limits(waiting=1 << 17, queue=1 << 20))


def served(path: Path, terms: Terms | None = None, kind: Kind = Kind.DETAIL) -> Service:
    return Service(str(path / "s"), kind, terms)


def has_heard(peer: ByHand, records: int) -> bool:
    return len(peer.heard.records) >= records


def listening(service: Service, number: int) -> None:
    eventually(lambda: service.tally.subscribed == number)


def test_a_subscriber_gets_what_comes_after_it_subscribed(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        service.write(run(3), 3)
        peer = ByHand(service.path)
        listening(service, 1)
        service.write(run(3, 4), 3)
        assert numbers(b"".join(peer.until(records=3).records)) == [4, 5, 6]
    assert peer.to_the_end().code == 0
    assert (service.outlet.taken, service.outlet.written, service.outlet.lost) == (6, 6, 0)
    assert list(tmp_path.iterdir()) == []


def test_the_service_introduces_itself(tmp_path: Path) -> None:
    with served(tmp_path, Terms(system="SYS1", stack="TCPIP")) as service:
        peer = ByHand(service.path)
        assert peer.message() == "INIT"
    assert peer.heard.init[:24].decode("cp037") == "SYS1    SYSTCPERTCPIP   "


def test_a_hundred_subscribers_get_everything_in_order(tmp_path: Path) -> None:
    runs, each_run = 50, 100
    with served(tmp_path) as service:
        peers = [ByHand(service.path) for _ in range(100)]
        listening(service, 100)
        threads = [threading.Thread(target=peer.to_the_end) for peer in peers]
        for thread in threads:
            thread.start()
        for number in range(runs):
            service.write(run(each_run, 1 + number * each_run), each_run)
            time.sleep(0.002)
        eventually(lambda: service.tally.sent == 100 * runs * each_run, 60)
    for thread in threads:
        thread.join(20)
    assert all(numbers(b"".join(peer.heard.records)) == list(range(1, 1 + runs * each_run)) for peer in peers)
    assert service.tally.lost == service.outlet.lost == 0


def test_one_who_does_not_read_loses_is_told_how_many_and_holds_nobody_up(tmp_path: Path) -> None:
    runs, each_run = 300, 200
    with served(tmp_path, SMALL) as service:
        slow, quick = ByHand(service.path), ByHand(service.path)
        listening(service, 2)
        reading = threading.Thread(target=quick.to_the_end)
        reading.start()
        longest = 0.0
        for number in range(runs):
            octets = run(each_run, 1 + number * each_run)
            before = time.perf_counter()
            service.write(octets, each_run)
            longest = max(longest, time.perf_counter() - before)
            eventually(partial(has_heard, quick, number * each_run))
        eventually(lambda: service.tally.lost > 0)
        lost = service.tally.lost
        heard = slow.until(records=1)
        while heard.lost < lost:
            slow.message()
        service.write(run(1), 1)
        eventually(lambda: len(quick.heard.records) + quick.heard.lost == runs * each_run + 1)
    reading.join(20)
    heard = slow.to_the_end()
    assert len(heard.records) + heard.lost == runs * each_run + 1
    assert heard.lost >= lost > 0
    assert quick.heard.lost == 0
    assert longest < 0.5, "the tap never waits"


def test_what_the_server_itself_cannot_take_is_dropped_counted_and_told(tmp_path: Path) -> None:
    with served(tmp_path, SMALL) as service:
        peer = ByHand(service.path)
        listening(service, 1)
        before = time.perf_counter()
        for number in range(40):
            service.write(run(2000, 1 + number * 2000), 2000)
        took = time.perf_counter() - before
        assert service.outlet.lost > 0
        reading = threading.Thread(target=peer.to_the_end)
        reading.start()
    reading.join(20)
    heard = peer.heard
    assert len(heard.records) + heard.lost == 80_000
    assert service.outlet.taken == service.outlet.written + service.outlet.lost == 80_000
    assert took < 5


def test_a_patient_service_loses_nothing_to_a_slow_reader(tmp_path: Path) -> None:
    terms = Terms(limits=SMALL.limits, patient=True)
    with served(tmp_path, terms) as service:
        peer = ByHand(service.path)
        listening(service, 1)

        def feed() -> None:
            for number in range(30):
                service.write(run(1000, 1 + 1000 * number), 1000)

        feeding = threading.Thread(target=feed)
        feeding.start()
        while len(peer.heard.records) < 30_000:
            time.sleep(0.001)
            peer.message()
        feeding.join(20)
    assert numbers(b"".join(peer.heard.records)) == list(range(1, 30_001))
    assert peer.heard.lost == service.outlet.lost == 0


@pytest.mark.parametrize("wanted", [bytes(32), REQUESTS["summary"], REQUESTS["records"] + b"x"])
def test_a_request_that_makes_no_sense_ends_the_conversation(tmp_path: Path, wanted: bytes) -> None:
    with served(tmp_path) as service:
        heard = ByHand(service.path, wanted).to_the_end()
        assert (heard.code, heard.init != b"") == (121, True)
        eventually(lambda: service.subscribers == 0)
    assert (service.tally.refused, service.tally.subscribed) == (1, 0)


def test_a_request_may_come_in_pieces(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        peer = ByHand(service.path, REQUESTS["records"][:1])
        for octet in REQUESTS["records"][1:]:
            peer.peer.sendall(bytes([octet]))
            time.sleep(0.001)
        listening(service, 1)
        service.write(RECORD, 1)
        assert peer.until(records=1).records == [RECORD]


def test_one_too_many_is_told_so(tmp_path: Path) -> None:
    with served(tmp_path, Terms(limits=Limits(subscribers=2))) as service:
        peers = [ByHand(service.path) for _ in range(2)]
        listening(service, 2)
        assert ByHand(service.path).to_the_end().code == 132
        peers[0].close()
        eventually(lambda: service.subscribers == 1)
        peers.append(ByHand(service.path))
        listening(service, 3)


def test_subscribers_may_leave_at_any_moment(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        stays = ByHand(service.path)
        listening(service, 1)
        for number in range(30):
            goes = ByHand(service.path)
            service.write(run(500), 500)
            if number % 2:
                goes.message()
            goes.close()
        service.write(run(1, 99), 1)
        heard = stays.until(records=30 * 500 + 1)
        assert heard.records[-1] == run(1, 99)
        eventually(lambda: service.subscribers == 1)


def test_a_subscriber_that_only_listens_may_shut_its_own_direction(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        peer = ByHand(service.path)
        peer.peer.shutdown(socket.SHUT_WR)
        listening(service, 1)
        service.write(RECORD, 1)
        assert peer.until(records=1).records == [RECORD]


def test_a_service_of_summaries(tmp_path: Path) -> None:
    with served(tmp_path, kind=Kind.SUMMARY) as service:
        peer = ByHand(service.path, "summary")
        listening(service, 1)
        service.write(RECORD, 1)
        peer.until(records=1)
        assert peer.heard.init[8:16].decode("cp037") == "SYSTCPES"


def walked(service: Service, engine: "Engine") -> None:
    def is_over() -> bool:
        service.walk(engine)
        return not service.asks

    eventually(is_over)


class Engine:
    """A table of connections that is asked for its list."""

    def __init__(self, connections: int) -> None:
        self.connections = connections
        self.asked = 0

    def __call__(self, start: int, most: int) -> tuple[bytes, int, int | None]:
        self.asked += 1
        end = min(start + most, self.connections)
        return run(end - start, 1 + start), end - start, end if end < self.connections else None


def test_the_list_of_current_connections_comes_first_and_nothing_is_missed(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        peer, other = ByHand(service.path, "both"), ByHand(service.path)
        listening(service, 2)
        service.write(run(1, 70_000), 1)
        assert service.asks
        engine = Engine(3000)
        walked(service, engine)
        service.write(run(1, 70_001), 1)
        heard = peer.until(records=1, complete=True)
        assert numbers(b"".join(heard.listed)) == list(range(1, 3001))
        assert numbers(b"".join(heard.records)) == [70_001], "what came before the list is in the list"
        assert numbers(b"".join(other.until(records=2).records)) == [70_000, 70_001]
        assert other.heard.listed == []


def test_who_asks_for_the_list_alone_gets_an_end(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        peer = ByHand(service.path, "list")
        listening(service, 1)
        walked(service, Engine(5))
        service.write(RECORD, 1)
        heard = peer.to_the_end()
        assert (len(heard.listed), heard.list_complete, heard.records, heard.code) == (5, True, [], 0)


def test_an_empty_list_is_told_to_be_complete(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        peer = ByHand(service.path, "both")
        listening(service, 1)
        walked(service, Engine(0))
        assert peer.until(complete=True).listed == []


def test_a_long_list_is_told_to_its_reader_pace_and_the_tap_goes_on(tmp_path: Path) -> None:
    with served(tmp_path, SMALL) as service:
        peer = ByHand(service.path, "both")
        listening(service, 1)
        engine = Engine(60_000)
        longest = 0.0
        reading = threading.Thread(target=lambda: peer.until(complete=True))
        reading.start()
        until = time.monotonic() + 30
        while service.asks and time.monotonic() < until:
            before = time.perf_counter()
            service.walk(engine)
            longest = max(longest, time.perf_counter() - before)
            time.sleep(0.001)
        reading.join(20)
        assert (len(peer.heard.listed), peer.heard.lost) == (60_000, 0)
        assert longest < 0.5


def test_a_list_whose_readers_have_gone_is_broken_off(tmp_path: Path) -> None:
    with served(tmp_path, SMALL) as service:
        peer = ByHand(service.path, "both")
        listening(service, 1)
        engine = Engine(1_000_000)
        service.walk(engine)
        peer.close()
        eventually(lambda: service.subscribers == 0)
        service.walk(engine)
        assert not service.asks
        assert engine.asked < 100


def test_a_stuck_subscriber_delays_the_end_only_shortly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zertap.service.server._SLOWEST_GOODBYE", 0.3)
    service = served(tmp_path, SMALL)
    stuck = ByHand(service.path)
    listening(service, 1)
    for _ in range(20):
        service.write(run(500), 500)
    begun = time.monotonic()
    service.close()
    assert time.monotonic() - begun < 3
    assert service.tally.sent + service.tally.lost + service.tally.abandoned == 10_000
    stuck.close()


def test_what_is_handed_over_after_the_end_is_no_failure(tmp_path: Path) -> None:
    service = served(tmp_path)
    peer = ByHand(service.path)
    listening(service, 1)
    service.close()
    service.write(RECORD, 1)
    service.close()
    assert peer.to_the_end().code == 0
    assert not Path(service.path).exists()


def test_a_service_leaves_no_descriptor_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with served(tmp_path) as service:
            peer = ByHand(service.path)
            listening(service, 1)
            peer.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
