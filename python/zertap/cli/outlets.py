"""The options of outlets beside the main output, for every command that observes."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

from zertap.cli.declared import Option
from zertap.errors import Usage

if TYPE_CHECKING:
    from zertap.plans import Part
    from zertap.sinks.metrics import Metrics

SyslogOption = Annotated[
    str | None,
    Option(
        "--syslog",
        help="Send syslog messages too: udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT, or a path (/dev/log).",
        metavar="ADDRESS",
    ),
]
KafkaOption = Annotated[
    str | None,
    Option("--kafka", help="Send messages to Kafka too (extra `kafka`).", metavar="HOST:PORT/TOPIC"),
]
MetricsOption = Annotated[
    str | None,
    Option(
        "--metrics",
        help="Metrics for Prometheus while this runs (extra `metrics`), on the loopback unless a host is named.",
        metavar="[HOST:]PORT",
    ),
]


def named(syslog: str | None, kafka: str | None, metrics: str | None) -> Iterator[tuple[str, Any, str]]:
    """What the options say of configuration: on captures nothing is sent that was not asked for. Raises ``Usage``."""
    yield "syslog.address", syslog or "", "--syslog"
    yield "metrics.address", metrics or "", "--metrics"
    yield "kafka.servers", "", "--kafka"
    if kafka is not None:
        servers, slash, topic = kafka.partition("/")
        if not (servers and slash and topic):
            raise Usage(f"--kafka: `{kafka}` is not HOST:PORT/TOPIC")
        yield "kafka.servers", servers, "--kafka"
        yield "kafka.topic", topic, "--kafka"


def following(
    first: "Callable[[Iterable[Part]], Iterable[Part]]", endpoint: "Metrics | None"
) -> "Callable[[Iterable[Part]], Iterable[Part]]":
    """*first*, and the metrics behind it where there are any."""
    if endpoint is None:
        return first
    return lambda parts: endpoint.follow(first(parts))
