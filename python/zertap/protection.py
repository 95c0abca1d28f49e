"""What the wire has shown, and what it means: the one dictionary between the two vocabularies.

The engine says what was *seen* (a phase: "both sides sent Finished"); this table says what that *means* for the
connection's protection, in the eight words of EDGE_CASES A1. No other place decides it. The table is total over the
engine's phases (a test proves it), so every row has exactly one verdict and one protocol.

Rulings that the table carries:

- ``SNIFFING`` (one or two octets that may begin a handshake) is still ``no_traffic``: too few to call it clear (A3).
- ``TLS_PROVISIONAL`` (TLS 1.3, the server may yet refuse the client's certificate) shows as ``protected`` (A5).
- ``TLS_THEN_CLEAR`` keeps the protocol it had: the row's TLS facts are those of the time under protection (A7).
"""

from enum import IntEnum
from typing import Final, Literal

from zertap._native import PHASES, EventBatch

Protocol = Literal["tls", "ssh", "none"]


class Protection(IntEnum):
    """State of one connection; exactly one at any time."""

    NO_TRAFFIC = 0
    PLAINTEXT = 1
    IN_PROGRESS = 2
    FAILED = 3
    PROTECTED = 4
    ENDED_CLEAR = 5
    UNMONITORED = 6
    UNDETERMINED = 7

    @property
    def word(self) -> str:
        """The word that every output uses, in its field ``verdict``."""
        return self.name.lower()


TABLE: Final[dict[str, tuple[Protection, Protocol]]] = {
    "SILENT": (Protection.NO_TRAFFIC, "none"),
    "SNIFFING": (Protection.NO_TRAFFIC, "none"),
    "CLEAR": (Protection.PLAINTEXT, "none"),
    "TLS_BEGUN": (Protection.IN_PROGRESS, "tls"),
    "TLS_AGREED": (Protection.IN_PROGRESS, "tls"),
    "TLS_PROVISIONAL": (Protection.PROTECTED, "tls"),
    "TLS_COMPLETE": (Protection.PROTECTED, "tls"),
    "TLS_FAILED": (Protection.FAILED, "tls"),
    "TLS_THEN_CLEAR": (Protection.ENDED_CLEAR, "tls"),
    "TLS_LOST": (Protection.UNDETERMINED, "tls"),
    "SSH_BEGUN": (Protection.IN_PROGRESS, "ssh"),
    "SSH_AGREED": (Protection.IN_PROGRESS, "ssh"),
    "SSH_COMPLETE": (Protection.PROTECTED, "ssh"),
    "SSH_FAILED": (Protection.FAILED, "ssh"),
    "SSH_LOST": (Protection.UNDETERMINED, "ssh"),
    "UNSEEN": (Protection.UNMONITORED, "none"),
}
"""Phase name to meaning."""

BY_PHASE: Final[tuple[tuple[Protection, Protocol], ...]] = tuple(TABLE[phase] for phase in PHASES)
"""The same by phase number."""

VERDICTS: Final[tuple[str, ...]] = tuple(protection.word for protection, _ in BY_PHASE)
"""Verdict word by phase number."""

PROTOCOLS: Final[tuple[Protocol, ...]] = tuple(protocol for _, protocol in BY_PHASE)
"""Protocol word by phase number."""

_COLUMN: Final[bytes] = bytes(protection for protection, _ in BY_PHASE).ljust(256, b"\xff")


def protection_column(batch: EventBatch) -> bytes:
    """Protection state of every row in *batch*.

    Shape: one byte per row, in row order; values are ``Protection`` members.
    Raises: nothing; the table is total over the engine's phases.
    """
    return bytes(batch.column("phase")).translate(_COLUMN)
