"""A configuration file: TOML in, values with the line each stands on out. Every complaint is one line.

Precise about what is not known: a key that does not exist is an error, with the name that may have been meant.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from zertap.configuration.keys import BY_NAME, TABLES
from zertap.errors import Usage

_TABLE = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]")
_ASSIGNMENT = re.compile(r"""^\s*([A-Za-z0-9_."' \t-]+?)\s*=""")


class Given(NamedTuple):
    """What a file says of one key."""

    value: Any
    line: int | None


def read_file(path: str) -> dict[str, Given]:
    """The values of the file at *path*, by key. Raises ``Usage``: it cannot be read, or says what cannot be."""
    from pathlib import Path  # only where there is a file

    try:
        octets = Path(path).read_bytes()
    except OSError as error:
        raise Usage(error.strerror or str(error), path) from None
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Usage("not UTF-8", path, error.start) from None
    return read_text(text, path)


def read_text(text: str, path: str) -> dict[str, Given]:
    """The values of a file's *text*; *path* is for complaints. Raises ``Usage``."""
    import tomllib  # only where there is a file

    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Usage(_syntax(str(error)), path) from None
    lines = lines_of(text)
    given = {}
    for name, value in _leaves(tree):
        line = _line(lines, name)
        key = BY_NAME.get(name)
        if key is None:
            raise _complaint(path, line, name, _unknown(name, value))
        try:
            given[name] = Given(key.kind.read(value), line)
        except ValueError as error:
            raise _complaint(path, line, name, str(error)) from None
    return given


def lines_of(text: str) -> dict[str, int]:
    """Key or table -> the line on which it first stands. TOML's own reader does not tell."""
    table, lines = "", dict[str, int]()
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _TABLE.match(line):
            table = _path(found[1])
            lines.setdefault(table, number)
        elif found := _ASSIGNMENT.match(line):
            lines.setdefault(f"{table}.{_path(found[1])}".removeprefix("."), number)
    return lines


def _path(written: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in written.split("."))


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every value by its path; also a table that has no keys, unless it is one of ours."""
    for name, value in tree.items():
        path = f"{above}{name}"
        if isinstance(value, Mapping) and value and path not in BY_NAME:
            yield from _leaves(value, f"{path}.")
        elif not (isinstance(value, Mapping) and path in TABLES):
            yield path, value


def _line(lines: Mapping[str, int], name: str) -> int | None:
    """The line of a key, or of what it stands in (an inline table)."""
    while name:
        if name in lines:
            return lines[name]
        name = name.rpartition(".")[0]
    return None


def _unknown(name: str, value: Any) -> str:
    """Why *name* is no key, with the nearest that is one."""
    from difflib import get_close_matches

    table, dot, last = name.rpartition(".")
    if isinstance(value, Mapping) or (dot and table not in TABLES):
        near = get_close_matches(name if isinstance(value, Mapping) else table, TABLES, 1)
        return "no such table" + (f": did you mean `{near[0]}`?" if near else "")
    near = [each for each in BY_NAME if each.rpartition(".")[2] == last][:1] or get_close_matches(name, BY_NAME, 1)
    return "no such key" + (f": did you mean `{near[0]}`?" if near else "")


def _complaint(path: str, line: int | None, name: str, reason: str) -> Usage:
    place = "" if line is None else f"line {line}: "
    return Usage(f"{place}{name}: {reason}", path)


def _syntax(message: str) -> str:
    """TOML's complaint, with the line in front as in our own."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|(end of document))\)", message, re.DOTALL)
    if found is None:
        return message
    return f"line {found[2]}: {found[1]}" if found[2] else f"at its end: {found[1]}"
