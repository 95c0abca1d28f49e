"""The outlets beside the main output that a configuration asks for: syslog, Kafka, metrics. Loaded where they are used.

*patience*: seconds that a full queue is waited for while it moves. None for a tap; a replay can wait.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zertap.configuration import Configuration
from zertap.schema import Field
from zertap.sinks.base import Sink
from zertap.sinks.octets import Output

if TYPE_CHECKING:
    from zertap.sinks.kafka import Producer
    from zertap.sinks.metrics import Metrics
    from zertap.sinks.sending import Sender
    from zertap.sinks.syslog_form import Form

REPLAY = 10.0
"""Patience of a replay."""


def record_outlets(configuration: Configuration, *, patience: float = 0.0) -> list[Output]:
    """Those that take records. Raises ``Usage``, ``MissingExtra``."""
    found: list[Output] = []
    if configuration["syslog.address"]:
        from zertap.sinks.syslog import SyslogRecords

        found.append(SyslogRecords(*_syslog(configuration, patience, "records"), configuration["syslog.level"]))
    if configuration["kafka.servers"]:
        from zertap.sinks.kafka import KafkaRecords

        found.append(KafkaRecords(_kafka(configuration, patience, "records")))
    return found


def row_outlets(configuration: Configuration, fields: Sequence[Field], *, patience: float = 0.0) -> list[Sink]:
    """Those that take connections, with these *fields*. Raises ``Usage``, ``MissingExtra``."""
    found: list[Sink] = []
    if configuration["syslog.address"]:
        from zertap.sinks.syslog import SyslogRows

        level = configuration["syslog.level"]
        found.append(SyslogRows(*_syslog(configuration, patience, "rows"), level, fields))
    if configuration["kafka.servers"]:
        from zertap.sinks.kafka import KafkaRows

        found.append(KafkaRows(_kafka(configuration, patience, "rows"), fields))
    return found


def metrics(configuration: Configuration) -> "Metrics | None":
    """The endpoint, if there is to be one. Raises ``Usage``, ``MissingExtra``, ``OutputFailed``."""
    if not configuration["metrics.address"]:
        return None
    from zertap.sinks.metrics import Metrics, read_address

    return Metrics(*read_address(configuration["metrics.address"]))


def _syslog(configuration: Configuration, patience: float, thing: str) -> "tuple[Sender, Form]":
    from zertap.sinks.sending import Sender
    from zertap.sinks.syslog_form import Form
    from zertap.sinks.syslog_lines import Proof, line_to

    proof = Proof(*(configuration[f"syslog.{name}"] for name in ("authorities", "certificate", "key")))
    line, usual = line_to(configuration["syslog.address"], proof)
    longest = configuration["syslog.max_octets"] or usual
    host = {"host": configuration["syslog.host"]} if configuration["syslog.host"] else {}
    sender = Sender(line, limit=configuration["syslog.queue"], patience=patience, thing=thing)
    return sender, Form(configuration["syslog.enterprise"], longest, **host)


def _kafka(configuration: Configuration, patience: float, thing: str) -> "Producer":
    from zertap.sinks.kafka import Producer, read_properties

    properties = read_properties(configuration["kafka.properties"]) if configuration["kafka.properties"] else {}
    return Producer(
        configuration["kafka.servers"],
        configuration["kafka.topic"],
        properties,
        limit=configuration["kafka.queue"],
        patience=patience,
        thing=thing,
    )
