"""The stub is the contract: the built module has exactly what it says."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_the_stub_and_the_built_module_agree(tmp_path: Path) -> None:
    """``__all__`` is left out: the module's is made by its builder, and the stub is the list of its names."""
    pytest.importorskip("mypy", reason="mypy is not installed")
    (tmp_path / "allowed").write_text("zertap._native.__all__\n")
    stubtest = [sys.executable, "-m", "mypy.stubtest", "zertap._native"]
    command = [*stubtest, "--allowlist", str(tmp_path / "allowed"), "--mypy-config-file", str(ROOT / "pyproject.toml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
