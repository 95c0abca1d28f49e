"""``zertap config``: the configuration in effect, and whether a file makes sense."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from zertap.cli.common import ConfigOption, configured
from zertap.cli.status import say
from zertap.configuration import load, report

config = typer.Typer(help="Shows the configuration in effect, and checks configuration files.", no_args_is_help=True)


class Form(StrEnum):
    """Forms of output."""

    TEXT = "text"
    JSONL = "jsonl"
    TOML = "toml"


@config.command()
def show(
    file: ConfigOption = None,
    form: Annotated[
        Form, typer.Option("--format", "-f", help="As NETSTAT CONFIG would, one JSON object a key, or a file.")
    ] = Form.TEXT,
) -> int:
    """Prints the value of every key in effect, and where it comes from."""
    writers = {Form.TEXT: report.text, Form.JSONL: report.jsonl, Form.TOML: report.toml}
    for line in writers[form](configured(file)):
        sys.stdout.write(line.rstrip() + "\n")
    return 0


@config.command()
def check(file: Annotated[str, typer.Argument(help="A configuration file.")]) -> int:
    """Reads a configuration file and says what is wrong with it: exit status 2."""
    configuration = load(file)
    given = sum(configuration.origin(key) != "default" for key in configuration)
    say(f"{file}: {given} of {len(configuration)} keys given, all of them sound")
    return 0
