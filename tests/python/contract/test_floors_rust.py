"""The floors of the Rust house: an arrow means "knows of" and runs down. Read from ``use`` lines and paths."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CRATES = {"core": "zertap-core", "capture": "zertap-capture", "py": "zertap-py", "xtask": "xtask"}
ROOMS_ARE_FILES = {"core", "capture"}
"""Crates with floors inside; the others are one room each."""
PATH = re.compile(r"\b(?:crate|zertap_(?P<other>core|capture))::(?P<room>\w+)")


def floors() -> dict[str, int]:
    """Room to floor, from the fenced block in ARCHITECTURE.md; the lowest line is floor 0."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    block = re.search(r"```floors rust\n(.*?)```", page, re.DOTALL)
    assert block, "ARCHITECTURE.md has no block `floors rust`"
    lines = [line.split() for line in block[1].splitlines() if line.strip()]
    return {room: floor for floor, rooms in enumerate(reversed(lines)) for room in rooms}


def crate_of(room: str) -> str:
    return room.partition("/")[0]


FLOORS = floors()
FACES = {crate: max((room for room in FLOORS if crate_of(room) == crate), key=FLOORS.__getitem__) for crate in CRATES}
"""A crate's root only gathers names: who uses one of them stands above the crate's top floor."""


def files() -> Iterator[tuple[str, Path]]:
    """Every source file with its room; crate roots belong to none."""
    for crate, folder in CRATES.items():
        source = ROOT / "rust" / folder / "src"
        for path in sorted(source.rglob("*.rs")):
            if crate not in ROOMS_ARE_FILES:
                yield crate, path
            elif path != source / "lib.rs":
                yield f"{crate}/{path.relative_to(source).with_suffix('').parts[0]}", path


FILES = list(files())


def code(path: Path) -> str:
    return re.sub(r"//.*", "", path.read_text(encoding="utf-8"))


def uses(room: str, path: Path) -> Iterator[str]:
    """Rooms that the file at *path* names, its own among them."""
    crate = crate_of(room)
    for found in PATH.finditer(code(path)):
        target = found["other"] or crate
        named = f"{target}/{found['room']}" if target in ROOMS_ARE_FILES else target
        yield named if named in FLOORS else FACES[target]


@pytest.mark.parametrize(("room", "path"), FILES, ids=lambda each: str(each).removeprefix(f"{ROOT}/rust/"))
def test_a_file_uses_only_its_own_room_or_floors_below(room: str, path: Path) -> None:
    upward = {each for each in uses(room, path) if each != room and FLOORS[each] >= FLOORS[room]}
    assert not upward, f"{room} stands on floor {FLOORS[room]} and must not know {sorted(upward)}"


@pytest.mark.parametrize(("room", "path"), FILES, ids=lambda each: str(each).removeprefix(f"{ROOT}/rust/"))
def test_paths_are_written_so_that_this_test_can_read_them(room: str, path: Path) -> None:
    """One ``use`` a room, and no way out of a room but ``crate::``."""
    text = code(path)
    assert "crate::{" not in text.replace("pub(crate)", "")
    assert "super::super" not in text
    if path.parent.name == "src" and crate_of(room) in ROOMS_ARE_FILES:
        assert not re.search(r"^use super::", text, re.MULTILINE)


def test_every_room_has_a_floor_and_every_floor_its_rooms() -> None:
    assert {room for room, _ in FILES} == set(FLOORS)


def test_the_engine_and_the_captures_depend_on_nothing_above_them() -> None:
    for crate in ("core", "capture"):
        manifest = (ROOT / "rust" / CRATES[crate] / "Cargo.toml").read_text(encoding="utf-8")
        assert "pyo3" not in manifest
        assert "zertap-py" not in manifest
    assert "zertap-capture" not in (ROOT / "rust" / CRATES["core"] / "Cargo.toml").read_text(encoding="utf-8")
