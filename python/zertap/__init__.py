"""zertap: which TCP connections were protected by TLS or SSH, and how, as the wire shows it."""

from typing import TYPE_CHECKING, Any

from zertap._native import __version__
from zertap.connection import Connection, SshView, TlsView
from zertap.errors import (
    CaptureDamaged,
    CaptureUnreadable,
    InputDamaged,
    InputUnreadable,
    MissingExtra,
    OutputFailed,
    RecordDamaged,
    RecordsUnreadable,
    ServiceFailed,
    ServiceUnreachable,
    Usage,
    ZertapError,
)
from zertap.explanation import Explanation, Step, explain
from zertap.observation import Observation, Tap, observe
from zertap.protection import Protection
from zertap.pseudonyms import Pseudonyms
from zertap.schema import FIELDS
from zertap.survey import CaptureInfo, info

if TYPE_CHECKING:
    from zertap.service import Subscription, subscribe

__all__ = [
    "FIELDS",
    "CaptureDamaged",
    "CaptureInfo",
    "CaptureUnreadable",
    "Connection",
    "Explanation",
    "InputDamaged",
    "InputUnreadable",
    "MissingExtra",
    "Observation",
    "OutputFailed",
    "Protection",
    "Pseudonyms",
    "RecordDamaged",
    "RecordsUnreadable",
    "ServiceFailed",
    "ServiceUnreachable",
    "SshView",
    "Step",
    "Subscription",
    "Tap",
    "TlsView",
    "Usage",
    "ZertapError",
    "__version__",
    "explain",
    "info",
    "observe",
    "subscribe",
]


def __getattr__(name: str) -> Any:
    """Sockets are loaded only by those who subscribe: they would be a third of the time that an import takes."""
    if name in {"Subscription", "subscribe"}:
        from zertap import service

        return getattr(service, name)
    raise AttributeError(f"module `zertap` has no attribute `{name}`")
