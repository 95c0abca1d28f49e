"""The floors of the Python house: an arrow means "knows of" and runs down."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "python" / "zertap"
FACES = {"__init__", "__main__"}
"""Files that only gather names of every floor."""


def floors() -> dict[str, int]:
    """Room to floor, from the fenced block in ARCHITECTURE.md; the lowest line is floor 0."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    block = re.search(r"```floors python\n(.*?)```", page, re.DOTALL)
    assert block, "ARCHITECTURE.md has no block `floors python`"
    lines = [line.split() for line in block[1].splitlines() if line.strip()]
    return {room: floor for floor, rooms in enumerate(reversed(lines)) for room in rooms}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Rooms of this package that the file at *path* imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("zertap."))


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_its_own_room_or_floors_below(path: Path) -> None:
    room = room_of(path)
    if room in FACES:
        return
    levels = floors()
    upward = {each for each in imports(path) if each != room and levels[each] >= levels[room]}
    assert not upward, f"{room} stands on floor {levels[room]} and must not know {sorted(upward)}"


def test_every_room_has_a_floor_and_every_floor_its_rooms() -> None:
    rooms = {room_of(path) for path in FILES} - FACES | {"_native"}
    assert rooms == set(floors())
