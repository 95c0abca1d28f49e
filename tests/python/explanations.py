"""Which connections are explained to a reader: one of every verdict, protocol, reason and upgrade that any capture has.

Run as a program it prints them all, for somebody who knows TLS but not this code:
``python tests/python/explanations.py | less``. With ``--golden`` it writes the pages of ``tests/golden/explain`` again,
which is right only after they were read again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import zertap
from zertap.errors import ZertapError

ROOT = Path(__file__).resolve().parents[2]
OWN = ROOT / "pcaps" / "captures"
SHARED = Path(os.environ.get("ZERTAP_SHARED", ROOT.parent / "shared")) / "captures"
GOLDEN = ROOT / "tests" / "golden" / "explain"
SUFFIXES = {".pcap", ".pcapng", ".cap", ".gz", ".zst", ".trace"}


class Case(NamedTuple):
    """One connection."""

    capture: Path
    first_packet: int


def own_captures() -> list[Path]:
    """The captures of this repository."""
    return sorted(OWN.iterdir())


def shared_captures() -> list[Path]:
    """Captures of others, where they are at hand."""
    return sorted(path for path in SHARED.rglob("*") if path.suffix in SUFFIXES) if SHARED.is_dir() else []


def kinds(captures: list[Path]) -> Iterator[tuple[tuple[str, ...], Case]]:
    """The first connection of each kind in *captures*."""
    seen = set()
    for capture in captures:
        try:
            rows = zertap.observe(capture)
        except ZertapError:
            continue
        for row in rows:
            version = (row.tls.version if row.tls else str(row.ssh.version) if row.ssh else None) or ""
            kind = (row.verdict, row.protocol, row.reason or "", row.upgrade or "", version)
            if kind not in seen:
                seen.add(kind)
                yield kind, Case(capture, row.first_packet)


def golden_pages() -> list[tuple[Path, Case]]:
    """Pages that people have read; ``NAME.PACKET.txt`` explains the connection of NAME that begins with PACKET."""
    pages = []
    for page in sorted(GOLDEN.glob("*.txt")):
        name, _, packet = page.stem.rpartition(".")
        (capture,) = OWN.glob(f"{name}.pcap*")
        pages.append((page, Case(capture, int(packet))))
    return pages


if __name__ == "__main__" and sys.argv[1:] == ["--golden"]:
    for page, case in golden_pages():
        page.write_text(str(zertap.explain(*case)), encoding="utf-8")
elif __name__ == "__main__":
    chosen = dict(kinds([*own_captures(), *shared_captures()]))
    for kind in sorted(chosen):
        sys.stdout.write(f"{' '.join(filter(None, kind)):=^110}\n{chosen[kind].capture}\n")
        sys.stdout.write(f"{zertap.explain(*chosen[kind])}\n")
