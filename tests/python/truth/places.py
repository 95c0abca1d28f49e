"""Where the page, what it is made of, and the captures are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs/truth.md"
DATA = ROOT / "docs/truth"
PCAPS = ROOT / "pcaps"
