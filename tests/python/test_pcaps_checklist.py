"""`docs/scenarios.md` keeps its promise: each name in it is a capture, no capture is left out, a dash has a reason."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MANIFEST: list[dict[str, Any]] = tomllib.loads((ROOT / "pcaps/manifest.toml").read_text())["capture"]
LINES = [
    re.fullmatch(r"\| ([^|]+) \| ([^|]+) \|", line)
    for line in (ROOT / "docs/scenarios.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| what |", "|---"))
]
ROWS = [(line[1], line[2]) for line in LINES if line]
UPGRADES = ROOT / "rust/zertap-core/src/upgrade/protocol.rs"
# Words of rows that no program of ours can bring about, each with its reason.
NOT_SHOWN = {"http_upgrade": "no client or server of RFC 2817 is packaged"}


def _names(cell: str) -> list[str]:
    return re.findall(r"`([a-z0-9-]+)`", cell)


def test_every_line_is_a_row_of_two_cells() -> None:
    assert all(LINES)
    assert len(ROWS) > 80


@pytest.mark.parametrize(("what", "cell"), ROWS, ids=[what for what, _ in ROWS])
def test_an_item_names_captures_that_exist_or_a_reason(what: str, cell: str) -> None:
    names = _names(cell)
    if cell.startswith("— "):
        assert not names, what
        assert len(cell) > 15
    else:
        assert names, what
        assert cell == ", ".join(f"`{name}`" for name in names)
        assert set(names) <= {entry["name"] for entry in MANIFEST}


def test_every_capture_stands_in_the_table() -> None:
    told = {name for _, cell in ROWS for name in _names(cell)}
    assert told == {entry["name"] for entry in MANIFEST}


def test_every_upgrade_that_a_row_can_name_is_shown_by_a_capture() -> None:
    words = set(re.findall(r'^    \w+ = "([a-z0-9_]+)",', UPGRADES.read_text(), re.MULTILINE))
    expected = "".join((ROOT / "pcaps" / entry["expected"]).read_text() for entry in MANIFEST)
    shown = set(re.findall(r'"upgrade": "([a-z0-9_]+)"', expected))
    assert len(words) > 15
    assert shown <= words
    assert words - shown == set(NOT_SHOWN)
