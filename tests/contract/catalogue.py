"""Which test shows which entry of the catalogue of edge cases: ``python tests/contract/catalogue.py`` writes the table.

A test belongs to an entry by its name: ``tls_07_...`` or ``test_state_15_...`` (several numbers may follow each other),
or a case of a parametrized Python test whose identifier begins with the number. The table is ``tests/catalogue.toml``;
a test compares it with the sources and, where it is at hand, with the catalogue itself.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "tests/catalogue.toml"
_NUMBER = r"(?:tls|ssh|tcp|ip|file|state)_\d\d"
_RUST = re.compile(rf"#\[test\]\s+(?:(?:///?|#\[)[^\n]*\s+)*(?:pub(?:\(crate\))? )?fn (?P<name>(?:{_NUMBER}_)+\w+)")
_PYTHON = re.compile(rf"^def (?P<name>test_(?:{_NUMBER}_)+\w+)", re.MULTILINE)
_CASE = re.compile(r"\(\s*\"(?P<name>(?:TLS|SSH|TCP|IP|FILE|STATE)-\d\d [^\"]+)\",")
_IDS = re.compile(r"^def (?P<name>test_the_sequence_is_exact)\b", re.MULTILINE)
_HEAD = "# Entry of the catalogue of edge cases -> the tests that show it. Written by tests/contract/catalogue.py.\n\n"


def scan() -> dict[str, list[str]]:
    """Entry by entry its tests, as ``file::name`` or ``file::name[case]``."""
    found = defaultdict(list)
    for entry, test in [*_rust(), *_python()]:
        found[entry].append(test)
    return {entry: sorted(found[entry]) for entry in sorted(found, key=_order)}


def _order(entry: str) -> tuple[int, int]:
    family, _, number = entry.partition("-")
    return ["TLS", "SSH", "TCP", "IP", "FILE", "STATE"].index(family), int(number)


def _entries(name: str) -> Iterator[str]:
    begins = re.match(rf"(?:test_)?((?:{_NUMBER}_)+)", name)
    for number in re.findall(_NUMBER, begins[1] if begins else ""):
        yield number.upper().replace("_", "-")


def _rust() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "tests/rust").rglob("*.rs")):
        for test in _RUST.finditer(path.read_text(encoding="utf-8")):
            for entry in _entries(test["name"]):
                yield entry, f"{path.relative_to(ROOT)}::{test['name']}"


def _python() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "tests/python").rglob("test_*.py")):
        text, place = path.read_text(encoding="utf-8"), path.relative_to(ROOT)
        for test in _PYTHON.finditer(text):
            for entry in _entries(test["name"]):
                yield entry, f"{place}::{test['name']}"
        for user in _IDS.finditer(text):
            for case in _CASE.finditer(text):
                yield case["name"].partition(" ")[0], f"{place}::{user['name']}[{case['name']}]"


def render(table: dict[str, list[str]]) -> str:
    """The table as TOML."""
    lines = []
    for entry, tests in table.items():
        lines.append(f"{entry} = [\n" + "".join(f'  "{test}",\n' for test in tests) + "]")
    return _HEAD + "\n".join(lines) + "\n"


def main() -> int:
    """Writes the table; the exit status."""
    TABLE.write_text(render(scan()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
