"""What the page about the command line says is so."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from zertap.cli import HELP, app
from zertap.cli.status import Status
from zertap.filter import FUNCTIONS, compile_expression

PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")


def commands(group: Any, above: str = "") -> dict[str, Any]:
    """Every command by its full name; groups give theirs."""
    found: dict[str, Any] = {}
    for name, each in group.commands.items():
        found |= commands(each, f"{name} ") if hasattr(each, "commands") else {above + name: each}
    return found


COMMANDS = commands(get_command(app))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_has_its_line(name: str) -> None:
    section = PAGE.split(f"## `{name}`")[1].split("\n## ")[0]
    documented = set(re.findall(r"`(--[a-z-]+)`", "".join(re.findall(r"^\| (`-.*?) \|", section, re.MULTILINE))))
    words = (option for each in COMMANDS[name].params for option in (*each.opts, *each.secondary_opts))
    options = {option for option in words if option.startswith("--")}
    assert documented == options - {"--help"}


def test_every_exit_status_has_its_line() -> None:
    documented = re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)
    assert documented == [str(int(each)) for each in Status]
    assert set(map(str, map(int, Status))) <= set(re.findall(r"\d+", HELP))


def test_every_expression_in_the_page_compiles() -> None:
    (block,) = re.findall(r"### Expressions.*?```\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines():
        assert compile_expression(line).fields
    for name in FUNCTIONS:
        assert f"`{name}(" in PAGE
