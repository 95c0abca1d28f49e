"""The captures of the yardstick: written once by `gen_workload.py`, with their ground truth beside them."""

import json
import os
import shutil
import struct
import subprocess
import sys
import time
import venv
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

WORKLOADS = {
    "A": ("heavy", 200_000, 5_000),
    "B": ("bulk", 2_000, 500),
    "C": ("mixed", 50_000, 4_000),
    "D": ("scan", 2_000_000, 100_000),
    "A1": ("heavy", 25_000, 5_000),
    "A4": ("heavy", 100_000, 20_000),
    "A16": ("heavy", 400_000, 80_000),
}
"""Profile, connections, and how many of them are open at a time. A1 has as many at a time as A, in a file an eighth as
long; A16 has sixteen times A1's in a file sixteen times as long."""

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


STALE = 60
"""After so long a file is written anew before it is read. Unit: seconds."""


@dataclass(frozen=True)
class Workload:
    """One capture."""

    name: str
    path: Path

    @cached_property
    def truth(self) -> dict[str, Any]:
        """What `gen_workload.py` says of it."""
        found: dict[str, Any] = json.loads(self.path.with_name(self.path.name + ".json").read_text())
        return found

    @property
    def connections(self) -> int:
        """How many it has."""
        number: int = self.truth["connections"]
        return number

    @property
    def packets(self) -> int:
        """How many it has."""
        number: int = self.truth["packets"]
        return number

    def expected(self) -> Counter[str]:
        """How many connections must have which protocol and verdict: a word each, with a space between."""
        wanted: Counter[str] = Counter()
        for key, number in self.truth["outcomes"].items():
            family, _, outcome = key.partition(":")
            wanted["none plaintext" if family == "http" else f"{family} {VERDICTS[outcome]}"] += number
        for template, number in self.truth["templates"].items():
            if template.rpartition("@")[2] in {"1", "2", "3"} and "@" in template:  # cut before the first payload
                wanted["ssh in_progress" if template.startswith("ssh") else "tls in_progress"] -= number
                wanted["none no_traffic"] += number
        return +wanted


class Shelf:
    """Where workloads and programs are kept between runs."""

    def __init__(self, shared: Path, folder: Path, scale: float) -> None:
        self.folder = folder
        self._shared, self._scale = shared, scale
        self._laid: dict[Path, float] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def workload(self, name: str) -> Workload:
        """The workload of this name, generated when it is not there, freshly written when it was read long ago."""
        profile, connections, at_once = WORKLOADS[name]
        connections, at_once = (max(1, round(each * self._scale)) for each in (connections, at_once))
        path = self.folder / (f"{name}.pcap" if self._scale == 1 else f"{name}-{self._scale:g}.pcap")
        if not path.with_name(path.name + ".json").exists():
            generator: list[str | Path] = [self._numpy_python(), self._shared / "gen_workload.py", profile, path]
            sizes = ["-n", str(connections), "--concurrency", str(at_once)]
            subprocess.run([*generator, *sizes], check=True, stdout=subprocess.DEVNULL)
        self._freshen(path)
        return Workload(name, path)

    def _freshen(self, path: Path) -> None:
        """Writes the file anew unless that was just done.

        Pages that nobody looks at leave the page cache after minutes on some machines, and come back in small folios.
        """
        now = time.monotonic()
        if now - self._laid.get(path, -STALE) >= STALE:
            fresh = path.with_name(f"{path.name}-fresh")
            _lay_out(path, fresh)
            fresh.replace(path)
        self._laid[path] = time.monotonic()

    def limit(self) -> Path:
        """`limit.c`, compiled as its head says."""
        program = self.folder / "limit"
        command: list[str | Path] = ["gcc", "-O3", "-march=native", "-std=gnu11", "-o", program]
        command.append(self._shared / "limit.c")
        subprocess.run(command, check=True)
        return program

    def empty(self) -> Path:
        """A capture without packets: what starting costs."""
        path = self.folder / "empty.pcap"
        path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        return path

    def stored_as(self, workload: Workload, form: str) -> Path | None:
        """The same packets as `pcapng`, `gz` or `zst`; none where the program that writes it is not installed."""
        program = {"pcapng": "editcap", "gz": "gzip", "zst": "zstd"}[form]
        path = workload.path.with_name(f"{workload.path.stem}.{form}")
        if shutil.which(program) is None:
            return None
        if path.exists():
            self._freshen(path)
        else:
            small = path.with_suffix(f".{form}-part")
            if form == "pcapng":
                subprocess.run(["editcap", "-F", "pcapng", workload.path, small], check=True)  # noqa: S607
            else:
                with small.open("wb") as stored:
                    subprocess.run([program, "-c", workload.path], stdout=stored, check=True)
            _lay_out(small, path)
            small.unlink()
        return path

    def _numpy_python(self) -> Path:
        """An interpreter that has numpy: ours, or one in a venv of its own."""
        if subprocess.run([sys.executable, "-c", "import numpy"], check=False, capture_output=True).returncode == 0:
            return Path(sys.executable)
        python = self.folder / "venv" / "bin" / "python"
        if not python.exists():
            venv.create(self.folder / "venv", with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "numpy"], check=True)
        return python


def _lay_out(written: Path, path: Path) -> None:
    """Copies a file in large pieces, as the workloads are written.

    What came in small pieces lies in small folios of the page cache, and mapping those takes the kernel twice as long.
    """
    with written.open("rb", buffering=0) as source, path.open("wb", buffering=0) as laid:
        while piece := source.read(1 << 24):
            laid.write(piece)
        os.fsync(laid.fileno())  # what is written back later would be written while something is measured
