"""Tries mutants that `mutants` put into the sources: ``python try.py LIST PROGRAMS RESULTS ROOM NUMBER [SEED]``.

LIST is what the rewriting printed, PROGRAMS the folder of test programs that were built from it. NUMBER mutants of ROOM
are drawn by SEED, the same each time; one that is in RESULTS already is not tried again. A mutant is caught where a
test fails, or goes on for a minute.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

ROOMS: dict[str, tuple[str, list[list[str]]]] = {
    "tls": ("src/tls/", [["tls"]]),
    "ssh": ("src/ssh/", [["ssh"], ["ssh_gaps"], ["ssh_cuts"]]),
    # What is quick comes first: most mutants need no more.
    "flow": ("", [["tap", "tcp::", "rows::", "stream::"], ["tap"]]),
}
SECONDS = 60


def room_of(path: str) -> str:
    return next(name for name, (part, _) in ROOMS.items() if part in path)


def is_caught(number: str, room: str, programs: Path) -> bool:
    for program, *wanted in ROOMS[room][1]:
        command = [str(programs / program), "-q", *wanted]
        try:
            done = subprocess.run(
                command,
                env=os.environ | {"MUTANT": number, "PROPTEST_CASES": "40", "RUST_BACKTRACE": "0"},
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return True
        if done.returncode:
            return True
    return False


def main() -> None:
    listing, programs, results, room, number, *seed = sys.argv[1:]
    mutants = [line.split("\t") for line in Path(listing).read_text(encoding="utf-8").splitlines()]
    of_room = [mutant for mutant in mutants if room_of(mutant[1]) == room]
    random.Random(int(seed[0]) if seed else 1).shuffle(of_room)  # noqa: S311  no secret
    if is_caught("0", room, Path(programs)):
        raise SystemExit(f"{room}: its tests fail where nothing was changed")
    path = Path(results)
    path.touch()
    known = {line.split("\t")[1] for line in path.read_text(encoding="utf-8").splitlines()}
    for mutant in of_room[: int(number)]:
        if mutant[0] not in known:
            word = "caught" if is_caught(mutant[0], room, Path(programs)) else "missed"
            with path.open("a", encoding="utf-8") as file:
                file.write("\t".join([word, *mutant]) + "\n")


main()
