"""What one capture costs: a bare walk over it, the engine on one core and on all, and the whole command.

Processor time is that of this process (user and system); rates of one core are per second of it, rates of several
cores per second of the clock. Each is the best of some rounds: what disturbs a round only ever makes it slower.
"""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zertap import _native
from zertap._native import Source, Tap
from zertap.bench.memory import Memory
from zertap.errors import ZertapError
from zertap.pipeline import BATCH_ROWS, Reading, Request, Selection, cores, deliver
from zertap.schema import FIELDS
from zertap.sinks.base import Stream
from zertap.sinks.jsonl import JsonLines

_BLOCK = 512
"""Octets of a block in ``ru_inblock``."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One way through the capture."""

    name: str
    workers: int
    cpu_seconds: float
    seconds: float
    packets_per_second: float
    connections_per_second: float
    gigabits_per_second: float
    ns_per_packet: float
    times_walk: float
    """Processor time over that of the bare walk."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured, and on what."""

    machine: str
    cores: int
    load: float
    """Processes that wanted a core in the last minute, before the first round."""
    version: str
    build: str
    capture: str
    file_octets: int
    packets: int
    connections: int
    wire_octets: int
    first_pass_seconds: float
    first_pass_octets_from_storage: int
    """What of the capture was not in the page cache when it was first read; later rounds find it there if it fits."""
    rounds: int
    engine_octets: int
    """Anonymous memory that the engine took at most, beyond what the process had before."""
    live_connections: int
    """Most connections that it held at a time, attempts among them."""
    rates: tuple[Rate, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same in plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Cost:
    cpu: float
    seconds: float


def measure(path: str, name: str, rounds: int = 3, workers: int = 0) -> Figures:
    """Reads the capture at *path*, shown as *name*, some times over. *workers*: how many where several are asked for, 0
    for one a core. Raises what reading it raises: a capture that cannot be read to its end has no rate.
    """
    several = workers or cores()
    load = os.getloadavg()[0]
    first, stored = _first_pass(path)
    packets, _, _, wire = _native.bare_walk(Source(path))
    memory = _memory(path)
    connections = memory.opened
    walk = _best(rounds, lambda: _native.bare_walk(Source(path)))
    costs = [("bare walk", 1, walk), ("engine", 1, _best(rounds, lambda: _pump(path, 1)))]
    if several > 1:
        costs.append(("engine", several, _best(rounds, lambda: _pump(path, several))))
    costs.append(("observe, JSON lines", 1, _best(rounds, lambda: _observe(path, 1))))
    if several > 1:
        costs.append(("observe, JSON lines", several, _best(rounds, lambda: _observe(path, several))))

    def rate(what: str, number: int, cost: _Cost) -> Rate:
        base = max(cost.cpu if number == 1 else cost.seconds, 1e-9)
        each = (packets / base, connections / base, wire * 8e-9 / base, base / max(packets, 1) * 1e9)
        return Rate(what, number, cost.cpu, cost.seconds, *each, cost.cpu / max(walk.cpu, 1e-9))

    return Figures(
        machine=_machine(),
        cores=cores(),
        load=load,
        version=_native.__version__,
        build=_native.BUILD,
        capture=name,
        file_octets=Path(path).stat().st_size,
        packets=packets,
        connections=connections,
        wire_octets=wire,
        first_pass_seconds=first.seconds,
        first_pass_octets_from_storage=stored,
        rounds=rounds,
        engine_octets=memory.octets,
        live_connections=memory.live,
        rates=tuple(rate(*each) for each in costs),
    )


def _timed(work: Callable[[], object]) -> _Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return _Cost(time.process_time() - cpu, time.perf_counter() - wall)


def _best(rounds: int, work: Callable[[], object]) -> _Cost:
    costs = [_timed(work) for _ in range(rounds)]
    return _Cost(min(each.cpu for each in costs), min(each.seconds for each in costs))


def _first_pass(path: str) -> tuple[_Cost, int]:
    """The first walk over the capture, and how much of it came from storage. Unit: octets."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_inblock
    cost = _timed(lambda: _native.bare_walk(Source(path)))
    return cost, (resource.getrusage(resource.RUSAGE_SELF).ru_inblock - before) * _BLOCK


def _pump(path: str, workers: int) -> None:
    """The engine alone: rows are made and thrown away."""
    tap, source = Tap({"workers": workers}), Source(path)
    while tap.pump(source, BATCH_ROWS):
        tap.drain()
    tap.finish()
    tap.drain()


def _memory(path: str) -> Memory:
    """What one engine takes, in a process of its own: here earlier work would have left room for it."""
    command = [sys.executable, "-m", "zertap.bench.memory", path]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603  this program
    return Memory(*json.loads(done.stdout))


def _observe(path: str, workers: int) -> None:
    """The whole command, its output thrown away."""
    sink = JsonLines(Stream(os.devnull), FIELDS)
    deliver(Reading([path], Request(workers=workers), _raise), Selection(), [sink], _raise)


def _raise(error: ZertapError) -> None:
    raise error


def _machine() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine() or "unknown processor"
