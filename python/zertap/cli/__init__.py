"""The command line: one file per command; this one gathers them and turns every end into an exit status.

Heavy things (rich, DuckDB) are imported inside the commands that use them.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from traceback import extract_tb
from typing import Annotated

import typer
from typer.main import get_command

from zertap import _native
from zertap.cli.bench import bench
from zertap.cli.config import config
from zertap.cli.decode import decode
from zertap.cli.explain import explain
from zertap.cli.info import info
from zertap.cli.layout import layout
from zertap.cli.observe import observe
from zertap.cli.records import records
from zertap.cli.status import Status, say, status_of
from zertap.cli.subscribe import subscribe
from zertap.cli.tap import tap
from zertap.cli.watch import Stopped
from zertap.errors import ZertapError

HELP = """Shows which TCP connections in a capture were protected by TLS or SSH, and how.

Exit status: 0 ok, 1 findings (--fail-on), 2 usage, 3 input unreadable, 4 input damaged (all before it was delivered),
5 output failed, 70 internal error, 71 out of memory, 130 SIGINT, 143 SIGTERM.
"""

app = typer.Typer(name="zertap", add_completion=True, no_args_is_help=True, pretty_exceptions_enable=False)


def show_version(wanted: bool) -> None:
    """Prints name and version, and ends."""
    if wanted:
        build = "" if _native.BUILD == "release" else f" ({_native.BUILD} build: slow)"
        print(f"zertap {_native.__version__}{build}")
        raise typer.Exit


@app.callback(help=HELP)
def options(
    version: Annotated[  # its callback does the work
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=show_version)
    ] = False,
) -> None:
    """Options of the program itself."""


app.command()(observe)
app.command()(explain)
app.command()(records)
app.command()(decode)
app.command()(layout)
app.add_typer(config, name="config")
app.command()(info)
app.command()(subscribe)
app.command()(tap)
app.command()(bench)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status. No exception leaves it and no traceback is shown."""
    status = _run(arguments)
    try:
        sys.stdout.flush()
    except OSError as error:
        status = max(status, _output_failed(error))
    return status


def _run(arguments: Sequence[str] | None) -> int:
    try:
        given = _with_form(sys.argv[1:] if arguments is None else arguments)
        return _command(given)
    except ZertapError as error:
        say(str(error) if error.file else f"zertap: {error}")
        return status_of(error)
    except typer.TyperException as error:
        return _usage(error)
    except OSError as error:
        return _output_failed(error)
    except (typer.Abort, KeyboardInterrupt, Stopped):
        return Status.SIGINT
    except BaseException as error:  # noqa: BLE001  the last door: also a panic of the engine ends in one line
        return _broken(error)


def _command(arguments: list[str]) -> int:
    """Runs one command; what it returns."""
    try:
        return int(get_command(app).main(args=arguments, prog_name="zertap", standalone_mode=False) or Status.OK)
    except SystemExit as error:
        # The parser exits where the reader of its output has left; that is for us to answer.
        raise error.__context__ or error from None


def _with_form(arguments: Sequence[str]) -> list[str]:
    """``--stats`` alone means ``--stats=text``: an option whose value may be left out is not known to the parser."""
    options = list(arguments)
    end = options.index("--") if "--" in options else len(options)
    return ["--stats=text" if each == "--stats" and place < end else each for place, each in enumerate(options)]


def _usage(error: typer.TyperException) -> int:
    """A wrong command line; one without any command shows the help instead."""
    message = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        print(message, file=sys.stderr)
    else:
        say(f"zertap: {message} (see `zertap --help`)")
    return Status.USAGE


def _output_failed(error: OSError) -> int:
    """Writing failed outside of a sink (help texts, temporary files); a reader who has left is no failure."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return Status.OK
    say(f"{error.filename or 'standard output'}: {error.strerror}")
    return Status.OUTPUT_FAILED


def _broken(error: BaseException) -> int:
    """What nobody answers for: one line with what broke and where; memory that ran out is no fault of ours."""
    if isinstance(error, MemoryError):
        say("zertap: out of memory: what was written before stands in the output")
        return Status.OUT_OF_MEMORY
    frames = extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    say(f"zertap: internal error: {what}{place}: please report this line with the output of `zertap --version`")
    return Status.INTERNAL
