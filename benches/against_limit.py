#!/usr/bin/env python3
"""How far is zertap from what the machine itself costs? The whole table of bounds and aims, by one command.

`limit.c` (mode `hs`: H) does the least that a handshake observer can do; we do all of it. Workloads come from
`gen_workload.py`, and a figure counts only if the outcome counts agree with their ground truth. `yardstick/` holds the
parts: what a process costs, the captures, the questions, the peers, the table.

Needs `limit.c`, `gen_workload.py` and `peers.sh` (`--shared`), a C compiler, an optimised build, and numpy (installed
into a venv of its own when missing). Exit status 1 when a bound or a count does not hold.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from yardstick.guided import guided
from yardstick.peers import peers
from yardstick.questions import QUESTIONS, Bench, Line
from yardstick.report import as_json, heading, machine, markdown, say, show
from yardstick.workloads import Shelf

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Asks every question that is wanted. Returns the exit status."""
    options = arguments()
    root = HERE.parent
    programs = root / "target" / "release" / "examples"
    if options.guided:
        programs = guided(root)
    elif not options.no_build:
        build = ["cargo", "build", "--quiet", "--release", "-p", "zertap-capture", "--examples"]
        subprocess.run(build, cwd=root, check=True)
    shelf = Shelf(options.shared, options.work, options.scale)
    bench = Bench(shelf, options.python, programs, options.pairs)
    built = ", engine guided by a profile" if options.guided else ""
    say(f"{machine()}, {options.pairs} pairs, workloads x {options.scale:g}{built}\n{heading()}")
    lines: list[Line] = []
    for name in options.only:
        for line in peers(bench, options.shared) if name == "peers" else QUESTIONS[name](bench):
            lines.append(line)
            show(line)
    for fault in bench.faults:
        say(f"WRONG COUNT: {fault}")
    if options.write:
        command = "benches/against_limit.py" + " --guided" * options.guided
        options.write.write_text(markdown(lines, command, bench.faults))
    if options.json:
        options.json.write_text(as_json(lines, bench.faults))
    return 1 if bench.faults or any(line.is_held is False for line in lines) else 0


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    every = [*QUESTIONS, "peers"]
    parser.add_argument("only", nargs="*", metavar="QUESTION", help=f"of {', '.join(every)}; all by default")
    parser.add_argument("--pairs", type=int, default=5, help="how often each command runs between two runs of H")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the workloads; bounds are meant for 1")
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared" / "bench", help="limit.c is here")
    parser.add_argument("--work", type=Path, default=Path("/tmp/zertap-bench"), help="large files go here")  # noqa: S108  a place for large files
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="an interpreter that has zertap")
    parser.add_argument("--write", type=Path, help="write the table as Markdown", metavar="FILE")
    parser.add_argument("--json", type=Path, help="write the table as JSON", metavar="FILE")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--no-build", action="store_true", help="the examples are built already")
    how.add_argument("--guided", action="store_true", help="the engine as `make wheel` compiles it")
    options = parser.parse_args()
    if unknown := [name for name in options.only if name not in every]:
        parser.error(f"no such question: {', '.join(unknown)}")
    options.only = options.only or every
    return options


if __name__ == "__main__":
    sys.exit(main())
