"""Other programs, measured by `peers.sh` on the same file with ours among them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from yardstick.questions import Bench, Line

PEERS = {
    "mercury:full": (3, 5, "mercury with reassembly and metadata"),
    "suricata": (8, 12, "Suricata"),
    "ndpiReader": (15, 22, "nDPI"),
    "tshark:fields+Y": (120, 190, "tshark"),
}
"""How many times our speed is to be theirs: at least, aim; and their name."""


def peers(bench: Bench, shared: Path) -> Iterator[Line]:
    """CPU of each installed peer over ours, both as multiples of H beside them, on A1 (tshark needs minutes for A)."""
    workload = bench.shelf.workload("A1")
    table = bench.shelf.folder / "peers.tsv"
    table.unlink(missing_ok=True)
    program = " ".join(map(str, bench.core()))
    environment = {
        **os.environ,
        "OUT": str(table),
        "LIMIT": str(bench.limit),
        "OUR": program,
        "REPEAT": str(bench.pairs),
    }
    wanted = f"^(OUR|{'|'.join(PEERS)})$".replace("+", "[+]")
    bash = shutil.which("bash") or "bash"
    subprocess.run([bash, shared / "peers.sh", workload.path, wanted], env=environment, check=True)
    found = {}
    for line in table.read_text().splitlines():
        _, name, *_, times = line.split("\t")
        found[name] = float(times) if times.strip() not in {"", "inf", "nan", "-nan"} else 0.0
    ours = found.get("OUR", 0.0)
    for name, (at_least, aim, told) in PEERS.items():
        value, note = None, "not installed"
        if name in found:
            value, note = found[name] / ours if ours else None, f"{found[name]:.1f} x H, ours {ours:.2f} x H"
        if not ours:
            note = "too little to be measured: a larger --scale"
        yield Line(f"core faster than {told}, A1", "x", value, at_least, aim, note, larger_is_better=True)
