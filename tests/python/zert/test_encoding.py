"""The native encoder writes what the plain codec writes, row by row; an independent reader agrees."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from independent import read
from wire import SECOND, Frame, Talk, clear, pcap, refused, waiting
from zertap._native import KINDS, Stencils, Tap
from zertap.encoding import Encoding, Networks
from zertap.errors import Usage, ZertapError
from zertap.pipeline import Reading, Request
from zertap.plans import Part
from zertap.rows import RECORD_ROWS, SUMMARY_ROWS, RowReader
from zertap.smf.framing import RecordReader
from zertap.zert.codec import encode_detail
from zertap.zert.codes import Codes, Confidence
from zertap.zert.facts import Side
from zertap.zert.layouts import Shape
from zertap.zert.local import local_sides
from zertap.zert.mapping import Settings, SystemNames, detail_record

ROOT = Path(__file__).parents[3]
OURS = sorted((ROOT / "pcaps").rglob("*.pcap*"))
SHARED = Path(os.environ.get("ZERTAP_SHARED") or ROOT.parent / "shared") / "captures"
NETWORKS: tuple[Networks, ...] = (
    (),
    [ip_network("10.0.0.0/8"), ip_network("192.168.0.0/16"), ip_network("fe80::/10"), ip_network("127.0.0.0/8")],
    [ip_network("0.0.0.0/0"), ip_network("::/0")],
)
NAMES = SystemNames(system="SYS1", sysplex="PLEX", release="V2R5", asid=77, smf_id="S1")
SETTINGS = [
    Settings(),
    Settings(names=NAMES, shape=Shape.V2R3, codes=Codes(Confidence.RECALLED), header_offset=3_600_000_000_000),
    Settings(shape=Shape.V2R5, codes=Codes(Confidence.SOURCED), header_offset=-7_200_000_000_001),
]


def parts(path: Path) -> Iterator[Part]:
    faults: list[ZertapError] = []
    yield from Reading([str(path)], Request(offers=False, rows=RECORD_ROWS), faults.append)


def plain(
    part: Part, settings: Settings, networks: Networks, reader: Callable[[], RowReader] = RowReader
) -> list[bytes]:
    found = reader().connections(part.batch, range(len(part.batch)))
    return [
        encode_detail(detail_record(facts, event, settings, side), settings.shape)
        for facts, events in found
        for side in (local_sides(facts.client_address, facts.server_address, networks) if networks else (Side.SERVER,))
        for event in events
    ]


def compare(path: Path, settings: Settings, networks: Networks) -> int:
    records, encoding = 0, Encoding(settings, networks)
    for part in parts(path):
        expected = plain(part, settings, networks)
        octets, count = encoding.write(part.batch, range(len(part.batch)))
        assert (octets, count) == (b"".join(expected), len(expected)), path
        records += count
    return records


@pytest.mark.parametrize("settings", SETTINGS, ids=["default", "recalled", "sourced"])
@pytest.mark.parametrize("networks", NETWORKS, ids=["server", "private", "both"])
def test_our_captures_give_the_octets_of_the_plain_codec(settings: Settings, networks: Networks) -> None:
    assert sum(compare(path, settings, networks) for path in OURS) > 100


def test_the_shared_captures_give_the_octets_of_the_plain_codec() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"no shared captures at {SHARED} (set ZERTAP_SHARED)")
    captures = sorted(path for path in SHARED.rglob("*.pcap*") if path.is_file())
    assert sum(compare(path, Settings(), NETWORKS[1]) for path in captures) > 1000


def test_an_independent_reader_finds_the_rows_own_values(layout_rows: list[dict[str, str]], tmp_path: Path) -> None:
    """Where the holes are, by the reference table alone; what stands in them, by the rows' columns."""
    for part in parts(OURS_WITH_ALL):
        batch = part.batch
        rows = [row for row in range(len(batch)) if Encoding(Settings()).write(batch, [row])[1] == 1]
        octets, _ = Encoding(Settings()).write(batch, rows)
        (tmp_path / "x").write_bytes(octets)
        with (tmp_path / "x").open("rb") as file:
            framed = list(RecordReader(file))
        assert len(framed) == len(rows)
        for record, row in zip(framed, rows, strict=True):
            common: Any = read(record.octets, layout_rows)["COMMON"]
            assert common["SMF119SC_SARPort"] == batch.column("client_port")[row]
            assert common["SMF119SC_SALPort"] == batch.column("server_port")[row]
            assert common["SMF119SC_SAInBytes"] == batch.column("bytes_client")[row]
            assert common["SMF119SC_SAOutBytes"] == batch.column("bytes_server")[row]
            assert common["SMF119SC_SAInSegDG"] == batch.column("segments_client")[row]
            assert common["SMF119SC_SAOutSegDG"] == batch.column("segments_server")[row]
            assert common["SMF119SC_SAConnID"] == batch.column("connection")[row]
            since_midnight = batch.column("established")[row] // 10_000_000 % 8_640_000
            assert common["SMF119SC_SASTime"] == since_midnight


