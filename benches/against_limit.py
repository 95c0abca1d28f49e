#!/usr/bin/env python3
"""How far is zertap from what the machine itself costs? Pairs of runs, side by side, on one generated workload.

`limit.c` (mode `hs`) does the least that a handshake observer can do; we do all of it. Each pair runs `limit`, the
engine alone (`core_only.py`) and `zertap observe --format jsonl` one after the other, so that whatever else the
machine does meets all three; ratios are medians over the pairs. CPU is user and system time of the whole process,
start included; what an empty capture costs stands beside it. Verdicts are counted against the workload's ground truth.

Needs `limit.c` and `gen_workload.py` (`--shared`), a C compiler, and numpy (installed into a venv when missing).
Exit status 1 when a bound or a count does not hold.
"""

import argparse
import json
import os
import statistics
import struct
import subprocess
import sys
import time
import venv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
MOST_TIMES_LIMIT = 10.0
"""At most so many times the CPU of ``limit hs``."""
MOST_PYTHON_US = 5.0
"""Python's share per connection at most. Unit: microseconds."""
MOST_GROWTH = 1.10
"""Anonymous memory may be so much larger on a file twice as long, for noise."""

VERDICTS = {
    "ok": "protected",
    "ok-auth-fail": "protected",
    **dict.fromkeys(("alert", "alert-enc", "closed", "reset", "not-tls"), "failed"),
    **dict.fromkeys(("no-kex", "no-cipher", "no-hostkey"), "failed"),
    "in-progress": "in_progress",
    "idle": "no_traffic",
    "refused": "no_traffic",
}
"""Ground truth to verdict, where the protocol is TLS, SSH or none; HTTP is plaintext whatever it met."""


@dataclass(frozen=True)
class Run:
    """What one process cost."""

    cpu: float
    """User and system time. Unit: seconds."""
    anonymous: int
    """Peak of RssAnon. Unit: KiB."""


def main() -> int:
    """Runs everything and prints figures. Returns the exit status."""
    options = arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    limit = build_limit(options)
    capture = workload(options, options.connections)
    say(f"{capture.name}: {capture.stat().st_size / 1e6:.0f} MB, {options.connections} connections, {machine()}")
    faults = speed(options, limit, capture) + counts(options, capture)
    if options.memory:
        faults += memory(options)
    for fault in faults:
        say(f"NOT HELD: {fault}")
    return 1 if faults else 0


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-n", "--connections", type=int, default=200_000)
    parser.add_argument("--pairs", type=int, default=5, help="how often each of the three runs")
    parser.add_argument("--concurrency", type=int, default=5000, help="connections open at a time")
    parser.add_argument("--memory", action="store_true", help="also compare memory on up to 200,000 connections")
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared" / "bench", help="limit.c is here")
    parser.add_argument("--work", type=Path, default=Path("/tmp/zertap-bench"), help="large files go here")  # noqa: S108  a place for large files
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="an interpreter that has zertap")
    return parser.parse_args()


def say(line: str) -> None:
    """Prints one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def machine() -> str:
    """The processor's name, how many, and how busy they are."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = {line.partition(": ")[2] for line in lines if line.startswith("model name")}
    return f"{os.cpu_count()} x {', '.join(names) or 'unknown processor'}, load {os.getloadavg()[0]:.1f}"


def build_limit(options: argparse.Namespace) -> Path:
    """Compiles ``limit.c`` as its head says."""
    program = Path(options.work / "limit")
    command = ["gcc", "-O3", "-march=native", "-std=gnu11", "-o", program, options.shared / "limit.c"]
    subprocess.run(command, check=True)
    return program


def workload(options: argparse.Namespace, connections: int) -> Path:
    """The ``heavy`` workload with so many connections, generated once."""
    capture = Path(options.work / f"heavy-{connections}-{options.concurrency}.pcap")
    if not capture.with_name(capture.name + ".json").exists():
        script = options.shared / "gen_workload.py"
        sizes = ["-n", str(connections), "--concurrency", str(options.concurrency)]
        subprocess.run([numpy_python(options), script, "heavy", capture, *sizes], check=True, stdout=subprocess.DEVNULL)
    return capture


def numpy_python(options: argparse.Namespace) -> Path:
    """An interpreter that has numpy: ours, or one in a venv of its own."""
    if subprocess.run([sys.executable, "-c", "import numpy"], check=False, capture_output=True).returncode == 0:
        return Path(sys.executable)
    python = Path(options.work / "venv" / "bin" / "python")
    if not python.exists():
        venv.create(options.work / "venv", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "numpy"], check=True)
    return python


