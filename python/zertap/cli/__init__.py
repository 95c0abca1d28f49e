"""The command line: one file per command; this one runs them and turns every end into an exit status.

A plain command line loads its command and nothing else. Help, complaints and completion are the parser's (``program``).
Heavy things (rich, DuckDB) are imported inside the commands that use them.
"""

import gc
import os
import sys
from collections.abc import Sequence
from typing import Any

from zertap.cli.commands import HELP, load, named, show_version
from zertap.cli.plain import reading
from zertap.cli.status import SHORTAGE, Status, Stopped, Told, say, status_of
from zertap.errors import ZertapError

__all__ = ["HELP", "app", "main"]


def __getattr__(name: str) -> Any:
    """``app``: the whole program, made when somebody asks for it."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from zertap.cli.program import app

    return globals().setdefault("app", app())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status. No exception leaves it and no traceback is shown."""
    Told.shortage = False
    if arguments is None:
        gc.disable()  # the process is ours: what it loads stays, and need not be looked through for what might go
    status = _run(arguments)
    try:
        sys.stdout.flush()
    except OSError as error:
        status = max(status, _output_failed(error))
    return status


def _run(arguments: Sequence[str] | None) -> int:
    try:
        return _command(_with_form(sys.argv[1:] if arguments is None else arguments), alone=arguments is None)
    except ZertapError as error:
        say(str(error) if error.file else f"zertap: {error}")
        return status_of(error)
    except OSError as error:
        return _output_failed(error)
    except (KeyboardInterrupt, Stopped):
        return Status.SIGINT
    except BaseException as error:  # noqa: BLE001  the last door: also a panic of the engine ends in one line
        return _broken(error)


def _command(arguments: list[str], *, alone: bool) -> int:
    """Runs one command; what it returns. *alone*: the process is ours."""
    if COMPLETION not in os.environ:
        if arguments == ["--version"]:
            show_version()
            return Status.OK
        found = named(arguments)
        if found:
            command = load(found[0])
            given = reading(command, found[1])
            if given is not None:
                if alone:
                    gc.freeze()
                    gc.enable()
                return int(command(**given) or Status.OK)
    from zertap.cli import program

    if alone:
        gc.enable()
    return program.run(arguments)


COMPLETION = "_ZERTAP_COMPLETE"
"""The environment variable by which a shell asks how a command line may go on."""


def _with_form(arguments: Sequence[str]) -> list[str]:
    """``--stats`` alone means ``--stats=text``: an option whose value may be left out is not known to the parser."""
    options = list(arguments)
    end = options.index("--") if "--" in options else len(options)
    return ["--stats=text" if each == "--stats" and place < end else each for place, each in enumerate(options)]


def _output_failed(error: OSError) -> int:
    """Writing failed outside of a sink (help texts, temporary files); a reader who has left is no failure."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return Status.OK
    say(f"{error.filename or 'standard output'}: {error.strerror}")
    return Status.OUTPUT_FAILED


LIBRARY = 16 << 20
"""Room for any library that is loaded when it is first needed. Unit: octets."""


def _is_memory_short() -> bool:
    """Whether a library would find no room: then that is what broke, whatever was made of it on the way.

    The loader of libraries has only words for it (`ImportError`, `failed to map segment`), `hashlib` goes on without
    what it could not load (`cannot import name`), and CPython's own loader loses the error (`SystemError`).
    """
    try:
        bytearray(LIBRARY)
    except MemoryError:
        return True
    return False


def _broken(error: BaseException) -> int:
    """What nobody answers for: one line with what broke and where; memory that ran out is no fault of ours."""
    if isinstance(error, MemoryError) or _is_memory_short():
        say(f"{SHORTAGE}: what was written before stands in the output")
        return Status.OUT_OF_MEMORY
    # Not before: where memory is short there is none to load them.
    from pathlib import Path
    from traceback import extract_tb

    frames = extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    say(f"zertap: internal error: {what}{place}: please report this line with the output of `zertap --version`")
    return Status.INTERNAL
