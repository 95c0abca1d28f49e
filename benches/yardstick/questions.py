"""The table's lines: what is asked, how it is measured, and how far it should reach.

Each question is one function that yields `Line`s. Multiples of H are of the least of each, see `costs`.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from yardstick.costs import TICK, Beside, Command, beside, least, run
from yardstick.workloads import Shelf, Workload

HERE = Path(__file__).resolve().parents[1]
SMALL = 10
"""Turns where a tenth between two programs matters: the least of a few is not known that well."""
FLOOD = str(1 << 23)
"""Connections and attempts that are kept where every one must be."""


@dataclass(frozen=True)
class Line:
    """One line of the table: a figure, and how large it may be at most (`least`) and should be (`aim`)."""

    what: str
    unit: str
    value: float | None
    least: float | None = None
    aim: float | None = None
    note: str = ""
    larger_is_better: bool = False

    @property
    def is_held(self) -> bool | None:
        """Whether the figure is within `least`; none where nothing was measured or nothing is asked."""
        return None if self.value is None or self.least is None else self._reaches(self.value, self.least)

    @property
    def reaches_aim(self) -> bool | None:
        """Whether the figure is within `aim`."""
        return None if self.value is None or self.aim is None else self._reaches(self.value, self.aim)

    def _reaches(self, value: float, bound: float) -> bool:
        return value >= bound if self.larger_is_better else value <= bound


@dataclass
class Bench:
    """What the questions share: programs, captures, and how often each is run."""

    shelf: Shelf
    python: Path
    programs: Path
    pairs: int
    faults: list[str] = field(default_factory=list)
    """Counts that were wrong: then no figure counts."""

    @cached_property
    def limit(self) -> Path:
        """The machine's limit."""
        return self.shelf.limit()

    def h(self, workload: Workload) -> Callable[[], float]:
        """H: CPU seconds of one more run of the limit."""
        return lambda: run([self.limit, workload.path, "hs"]).cpu

    def against_h(self, command: Command, workload: Workload, *, memory: bool = False) -> Beside:
        """Runs of *command* on the workload beside H."""
        run([self.limit, workload.path, "read"])  # it is in the page cache from here on
        return beside([*command, workload.path], self.h(workload), self.pairs, memory=memory)

    def core(self) -> list[str | Path]:
        """Readers and engine, all facts kept as rows, no Python; a capture to follow."""
        return [self.programs / "pump"]

    def zertap(self, *words: str) -> list[str | Path]:
        """The command; a capture to follow."""
        return [self.python, "-m", "zertap", *words]

    def ask(self, question: str) -> list[str | Path]:
        """A question of `ask.py`; a capture to follow."""
        return [self.python, HERE / "python" / "ask.py", question]

    def answer(self, question: str, capture: Path) -> dict[str, Any]:
        """What it prints."""
        found: dict[str, Any] = json.loads(run([*self.ask(question), capture], keep=True).output)
        return found

    def over_core(self, question: str, workload: Workload) -> tuple[float, float, float]:
        """CPU seconds of the core, of a question of `ask.py` once its process has started, and of that process: the
        least of each, of runs that take turns.
        """
        core: list[float] = []
        costs: list[float] = []
        wholes: list[float] = []
        for _ in range(max(self.pairs, SMALL)):
            core.append(run([*self.core(), workload.path]).cpu)
            asked = run([*self.ask(question), workload.path, self.shelf.empty()], keep=True)
            costs.append(json.loads(asked.output)["seconds"])
            wholes.append(asked.cpu)
        return least(core), least(costs), least(wholes)

    def start(self, command: Command) -> float:
        """CPU seconds of the command on a capture without packets."""
        empty = self.shelf.empty()
        return least(run([*command, empty]).cpu for _ in range(max(self.pairs, 3)))


CORE = {"A": (1.8, 1.2), "B": (1.3, 1.0), "C": (1.5, 1.1), "D": (1.5, 1.0)}


