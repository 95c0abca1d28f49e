"""What a process costs, and ratios of costs that were paid side by side.

On a shared machine seconds drift by a factor of two, and what others do only ever adds to them. So runs of ours and
runs of what they are compared with (`limit hs` on the same file: H) take turns, and what is published is the ratio of
the least of each.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    """Runs that took turns with runs of what they are compared with."""

    runs: Sequence[Run]
    bases: Sequence[float]
    """CPU times of the others. Unit: seconds."""

    @property
    def cpu(self) -> float:
        """The least CPU time. Unit: seconds."""
        return least(each.cpu for each in self.runs)

    @property
    def base(self) -> float:
        """The least of the others; never nothing, which a clock that ticks may say of a small file. Unit: seconds."""
        return max(least(self.bases), TICK)

    @property
    def times(self) -> float:
        """The one over the other."""
        return self.cpu / self.base

    @property
    def peak(self) -> int:
        """The largest peak of RssAnon. Unit: KiB."""
        return max(each.anonymous for each in self.runs)


TICK = 1e-4
"""The least time that counts. Unit: seconds."""


def beside(command: Command, base: Callable[[], float], pairs: int, *, memory: bool = False) -> Beside:
    """*pairs* runs of *command*, before each and behind the last a run of *base*."""
    runs, bases = [], [base()]
    for _ in range(pairs):
        runs.append(run(command, memory=memory))
        bases.append(base())
    return Beside(runs, bases)


def least(numbers: Iterable[float]) -> float:
    """The least: what others do on the machine only adds."""
    return min(numbers)
