"""What every output shares: the shape of a sink, and a stream whose failures are told in one way.

A sink takes parts (one batch of rows of one input) and writes the chosen rows of each; it keeps no connection longer
than its format needs. One file per format stands beside this one.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from zertap.errors import OutputFailed
from zertap.plans import Part


class Sink(Protocol):
    """One output."""

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """Writes the *rows* of *part*. Raises ``OutputFailed``, ``ReaderGone``."""

    def close(self) -> None:
        """Writes what is still held. Raises as ``write``."""


class ReaderGone(Exception):
    """Whoever read the output has had enough (a closed pipe): no failure, but nothing more can be written."""


class Stream:
    """A file or standard output, written in octets. Raises ``OutputFailed`` where the operating system refuses."""

    def __init__(self, path: str | None) -> None:
        self.name = path or "standard output"
        self._file: BinaryIO
        try:
            self._file = Path(path).open("wb") if path else sys.stdout.buffer  # noqa: SIM115  it lives as long as the sink
        except OSError as error:
            raise self._failure(error) from None

    def write(self, data: bytes) -> None:
        """Appends *data*; it may wait in a buffer until ``close``."""
        try:
            self._file.write(data)
        except OSError as error:
            raise self._failure(error) from None

    def close(self) -> None:
        """Hands everything to the operating system, and closes a file of our own."""
        try:
            self._file.flush()
            if self._file is not sys.stdout.buffer:
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
