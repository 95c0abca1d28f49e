"""zertap: which TCP connections were protected by TLS or SSH, and how, as the wire shows it."""

from zertap._native import __version__
from zertap.advice import SshAdvice, TlsAdvice
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
    Usage,
    ZertapError,
)
from zertap.explanation import Explanation, Step, explain
from zertap.feed import Feed
from zertap.observation import Observation, observe
from zertap.protection import Protection
from zertap.pseudonyms import Pseudonyms
from zertap.schema import FIELDS
from zertap.survey import CaptureInfo, info
from zertap.tap import Tap

__all__ = [
    "FIELDS",
    "CaptureDamaged",
    "CaptureInfo",
    "CaptureUnreadable",
    "Connection",
    "Explanation",
    "Feed",
    "InputDamaged",
    "InputUnreadable",
    "MissingExtra",
    "Observation",
    "OutputFailed",
    "Protection",
    "Pseudonyms",
    "RecordDamaged",
    "RecordsUnreadable",
    "SshAdvice",
    "SshView",
    "Step",
    "Tap",
    "TlsAdvice",
    "TlsView",
    "Usage",
    "ZertapError",
    "__version__",
    "explain",
    "info",
    "observe",
]
