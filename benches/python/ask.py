"""One question about the Python side, in a process of its own, for `against_limit.py`.

`ask.py QUESTION CAPTURE [EMPTY]` prints one JSON object. What a process costs is measured from outside; what is printed
says that the work was done, or is itself the answer where only the process can know it. With a capture *EMPTY*, which
has no packets, the question is asked of that one first, and `seconds` says what CAPTURE costs beyond: so what starting
costs is of the same process, and of no other moment.
"""

import json
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from consuming import consumed

from zertap._native import Source, Tap
from zertap.columnar import columns
from zertap.observation import observe
from zertap.passing import connections
from zertap.pipeline import BATCH_ROWS
from zertap.plans import Part, Plans
from zertap.schema import BY_PATH

ROOM = {"max_connections": 1 << 23, "max_half_open": 1 << 23}
"""More connections than any workload has."""


def engine(capture: str) -> dict[str, Any]:
    """Rows are fetched and thrown away, nothing is interpreted."""
    tap, source, rows = Tap(), Source(capture), 0
    while tap.pump(source, BATCH_ROWS):
        rows += len(tap.drain())
    tap.finish()
    return {"rows": rows + len(tap.drain())}


def attributes(capture: str) -> dict[str, Any]:
    """Every connection, six attributes of each."""
    rows = protected = 0
    for each in connections(capture):
        facts = (each.verdict, each.client_ip, each.server_ip, each.server_port, each.bytes_client, each.tls)
        rows, protected = rows + 1, protected + (facts[0] == "protected")
    return {"rows": rows, "protected": protected}


def attributes_kept(capture: str) -> dict[str, Any]:
    """The same of an observation, which keeps every connection."""
    rows = protected = 0
    for each in observe(capture):
        facts = (each.verdict, each.client_ip, each.server_ip, each.server_port, each.bytes_client, each.tls)
        rows, protected = rows + 1, protected + (facts[0] == "protected")
    return {"rows": rows, "protected": protected}


def polars(capture: str) -> dict[str, Any]:
    """All columns in a Polars frame, verdicts counted."""
    frame = columns(capture).to_polars()
    counts = frame["verdict"].value_counts()
    return {"rows": len(frame), "verdicts": dict(counts.iter_rows())}


def arrow(capture: str) -> dict[str, Any]:
    """All columns, given to nobody."""
    return {"batches": consumed(columns(capture)._stream(views=False)) + consumed(columns(capture)._stream(views=True))}  # noqa: SLF001  what `to_polars` uses


def polars_chosen(capture: str) -> dict[str, Any]:
    """Those columns in a Polars frame that a question needs, verdicts counted."""
    frame = columns(capture, *CHOSEN).to_polars()
    counts = frame["verdict"].value_counts()
    return {"rows": len(frame), "verdicts": dict(counts.iter_rows())}


CHOSEN = ("verdict", "protocol", "server_ip", "server_port", "tls.version")
"""Columns of one question: which servers protect what, and how."""


def duckdb_chosen(capture: str) -> dict[str, Any]:
    """Verdicts counted by DuckDB, given those columns."""
    import duckdb as database

    connections = columns(capture, *CHOSEN)  # noqa: F841  the query names it
    found = database.sql("SELECT verdict, count(*) FROM connections GROUP BY verdict").fetchall()
    return {"rows": sum(number for _, number in found), "verdicts": dict(found)}


def duckdb(capture: str) -> dict[str, Any]:
    """Verdicts counted by DuckDB, given all columns."""
    import duckdb as database

    connections = columns(capture)  # noqa: F841  the query names it
    found = database.sql("SELECT verdict, count(*) FROM connections GROUP BY verdict").fetchall()
    return {"rows": sum(number for _, number in found), "verdicts": dict(found)}


def outcomes(capture: str) -> dict[str, Any]:
    """How many connections have which protocol and verdict."""
    tap, source, found = Tap(ROOM), Source(capture), Counter[str]()
    plans = Plans([BY_PATH["protocol"], BY_PATH["verdict"]])
    more = True
    while more:
        more = tap.pump(source, BATCH_ROWS)
        if not more:
            tap.finish()
        found.update(f"{row['protocol']} {row['verdict']}" for row in plans.objects(Part(tap.drain(), 0)))
    return dict(found)


def resident() -> int:
    """RssAnon now. Unit: octets."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) << 10
    raise SystemExit("no RssAnon in /proc/self/status")


def crowd(capture: str) -> dict[str, Any]:
    """Memory per living connection while the capture is read: mean over the middle half of the looks."""
    tap, source = Tap(ROOM), Source(capture)
    before, looks = resident(), []
    more = True
    while more:
        more = tap.pump(source, BATCH_ROWS)
        tap.drain()
        looks.append(((resident() - before), tap.counters()["connections_live"]))
    steady = [look for look in looks[len(looks) // 4 : len(looks) * 3 // 4] if look[1]] or looks[-1:]
    return {"octets": sum(octets / live for octets, live in steady if live) / len(steady), "live": steady[0][1]}


def half_open(_: str) -> dict[str, Any]:
    """Memory per half-open attempt."""
    return _many(lambda number: [_syn(number)])


def parked(_: str) -> dict[str, Any]:
    """Memory per connection whose handshake is complete, and which then rests: TLS 1.3, as `pcaps` has it."""
    from workload import conversation, renumbered

    frames = conversation("tls13-full")
    open_ = next(at for at, frame in enumerate(frames) if frame[47] & 0x05)  # the first FIN or RST
    return _many(lambda number: [renumbered(frame, frames[0][34:38], number) for frame in frames[:open_]])


MANY = 200_000
"""Connections made to see what one of them takes; not a power of two, so that tables are neither just full nor just
grown."""


def _many(frames_of: Any) -> dict[str, Any]:
    tap = Tap(ROOM)
    for number in range(1000):
        for frame in frames_of(number):
            tap.push_frame(number, 1, frame)
    before = resident()
    for number in range(1000, MANY + 1000):
        for frame in frames_of(number):
            tap.push_frame(number, 1, frame)
    return {"octets": (resident() - before) / MANY, "live": tap.counters()["connections_live"]}


def _syn(number: int) -> bytes:
    client, port = 0x0A000000 + number // 60_000, 1024 + number % 60_000
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40, 0, 0x4000, 64, 6, 0, client, 0xC6120001)
    return bytes(12) + b"\x08\x00" + ip + struct.pack(">HHIIBBHHH", port, 443, number, 0, 0x50, 2, 64240, 0, 0)


def segments(capture: str) -> dict[str, Any]:
    """What a call of `push_segment` costs more than the engine's own work on the segment. Unit: nanoseconds."""
    tap, pushes = Tap(), list(_segments(capture))
    return _timed(capture, [(tap.push_segment, each) for each in pushes])


