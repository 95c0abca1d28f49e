"""The page on embedding: every program on it runs, and prints what stands below it."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/embedding.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


def may_watch() -> bool:
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except (PermissionError, AttributeError):
        return False
    return True


def title(program: str) -> str:
    """The heading above it."""
    return str(re.findall(r"^##+ (.*)$", PAGE[: PAGE.index(program)], re.MULTILINE)[-1])


def test_no_program_stands_without_what_it_prints() -> None:
    assert len(PROGRAMS) == PAGE.count("```python\n") == PAGE.count("```text\n") >= 7


@pytest.mark.parametrize(("program", "printed"), PROGRAMS, ids=[title(program) for program, _ in PROGRAMS])
def test_a_program_runs_and_prints_what_stands_below_it(program: str, printed: str) -> None:
    if "AF_PACKET" in program and not may_watch():
        pytest.skip("a raw socket needs CAP_NET_RAW")
    if "openssl" in program and not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    if "scapy" in program:
        pytest.importorskip("scapy", reason="scapy is not installed")
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, printed), done.stderr
