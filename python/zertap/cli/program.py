"""The whole program for its parser: every command with its options, made of their declarations.

Loaded for help, completion and complaints, and for command lines that are not plain.
"""

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, get_args

import typer
from typer.main import get_command

from zertap.cli.commands import COMMANDS, GROUPS, HELP, load, show_version
from zertap.cli.declared import Declared
from zertap.cli.status import Status, say


def app() -> typer.Typer:
    """The program with all its commands."""
    whole = typer.Typer(name="zertap", add_completion=True, no_args_is_help=True, pretty_exceptions_enable=False)
    whole.callback(help=HELP)(_options)
    groups: dict[str, typer.Typer] = {}
    for words in COMMANDS:
        group, _, name = words.rpartition(" ")
        if group and group not in groups:
            groups[group] = typer.Typer(help=GROUPS[group], no_args_is_help=True)
            whole.add_typer(groups[group], name=group)
        target = groups[group] if group else whole
        target.command(name)(_shown(load(words)))
    return whole


def run(arguments: Sequence[str]) -> int:
    """Runs one command; what it returns, or a usage status after a complaint."""
    try:
        return int(get_command(app()).main(args=list(arguments), prog_name="zertap", standalone_mode=False) or 0)
    except typer.TyperException as error:
        return _usage(error)
    except typer.Abort:
        return Status.SIGINT
    except SystemExit as error:
        # The parser exits where the reader of its output has left; that is for the caller to answer.
        raise error.__context__ or error from None


def _show_version(wanted: bool) -> None:
    if wanted:
        show_version()
        raise typer.Exit


def _options(
    version: Annotated[  # its callback does the work
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Options of the program itself."""


def _usage(error: typer.TyperException) -> int:
    """A wrong command line; one without any command shows the help instead."""
    message = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        print(message, file=sys.stderr)
    else:
        say(f"zertap: {message} (see `zertap --help`)")
    return Status.USAGE


def _shown(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with its declarations in the parser's own words."""

    @functools.wraps(command)
    def called(**given: Any) -> Any:
        return command(**given)

    signature = inspect.signature(command)
    shown = [each.replace(annotation=_typed(each.annotation)) for each in signature.parameters.values()]
    called.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in shown}
    return called


def _typed(annotation: Any) -> Any:
    kind, declared = get_args(annotation)
    assert isinstance(declared, Declared)
    made = typer.Option if declared.is_option else typer.Argument
    return Annotated[kind, made(*declared.names, **declared.facts)]
