"""Live taps: interfaces in, parts out to listeners, and the account of it."""

from zertap.tapping.account import LiveLedger
from zertap.tapping.listeners import Listener, RecordListener, RowListener, RowsWanted, newly_decided
from zertap.tapping.tapping import Tapping

__all__ = [
    "Listener",
    "LiveLedger",
    "RecordListener",
    "RowListener",
    "RowsWanted",
    "Tapping",
    "newly_decided",
]
