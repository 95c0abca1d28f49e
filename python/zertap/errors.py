"""What can go wrong outside the wire: misuse, unreadable input, damaged input, failed output.

The whole tree stands here; the native module raises these very classes. What the wire says wrong is never an
exception: it is a reason, a flag or a counter in the data.

::

    ZertapError
    ├── Usage                 the caller asked for something that cannot be
    │   └── MissingExtra      an optional package is not installed
    ├── InputUnreadable       nothing could be read
    │   ├── CaptureUnreadable
    │   ├── InterfaceUnavailable
    │   ├── RecordsUnreadable
    │   └── ServiceUnreachable
    ├── InputDamaged          everything before the damage was delivered
    │   ├── CaptureDamaged
    │   ├── InterfaceLost
    │   ├── RecordDamaged
    │   └── ServiceFailed
    ├── OutputFailed          the results could not be written
    ├── OutOfMemory           no memory to go on; also a ``MemoryError``
    └── LedgerMismatch        the program's own account does not balance: a fault of ours
"""


class ZertapError(Exception):
    """Base of all exceptions of this package.

    ``reason`` is one line of plain words; ``file`` and ``offset`` (octets from the file's start) are ``None``
    where they mean nothing. The text of the exception is one line: ``FILE: offset N: reason``.
    """

    def __init__(self, reason: str, file: str | None = None, offset: int | None = None) -> None:
        super().__init__(reason, file, offset)
        self.reason = reason
        self.file = file
        self.offset = offset

    def __str__(self) -> str:
        place = [] if self.file is None else [self.file]
        if self.offset is not None:
            place.append(f"offset {self.offset}")
        return " ".join(": ".join([*place, self.reason]).splitlines())


class Usage(ZertapError):
    """The request itself makes no sense: an unknown field, an option that does not fit, a bad expression."""


class MissingExtra(Usage):
    """The request needs an optional package that is not installed; ``reason`` names it."""


class InputUnreadable(ZertapError):
    """An input of which nothing could be read."""


class CaptureUnreadable(InputUnreadable):
    """Not a capture, empty, not permitted, or of a kind that is not supported."""


class InterfaceUnavailable(InputUnreadable):
    """A network interface that cannot be opened: there is none of this name, or the permission is missing."""


class RecordsUnreadable(InputUnreadable):
    """No file, an empty one, or not permitted."""


class ServiceUnreachable(InputUnreadable):
    """A record service that cannot be subscribed to: nobody is there, or it is not permitted."""


class InputDamaged(ZertapError):
    """An input that breaks off or breaks its own format; what stands before ``offset`` was delivered."""


class CaptureDamaged(InputDamaged):
    """A capture file that is cut short or malformed at ``offset``."""


class InterfaceLost(InputDamaged):
    """A network interface that was being read and went down or away."""


class RecordDamaged(InputDamaged):
    """A record whose bytes contradict its layout, or octets that are no record."""


class ServiceFailed(InputDamaged):
    """A record service that broke off, refused, or does not speak as one; what came before was delivered."""


class OutputFailed(ZertapError):
    """The results could not be written: disk full, no permission, a directory."""


class OutOfMemory(ZertapError, MemoryError):
    """There is no memory to go on. What was observed before can still be fetched, but for open connections."""


class LedgerMismatch(ZertapError):
    """The account of a run does not balance: something was lost or counted twice, which is a fault of this program."""
