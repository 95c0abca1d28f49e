"""Seeds for the fuzz targets from tests named by an entry of the catalogue; see ``tests/rust/seeds.rs``."""

import os
import re
from pathlib import Path

from wire import Frame

_LONGEST = 4096
"""A longer seed is slow and teaches little. Unit: octets."""
_RAW = 1
"""The place of raw IP in the list of link types of ``rust/fuzz/src/input.rs``."""
_STEP = 50_000_000
"""Unit of time of the target ``tap_frames``. Unit: nanoseconds."""


def keep(frames: list[Frame]) -> None:
    """Raw IP packets as a seed of ``tap_frames`` for the running test's entry, if ``ZERTAP_SEEDS`` names a folder."""
    folder = os.environ.get("ZERTAP_SEEDS")
    entry = re.search(r"(?:test_state_|STATE-)(\d\d)", os.environ.get("PYTEST_CURRENT_TEST", ""))
    if not (folder and entry):
        return
    path = Path(folder) / "tap_frames" / f"STATE-{entry[1]}"
    seed, before = _seed(frames), path.read_bytes() if path.exists() else b""
    if (len(seed), seed) > (len(before), before):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(seed)


def _seed(frames: list[Frame]) -> bytes:
    parts, before = [bytes([_RAW, 0])], frames[0][0] if frames else 0
    for at, packet in frames:
        parts.append(bytes([max(0, min(255, (at - before) // _STEP))]) + len(packet).to_bytes(2) + packet)
        before = at
    return b"".join(parts)[:_LONGEST]
