"""Metrics: what a scrape shows, read by Prometheus' own parser; names by its conventions."""

import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from zertap.configuration import parse
from zertap.errors import OutputFailed, Usage
from zertap.ledger import Outlet
from zertap.pipeline import Reading, Request
from zertap.service import Kind, Service
from zertap.sinks.metrics import Metrics, read_address

pytest.importorskip("prometheus_client", reason="the extra `metrics` is not installed")

TOUR = Path(__file__).parents[3] / "pcaps" / "tour.pcap"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scraped(port: int, host: str = "127.0.0.1") -> str:
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as answer:
        return str(answer.read(), "utf-8")


def scraped_soon(port: int) -> str:
    """The first scrape of a program that has only just begun."""
    until = time.monotonic() + 20
    while True:
        try:
            return scraped(port)
        except urllib.error.URLError:
            assert time.monotonic() < until
            time.sleep(0.05)


def samples(text: str) -> Samples:
    from prometheus_client.parser import text_string_to_metric_families

    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, "no sample twice"
            found[key] = sample.value
    return found


def total(found: Samples, name: str) -> float:
    return sum(value for (each, _), value in found.items() if each == name)


@pytest.fixture
def endpoint() -> Iterator[Metrics]:
    found = Metrics("127.0.0.1", 0)
    yield found
    found.close()


def test_a_scrape_shows_what_the_taps_and_outputs_counted(endpoint: Metrics, tmp_path: Path) -> None:
    request = Request.of(parse(""), records=True)
    reading = Reading([str(TOUR), str(TOUR)], request, on_fault=lambda error: pytest.fail(str(error)))
    rows = sum(len(part.batch) for part in endpoint.follow(reading))
    endpoint.outlets.append(Outlet('a "file"\\', "records", 10, 7, 3))
    endpoint.drops["kernel"] = 5
    with Service(str(tmp_path / "s"), Kind.DETAIL) as service:
        endpoint.services.append(service.status)
        found = samples(scraped(endpoint.address[1]))
    ledger = reading.ledger
    assert rows > 30
    assert total(found, "zertap_frames_total") == ledger.frames == 622
    assert total(found, "zertap_connections_opened_total") == ledger.opened == 30
    assert total(found, "zertap_connections_total") == 30
    assert found["zertap_connections_total", labels(verdict="protected", protocol="tls", version="TLSv1.3")] >= 2
    assert found["zertap_connections_flagged_total", labels(flag="never_established")] == 2
    output = labels(output='a "file"\\', of="records")
    assert [found[f"zertap_output_{name}_total", output] for name in ("taken", "written", "lost")] == [10, 7, 3]
    assert found["zertap_service_subscribers", labels(service="SYSTCPER")] == 0
    assert found["zertap_capture_dropped_total", labels(by="kernel")] == 5
    assert total(found, "zertap_frames_skipped_total") == ledger.skipped.total()


def labels(**named: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(named.items()))


def test_verdicts_are_those_that_observe_tells(endpoint: Metrics) -> None:
    import zertap

    reading = Reading([str(TOUR)], Request.of(parse("")), on_fault=lambda error: pytest.fail(str(error)))
    for _ in endpoint.follow(reading):
        pass
    found = samples(scraped(endpoint.address[1]))
    told: dict[tuple[str, str, str], int] = {}
    for row in zertap.observe(str(TOUR)):
        version = str((row.tls and row.tls.version) or (row.ssh and row.ssh.version) or "")
        key = (row.verdict, row.protocol, version)
        told[key] = told.get(key, 0) + 1
    shown = {
        tuple(dict(label)[name] for name in ("verdict", "protocol", "version")): value
        for (name, label), value in found.items()
        if name == "zertap_connections_total"
    }
    assert shown == told


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (apt-get install prometheus)")
def test_promtool_has_nothing_to_say_against_it(endpoint: Metrics) -> None:
    endpoint.outlets.append(Outlet("f", "records", 10, 7, 3))
    endpoint.drops["kernel"] = 5
    for _ in endpoint.follow(Reading([str(TOUR)], Request.of(parse("")), on_fault=lambda _: None)):
        pass
    text = scraped(endpoint.address[1])
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_command_serves_while_it_reads_on_the_loopback_alone(tmp_path: Path) -> None:
    from rsyslog import free_port

    port = free_port()
    command = [sys.executable, "-m", "zertap", "records", "-", "-o", str(tmp_path / "f"), "--metrics", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert process.stdin is not None
    found = samples(scraped_soon(port))
    assert found["zertap_output_taken_total", labels(output=str(tmp_path / "f"), of="records")] == 0
    listening = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=False).stdout
    assert not listening or f"127.0.0.1:{port}" in listening
    process.stdin.write(TOUR.read_bytes())
    process.stdin.close()
    assert process.wait(20) == 0


def test_a_port_that_is_taken_is_told(endpoint: Metrics) -> None:
    with pytest.raises(OutputFailed, match=r"metrics 127.0.0.1:\d+: Address already in use"):
        Metrics(*endpoint.address)


@pytest.mark.parametrize(
    ("text", "address"),
    [("9119", ("127.0.0.1", 9119)), ("0.0.0.0:80", ("0.0.0.0", 80)), ("[::1]:80", ("::1", 80))],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["", "host", "host:", "host:70000", "-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Usage, match="no address of a metrics endpoint"):
        read_address(text)
