"""The table: as lines for people while it is measured, as Markdown and JSON when it is done."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from yardstick.questions import Line


def say(line: str) -> None:
    """Prints one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def show(line: Line) -> None:
    """Prints one line of the table."""
    value = "-" if line.value is None else figure(line.value)
    bounds = f"{_bound(line.least):>7}{_bound(line.aim):>7}"
    say(f"{line.what:<48}{value:>9} {line.unit:<7}{bounds}  {_judgement(line):<9}{line.note}")


def heading() -> str:
    """The columns of `show`."""
    return f"{'':<48}{'':>9} {'':<7}{'least':>7}{'aim':>7}"


def figure(value: float) -> str:
    """Three digits that matter."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"  # noqa: PLR2004  digits


def machine() -> str:
    """The processor's name, how many, and how busy they are."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = {line.partition(": ")[2] for line in lines if line.startswith("model name")}
    return f"{os.cpu_count()} x {', '.join(names) or 'unknown processor'}, load {os.getloadavg()[0]:.1f}"


def build() -> str:
    """Which source was measured, and with what."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607  the system's git
    return f"commit {commit.stdout.strip() or 'unknown'}, CPython {platform.python_version()}"


def markdown(lines: Sequence[Line], command: str, faults: Sequence[str]) -> str:
    """The table to be published."""
    out = [
        "# Beside what the machine itself costs",
        "",
        f"Written by `{command}` on {datetime.now(UTC):%Y-%m-%d}: {machine()} at the end; {build()}.",
        "H is the CPU time of `limit.c hs` on the same file; its runs and ours take turns, and figures are ratios of",
        "the least of each.",
        "",
        f"Outcome counts against ground truth: {'; '.join(faults) if faults else 'all as they should be'}.",
        "",
        "| what | figure | unit | at least | aim | | |",
        "|---|---|---|---|---|---|---|",
    ]
    for line in lines:
        value = "not measured" if line.value is None else figure(line.value)
        cells = (line.what, value, line.unit, _bound(line.least), _bound(line.aim), _judgement(line), line.note)
        out.append(f"| {' | '.join(cells)} |")
    return "\n".join(out) + "\n"


def as_json(lines: Sequence[Line], faults: Sequence[str]) -> str:
    """The same for programs."""
    entries = [{**asdict(line), "held": line.is_held, "aim_reached": line.reaches_aim} for line in lines]
    told = {"machine": machine(), "build": build(), "wrong_counts": list(faults), "lines": entries}
    return json.dumps(told, indent=1) + "\n"


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _judgement(line: Line) -> str:
    if line.is_held is None:
        return ""
    return "aim" if line.reaches_aim else "held" if line.is_held else "NOT HELD"
