"""Every numbered entry of the catalogue of edge cases has a test named by its number, and the table says which."""

import importlib.util
import os
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("ZERTAP_SHARED", ROOT.parent / "shared"))
ENTRIES = 150


def scanner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalogue", ROOT / "tests/contract/catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLE: dict[str, list[str]] = tomllib.loads((ROOT / "tests/catalogue.toml").read_text(encoding="utf-8"))


def test_the_table_says_what_the_sources_say() -> None:
    assert scanner().scan() == TABLE, "run `python tests/contract/catalogue.py`"


def test_every_entry_has_a_test_and_no_number_is_skipped() -> None:
    assert all(TABLE.values())
    assert len(TABLE) == ENTRIES
    families: dict[str, list[int]] = {}
    for entry in TABLE:
        family, _, number = entry.partition("-")
        families.setdefault(family, []).append(int(number))
    for family, numbers in families.items():
        assert numbers == list(range(1, len(numbers) + 1)), family


def test_every_test_named_exists_in_its_file() -> None:
    for tests in TABLE.values():
        for test in tests:
            path, _, name = test.partition("::")
            name, _, case = name.partition("[")
            text = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"(?:fn|def) {name}\(", text), test
            assert not case or f'"{case.removesuffix("]")}"' in text, test
            assert "#[ignore" not in text or not re.search(rf"#\[ignore[^\n]*\]\s+fn {name}\(", text), (
                f"ignored: {test}"
            )


@pytest.mark.skipif(not (SHARED / "EDGE_CASES.md").is_file(), reason=f"no catalogue in {SHARED} (ZERTAP_SHARED)")
def test_the_entries_are_those_of_the_catalogue() -> None:
    text = (SHARED / "EDGE_CASES.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| ((?:TLS|SSH|TCP|IP|FILE|STATE)-\d+) \|", text, re.MULTILINE) == list(TABLE)


WITHOUT_OCTETS = {"STATE-16": "switching zERT on and off", "STATE-17": "what a policy did"}
"""Entries about nothing that a packet shows."""


def test_every_entry_has_a_seed_for_the_fuzz_targets() -> None:
    """``rust/fuzz/catalogue.sh`` writes them from the tests of the entries."""
    seeds = {path.name for path in (ROOT / "rust/fuzz/seeds").glob("*/*")}
    assert {entry for entry in TABLE if entry not in seeds} == set(WITHOUT_OCTETS)
