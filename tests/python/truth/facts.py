"""What a tool said of the captures, kept as JSON lines: a head, then a capture a line.

A fact stands as the tool printed it, before anybody reads a meaning into it; that is the work of ``questions``.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from truth.places import DATA

Ends = tuple[str, ...]


@dataclass(slots=True)
class Connection:
    """What a tool printed of one connection: its two ends, sorted, and the fields."""

    ends: Ends
    said: dict[str, Any]


@dataclass(slots=True)
class Capture:
    """What a tool printed of one capture; ``unread`` is its complaint where it could not read it."""

    name: str
    sha256: str
    connections: list[Connection] = field(default_factory=list)
    unread: str | None = None


@dataclass(slots=True)
class Hearing:
    """Everything one tool said, and how it was asked."""

    tool: str
    version: str
    command: str
    date: str
    captures: dict[str, Capture] = field(default_factory=dict)

    def store(self) -> None:
        """Writes the file that ``load`` reads."""
        head = {"tool": self.tool, "version": self.version, "command": self.command, "date": self.date}
        lines = [head, *(asdict(self.captures[name]) for name in sorted(self.captures))]
        path(self.tool).write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))

    @classmethod
    def load(cls, tool: str) -> Hearing:
        """What was stored last."""
        head, *lines = map(json.loads, path(tool).read_text().splitlines())
        captures = [
            Capture(told["name"], told["sha256"], [_connection(each) for each in told["connections"]], told["unread"])
            for told in lines
        ]
        return cls(**head, captures={capture.name: capture for capture in captures})


def path(tool: str) -> Path:
    """The file that keeps a tool's words."""
    return DATA / f"{tool}.jsonl"


def ends(one: tuple[str, object], other: tuple[str, object]) -> Ends:
    """The two ends of a connection, in an order of their own; tools write IPv6 addresses in more than one way."""
    return tuple(sorted(end(*each) for each in (one, other)))


def end(address: str, port: object) -> str:
    """One end as ``ends`` writes it."""
    return f"{ipaddress.ip_address(address)} {port}"


def _connection(told: dict[str, Any]) -> Connection:
    return Connection(tuple(told["ends"]), told["said"])
