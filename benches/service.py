"""What a record service costs the tap: records a second handed over with 0, 1 and 100 subscribers that read along.

Run: ``python benches/service.py``. The tap's side is timed alone (the calls of ``Service.write``), and so is the whole,
until the last subscriber has the last record. Subscribers are processes of their own that throw away what they read.
"""

import multiprocessing
import socket
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "python"))

from service_support import REQUESTS, run

from zertap.service import Kind, Service, Terms

RUNS, EACH = 100, 1000


def reader(path: str, number: int) -> None:
    """So many subscribers in one process: reads to the end of each."""
    import selectors

    peers = []
    selector = selectors.DefaultSelector()
    for _ in range(number):
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(path)
        peer.sendall(REQUESTS["records"])
        selector.register(peer, selectors.EVENT_READ)
        peers.append(peer)
    while peers:
        for key, _ in selector.select():
            if not key.fileobj.recv(1 << 18):  # type: ignore[union-attr]
                selector.unregister(key.fileobj)
                peers.remove(key.fileobj)  # type: ignore[arg-type]


def measure(subscribers: int, *, patient: bool) -> str:
    """One line: what the tap's thread spent a record, and how many records a second reached everybody."""
    octets = run(EACH)
    with tempfile.TemporaryDirectory() as folder:
        service = Service(f"{folder}/s", Kind.DETAIL, Terms(patient=patient))
        process = multiprocessing.Process(target=reader, args=(service.path, subscribers))
        process.start()
        while service.tally.subscribed < subscribers:
            time.sleep(0.01)
        spent, longest, begun = 0.0, 0.0, time.perf_counter()
        for _ in range(RUNS):
            before = time.perf_counter()
            service.write(octets, EACH)
            took = time.perf_counter() - before
            spent, longest = spent + took, max(longest, took)
        service.close()
        whole = time.perf_counter() - begun
        process.join()
    records = RUNS * EACH
    each = records * max(1, subscribers)
    tally = service.tally
    return (
        f"{subscribers:>4} subscribers, {'waits' if patient else 'never waits'}:"
        f" tap {spent / records * 1e9:,.0f} ns a record"
        f" (longest call for {EACH} records {longest * 1e3:.2f} ms), {records / whole:,.0f} records/s through,"
        f" {tally.sent / each:.1%} delivered"
    )


def main() -> None:
    """Prints the lines."""
    for subscribers in (0, 1, 10, 100):
        for patient in (False, True):
            sys.stdout.write(measure(subscribers, patient=patient) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
