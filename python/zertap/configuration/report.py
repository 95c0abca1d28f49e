"""The configuration in effect, written out: as NETSTAT CONFIG would, as JSON lines, or as a file to start from.

The text has the blocks of NETSTAT CONFIG (SMF parameters with their type 119 block, global configuration, network
monitor) with that report's labels, ``LABEL:`` and value, and our own blocks after them. At the right stands where a
value comes from.
"""

from collections.abc import Iterator
from itertools import groupby

import msgspec

from zertap.configuration.effective import DEFAULT, Configuration
from zertap.configuration.keys import KEYS, TABLES, Key

_LABELS = 20
_VALUES = 16
_INDENT = "  "


def text(configuration: Configuration) -> Iterator[str]:
    """Lines for people."""
    yield f"ZERTAP CONFIG  TCPIP NAME: {configuration['system.stack']}  FILE: {configuration.file or '-'}"
    for table, keys in groupby(KEYS, lambda key: key.table):
        heading, block, _ = TABLES[table]
        yield f"{heading}:"
        if block:
            yield block
        yield from (_line(key, configuration) for key in keys)


def _line(key: Key, configuration: Configuration) -> str:
    label = f"{_INDENT * key.depth}{key.label}:"
    value = key.kind.shown(configuration[key.name])
    return f"{label:<{_LABELS}}{value:<{_VALUES}}  {configuration.origin(key.name)}"


def jsonl(configuration: Configuration) -> Iterator[str]:
    """One object a key: its name, value, origin, z/OS counterpart."""
    for key in KEYS:
        value = _plain(configuration[key.name])
        row = {"key": key.name, "value": value, "origin": configuration.origin(key.name), "zos": key.profile or None}
        yield msgspec.json.encode(row).decode()


def toml(configuration: Configuration) -> Iterator[str]:
    """A file that gives the same values; keys that have their default are commented out."""
    for number, (table, keys) in enumerate(groupby(KEYS, lambda key: key.table)):
        if number:
            yield ""
        yield f"[{table}]  # {TABLES[table][0].lower()}"
        for key in keys:
            mark = "# " if configuration.origin(key.name) == DEFAULT else ""
            yield f"{mark}{key.name.partition('.')[2]} = {key.kind.toml(configuration[key.name])}"


def _plain(value: object) -> object:
    """A value as JSON has it; networks as texts."""
    if isinstance(value, tuple):
        return [each if isinstance(each, int) else str(each) for each in value]
    return value
