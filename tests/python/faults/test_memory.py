"""Memory that ends, under limits of address space from hardly any to plenty.

The program ends with the status for it and one line that names the cause, and delivers what it can. Never a signal,
never a traceback.
"""

import json
import os
import re
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from faults.programs import HEAD, many, run, unanswered

OUT_OF_MEMORY = 71
ENDED = 1_500
"""Connections of the capture that end, before those that stay open."""
MIB = 1 << 20
QUIET = os.environ | {"RUST_BACKTRACE": "0"}
COMMANDS = [
    "observe --format jsonl",
    "observe --format csv",
    "records --format jsonl",
    "records --summary --format jsonl",
]

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="address space limits are Linux's")


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Connections that end, then so many hellos without an answer that no limit of these tests holds them."""
    path = tmp_path_factory.mktemp("memory") / "much.pcap"
    path.write_bytes(many(ENDED) + unanswered(70_000)[len(HEAD) :])
    return path


@pytest.fixture(scope="module")
def needed(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Address space that the program takes for a capture of one connection. Unit: octets."""
    path = tmp_path_factory.mktemp("memory") / "little.pcap"
    path.write_bytes(unanswered(1))
    code = "import sys; from zertap.cli import main; main(sys.argv[1:]); print(open('/proc/self/status').read())"
    done = subprocess.run([sys.executable, "-c", code, "observe", path], capture_output=True, text=True, check=True)
    peak = re.search(r"^VmPeak:\s+(\d+) kB", done.stdout, re.MULTILINE)
    assert peak
    return int(peak[1]) * 1024


def limit(octets: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (octets, octets))


@pytest.mark.parametrize("more", [0, 2, 6, 12, 20, 40])
@pytest.mark.parametrize("command", COMMANDS)
def test_memory_that_ends_is_one_line_and_its_own_status(capture: Path, needed: int, command: str, more: int) -> None:
    enough_to_start = partial(limit, needed + more * MIB)
    name, *options = command.split()
    done = run(name, capture, *options, preexec_fn=enough_to_start, env=QUIET)
    assert done.returncode == OUT_OF_MEMORY, done.stderr
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("zertap: out of memory"), line
    assert not done.stdout or done.stdout.endswith(b"\n")
    if options[-1] == "jsonl":
        for each in done.stdout.splitlines():
            json.loads(each)
    # `needed` is what observe takes before the first packet; the writers of records take some MiB more.
    if more >= (40 if name == "records" else 20):
        told = re.fullmatch(r"zertap: out of memory after \d+ packets: (\d+) open connections are not told", line)
        assert told and int(told[1]) > 1_000, line
        least = 1 if "--summary" in options else ENDED
        assert done.stdout.count(b"\n") >= least, "what ended before is delivered"


def test_an_input_behind_the_one_that_took_all_memory_is_not_begun(capture: Path, needed: int) -> None:
    done = run("observe", capture, "no-such-file", preexec_fn=partial(limit, needed + 20 * MIB), env=QUIET)
    assert done.returncode == OUT_OF_MEMORY
    assert len(done.stderr.splitlines()) == 1


def _python(code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _GRIP + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=QUIET)


_GRIP = """
import re, resource, sys
from pathlib import Path
from zertap import _native
from zertap.errors import OutOfMemory, ZertapError

def grip(more):
    size = int(re.search(r"VmSize:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size + more, resource.getrlimit(resource.RLIMIT_AS)[1]))

def read(tap):
    source = _native.Source(sys.argv[1])
    while tap.pump(source):
        tap.drain()
"""


def test_a_tap_raises_what_is_also_a_memory_error_and_a_later_one_works(capture: Path) -> None:
    done = _python(
        """
tap = _native.Tap()
grip(8 << 20)
try:
    read(tap)
except MemoryError as error:
    assert isinstance(error, OutOfMemory) and isinstance(error, ZertapError), error
    ledger = tap.ledger()
    assert ledger["opened"] == ledger["ended"] + ledger["live"], ledger
    print(len(tap.drain()) > 0, ledger["live"] > 1000)
del tap
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
tap = _native.Tap()
read(tap)
tap.finish()
print(len(tap.drain()))
""",
        capture,
    )
    assert (done.stdout.split(), done.stderr) == (["True", "True", str(ENDED + 70_000)], "")


def test_where_not_even_an_error_can_be_raised_the_last_line_and_the_status_are_fixed(capture: Path) -> None:
    """The octets of 70,000 rows are one request that fails, and that nothing is prepared for."""
    done = _python(
        """
from zertap.plans import Part, Plans
from zertap.schema import FIELDS
tap = _native.Tap()
read(tap)
tap.finish()
part = Part(tap.drain(), 0, "x")
plan = Plans(FIELDS).of(part)
grip(1 << 20)
part.batch.jsonl(plan, None)
print("not reached")
""",
        capture,
    )
    assert (done.returncode, done.stdout) == (OUT_OF_MEMORY, "")
    assert done.stderr == "zertap: out of memory: what was not yet written is lost\n"
