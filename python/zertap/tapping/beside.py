"""Who else stands beside a live tap: metrics, and the owners of a host's own connections."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zertap._native import EventBatch, Live
from zertap.configuration import Configuration
from zertap.endpoint import Endpoint
from zertap.ledger import Outlet
from zertap.plans import Part

if TYPE_CHECKING:
    from zertap.sinks.metrics import Metrics

_OF_TAPS = {
    "connections_opened": "opened",
    "connections_ended": "ended",
    "connections_evicted": "evicted",
    "connections_live": "live",
    "clock_backwards": "clock_backwards",
}
"""Names of ``Tap.counters`` and of what each tap of a live capture counts."""


class LiveEngine:
    """All taps of a live capture as one ``Engine``."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def current(self, start: int, most: int) -> tuple[EventBatch, int | None]:
        """See ``Engine.current``."""
        return self._live.current(start, most)

    def counters(self) -> dict[str, int]:
        """See ``Engine.counters``."""
        counts = self._live.counts()
        told = Counter({f"skipped_{word}": count for word, count in counts["skipped"].items()})
        told.update(frames=counts["frames"], segments=counts["segments"])
        for tap in counts["taps"]:
            told.update({name: tap[key] for name, key in _OF_TAPS.items()})
        return dict(told)


class MetricsListener:
    """Keeps the metrics of a live tap; see ``tapping.Listener``."""

    outlets: Sequence[Outlet] = ()

    def __init__(self, metrics: "Metrics", live: Live) -> None:
        self._metrics = metrics
        self._live = live

    def take(self, part: Part) -> None:
        """See ``Listener.take``."""
        self._metrics.note(part)
        counts = self._live.counts()
        self._metrics.drops = {
            "kernel": sum(each["dropped_by_kernel"] for each in counts["interfaces"]),
            "interface": sum(each["dropped_by_interface"] for each in counts["interfaces"]),
            "queue": counts["lost_here"],
        }

    def reconfigure(self, configuration: Configuration, at: int) -> None:
        """Metrics are the same with any configuration."""

    def close(self) -> None:
        """See ``Listener.close``."""
        self._metrics.close()


class EndpointListener:
    """Asks whose the connections are that are opened, and tells the taps what was answered."""

    outlets: Sequence[Outlet] = ()

    def __init__(self, endpoint: Endpoint, live: Live) -> None:
        self._endpoint = endpoint
        self._marks = _Marks(live)

    def take(self, part: Part) -> None:
        """See ``Listener.take``."""
        self._endpoint.attend(self._marks, part.batch)

    def reconfigure(self, configuration: Configuration, at: int) -> None:
        """Owners are the same with any configuration."""

    def close(self) -> None:
        """See ``Listener.close``."""
        self._endpoint.close()


class _Marks:
    """A live capture as what takes answers: its taps look connections up themselves."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._found: tuple[tuple[str, int], tuple[str, int], int] | None = None

    def find(self, one: tuple[str, int], other: tuple[str, int], number: int | None = None) -> int | None:
        """See ``Marked.find``."""
        self._found = (one, other, number) if number else None
        return number

    def mark(self, connection: int, note: int, *, early: bool = False) -> bool:  # noqa: ARG002  it always is
        """See ``Marked.mark``: the connection that was found last."""
        found = self._found
        return found is not None and found[2] == connection and self._live.mark(*found, note)
