"""What every output shares: the shape of a sink, and a stream whose failures are told in one way.

A sink takes parts (one batch of rows of one input) and writes the chosen rows of each; it keeps no connection longer
than its format needs. One file per format stands beside this one.
"""

import fcntl
import os
import select
import sys
from collections.abc import Sequence
from itertools import accumulate
from typing import BinaryIO, Protocol

from zertap.errors import OutputFailed
from zertap.ledger import Outlet
from zertap.plans import Part


class Sink(Protocol):
    """One output."""

    outlet: Outlet
    """What it was given, and how much of it reached the operating system."""

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """Writes the *rows* of *part*. Raises ``OutputFailed``, ``ReaderGone``."""

    def close(self) -> None:
        """Writes what is still held. Raises as ``write``."""


class ReaderGone(Exception):
    """Whoever read the output has had enough (a closed pipe): no failure, but nothing more can be written."""


class Stream:
    """A file or standard output, written in octets. Raises ``OutputFailed`` where the operating system refuses.

    Nothing waits in a buffer of ours: what ``write`` took stands in the file whatever becomes of this process. One that
    is ``locked`` cannot be locked by anybody else while it is open.
    """

    def __init__(self, path: str | None, *, locked: bool = False) -> None:
        self.name = path or "standard output"
        self.octets = 0
        """Octets that the operating system took."""
        self._file: BinaryIO
        try:
            self._file = open(path, "wb", buffering=0) if path else _standard_output()  # noqa: PTH123, SIM115
            if locked:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise self._failure(error) from None

    def write(self, data: bytes) -> None:
        """Appends *data*."""
        rest = memoryview(data)
        try:
            while rest:
                taken = self._file.write(rest)
                if taken is None:  # a pipe that does not block, and is full
                    select.select([], [self._file], [])
                    continue
                self.octets += taken
                rest = rest[taken:]
        except OSError as error:
            raise self._failure(error) from None

    def write_pieces(self, pieces: Sequence[bytes], outlet: Outlet) -> None:
        """Appends *pieces*; counts in *outlet* those that the operating system took whole, also where it refuses."""
        before = self.octets
        outlet.taken += len(pieces)
        try:
            self.write(b"".join(pieces))
        finally:
            taken = self.octets - before
            outlet.written += sum(end <= taken for end in accumulate(map(len, pieces)))

    def close(self) -> None:
        """Closes a file of our own; standard output is handed over to whoever writes next."""
        try:
            self._file.flush()
            if self.name != "standard output":
                self._file.close()
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> OutputFailed | ReaderGone:
        self._silence()
        if isinstance(error, BrokenPipeError):
            return ReaderGone(self.name)
        return OutputFailed(error.strerror or str(error), self.name)

    def _silence(self) -> None:
        """Sends what Python may still hold for this file nowhere, so that its end brings no second complaint."""
        if not hasattr(self, "_file"):
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._file.fileno())
        os.close(nowhere)


def _standard_output() -> BinaryIO:
    """Standard output without Python's buffer, where it has one."""
    sys.stdout.flush()
    raw: BinaryIO = getattr(sys.stdout.buffer, "raw", sys.stdout.buffer)
    return raw
