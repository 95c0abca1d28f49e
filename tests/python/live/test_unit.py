"""The unit file, as systemd itself reads it. What the program does under systemd is in ``test_service.py``."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[3] / "docs/systemd/zertap-tap@.service"
EXPOSURE = 2.5
"""Of ten: what ``systemd-analyze security`` calls OK ends at 4.9."""


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit of one interface, whose program need not be installed here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no program `systemd-analyze` (apt install systemd)")
    text, changed = re.subn(r"(?m)^ExecStart=/usr/local/bin/zertap", "ExecStart=/bin/true", UNIT.read_text())
    assert changed == 1
    made = tmp_path / "zertap-tap@lo.service"
    made.write_text(text)
    return made


def test_systemd_has_nothing_to_say_against_it(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_may_do_little(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= EXPOSURE