def core(bench: Bench) -> Iterator[Line]:
    """The engine alone against H, outcome counts checked."""
    for name, (at_least, aim) in CORE.items():
        workload = bench.shelf.workload(name)
        check(bench, workload)
        command = bench.core()
        run([bench.limit, workload.path, "read"])
        command = [*command, workload.path, *([FLOOD] if name == "D" else [])]
        runs = beside(command, bench.h(workload), bench.pairs)
        note = f"{runs.cpu:.3f} s, {runs.cpu / workload.packets * 1e9:.0f} ns a packet; H {runs.base:.3f} s"
        yield Line(f"core on {name}", "x H", runs.times, at_least, aim, note)


def check(bench: Bench, workload: Workload) -> None:
    """Compares outcome counts with the ground truth."""
    found = Counter(bench.answer("outcomes", workload.path))
    truth = workload.expected()
    for key in sorted(truth | found):
        if found[key] != truth[key]:
            bench.faults.append(f"{workload.name}: {key}: {found[key]} of {truth[key]}")


def from_python(bench: Bench) -> Iterator[Line]:
    """Rows and columns in Python."""
    workload = bench.shelf.workload("A")
    rows = bench.against_h(bench.ask("attributes"), workload)
    yield Line("six attributes of each connection of A", "x H", rows.times, 2.4, 1.7)
    core, cost, _ = bench.over_core("attributes", workload)
    share = (cost - core) / workload.connections * 1e6
    yield Line("the same, a connection over the core", "us", share, 1.0, 0.5, "without start")
    for library in ("polars", "duckdb"):
        for question, which in ((f"{library}-chosen", "five"), (library, "all")):
            what = f"{which} columns of A into {library}, verdicts counted"
            try:
                core, cost, whole = bench.over_core(question, bench.shelf.workload("A"))
            except SystemExit:
                yield Line(what, "x core", None, 1.10, 1.03, "not installed, or it failed: see above")
                continue
            note = f"{cost:.3f} s without start, the process {whole:.3f} s; core {core:.3f} s"
            yield Line(what, "x core", cost / core, 1.10, 1.03, note)


def commands(bench: Bench) -> Iterator[Line]:
    """The commands, end to end."""
    record = bench.shelf.folder / "x.smf"
    for what, words, at_least, aim in (
        ("observe --format jsonl", ["observe", "--format", "jsonl"], 4, 2.5),
        ("records, detail", ["records", "-o", str(record)], 3, 2),
        ("records --summary", ["records", "--summary", "-o", str(record)], 2.5, 1.6),
    ):
        workload, command = bench.shelf.workload("A"), bench.zertap(*words)
        runs = bench.against_h(command, workload, memory=True)
        start = bench.start(command)
        peak = runs.peak / 1024
        share = (runs.cpu - start) / workload.connections * 1e6
        note = f"{start:.2f} s of it start; {share:.2f} us a connection without; RssAnon {peak:.0f} MB"
        yield Line(f"{what}, A", "x H", runs.times, at_least, aim, note)
    record.unlink(missing_ok=True)


def push(bench: Bench) -> Iterator[Line]:
    """What a call from Python costs."""
    workload = bench.shelf.workload("A1")
    for call, question in (("push_segment", "segments"), ("push_stream", "streams")):
        found = [bench.answer(question, workload.path) for _ in range(bench.pairs)]
        whole, core_ns, empty = (least(each[key] for each in found) for key in ("call_ns", "core_ns", "empty_call_ns"))
        note = (
            f"{whole:.0f} ns a call, core {core_ns:.0f} ns a segment; a Python call that does nothing: {empty:.0f} ns"
        )
        # The least of each: the least difference would be that of a run in which the core was slow.
        yield Line(f"{call} over the core, A1", "ns", whole - core_ns, 300, 150, note)


