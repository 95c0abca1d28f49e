"""What a process costs, and ratios of costs that were paid side by side.

On a shared machine seconds drift by a factor of two. So every run of ours stands between two runs of `limit hs` on the
same file (H), and its ratio is to the mean of these two; what is published is the median of such ratios.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Command = Sequence[str | Path]

POLL = 0.005
"""How often memory is looked at. Unit: seconds."""


@dataclass(frozen=True)
class Run:
    """What one process cost."""

    cpu: float
    """User and system time, start included. Unit: seconds."""
    wall: float
    """Unit: seconds."""
    anonymous: int
    """Peak of RssAnon; 0 where it was not looked at. Unit: KiB."""
    output: bytes


def run(command: Command, *, memory: bool = False, keep: bool = False) -> Run:
    """Runs *command*; its output is thrown away unless *keep*. Raises ``SystemExit`` when it fails.

    Looking at memory costs a little time of another core, none of the process's own.
    """
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE if keep else subprocess.DEVNULL)
    peak = max(anonymous(process.pid), default=0) if memory else 0
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"exit status {process.returncode}: {' '.join(map(str, command))}")
    return Run(usage.ru_utime + usage.ru_stime, wall, peak, output)


def anonymous(pid: int) -> Iterator[int]:
    """RssAnon every few milliseconds until the process ends. Unit: KiB."""
    status = Path(f"/proc/{pid}/status")
    while True:
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        if "RssAnon" not in fields:  # it has ended and waits to be asked how
            return
        yield int(fields["RssAnon"].split()[0])
        time.sleep(POLL)


@dataclass(frozen=True)
class Beside:
    """One run between two runs of what it is compared with."""

    run: Run
    base: float
    """Mean CPU time of the two. Unit: seconds."""

    @property
    def times(self) -> float:
        """The run's CPU time over the other's."""
        return self.run.cpu / self.base


def beside(command: Command, base: Callable[[], float], pairs: int, *, memory: bool = False) -> list[Beside]:
    """*pairs* runs of *command*, each between two runs of *base*."""
    found = []
    before = base()
    for _ in range(pairs):
        cost = run(command, memory=memory)
        after = base()
        found.append(Beside(cost, (before + after) / 2))
        before = after
    return found


def middle(numbers: Iterator[float] | Sequence[float]) -> float:
    """The median."""
    return statistics.median(numbers)
