"""``zertap bench``: figures of this machine, and that they are of what they say."""

import json
from pathlib import Path

import pytest

import zertap
from wire import clear, pcap, refused, waiting
from zertap import cli
from zertap._native import BUILD, Source, bare_walk
from zertap.bench import workload
from zertap.bench.measure import measure

OWN = sorted((Path(__file__).resolve().parents[3] / "pcaps" / "captures").glob("*.pcap"))


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "workload.pcap"
    path.write_bytes(b"".join(workload.pcap(30)))
    return path


def test_the_workload_is_what_it_says(capture: Path) -> None:
    found = zertap.observe(capture, strict=True)
    assert found.summary() == {"protected": 30}
    facts = {(each.tls.version, each.tls.sni, *each.flags) for each in found if each.tls}
    assert facts == {("TLSv1.3", "www.example.org")}
    assert len({(each.client_ip, each.client_port) for each in found}) == 30
    assert b"".join(workload.pcap(30)) == capture.read_bytes()


def test_the_workload_stands_in_memory_and_goes_away() -> None:
    with workload.capture(3) as path:
        assert Path(path).is_file()
        assert len(zertap.observe(path)) == 3
    assert not Path(path).exists()


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_the_walk_finds_what_the_engine_finds_in_plain_packets(path: Path) -> None:
    """Where no tunnel, fragment or reused port stands between them: the same frames; never more segments."""
    observed = zertap.observe(path)
    frames, segments, connections, octets = bare_walk(Source(str(path)))
    assert frames == observed.counters["frames"]
    assert segments <= observed.counters["segments"]
    if segments == observed.counters["segments"] and all(each.ordinal == 1 for each in observed):
        assert connections == observed.counters["connections_opened"]
    assert octets >= frames


def test_the_figures_agree_with_each_other(capture: Path) -> None:
    found = measure(str(capture), "x", rounds=2, workers=2)
    assert (found.packets, found.connections) == (30 * 29, 30)
    assert [(each.name, each.workers) for each in found.rates] == [
        ("bare walk", 1),
        ("engine", 1),
        ("engine", 2),
        ("observe, JSON lines", 1),
        ("observe, JSON lines", 2),
    ]
    for each in found.rates:
        assert each.packets_per_second * each.ns_per_packet == pytest.approx(1e9)
        assert each.gigabits_per_second * 1e9 / 8 / found.wire_octets == pytest.approx(
            each.packets_per_second / found.packets
        )
    assert found.rates[0].times_walk == 1
    assert found.engine_octets > 0


def test_it_shows_a_page_or_an_object(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", str(capture), "--rounds", "1"]) == 0
    page, talk = capsys.readouterr()
    assert "bare walk, 1 core" in page
    assert ("DEBUG BUILD" in talk) == (BUILD == "debug")
    assert cli.main(["bench", str(capture), "--rounds", "1", "--format", "json", "--workers", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["packets"], figures["build"], len(figures["rates"])) == (870, BUILD, 3)


def test_what_cannot_be_read_to_its_end_has_no_rate(
    capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture.write_bytes(capture.read_bytes()[:-3])
    assert cli.main(["bench", str(capture)]) == 4
    assert cli.main(["bench", str(tmp_path / "missing")]) == 3
    assert cli.main(["bench", "-"]) == 2
    assert capsys.readouterr().out == ""


def test_a_walk_ignores_what_is_no_tcp(tmp_path: Path) -> None:
    frames = [*clear(), *refused(client_port=50_001), *waiting(client_port=50_002)]
    udp = frames[0][1][:9] + b"\x11" + frames[0][1][10:]
    ethernet = [(at, bytes(12) + b"\x08\x00" + packet) for at, packet in [*frames, (frames[-1][0], udp)]]
    path = pcap(tmp_path / "x.pcap", ethernet)
    octets = bytearray(path.read_bytes())
    octets[20] = 1  # Ethernet
    path.write_bytes(octets)
    assert bare_walk(Source(str(path)))[:3] == (len(frames) + 1, len(frames), 3)
