"""Prometheus metrics over HTTP, on the loopback unless told otherwise (extra ``metrics``).

Whoever feeds the engine notes its counters after each batch; a scrape reads what was noted last and never touches the
engine. Connections are counted once, by their last row.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from zertap._native import FLAG_BITS, KINDS, EventBatch, __version__, registry
from zertap.errors import MissingExtra, OutputFailed, Usage
from zertap.ledger import Outlet
from zertap.plans import Part
from zertap.protection import PROTOCOLS, VERDICTS

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_LAST = frozenset(KINDS.index(kind) for kind in ("closed", "reset", "replaced", "evicted", "unfinished"))
_SKIPPED = "skipped_"
_COUNTERS = {
    "frames": "Frames that the taps got.",
    "segments": "Of these, TCP segments.",
    "clock_backwards": "Packets whose time lay before an earlier packet's.",
    "connections_opened": "Connections and attempts seen.",
    "connections_established": "Connections that were established.",
    "connections_ended": "Connections that ended by FIN or RST, or were replaced.",
    "connections_evicted": "Connections dropped because the table was full.",
    "half_open_dropped": "Attempts dropped because too many waited.",
    "stragglers": "Segments that came after their connection's end.",
}
_SERVICE = {
    "subscribed": "Subscriptions accepted.",
    "refused": "Subscriptions refused.",
    "sent": "Records handed to subscribers.",
    "lost": "Records that subscribers lost because they were too slow.",
}

Service = Callable[[], Mapping[str, Any]]
"""Gives the status of one record service: ``service``, ``subscribers``, and the keys of its counters."""


class Metrics:
    """What is scraped, and the endpoint. Raises ``MissingExtra``, ``OutputFailed`` where the port cannot be had."""

    def __init__(self, host: str, port: int) -> None:
        try:
            from prometheus_client import CollectorRegistry, start_http_server
        except ImportError:
            raise MissingExtra("metrics need one more package: pip install 'zertap[metrics]'") from None
        self.outlets: list[Outlet] = []
        """The outputs whose accounts are shown."""
        self.services: list[Service] = []
        self.drops: dict[str, int] = {}
        """Packets that never reached the taps, by who dropped them; to be noted by whoever captures."""
        self._connections: Counter[tuple[str, str, str]] = Counter()
        self._flags: Counter[str] = Counter()
        self._engines: dict[int, Mapping[str, int]] = {}
        self._past: Counter[str] = Counter()
        registry = CollectorRegistry()
        registry.register(self)
        try:
            self._server, self._thread = start_http_server(port, host, registry)
        except OSError as error:
            raise OutputFailed(error.strerror or str(error), f"metrics {host}:{port}") from None
        self.address: tuple[str, int] = self._server.server_address[:2]
        """Host and port of the endpoint."""

    def follow(self, parts: Iterable[Part]) -> Iterator[Part]:
        """Hands *parts* on, noting each."""
        for part in parts:
            self.note(part)
            yield part

    def note(self, part: Part) -> None:
        """Counts the connections that ended with *part*, and notes where its engine stands."""
        self._count(part.batch)
        if part.tap is not None:
            self._engines[part.engine] = part.tap.counters()

    def close(self) -> None:
        """Ends the endpoint."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def collect(self) -> "Iterator[Metric]":
        """What a scrape shows."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

        yield InfoMetricFamily("zertap_build", "The program.", value={"version": __version__})
        yield from self._engine_metrics(CounterMetricFamily, GaugeMetricFamily)
        found = CounterMetricFamily(
            "zertap_connections", "Connections, by what protected them.", labels=("verdict", "protocol", "version")
        )
        for labels, count in tuple(self._connections.items()):
            found.add_metric(labels, count)
        yield found
        yield _labelled(
            CounterMetricFamily, "zertap_connections_flagged", "Connections with an anomaly.", "flag", self._flags
        )
        yield _labelled(
            CounterMetricFamily, "zertap_capture_dropped", "Packets that never reached a tap.", "by", self.drops
        )
        yield from self._outlet_metrics(CounterMetricFamily)
        yield from self._service_metrics(CounterMetricFamily, GaugeMetricFamily)

    def _engine_metrics(self, counter: Any, gauge: Any) -> "Iterator[Metric]":
        told = [dict(each) for each in tuple(self._engines.values())]
        total = Counter[str]()
        for each in told:
            total.update(each)
        for name, help_text in _COUNTERS.items():
            if told and name not in total:
                continue  # not counted by engines of this kind, which is not the same as none
            yield counter(f"zertap_{name}", help_text, value=total[name])
        skipped = {name.removeprefix(_SKIPPED): count for name, count in total.items() if name.startswith(_SKIPPED)}
        yield _labelled(counter, "zertap_frames_skipped", "Frames that gave no TCP segment.", "reason", skipped)
        yield gauge(
            "zertap_connections_live", "Connections and attempts in the tables.", value=total["connections_live"]
        )

    def _outlet_metrics(self, counter: Any) -> "Iterator[Metric]":
        for name, help_text in (
            ("taken", "Rows or records that an output was given."),
            ("written", "Of these, those that it wrote or handed over."),
            ("lost", "Of these, those dropped because waiting would have held the tap up."),
        ):
            found = counter(f"zertap_output_{name}", help_text, labels=("output", "of"))
            for each in self.outlets:
                found.add_metric((each.name, each.thing), getattr(each, name))
            yield found

    def _service_metrics(self, counter: Any, gauge: Any) -> "Iterator[Metric]":
        told = [each() for each in self.services]
        found = gauge("zertap_service_subscribers", "Subscribers that are connected.", labels=("service",))
        for each in told:
            found.add_metric((each["service"],), each["subscribers"])
        yield found
        for name, help_text in _SERVICE.items():
            found = counter(f"zertap_service_{name}", help_text, labels=("service",))
            for each in told:
                found.add_metric((each["service"],), each[name])
            yield found

    def _count(self, batch: EventBatch) -> None:
        columns = zip(*(batch.column(name) for name in ("kind", "phase", "profile", "flags")), strict=True)
        versions: dict[int, str] = {}
        for (kind, phase, profile, flags), count in Counter(columns).items():
            if kind not in _LAST:
                continue
            if profile not in versions:
                versions[profile] = _version(batch, profile)
            self._connections[VERDICTS[phase], PROTOCOLS[phase], versions[profile]] += count
            for word, bit in FLAG_BITS.items():
                if flags >> bit & 1:
                    self._flags[word] += count


def _version(batch: EventBatch, number: int) -> str:
    """As outputs show it, without its protocol where it is a number of SSH's."""
    profile = batch.profile(number) or {}
    version = profile.get("version")
    return "" if version is None else _tls_versions().get(version, str(version))


@cache
def _tls_versions() -> dict[int, str]:
    return {row["number"]: row["name"] for row in registry("versions")}


def _labelled(counter: Any, name: str, help_text: str, label: str, values: Mapping[str, int]) -> Any:
    found = counter(name, help_text, labels=(label,))
    for value, count in tuple(values.items()):
        found.add_metric((value,), count)
    return found


def read_address(text: str) -> tuple[str, int]:
    """``PORT``, ``HOST:PORT`` or ``[HOST]:PORT``; the loopback without a host. Raises ``Usage``."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > _LAST_PORT:
        raise Usage(f"`{text}` is no address of a metrics endpoint: for example 9119, or 0.0.0.0:9119")
    return host.strip("[]") or "127.0.0.1", int(port)


_LAST_PORT = 65_535
