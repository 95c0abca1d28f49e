"""``zertap config``: the configuration in effect, and whether a file makes sense."""

import sys
from enum import StrEnum
from typing import Annotated

from zertap.cli.common import ConfigOption, configured
from zertap.cli.declared import Argument, Option
from zertap.cli.status import say
from zertap.configuration import load, report


class Form(StrEnum):
    """Forms of output."""

    TEXT = "text"
    JSONL = "jsonl"
    TOML = "toml"


def show(
    file: ConfigOption = None,
    form: Annotated[
        Form, Option("--format", "-f", help="As NETSTAT CONFIG would, one JSON object a key, or a file.")
    ] = Form.TEXT,
) -> int:
    """Prints the value of every key in effect, and where it comes from."""
    writers = {Form.TEXT: report.text, Form.JSONL: report.jsonl, Form.TOML: report.toml}
    for line in writers[form](configured(file)):
        sys.stdout.write(line.rstrip() + "\n")
    return 0


def check(file: Annotated[str, Argument(help="A configuration file.")]) -> int:
    """Reads a configuration file and says what is wrong with it: exit status 2."""
    configuration = load(file)
    given = sum(configuration.origin(key) != "default" for key in configuration)
    say(f"{file}: {given} of {len(configuration)} keys given, all of them sound")
    return 0
