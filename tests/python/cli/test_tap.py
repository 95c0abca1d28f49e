"""``zertap tap`` where nothing can be tapped, and what it refuses before it opens anything."""

import subprocess
import sys

import pytest

USAGE = 2
WITHOUT_LIVE = """
import sys
import zertap._native
zertap._native.LIVE = False
from zertap.cli import main
sys.exit(main())
"""
WITH_LIVE = WITHOUT_LIVE.replace("False", "True")


def tap(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, "tap", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_build_without_libpcap_says_what_to_install() -> None:
    done = tap(WITHOUT_LIVE, "eth0")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr == "zertap: live capture is not in this build: apt install libpcap-dev, then make build\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "table"],
        ["--format", "table", "--fields", "verdict"],
        ["--format", "zeek", "--rows", "decided"],
        ["--format", "none"],
        ["--format", "none", "--records", "x", "--output", "y"],
        ["--summary"],
        ["--where", "verdict =="],
        ["--fields", "colour"],
        ["--user", "nobody-of-this-name", "--records", "x"],
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_are_one_line(arguments: list[str]) -> None:
    """Before an interface is opened: there is none of this name."""
    done = tap(WITH_LIVE, "nowhere0", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (USAGE, "", 1), done.stderr
    assert "nowhere0" not in done.stderr
