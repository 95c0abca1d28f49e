"""zertap: which TCP connections were protected by TLS or SSH, and how, as the wire shows it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zertap._native import __version__

if TYPE_CHECKING:
    from zertap.advice import SshAdvice, TlsAdvice
    from zertap.columnar import Columns, columns
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
    from zertap.feed import Feed
    from zertap.observation import Observation, observe
    from zertap.passing import Connections, connections
    from zertap.protection import Protection
    from zertap.pseudonyms import Pseudonyms
    from zertap.schema import FIELDS
    from zertap.service import Subscription, subscribe
    from zertap.survey import CaptureInfo, info
    from zertap.tap import Tap

_HOMES = {
    "zertap.advice": ("SshAdvice", "TlsAdvice"),
    "zertap.columnar": ("Columns", "columns"),
    "zertap.connection": ("Connection", "SshView", "TlsView"),
    "zertap.errors": (
        "CaptureDamaged",
        "CaptureUnreadable",
        "InputDamaged",
        "InputUnreadable",
        "MissingExtra",
        "OutputFailed",
        "RecordDamaged",
        "RecordsUnreadable",
        "ServiceFailed",
        "ServiceUnreachable",
        "Usage",
        "ZertapError",
    ),
    "zertap.explanation": ("Explanation", "Step", "explain"),
    "zertap.feed": ("Feed",),
    "zertap.observation": ("Observation", "observe"),
    "zertap.passing": ("Connections", "connections"),
    "zertap.protection": ("Protection",),
    "zertap.pseudonyms": ("Pseudonyms",),
    "zertap.schema": ("FIELDS",),
    "zertap.service": ("Subscription", "subscribe"),
    "zertap.survey": ("CaptureInfo", "info"),
    "zertap.tap": ("Tap",),
}
"""Where these names are made: imported when they are first asked for, so that a command brings only what it needs."""

__all__ = [
    "FIELDS",
    "CaptureDamaged",
    "CaptureInfo",
    "CaptureUnreadable",
    "Columns",
    "Connection",
    "Connections",
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
    "ServiceFailed",
    "ServiceUnreachable",
    "SshAdvice",
    "SshView",
    "Step",
    "Subscription",
    "Tap",
    "TlsAdvice",
    "TlsView",
    "Usage",
    "ZertapError",
    "__version__",
    "columns",
    "connections",
    "explain",
    "info",
    "observe",
    "subscribe",
]


def __getattr__(name: str) -> Any:
    """The library's names, from their homes."""
    for home, names in _HOMES.items():
        if name in names:
            found = getattr(import_module(home), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The names that ``import *`` gives, before any was asked for."""
    return sorted({*globals(), *__all__})
