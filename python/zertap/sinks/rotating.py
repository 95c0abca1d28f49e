"""SMF files in a folder, one after the other: each is finished when it is large or old enough.

What is being written has a name that begins with a dot and ends in ``.part``, and is locked by its writer. When it is
finished it is made durable and then renamed, so a file with a finished name holds whole records, whatever happens to
this process. What a killed writer left is finished when the next one begins: its whole records are kept, the octets
behind them, which are less than one record, are not.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from zertap._native import records_in
from zertap.errors import OutputFailed
from zertap.ledger import Outlet
from zertap.sinks.base import Stream
from zertap.smf.framing import RDW_SIZE

_PREFIX, _SUFFIX, _PART = "zertap-", ".smf", ".part"


class Rotating:
    """An output of records (``sinks.octets.Output``). ``size`` in octets, ``age`` in seconds; ``None``: no bound.

    Raises ``OutputFailed`` where the folder cannot be used. A file begins with its first record.
    """

    def __init__(self, folder: str, *, size: int | None = None, age: float | None = None) -> None:
        self._folder = Path(folder)
        self._size, self._age = size, age
        self._stream: Stream | None = None
        self._part = Path()
        self._began = 0.0
        self.finished = 0
        """Files finished so far."""
        self.salvaged: list[str] = []
        """Names of files that killed writers had left, finished now."""
        self.outlet = Outlet(folder, "records")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self.salvaged += [str(path) for path in salvage(self._folder)]
            (probe := self._folder / f".{_PREFIX}probe-{os.getpid()}").touch()
            probe.unlink()
        except OSError as error:
            raise OutputFailed(error.strerror or str(error), folder) from None

    def write(self, octets: bytes, records: int) -> None:
        """See ``Output.write``."""
        stream = self._stream or self._begin()
        before = stream.octets
        self.outlet.taken += records
        try:
            stream.write(octets)
        except BaseException:
            self.outlet.written += records_in(octets[: stream.octets - before])
            self._rescue()
            raise
        self.outlet.written += records
        if self._size is not None and stream.octets >= self._size:
            self.finish()

    def tick(self) -> None:
        """Finishes a file that is old enough. To be called now and then."""
        if self._stream and self._age is not None and time.monotonic() - self._began >= self._age:
            self.finish()

    def close(self) -> None:
        """See ``Output.close``."""
        self.finish()

    def finish(self) -> None:
        """The file that is being written is whole; the next record begins another. Raises ``OutputFailed``."""
        if self._stream is None:
            return
        stream, self._stream = self._stream, None
        stream.close()
        try:
            _complete(self._part)
            self.finished += 1
        except OSError as error:
            raise OutputFailed(error.strerror or str(error), str(self._part)) from None

    def _begin(self) -> Stream:
        """A new part, locked as long as it is open."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        self._part = self._folder / f".{_PREFIX}{stamp}-{os.getpid()}{_SUFFIX}{_PART}"
        self._stream = Stream(str(self._part), locked=True)
        self._began = time.monotonic()
        return self._stream

    def _rescue(self) -> None:
        """The disk is full: what is whole is finished nevertheless, which takes no room."""
        self._stream = None
        with suppress(OSError):
            self.finished += _salvage(self._part) is not None


def salvage(folder: Path) -> Iterator[Path]:
    """Finishes what killed writers left in *folder*; parts whose writers live are left alone. Raises ``OSError``."""
    for part in sorted(folder.glob(f".{_PREFIX}*{_SUFFIX}{_PART}")):
        with part.open("rb+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if finished := _salvage(part):
                yield finished


def _salvage(part: Path) -> Path | None:
    """Cuts *part* behind its last whole record and finishes it; one without any is removed."""
    whole = _whole_octets(part)
    if not whole:
        part.unlink()
        return None
    os.truncate(part, whole)
    return _complete(part)


def _whole_octets(part: Path) -> int:
    """Where the last whole record ends, by the lengths in the descriptor words."""
    end, size = 0, part.stat().st_size
    with part.open("rb") as file:
        while head := file.read(RDW_SIZE):
            length = int.from_bytes(head[:2])
            if len(head) < RDW_SIZE or length < RDW_SIZE or end + length > size:
                break
            end += length
            file.seek(end)
    return end


def _complete(part: Path) -> Path:
    """Makes *part* durable, then gives it its finished name."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    path = part.with_name(part.name.removeprefix(".").removesuffix(_PART))
    part.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return path
