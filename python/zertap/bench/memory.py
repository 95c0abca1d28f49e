"""The memory that one engine takes for a capture: `python -m zertap.bench.memory CAPTURE`, in a fresh process."""

import json
import resource
import sys
from pathlib import Path
from typing import NamedTuple

from zertap._native import Source, Tap

_ROWS = 256
"""Rows that may wait: looks come often enough, and rows themselves weigh little."""


class Memory(NamedTuple):
    """What one engine took."""

    octets: int
    """Most anonymous memory beyond what the process had before."""
    live: int
    """Most connections that it held at a time, attempts among them."""
    opened: int
    """All that it opened."""


def measure(path: str) -> Memory:
    """Pumps the capture at *path* and looks at memory on the way."""
    before = _anonymous()
    tap, source, most, live, more = Tap(), Source(path), 0, 0, True
    while more:
        more = tap.pump(source, _ROWS)
        most = max(most, _anonymous() - before)
        live = max(live, tap.counters()["connections_live"])
        tap.drain()
    tap.finish()
    tap.drain()
    return Memory(most, live, tap.counters()["connections_opened"])


def _anonymous() -> int:
    """RssAnon now, where the system tells it, else the greatest resident size so far. Unit: octets."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon:")), 0)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1])))
