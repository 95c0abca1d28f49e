"""``zertap bench``: how fast this machine, this build and a capture are."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from zertap.cli.declared import Argument, Option
from zertap.cli.status import Status, say
from zertap.errors import Usage
from zertap.pipeline import MOST_WORKERS

if TYPE_CHECKING:
    from zertap.bench.measure import Figures, Rate

_BUSY = 0.5
"""Load beside us, for each core, from which the figures deserve a warning."""
_TELLING = 50_000
"""Packets from which a round takes long enough to be measured."""


class Form(StrEnum):
    """Forms of output."""

    TABLE = "table"
    JSON = "json"


def bench(
    capture: Annotated[
        str | None,
        Argument(help="Capture file, read several times over. Default: one made in memory.", metavar="CAPTURE"),
    ] = None,
    form: Annotated[Form, Option("--format", "-f", help="For people, or one JSON object.")] = Form.TABLE,
    rounds: Annotated[int, Option(help="How often each is measured; the best counts.", min=1, max=1000)] = 3,
    workers: Annotated[
        int, Option(help="Threads where several are measured; 0: one for each core.", min=0, max=MOST_WORKERS)
    ] = 0,
) -> int:
    """Measures packets, bits and connections a second, beside a bare walk over the same packets that judges nothing.

    The walk steps over frames, reads Ethernet, IP and TCP headers and counts connections in a hash table: what no
    observer can do without. Rates of one core are per second of processor time.
    """
    from zertap.bench import workload
    from zertap.bench.measure import measure

    if capture == "-":
        raise Usage("standard input cannot be read several times over: name a file")
    name = capture or f"made in memory, {workload.CONNECTIONS:,} connections of TLS 1.3"
    with nullcontext(capture) if capture else workload.capture() as path:
        found = measure(path, name, rounds, workers)
    for warning in _warnings(found):
        say(f"zertap: {warning}")
    sys.stdout.write(_line(found) if form is Form.JSON else _page(found))
    return int(Status.OK)


def _warnings(found: "Figures") -> Iterator[str]:
    if found.build != "release":
        yield f"{found.build.upper()} BUILD: these figures say nothing of what zertap can do (build: maturin --release)"
    if found.load > _BUSY * found.cores:
        yield f"the machine was busy with other things before the first round (load {found.load:.1f})"
    if found.packets < _TELLING:
        yield f"{found.packets:,} packets are soon read: the figures say little (without CAPTURE enough are made)"


def _line(found: "Figures") -> str:
    import msgspec

    return msgspec.json.encode(found.to_dict()).decode() + "\n"


def _page(found: "Figures") -> str:
    rows = [
        ("machine", f"{found.machine}, {found.cores} cores, load {found.load:.1f}"),
        ("build", f"zertap {found.version}, {found.build}"),
        ("capture", _safe(found.capture)),
        ("", f"{found.file_octets / 1e6:,.1f} MB, {found.packets:,} packets, {found.connections:,} connections"),
        ("first pass", _first_pass(found)),
        (
            "memory",
            f"{found.engine_octets / 1e6:,.1f} MB at most, with up to {found.live_connections:,} connections at a time",
        ),
    ]
    about = "".join(f"{name:<12}{text}\n" for name, text in rows)
    heads = ("packets/s", "Gbit/s", "connections/s", "ns/packet", "x walk")
    head = f"{'best of ' + str(found.rounds):<32}" + "".join(f"{each:>15}" for each in heads) + "\n"
    return f"{about}\n{head}" + "".join(map(_rate, found.rates))


def _first_pass(found: "Figures") -> str:
    stored = found.first_pass_octets_from_storage
    warm = "warm: all of it was in memory" if not stored else f"cold: {stored / 1e6:,.1f} MB came from storage"
    return f"{found.first_pass_seconds:.3f} s for the bare walk, {warm}"


def _rate(rate: "Rate") -> str:
    name = f"{rate.name}, {rate.workers} {'core' if rate.workers == 1 else 'workers'}"
    numbers = (
        f"{rate.packets_per_second:,.0f}",
        f"{rate.gigabits_per_second:,.2f}",
        f"{rate.connections_per_second:,.0f}",
        f"{rate.ns_per_packet:,.1f}",
        f"{rate.times_walk:,.2f}",
    )
    return f"{name:<32}" + "".join(f"{each:>15}" for each in numbers) + "\n"


def _safe(text: str) -> str:
    """Control characters of a file's name as escapes."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
