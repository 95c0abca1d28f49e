"""Stand-ins for the engine's batches, for tests that look at writers and filters alone."""

import json
from collections.abc import Sequence
from typing import Any

from zertap.plans import Part
from zertap.schema import FIELDS


def connection(**facts: Any) -> dict[str, Any]:
    """A whole JSON object of the schema: *facts* by column name (``tls_version``), the rest plausible or ``null``."""
    values = {**_PLAUSIBLE, **facts}
    row: dict[str, Any] = {}
    for field in FIELDS:
        group, _, name = field.path.rpartition(".")
        value = values.get(field.column, field.source[1:] if field.source.startswith("=") else None)
        if not group:
            row[name] = value
        elif values["protocol"] == group:
            row.setdefault(group, {})[name] = value
        else:
            row[group] = None
    return row


class FakeBatch:
    """A batch whose rows are ready-made JSON objects."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self.all = list(rows)

    def __len__(self) -> int:
        return len(self.all)

    def patterns(self) -> list[int]:
        return []

    def jsonl(self, plan: object, rows: Sequence[int] | None = None) -> bytes:
        chosen = self.all if rows is None else [self.all[row] for row in rows]
        return "".join(json.dumps(row) + "\n" for row in chosen).encode()


def part(*rows: dict[str, Any], engine: int = 0) -> Part:
    """A part of ready-made rows."""
    return Part(FakeBatch(rows), engine)  # type: ignore[arg-type]


_PLAUSIBLE: dict[str, Any] = {
    "file": "x.pcap",
    "first_packet": 1,
    "uid": "0123456789abcdef",
    "ordinal": 1,
    "verdict": "plaintext",
    "protocol": "none",
    "flags": [],
    "client_ip": "192.0.2.1",
    "client_port": 50000,
    "server_ip": "198.51.100.7",
    "server_port": 443,
    "start": "2026-01-02T03:04:05.123456789Z",
    "end": "2026-01-02T03:04:06.000000000Z",
    "duration": 0.876543211,
    "closed": "fin",
    "bytes_client": 1,
    "bytes_server": 2,
    "segments_client": 3,
    "segments_server": 4,
    "evidence": {},
    "events": [],
}
