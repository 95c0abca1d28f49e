"""Makes zertap's captures again: ``python3 pcaps/make/all.py [NAME...]``; ``--list`` shows the names.

Needs root and the programs that ``pcaps/README.md`` lists. Each capture is recorded, read by tshark,
compared with what the programs printed, and only then written, with its expected rows and manifest entry.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lab import book
from lab.network import LabError, Network
from lab.recorder import Recorder
from lab.scenario import SCENARIOS, Scenario

PACKAGES = ["cryptography", "pyOpenSSL", "paramiko", "asyncssh", "aiosmtpd", "scapy"]


def main(names: list[str]) -> int:
    """Runs the named scenarios, or all; returns how many failed."""
    for module in sorted((Path(__file__).parent / "scenarios").glob("*.py")):
        importlib.import_module(f"scenarios.{module.stem}")
    if names == ["--list"]:
        for scenario in SCENARIOS.values():
            print(f"{scenario.name:40} {scenario.shows}")
        return 0
    unknown = set(names) - set(SCENARIOS)
    if unknown:
        print(f"no such scenario: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    _prepare_venv()
    failed = [name for name in names or SCENARIOS if not _attempt(SCENARIOS[name])]
    if failed:
        print(f"failed: {' '.join(failed)}", file=sys.stderr)
    return len(failed)


def _prepare_venv() -> None:
    """Programs that come as Python packages live in an environment outside the repository."""
    if not book.PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", book.VENV], check=True)
        subprocess.run([book.PYTHON, "-m", "pip", "install", "-q", *PACKAGES], check=True)


def _attempt(scenario: Scenario) -> bool:
    try:
        size = _make(scenario)
    except Exception as error:  # the next scenario still runs
        print(f"FAILED {scenario.name}: {str(error)[-2500:]}", file=sys.stderr)
        if not isinstance(error, (LabError, subprocess.TimeoutExpired)):
            traceback.print_exc()
        return False
    print(f"made   {scenario.name} ({size} octets)", flush=True)
    return True


def _make(scenario: Scenario) -> int:
    with tempfile.TemporaryDirectory(prefix="zertap-raw-") as folder:
        return _record(scenario, Path(folder) / "raw.pcap")


def _record(scenario: Scenario, raw: Path) -> int:
    with Network() as network:
        if scenario.recording.before:
            scenario.recording.before(network)
        recorder = Recorder(network, raw, scenario.recording)
        said = scenario.play(network)
        recorder.stop()
        network.end_programs()
    kept = book.HOME / "captures" / f"{scenario.name}{scenario.suffix}"
    made = raw.with_name(kept.name)
    if scenario.finish:
        scenario.finish(raw, made)
    else:
        raw.rename(made)
    rows, differs = book.expected_rows(scenario, said, raw if scenario.judge_raw else made)
    versions = [book.version_of(program) for program in (*scenario.programs, "tcpdump")]
    kept.write_bytes(made.read_bytes())
    book.enter(scenario, kept, rows, versions, differs)
    return kept.stat().st_size


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
