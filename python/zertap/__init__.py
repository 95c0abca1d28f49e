"""zertap: which TCP connections were protected by TLS or SSH, and how, as the wire shows it."""

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
from zertap.service import Subscription, subscribe
from zertap.survey import CaptureInfo, info

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
