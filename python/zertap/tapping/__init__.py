"""Live taps: interfaces in, parts out to listeners, and the account of it."""

from zertap.tapping.account import LiveLedger
from zertap.tapping.beside import EndpointListener, LiveEngine, MetricsListener
from zertap.tapping.listeners import Listener, RecordListener, RowListener, RowsWanted, newly_decided
from zertap.tapping.tapping import Tapping

__all__ = [
    "EndpointListener",
    "Listener",
    "LiveEngine",
    "LiveLedger",
    "MetricsListener",
    "RecordListener",
    "RowListener",
    "RowsWanted",
    "Tapping",
    "newly_decided",
]