def speed(options: argparse.Namespace, limit: Path, capture: Path) -> list[str]:
    """Pairs of runs. Returns the bounds that do not hold."""
    empty = Path(options.work / "empty.pcap")
    empty.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    core, whole = core_command(options), observe_command(options)
    cost([limit, capture, "hs"])  # the capture is in the page cache from here on
    least, engine, observe, starts = [], [], [], []
    for _ in range(options.pairs):
        least.append(cost([limit, capture, "hs"]))
        engine.append(cost([*core, capture]))
        observe.append(cost([*whole, capture]))
        starts.append((cost([*core, empty]).cpu, cost([*whole, empty]).cpu))
    median = statistics.median
    core_start, whole_start = (median(each) for each in zip(*starts, strict=True))
    figures = [("limit hs", least, 0.0), ("engine alone", engine, core_start), ("observe jsonl", observe, whole_start)]
    say(f"{'':<14}{'CPU s':>9}{'start s':>9}{'x limit':>9}{'us/conn':>9}{'RssAnon MB':>12}")
    for name, runs, start in figures:
        times = median(run.cpu / base.cpu for run, base in zip(runs, least, strict=True))
        cpu, peak = median(run.cpu for run in runs), max(run.anonymous for run in runs) / 1024
        say(f"{name:<14}{cpu:>9.3f}{start:>9.3f}{times:>9.2f}{cpu / options.connections * 1e6:>9.2f}{peak:>12.1f}")
    pairs = list(zip(observe, engine, least, strict=True))
    times = median(run.cpu / base.cpu for run, _, base in pairs)
    share = median(run.cpu - base.cpu for run, base, _ in pairs) / options.connections * 1e6
    steady = share - (whole_start - core_start) / options.connections * 1e6
    say(f"observe / limit hs: {times:.2f} times the CPU (at most {MOST_TIMES_LIMIT:.0f})")
    say(f"observe - engine: {share:.2f} us a connection, {steady:.2f} without start-up (at most {MOST_PYTHON_US:.0f})")
    faults = [f"{times:.2f} times the CPU of limit hs"] if times > MOST_TIMES_LIMIT else []
    return faults + ([f"{steady:.2f} us of Python a connection"] if steady > MOST_PYTHON_US else [])


def core_command(options: argparse.Namespace) -> list[str | Path]:
    """The engine alone, a capture to follow."""
    return [options.python, HERE / "python" / "core_only.py"]


def observe_command(options: argparse.Namespace) -> list[str | Path]:
    """The whole command, a capture to follow."""
    return [options.python, "-m", "zertap", "observe", "--format", "jsonl"]


def cost(command: Sequence[str | Path]) -> Run:
    """Runs a command with its output thrown away. Raises when it fails."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = max(anonymous_memory(process.pid), default=0)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"exit status {process.returncode}: {' '.join(map(str, command))}")
    return Run(usage.ru_utime + usage.ru_stime, peak)


def anonymous_memory(pid: int) -> Iterator[int]:
    """RssAnon every few milliseconds until the process ends. Unit: KiB."""
    status = Path(f"/proc/{pid}/status")
    while True:
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        if "RssAnon" not in fields:  # it has ended and waits to be asked how
            return
        yield int(fields["RssAnon"].split()[0])
        time.sleep(0.005)


def counts(options: argparse.Namespace, capture: Path) -> list[str]:
    """Our verdicts against the ground truth. Returns what differs."""
    command = [*observe_command(options), "--fields", "protocol,verdict", capture]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        rows = (json.loads(line) for line in process.stdout)
        found = Counter((row["protocol"], row["verdict"]) for row in rows)
    truth = expected(json.loads(capture.with_name(capture.name + ".json").read_text()))
    for protocol, verdict in sorted(truth | found):
        ours, right = found[protocol, verdict], truth[protocol, verdict]
        mark = "" if ours == right else "  <- differs"
        say(f"  {protocol:<5}{verdict:<12}{ours:>8} of {right}{mark}")
    return [] if found == truth else ["verdict counts"]


def expected(truth: dict[str, dict[str, int]]) -> Counter[tuple[str, str]]:
    """How many connections must have which protocol and verdict."""
    wanted: Counter[tuple[str, str]] = Counter()
    for key, number in truth["outcomes"].items():
        family, _, outcome = key.partition(":")
        if family == "http":
            wanted["none", "plaintext"] += number
        else:
            wanted[family, VERDICTS[outcome]] += number
    for template, number in truth["templates"].items():
        if template.rpartition("@")[2] in {"1", "2", "3"} and "@" in template:  # cut before the first payload
            wanted["ssh" if template.startswith("ssh") else "tls", "in_progress"] -= number
            wanted["none", "no_traffic"] += number
    return +wanted


def memory(options: argparse.Namespace) -> list[str]:
    """Anonymous memory on captures of growing length with as many connections at a time.

    The first is too short to fill what is remembered of ended connections (a minute of packet time, 65,536 at most),
    so it is shown and not judged: from the second to the third nothing may grow.
    """
    peaks = []
    for connections in (20_000, 100_000, 200_000):
        capture = workload(options, connections)
        peaks.append(max(cost([*observe_command(options), capture]).anonymous for _ in range(2)))
        say(f"{connections} connections, {capture.stat().st_size / 1e6:.0f} MB: RssAnon {peaks[-1] / 1024:.1f} MB")
    return [f"memory grows with the file: {peaks} KiB"] if peaks[2] > peaks[1] * MOST_GROWTH else []


if __name__ == "__main__":
    sys.exit(main())
