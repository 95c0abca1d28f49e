"""README shows what the program really prints: its console and Python blocks are run, its links lead somewhere."""

import doctest
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from zertap.cli.status import Status
from zertap.protection import Protection

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/cli.md")]
README = PAGES[0].read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\n\$ zertap ([^\n]*)\n(.*?)```", README, re.DOTALL)


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command.split(" --")[0] for command, _ in SHOWN])
def test_a_command_prints_what_the_readme_shows(command: str, output: str) -> None:
    run = [sys.executable, "-m", "zertap", *shlex.split(command)]
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert lines(done.stdout) == lines(output)


def test_the_python_session_goes_as_the_readme_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("duckdb", reason="duckdb is not installed")
    monkeypatch.chdir(ROOT)
    session = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", "README.md", 0)
    said: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert result.attempted > 10
    assert not result.failed, "".join(said)


def test_the_tables_of_words_are_complete() -> None:
    words = re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)
    assert words == [each.word for each in Protection]
    shown = {int(number) for row in re.findall(r"^\| ([\d, ]+) \|", README, re.MULTILINE) for number in row.split(",")}
    assert shown == {int(status) for status in Status}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_every_dependency_has_its_reason() -> None:
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8").split("## Looked at")[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    needed = {re.split(r"[\[<>=]", each)[0] for each in python}
    for manifest in (ROOT / "rust").glob("*/Cargo.toml"):
        crate = tomllib.loads(manifest.read_text(encoding="utf-8"))
        needed |= {*crate.get("dependencies", {}), *crate.get("dev-dependencies", {})}
    ours = {"zertap-core", "zertap-capture"}
    assert needed - ours - set(re.findall(r"`([\w-]+)`", page)) == set()
