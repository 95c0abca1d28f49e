"""What does a row cost on its way from the engine to Python?"""

from collections.abc import Callable
from typing import Any

import zertap
from zertap.observation import Observation
from zertap.plans import Part, Plans
from zertap.protection import protection_column
from zertap.schema import FIELDS


def test_rows_across_the_door_read_as_six_attributes_of_a_connection(per_row: Callable[..., Any], part: Part) -> None:
    observation = Observation([(part, range(len(part.batch)))], {})

    def read() -> int:
        found = 0
        for each in observation:
            facts = (each.verdict, each.client_ip, each.server_ip, each.server_port, each.bytes_client, each.tls)
            found += facts[0] == "protected"
        return found

    assert per_row(read, len(part.batch)) > len(part.batch) / 2


def test_rows_written_as_json_lines(per_row: Callable[..., Any], part: Part) -> None:
    plan = Plans(FIELDS).of(part)
    assert per_row(lambda: part.batch.jsonl(plan), len(part.batch)).count(b"\n") == len(part.batch)


def test_rows_written_as_arrow_columns(per_row: Callable[..., Any], part: Part) -> None:
    plan = Plans(FIELDS).of(part)
    assert len(per_row(lambda: part.batch.ipc(plan), len(part.batch))) > len(part.batch)


def test_rows_judged_as_one_column_of_verdicts(per_row: Callable[..., Any], part: Part) -> None:
    assert len(per_row(lambda: protection_column(part.batch), len(part.batch))) == len(part.batch)


CALLS = 100_000
CLIENT, SERVER = ("192.0.2.1", 50000), ("192.0.2.2", 80)


def test_calls_of_push_stream_with_a_name(per_row: Callable[..., Any]) -> None:
    """The whole call, engine included, on a connection whose protection is decided; the loop is part of the figure."""
    tap = zertap.Tap()
    name, push, octets = tap.open_stream(0, CLIENT, SERVER), tap.push_stream, b"x" * 100
    push(name, "client", b"GET / HTTP/1.1\r\n\r\n", 1)

    def work() -> None:
        for _ in range(CALLS):
            push(name, "client", octets, 2)

    per_row(work, CALLS)
    tap.finish()
    assert tap.drain()[0].bytes_client > CALLS * len(octets)


def test_calls_of_push_stream_with_both_ends(per_row: Callable[..., Any]) -> None:
    tap = zertap.Tap()
    tap.open_stream(0, CLIENT, SERVER)
    push, octets, ends = tap.push_stream, b"x" * 100, (CLIENT, SERVER)

    def work() -> None:
        for _ in range(CALLS):
            push(ends, "client", octets, 2)

    per_row(work, CALLS)


def test_calls_of_push_segment(per_row: Callable[..., Any]) -> None:
    tap = zertap.Tap()
    tap.push_segment(0, CLIENT, SERVER, 99, 0, 2)
    tap.push_segment(0, SERVER, CLIENT, 499, 100, 18)
    tap.push_segment(0, CLIENT, SERVER, 100, 500, 16, b"GET / HTTP/1.1\r\n\r\n")
    push, octets, next_octet = tap.push_segment, b"x" * 100, 118

    def work() -> None:
        nonlocal next_octet
        for _ in range(CALLS):
            push(1, CLIENT, SERVER, next_octet, 500, 16, octets)
            next_octet = (next_octet + 100) & 0xFFFFFFFF

    per_row(work, CALLS)


def test_calls_of_push_stream_of_a_feed(per_row: Callable[..., Any]) -> None:
    """What the lock of a hand-over between threads adds."""
    feed = zertap.Feed()
    name, octets = feed.open_stream(0, CLIENT, SERVER), b"x" * 100

    def work() -> None:
        for _ in range(CALLS):
            feed.push_stream(name, "client", octets, 2)

    per_row(work, CALLS)