def streams(capture: str) -> dict[str, Any]:
    """The same of `push_stream`: what a proxy would push of these connections. Opening and ending them is not timed."""
    tap = Tap()
    return _timed(capture, [(tap.push_stream, each) for each in _streamed(tap, capture)])


def _timed(capture: str, calls: list[Any]) -> dict[str, Any]:
    source, whole = Source(capture), Tap()
    begun = time.process_time()
    while whole.pump(source, 1 << 30):
        pass
    core = (time.process_time() - begun) / source.packets
    called, loop, bare = (_per_call(calls, how) for how in ("call", "nothing", "loop"))
    return {
        "core_ns": core * 1e9,
        "call_ns": (called - bare) * 1e9,
        "empty_call_ns": (loop - bare) * 1e9,
        "calls": len(calls),
    }


def _per_call(calls: list[Any], how: str) -> float:
    begun = time.process_time()
    if how == "call":
        for push, each in calls:
            push(*each)
    elif how == "nothing":
        for _, each in calls:
            _nothing(*each)
    else:
        for _ in calls:
            pass
    return (time.process_time() - begun) / len(calls)


def _nothing(*_: object) -> None:
    """A call that does nothing."""


SOME = 400_000
"""Segments that are taken from the front of a capture: their objects must fit into memory."""


def _segments(capture: str) -> Any:
    """The arguments of `push_segment` for Ethernet, IPv4 or IPv6, and TCP in a classic pcap."""
    from ipaddress import ip_address

    known: dict[bytes, str] = {}
    with Path(capture).open("rb") as file:
        file.read(24)
        for _ in range(SOME):
            head = file.read(16)
            if not head:
                return
            seconds, micros, length = struct.unpack_from("<III", head)
            frame = file.read(length)
            four = frame[12:14] == b"\x08\x00"
            tcp = 14 + (frame[14] & 15) * 4 if four else 54
            first, size = (26, 4) if four else (22, 16)
            ends = []
            for at in (first, first + size):
                octets = frame[at : at + size]
                if octets not in known:
                    known[octets] = str(ip_address(octets))
                ends.append(known[octets])
            end = 14 + struct.unpack_from(">H", frame, 16)[0] if four else 54 + struct.unpack_from(">H", frame, 18)[0]
            sport, dport, sequence, acknowledgment, offset, flags = struct.unpack_from(">HHIIBB", frame, tcp)
            payload = frame[tcp + (offset >> 4) * 4 : end]
            at = (seconds * 1_000_000 + micros) * 1000
            yield at, (ends[0], sport), (ends[1], dport), sequence, acknowledgment, flags, payload


SYN, ACK, FIN_OR_RST = 0x02, 0x10, 0x05


def _streamed(tap: Tap, capture: str) -> Any:
    """The arguments of `push_stream` for the connections that a capture shows from their SYN on, opened in `tap`.

    What comes twice or out of order no proxy would see: it is left out, and with it the rest of that direction.
    """
    names: dict[frozenset[Any], tuple[int, Any]] = {}
    following: dict[tuple[int, str], int] = {}
    for at, source, destination, sequence, _, flags, payload in _segments(capture):
        ends = frozenset((source, destination))
        if flags & (SYN | ACK) == SYN:
            names[ends] = tap.open_stream(at, source, destination), source
        if ends not in names:
            continue
        name, client = names[ends]
        way = name, "client" if source == client else "server"
        if flags & SYN:
            following[way] = sequence + 1 & 0xFFFFFFFF
        elif payload and following.get(way) == sequence:
            following[way] = sequence + len(payload) & 0xFFFFFFFF
            yield *way, payload, at
        if flags & FIN_OR_RST:
            names.pop(ends)


QUESTIONS = {
    "arrow": arrow,
    "attributes": attributes,
    "attributes-kept": attributes_kept,
    "crowd": crowd,
    "duckdb": duckdb,
    "duckdb-chosen": duckdb_chosen,
    "engine": engine,
    "half-open": half_open,
    "outcomes": outcomes,
    "parked": parked,
    "polars": polars,
    "polars-chosen": polars_chosen,
    "segments": segments,
    "streams": streams,
}


def _answer(question: str, capture: str, empty: str | None = None) -> dict[str, Any]:
    if empty is None:
        return QUESTIONS[question](capture)
    QUESTIONS[question](empty)
    begun = time.process_time()
    found = QUESTIONS[question](capture)
    return {**found, "seconds": time.process_time() - begun}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_answer(*sys.argv[1:])) + "\n")
