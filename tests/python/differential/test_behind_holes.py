"""What we call protected behind lost octets, tshark shows too, once it is told to read every segment for itself.

As it usually reads, tshark joins segments, and behind a hole joins none: that is why the oracle does not say
*established* there. Without joining it dissects each segment that begins with a record. So this is a second opinion on
the one kind of `protected` that the oracle cannot give one on. It needs tshark, and says so without it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict

import pytest

from differential import oracle
from differential.oracle_arguments import Difference

CHANGE, HANDSHAKE, APPLICATION = "20", "22", "23"
ALONE = ("-o", "tcp.desegment_tcp_streams:FALSE", "-o", "tls.desegment_ssl_records:FALSE")
FIELDS = ("tcp.stream", "tcp.srcport", "tls.record.content_type", "tls.record.opaque_type")

pytestmark = [
    pytest.mark.skipif(not (oracle.CAPTURES / "expected").is_dir(), reason="no shared captures (ZERTAP_SHARED)"),
    pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark"),
]


def _records(name: str) -> dict[tuple[int, str], set[str]]:
    """The record types that each side of each stream shows, segment by segment: (stream, source port) to types."""
    fields = [word for each in FIELDS for word in ("-e", each)]
    command = ["tshark", "-n", *ALONE, "-r", str(oracle.CAPTURES / name), "-Y", "tcp && tls", "-T", "fields", *fields]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    shown: dict[tuple[int, str], set[str]] = defaultdict(set)
    for line in lines:
        stream, port, *types = line.split("\t")
        shown[int(stream), port] |= {kind for told in types for kind in told.split(",")}
    return shown


def _shows_encryption(types: set[str]) -> bool:
    return APPLICATION in types or {CHANGE, HANDSHAKE} <= types


def test_both_sides_go_on_encrypted_behind_a_hole() -> None:
    wanted: dict[str, list[Difference]] = defaultdict(list)
    for each in oracle.account().unbacked:
        if each.what == "protected" and str(each.oracle) in {"tls in_progress", "tls failed"}:
            wanted[each.file].append(each)
    assert sum(map(len, wanted.values())) > 100
    wrong = []
    for name, rows in wanted.items():
        shown = _records(name)
        for row in rows:
            sides = [types for (stream, _), types in shown.items() if stream == row.stream]
            if len(sides) != 2 or not all(map(_shows_encryption, sides)):
                wrong.append(f"{row}: {sides}")
    assert not wrong, "\n".join(wrong)
