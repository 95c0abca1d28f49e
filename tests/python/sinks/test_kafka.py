"""Kafka: produced and consumed through a broker that librdkafka itself plays; lost messages are counted."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zertap.errors import Usage
from zertap.sinks.kafka import Producer, key_of_record, read_properties

kafka = pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")

TOUR = Path(__file__).parents[3] / "pcaps" / "tour.pcap"


def zertap(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zertap", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """Its address; it lives as long as the client that plays it."""
    player = kafka.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none"})
    (found,) = player.list_topics(timeout=20).brokers.values()
    yield f"{found.host}:{found.port}"
    del player


def consumed(broker: str, topic: str, number: int) -> list[tuple[str, dict[str, Any]]]:
    """So many messages of a topic, with their keys."""
    consumer = kafka.Consumer({"bootstrap.servers": broker, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    found: list[tuple[str, dict[str, Any]]] = []
    until = time.monotonic() + 30
    while len(found) < number and time.monotonic() < until:
        message = consumer.poll(0.5)
        if message is not None and not message.error():
            found.append((message.key().decode(), json.loads(message.value())))
    consumer.close()
    return found


def test_every_record_arrives_under_its_key(broker: str) -> None:
    done = zertap("records", TOUR, "--kafka", f"{broker}/records", "--stats=json")
    assert done.returncode == 0, done.stderr
    account = json.loads(done.stderr.splitlines()[-1])
    (outlet,) = account["outputs"]
    assert account["balanced"]
    assert outlet["taken"] == outlet["written"] > 10
    found = consumed(broker, "records", outlet["taken"])
    readable = zertap("records", TOUR, "-f", "jsonl", "--names", "readable").stdout
    expected = [json.loads(line) for line in readable.splitlines()]
    assert sorted(map(str, found)) == sorted(str((key_of_record(record), record)) for record in expected)


def test_every_connection_arrives_under_its_uid(broker: str) -> None:
    done = zertap("observe", TOUR, "--kafka", f"{broker}/connections")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    found = consumed(broker, "connections", len(rows))
    assert sorted(key for key, _ in found) == sorted(row["uid"] for row in rows)
    assert {key: row["verdict"] for key, row in found} == {row["uid"]: row["verdict"] for row in rows}


def test_summaries_bear_their_session_as_key(broker: str) -> None:
    assert zertap("records", TOUR, "--summary", "--kafka", f"{broker}/summaries").returncode == 0
    found = consumed(broker, "summaries", 5)
    assert {key == record["common"]["session_id"] for key, record in found} == {True}


def test_a_full_queue_and_a_broker_that_is_away_cost_messages_and_never_time() -> None:
    producer = Producer("127.0.0.1:1", "t", {"message.timeout.ms": "300"}, limit=100)
    begun = time.monotonic()
    producer.put(("key", b"x") for _ in range(5000))
    assert time.monotonic() - begun < 2
    producer.close()
    outlet = producer.outlet
    assert (outlet.taken, outlet.written, outlet.lost) == (5000, 0, 5000)
    assert producer.trouble


def test_settings_of_the_client_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "k.properties"
    file.write_text("# comment\n\nacks = all\nlinger.ms=5\n")
    assert read_properties(str(file)) == {"acks": "all", "linger.ms": "5"}
    file.write_text("acks\n")
    with pytest.raises(Usage, match="line 1: not `name=value`"):
        read_properties(str(file))
    with pytest.raises(Usage, match="No such file"):
        read_properties(str(tmp_path / "none"))
    with pytest.raises(Usage, match=r"no\.such\.setting"):
        Producer("h:1", "t", {"no.such.setting": "1"})


@pytest.mark.parametrize("address", ["broker:9092", "/topic", "broker:9092/"])
def test_an_address_without_a_topic_is_refused(address: str) -> None:
    done = zertap("observe", TOUR, "--kafka", address)
    assert (done.returncode, done.stderr) == (2, f"zertap: --kafka: `{address}` is not HOST:PORT/TOPIC\n")
