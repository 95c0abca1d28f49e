"""Exit statuses, and the one line on standard error that goes with each of them.

The highest status wins where several things happened; a signal ends the work and beats them all.
"""

import os
import sys
from contextlib import suppress
from enum import IntEnum
from typing import Final

from zertap.errors import InputDamaged, InputUnreadable, OutOfMemory, OutputFailed, Usage, ZertapError


class Status(IntEnum):
    """What the program's exit status says."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    UNREADABLE = 3
    DAMAGED = 4
    OUTPUT_FAILED = 5
    INTERNAL = 70
    OUT_OF_MEMORY = 71  # the native module ends with it where not even an exception can be raised: memory.rs
    SIGINT = 130
    SIGTERM = 143


class Stopped(BaseException):
    """A signal arrived while the engine was reading."""


_BY_ERROR: Final[tuple[tuple[type[ZertapError], Status], ...]] = (
    (Usage, Status.USAGE),
    (InputUnreadable, Status.UNREADABLE),
    (InputDamaged, Status.DAMAGED),
    (OutputFailed, Status.OUTPUT_FAILED),
    (OutOfMemory, Status.OUT_OF_MEMORY),
)


class Outcome:
    """Remembers the worst of what happened, and tells each of it at once."""

    def __init__(self) -> None:
        self.status = Status.OK

    def worsen(self, status: Status) -> None:
        """*status* happened."""
        self.status = max(self.status, status)

    def tell(self, error: ZertapError) -> None:
        """*error* happened: one line on standard error."""
        self.worsen(status_of(error))
        say(str(error) if error.file else f"zertap: {error}")


def status_of(error: ZertapError) -> Status:
    """The exit status for *error*."""
    return next((status for kind, status in _BY_ERROR if isinstance(error, kind)), Status.INTERNAL)


SHORTAGE = "zertap: out of memory"
"""How the line begins that tells of it."""


_LAST_WORDS: Final = b"zertap: out of memory\n"


class Told:
    """What one run has said that must not be said twice."""

    shortage = False
    """That memory ran out: whoever notices it next, while what was observed is delivered, has nothing to add."""


def say(line: str) -> None:
    """One line on standard error, where anybody still listens; control characters as escapes."""
    shortage = line.startswith(SHORTAGE)
    if shortage and Told.shortage:
        return
    Told.shortage |= shortage
    try:
        shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)
        with suppress(OSError):
            print(shown, file=sys.stderr, flush=True)
    except MemoryError:
        if not shortage:
            raise
        # Not even for that line; this one stands ready.
        os.write(2, _LAST_WORDS)
    native = sys.modules.get("zertap._native")
    if Told.shortage and native is not None:
        native.shortage_told()
