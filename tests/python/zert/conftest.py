"""Where the reference tables are, for tests that compare with them."""

import csv
import os
from pathlib import Path

import pytest


def _shared() -> Path:
    named = os.environ.get("ZERTAP_SHARED")
    return Path(named) if named else Path(__file__).resolve().parents[3].parent / "shared"


def _rows(name: str) -> list[dict[str, str]]:
    path = _shared() / "zert" / name
    if not path.is_file():
        pytest.skip(f"reference table not found: {path} (set ZERTAP_SHARED)")
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="session")
def layout_rows() -> list[dict[str, str]]:
    """Lines of the reference layout, ``smf119.csv``."""
    return _rows("smf119.csv")


@pytest.fixture(scope="session")
def value_rows() -> list[dict[str, str]]:
    """Lines of the reference code values, ``values.csv``."""
    return _rows("values.csv")


@pytest.fixture(scope="session")
def layout_checker() -> Path:
    """The reference layout's own checker."""
    path = _shared() / "zert" / "check_layout.py"
    if not path.is_file():
        pytest.skip(f"reference checker not found: {path} (set ZERTAP_SHARED)")
    return path