OURS_WITH_ALL = ROOT / "pcaps" / "tour.pcap"


def test_rows_alike_are_taught_once(tmp_path: Path) -> None:
    frames = [frame for n in range(40) for frame in refused(client_port=50_000 + n)]
    frames += [frame for n in range(40) for frame in clear(client_port=40_000 + n)]
    encoding = Encoding(Settings())
    written = [encoding.write(part.batch, range(len(part.batch)))[1] for part in parts(pcap(tmp_path / "x", frames))]
    assert sum(written) == 80
    assert encoding._stencils.known <= 4


def open_ends() -> list[Frame]:
    """Connections of every kind of end, and of none, over some minutes."""
    frames: list[Frame] = []
    for port, life in ((50_001, 3), (50_002, 14), (50_003, 100)):
        frames += Talk(client_port=port).open().client(b"HELO\r\n").wait(life).server(b"250 ok\r\n").close().frames
        frames += Talk(client_port=port + 10).open().client(b"HELO\r\n").wait(life).server(b"250 ok\r\n").frames
    return [*frames, *refused(client_port=50_030), *waiting(client_port=50_031)]


@pytest.mark.parametrize("terminate", [False, True])
@pytest.mark.parametrize("seconds", [2, 10, 30])
@pytest.mark.parametrize("room", [1, 100])
def test_open_ends_the_waiting_span_and_intervals_are_as_configured(
    tmp_path: Path, terminate: bool, seconds: int, room: int
) -> None:
    """With little room connections are evicted; a boundary of an interval brings no record."""
    path = pcap(tmp_path / "x", sorted(open_ends()))
    reader = partial(RowReader, terminate=terminate, waiting_span=seconds * SECOND)
    limits = {"waiting_span_ns": seconds * SECOND, "max_connections": room}
    request = Request(offers=False, rows=SUMMARY_ROWS, limits=limits, interval=(30 * SECOND, 0))
    encoding, kinds, records = Encoding(Settings(), (), reader), set[int](), 0
    for part in Reading([str(path)], request, lambda _: None):
        expected = plain(part, Settings(), (), reader)
        assert encoding.write(part.batch, range(len(part.batch))) == (b"".join(expected), len(expected))
        kinds |= set(part.batch.column("kind"))
        records += len(expected)
    assert records >= (terminate if room == 1 else 5)
    assert KINDS.index("evicted" if room == 1 else "unfinished") in kinds
    assert room == 1 or KINDS.index("interval") in kinds


def test_a_network_of_the_other_family_says_nothing_about_an_address(tmp_path: Path) -> None:
    """``::/0`` has no IPv4 address, nor have those mapped into IPv6."""
    talks = [Talk(client_port=50_000 + n, client=client) for n, client in enumerate(("192.0.2.1", "10.0.0.9"))]
    frames = [frame for talk in talks for frame in talk.open().client(b"HELO\r\n").server(b"250\r\n").close().frames]
    path = pcap(tmp_path / "x", sorted(frames))
    for other in ("::/0", "::ffff:192.0.2.0/120"):
        assert compare(path, Settings(), [ip_network(other), ip_network("10.0.0.0/8")]) == 2


def test_rows_may_be_chosen_and_none_bring_records_of_the_others(tmp_path: Path) -> None:
    long = Talk(client_port=50003).open().client(b"HELO\r\n").wait(30).server(b"250 ok\r\n").close()
    path = pcap(tmp_path / "x", [*clear(), *refused(client_port=50001), *waiting(client_port=50002), *long.frames])
    for part in parts(path):
        encoding, rows = Encoding(Settings()), range(len(part.batch))
        single = [encoding.write(part.batch, [row]) for row in rows]
        octets, count = encoding.write(part.batch, rows)
        assert (octets, count) == (b"".join(each for each, _ in single), sum(n for _, n in single))


def test_holes_that_make_no_sense_are_misuse(tmp_path: Path) -> None:
    (part,) = (each for each in parts(pcap(tmp_path / "x", clear())) if len(each.batch))
    for hole in [
        (0, 4, "number", "phase"),
        (0, 9, "number", "connection"),
        (2**63, 2**63, "day", "event"),
        (0, 1, "x", "event"),
    ]:
        with pytest.raises(Usage, match="no such hole"):
            Stencils([], 0).write(part.batch, [0], lambda _, hole=hole: [(bytes(8), 0, [hole])])  # type: ignore[misc]
    with pytest.raises(Usage):
        Stencils([(bytes(16), 129)], 0)
    with pytest.raises(Usage):
        Stencils([], 10**15)
    with pytest.raises(ZeroDivisionError):
        Stencils([], 0).write(part.batch, [0], lambda _: 1 // 0)  # type: ignore[arg-type, return-value]


def test_rows_that_are_not_there_bring_nothing() -> None:
    assert Encoding(Settings()).write(Tap().drain(), [0, 5]) == (b"", 0)
