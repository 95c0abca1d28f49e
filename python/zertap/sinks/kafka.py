"""Kafka: every record or connection as a message, through librdkafka (extra ``kafka``).

The client has its own thread and its own bounded queue; what finds no room there, and what is not confirmed in time,
is lost and counted. A message's key keeps what belongs together in one partition, and so in order: of a connection its
``uid``, of a detail record both ends, of a summary the session.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from zertap.errors import MissingExtra, Usage
from zertap.ledger import Outlet
from zertap.plans import Part, Plans
from zertap.schema import Field
from zertap.sinks.shown import Look
from zertap.zert.views import Names, nested

_OBJECTS = msgspec.json.Decoder(dict[str, Any])
_LINGER = 10.0


class Producer:
    """One topic. ``outlet.written`` counts what a broker confirmed. *patience*: as for ``Sender``.

    *properties*: more settings of librdkafka, by its own names. Raises ``MissingExtra``, ``Usage``.
    """

    def __init__(
        self,
        servers: str,
        topic: str,
        properties: Mapping[str, str],
        *,
        limit: int = 100_000,
        patience: float = 0.0,
        thing: str = "records",
    ) -> None:
        try:
            from confluent_kafka import KafkaException
            from confluent_kafka import Producer as Client
        except ImportError:
            raise MissingExtra("Kafka needs one more package: pip install 'zertap[kafka]'") from None
        ours = {"bootstrap.servers": servers, "client.id": "zertap", "queue.buffering.max.messages": limit}
        self.outlet = Outlet(f"kafka {servers}/{topic}", thing)
        self.trouble: str | None = None
        """Why a message was not delivered, the last time."""
        self._topic = topic
        self._patience = patience
        self._given_up = False
        try:
            self._client = Client({**ours, **properties, "error_cb": self._troubled}, logger=_Quiet())
        except (KafkaException, ValueError) as error:
            raise Usage(f"kafka: {_told(error)}") from None

    def put(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Hands over messages with their keys."""
        for key, value in messages:
            self.outlet.taken += 1
            if not self._produced(key, value):
                self.outlet.lost += 1
        self._client.poll(0)

    def close(self) -> None:
        """Waits shortly for what is under way; the rest is lost and counted."""
        self._client.flush(_LINGER)
        self._client.purge()
        self._client.flush(1)

    def _produced(self, key: str, value: bytes) -> bool:
        until = monotonic() + (0 if self._given_up else self._patience)
        while True:
            try:
                self._client.produce(self._topic, value, key, on_delivery=self._delivered)
            except BufferError:
                if monotonic() >= until:
                    self._given_up = True
                    return False
                before = self.outlet.written
                self._client.poll(0.05)
                until = until if before == self.outlet.written else monotonic() + self._patience
            else:
                return True

    def _delivered(self, error: object, _message: object) -> None:
        if error is None:
            self._given_up = False
            self.outlet.written += 1
        else:
            self.outlet.lost += 1
            self.trouble = str(error)

    def _troubled(self, error: object) -> None:
        self.trouble = str(error)


class KafkaRecords:
    """An ``Output``: each record as JSON with the names of ``zertap decode --readable``."""

    def __init__(self, producer: Producer) -> None:
        self.outlet = producer.outlet
        self._producer = producer
        self._decoder = Look(Names.READABLE, "plain").decoder(nested(Names.READABLE))

    def write(self, octets: bytes, records: int) -> None:  # noqa: ARG002  counted as they are delivered
        """See ``Output.write``. Raises nothing."""
        self._decoder.feed(octets)
        lines = self._decoder.jsonl().splitlines()
        self._producer.put((key_of_record(_OBJECTS.decode(line)), line) for line in lines)

    def close(self) -> None:
        """See ``Output.close``."""
        self._producer.close()


class KafkaRows:
    """A ``Sink``: each connection as ``zertap observe`` writes it."""

    def __init__(self, producer: Producer, fields: Sequence[Field]) -> None:
        self.outlet = producer.outlet
        self._producer = producer
        self._plans = Plans(fields)

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``. Raises nothing."""
        lines = part.batch.jsonl(self._plans.of(part), rows).splitlines()
        self._producer.put((_OBJECTS.decode(line)["uid"], line) for line in lines)

    def close(self) -> None:
        """See ``Sink.close``."""
        self._producer.close()


def key_of_record(record: Mapping[str, Any]) -> str:
    """What keeps together what belongs together."""
    common = record["common"]
    if record["record"] == "119-12":
        return str(common["session_id"])
    remote, local = ((common[f"{side}_address"], common[f"{side}_port"]) for side in ("remote", "local"))
    return f"{remote[0]} {remote[1]} {local[0]} {local[1]}"


def read_properties(path: str) -> dict[str, str]:
    """Settings in a file, ``name=value`` a line; ``#`` begins a comment. Raises ``Usage``."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(getattr(error, "strerror", None) or str(error), path) from None
    found = {}
    for number, line in enumerate(lines, start=1):
        name, equals, value = line.strip().partition("=")
        if not name or name.startswith("#"):
            continue
        if not equals:
            raise Usage(f"line {number}: not `name=value`", path)
        found[name.strip()] = value.strip()
    return found


class _Quiet:
    """Takes what the client would log: outlets tell of trouble in their account."""

    def log(self, *_: object) -> None:
        """Nothing."""


def _told(error: Exception) -> str:
    first = error.args[0] if error.args else error
    return str(getattr(first, "str", lambda: first)())
