#!/usr/bin/env python3
"""What a profile-guided build (`make wheel`) learns from: the installed zertap at its usual work.

Workloads are those of the benchmarks, made out of our own captures, and the captures themselves. Exit status: 0, or
that of the first command that failed.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "python"))

from workload import CAPTURES, bulk, flood, frames, pcap  # noqa: E402  it stands there

WORKLOADS: dict[str, Callable[[], Iterable[bytes]]] = {
    "heavy": frames,
    "bulk": lambda: bulk(100, 200),
    "flood": lambda: flood(40_000),
}
COMMANDS = (
    ("observe", "--format", "jsonl"),
    ("observe", "--format", "arrow"),
    ("records", "-o", "x.smf"),
    ("records", "--summary", "-o", "y.smf"),
)
QUESTIONS = ("attributes", "attributes-kept", "arrow", "segments", "streams")
"""What programs ask of the library: of the first workload."""


def main() -> int:
    """Runs every command on every workload, and once on all captures; and what programs ask."""
    with tempfile.TemporaryDirectory() as folder:
        workloads = written(Path(folder))
        for paths in [CAPTURED, *([path] for path in workloads)]:
            for words in COMMANDS:
                run(["-m", "zertap", *words, *paths], folder)
        for question in QUESTIONS:
            run([HERE / "python" / "ask.py", question, workloads[0]], folder)
    return 0


CAPTURED = sorted(CAPTURES.glob("*.pcap"))
"""Our own captures."""


def written(folder: Path) -> list[Path]:
    """Writes the workloads into *folder*; where they lie."""
    paths = [folder / f"{name}.pcap" for name in WORKLOADS]
    for path, made_of in zip(paths, WORKLOADS.values(), strict=True):
        with path.open("wb") as capture:
            capture.writelines(pcap(made_of()))
    return paths


def run(words: list[str | Path], folder: str) -> None:
    """Runs Python there; what it prints is thrown away. Raises ``SystemExit`` with its status when it fails."""
    status = subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=False, cwd=folder).returncode
    if status:
        raise SystemExit(status)


if __name__ == "__main__":
    sys.exit(main())