def memory(bench: Bench) -> Iterator[Line]:
    """Anonymous memory."""
    empty = bench.shelf.empty()
    yield Line("a half-open attempt", "octets", bench.answer("half-open", empty)["octets"], 128, 96)
    yield Line("a parked connection", "octets", bench.answer("parked", empty)["octets"], 256, 160)
    crowd = bench.answer("crowd", bench.shelf.workload("A16").path)
    note = f"{crowd['live']} live, of every kind"
    yield Line("a connection while A16 is read, mean", "octets", crowd["octets"], 640, 400, note)
    peaks = []
    for name in ("A1", "A"):
        workload = bench.shelf.workload(name)
        peaks.append(max(run([*bench.core(), workload.path], memory=True).anonymous for _ in range(2)))
    note = f"{peaks[0] / 1024:.1f} and {peaks[1] / 1024:.1f} MB"
    yield Line("peak memory on A over A1", "x", peaks[1] / peaks[0], 1.2, 1.05, note)


def growth(bench: Bench) -> Iterator[Line]:
    """Time per packet as connections become many."""
    each = {}
    for name in ("A1", "A4", "A16"):
        workload = bench.shelf.workload(name)
        run([bench.limit, workload.path, "read"])
        runs = beside([*bench.core(), workload.path], bench.h(workload), bench.pairs)
        each[name] = (runs.cpu / workload.packets * 1e9, runs.base / workload.packets * 1e9, runs.times)
    note = ", ".join(f"{name}: {ours:.0f} ns, H {h:.0f} ns, {x:.2f} x H" for name, (ours, h, x) in each.items())
    yield Line("ns a packet, A16 over A1", "x", each["A16"][0] / each["A1"][0], 1.5, 1.15, note)


def inputs(bench: Bench) -> Iterator[Line]:
    """Other containers and compressions: the decoder's own cost plus the core, and nothing more."""
    workload = bench.shelf.workload("A1")
    for form in ("pcapng", "gz", "zst"):
        path = bench.shelf.stored_as(workload, form)
        if path is None:
            yield Line(f"A1 as {form}", "x", None, 1.10, 1.10, "nothing installed that writes it")
            continue

        def parts(path: Path = path, form: str = form) -> float:
            decoder = 0.0 if form == "pcapng" else run([bench.programs / "unpack", path]).cpu
            return decoder + run([*bench.core(), workload.path]).cpu

        runs = beside([*bench.core(), path], parts, bench.pairs)
        note = f"{runs.cpu:.3f} s, decoder and core alone {runs.base:.3f} s"
        yield Line(f"A1 as {form}, over its decoder and the core", "x", runs.times, 1.10, 1.10, note)


def workers(bench: Bench) -> Iterator[Line]:
    """Two workers on one file: seconds of the clock, so only on a machine with nothing else to do."""
    for name in ("A", "B"):
        workload = bench.shelf.workload(name)
        run([bench.limit, workload.path, "read"])
        alone = [*bench.core(), workload.path]
        together = [*alone, str(1 << 20), "2"]
        pairs = [(run(alone), run(together)) for _ in range(max(bench.pairs, SMALL))]
        ratio = least(one.wall for one, _ in pairs) / least(two.wall for _, two in pairs)
        # What it would be if both cores were ours: each worker does half of all that two of them do.
        ideal = 2 * least(one.cpu for one, _ in pairs) / max(least(two.cpu for _, two in pairs), TICK)
        note = f"by processor time alone {ideal:.2f}; load {os.getloadavg()[0]:.1f}"
        yield Line(f"two workers, clock, {name}", "x", ratio, 1.5, 1.85, note, larger_is_better=True)


QUESTIONS: dict[str, Callable[[Bench], Iterator[Line]]] = {
    "core": core,
    "python": from_python,
    "commands": commands,
    "push": push,
    "memory": memory,
    "growth": growth,
    "inputs": inputs,
    "workers": workers,
}
