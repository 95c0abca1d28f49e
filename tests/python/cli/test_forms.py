"""Forms, names, framings and compressions of ``zertap records`` and ``zertap decode``."""

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars
import pytest

from wire import Talk, clear, pcap, refused
from zertap._native import Octets
from zertap.zert.codec import encode_detail
from zertap.zert.records import DetailRecord

TOUR = Path(__file__).parents[3] / "pcaps" / "tour.pcap"


def zertap(*arguments: str | Path, text: bool = True, **options: Any) -> subprocess.CompletedProcess[Any]:
    command = [sys.executable, "-m", "zertap", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=text, timeout=120, check=False, **options)


@pytest.fixture(scope="module")
def smf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Details and summaries of the tour, in one file."""
    folder = tmp_path_factory.mktemp("smf")
    for name, options in (("d", []), ("s", ["--summary"])):
        assert zertap("records", TOUR, "-o", folder / name, *options).returncode == 0
    (folder / "x.smf").write_bytes((folder / "d").read_bytes() + (folder / "s").read_bytes())
    return folder / "x.smf"


@pytest.fixture(scope="module")
def rows(smf: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in zertap("decode", smf, "--names", "readable").stdout.splitlines()]


@pytest.mark.parametrize("form", ["jsonl", "csv", "arrow", "leef", "table"])
def test_records_write_what_decode_makes_of_their_file(form: str, tmp_path: Path) -> None:
    assert zertap("records", TOUR, "-o", tmp_path / "x.smf").returncode == 0
    direct = zertap("records", TOUR, "--format", form, text=False)
    decoded = zertap("decode", tmp_path / "x.smf", "--format", form, text=False)
    assert (direct.returncode, decoded.returncode, decoded.stderr) == (0, 0, b"")
    if form == "arrow":
        one, other = (polars.read_ipc_stream(done.stdout) for done in (direct, decoded))
        assert one.equals(other)
    else:
        assert direct.stdout == decoded.stdout != b""


def test_csv_arrow_and_parquet_have_one_schema_and_the_same_rows(smf: Path, tmp_path: Path) -> None:
    for form in ("csv", "arrow", "parquet"):
        assert zertap("decode", smf, "-f", form, "-o", tmp_path / form).returncode == 0
    arrow = polars.read_ipc_stream(tmp_path / "arrow")
    parquet = polars.read_parquet(tmp_path / "parquet")
    with (tmp_path / "csv").open(newline="") as lines:
        table = list(csv.DictReader(lines))
    assert arrow.columns == parquet.columns == list(table[0])
    assert arrow.equals(parquet)
    assert [row["remote_address"] or None for row in table] == arrow["remote_address"].to_list()
    kinds = duckdb.sql(
        f"SELECT record, count(*) FROM read_parquet('{tmp_path}/parquet') GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert [kind for kind, _ in kinds] == ["119-11", "119-12"]


def test_columns_and_json_say_the_same(smf: Path, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    zertap("decode", smf, "-f", "arrow", "-o", tmp_path / "x")
    table = polars.read_ipc_stream(tmp_path / "x").to_dicts()
    for flat, nested in zip(table, rows, strict=True):
        assert flat["tls_version"] == nested.get("tls", {}).get("version")
        assert flat["protocols"] == nested["common"]["protocols"]
        assert flat["system"] == nested["ident"]["system"]
        written = nested["written"]
        assert flat["written"].isoformat() == written
        if nested["common"]["event"] in ("zERT enabled", "zERT disabled"):
            assert flat["start"] is None
        elif flat["record"] == "119-11":
            assert str(flat["start"].time())[:8] == nested["common"]["start_time"][:8]
            assert flat["in_bytes"] == nested["common"]["in_bytes"]


@pytest.mark.parametrize("framing", ["rdw", "bdw", "vbs"])
@pytest.mark.parametrize(("suffix", "magic"), [("", b""), (".gz", b"\x1f\x8b"), (".zst", b"\x28\xb5\x2f\xfd")])
def test_every_framing_and_compression_is_read_again(framing: str, suffix: str, magic: bytes, tmp_path: Path) -> None:
    out = tmp_path / f"x.smf{suffix}"
    size = [] if framing == "rdw" else ["--block-size", "2000"]
    assert zertap("records", TOUR, "-o", out, "--framing", framing, *size).returncode == 0
    assert out.read_bytes().startswith(magic)
    assert zertap("decode", out).stdout == zertap("records", TOUR, "-f", "jsonl").stdout


def test_compression_may_be_asked_for_or_refused(tmp_path: Path) -> None:
    packed = zertap("records", TOUR, "-f", "csv", "--compress", "gzip", text=False).stdout
    assert gzip.decompress(packed) == zertap("records", TOUR, "-f", "csv", text=False).stdout
    zertap("records", TOUR, "-o", tmp_path / "x.gz", "--compress", "none")
    assert (tmp_path / "x.gz").read_bytes()[5] == 119


def test_leef_turns_source_and_destination_with_the_local_side(tmp_path: Path) -> None:
    path = pcap(tmp_path / "x", clear(port=80))
    by_server = zertap("records", path, "-f", "leef", "--no-switches").stdout
    by_client = zertap("records", path, "-f", "leef", "--local", "192.0.2.0/24", "--no-switches").stdout
    expected = {
        "devTime": "2026-01-01T00:00:00.000",
        "devTimeFormat": "yyyy-MM-dd'T'HH:mm:ss.SSS",
        "cat": "Short connection termination",
        "src": "192.0.2.1",
        "srcPort": "50000",
        "dst": "198.51.100.7",
        "dstPort": "80",
        "srcBytes": "18",
        "dstBytes": "19",
        "IPproto": "TCP",
        "sysname": "ZERTAP",
        "stack": "ZERTAP",
    }
    for line in (by_server, by_client):
        head, rest = line.rstrip("\n").split("|x09|")
        pairs = dict(pair.split("=", 1) for pair in rest.split("\t"))
        assert head.split("|")[0] == "LEEF:2.0"
        assert head.endswith("|119-11")
        assert {key: pairs.get(key) for key in expected} == expected | {"cat": pairs["cat"]}
        assert "hort" in pairs["cat"]


def test_the_listing_shows_what_is_there_and_no_control_characters(smf: Path) -> None:
    text = zertap("decode", smf, "-f", "table").stdout
    assert "119-11 record 1\n" in text
    assert "    remote_address " in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_names_of_zsecure_stand_beside_ours(smf: Path) -> None:
    head = zertap("decode", smf, "-f", "csv", "--names", "zsecure").stdout.splitlines()[0].split(",")
    assert "TLS_CLIENT_CERT_SERIAL" in head
    assert "tls_client_certificate_serial" not in head
    assert "remote_address" in head


def test_octets_whose_layout_is_not_public_are_left_out_of_every_form(tmp_path: Path) -> None:
    record = DetailRecord(enforcement=(b"\xab\xcd\xef",))
    (tmp_path / "x.smf").write_bytes(encode_detail(record) + encode_detail(DetailRecord()))
    for form in ("jsonl", "csv", "leef", "arrow", "parquet", "table"):
        without, shown = tmp_path / f"without.{form}", tmp_path / f"shown.{form}"
        done = zertap("decode", tmp_path / "x.smf", "-f", form, "-o", without)
        assert "the enforcement sections of 1 records were left out" in done.stderr
        asked = zertap("decode", tmp_path / "x.smf", "-f", form, "-o", shown, "--enforcement")
        assert (done.returncode, asked.returncode, asked.stderr) == (0, 0, "")
        if form == "parquet":
            tables = [polars.read_parquet(path)["enforcement"].to_list() for path in (without, shown)]
            assert tables == [[None, None], ['["ABCDEF"]', None]]
        else:
            assert (b"ABCDEF" in without.read_bytes(), b"ABCDEF" in shown.read_bytes()) == (False, True)


@pytest.mark.parametrize("form", ["smf", "jsonl", "csv", "arrow", "parquet", "leef", "table"])
@pytest.mark.parametrize("options", [[], ["--compress", "zstd"], ["--framing", "vbs", "--block-size", "700"]])
def test_the_account_of_every_form_balances(form: str, options: list[str], tmp_path: Path) -> None:
    if "--framing" in options and form != "smf":
        options = ["--compress", "gzip", "--summary"]
    done = zertap("records", TOUR, "-f", form, "-o", tmp_path / "x", "--stats=json", *options)
    account = json.loads(done.stderr.splitlines()[-1])
    (output,) = account["outputs"]
    assert (done.returncode, account["balanced"], output["of"]) == (0, True, "records")
    assert output["taken"] == output["written"] > 10


def test_damage_tells_record_and_offset_in_every_form(tmp_path: Path) -> None:
    frames = [frame for n in range(6) for frame in refused(client_port=50_000 + n)]
    whole = tmp_path / "whole"
    zertap("records", pcap(tmp_path / "x", frames), "-o", whole, "--no-switches")
    octets = bytearray(whole.read_bytes())
    length = int.from_bytes(octets[:2])
    octets[4 * length + 28 : 4 * length + 32] = b"\xff\xff\xff\xff"
    (tmp_path / "bad").write_bytes(octets)
    for form in ("jsonl", "csv", "leef", "arrow", "parquet", "table"):
        done = zertap("decode", tmp_path / "bad", "-f", form, "-o", tmp_path / "out")
        assert done.returncode == 4
        assert done.stderr.startswith(f"{tmp_path}/bad: offset {4 * length}: record 5: section IDENT")
    zertap("decode", tmp_path / "bad", "-f", "parquet", "-o", tmp_path / "out")
    assert len(polars.read_parquet(tmp_path / "out")) == 4


def test_broken_compression_is_told_after_what_stands_before_it(tmp_path: Path) -> None:
    talk = [frame for n in range(200) for frame in clear(client_port=1024 + n)]
    zertap("records", pcap(tmp_path / "x", talk), "-o", tmp_path / "x.gz")
    (tmp_path / "cut.gz").write_bytes((tmp_path / "x.gz").read_bytes()[:-300])
    done = zertap("decode", tmp_path / "cut.gz")
    found = len(done.stdout.splitlines())
    assert done.returncode == 4
    assert 0 < found < 200
    offset = records_size(gzip.decompress((tmp_path / "x.gz").read_bytes()), found)
    assert done.stderr == f"{tmp_path}/cut.gz: offset {offset}: record {found + 1}: the gzip data is cut short\n"


def records_size(octets: bytes, count: int) -> int:
    """How long the first records are together."""
    at = 0
    for _ in range(count):
        at += int.from_bytes(octets[at : at + 2])
    return at


@pytest.mark.parametrize(
    "arguments",
    [
        ["records", TOUR, "--framing", "bdw", "-f", "csv"],
        ["records", TOUR, "--block-size", "100"],
        ["records", TOUR, "--block-size", "4", "--framing", "vbs"],
        ["records", TOUR, "--names", "readable"],
        ["records", TOUR, "-f", "leef", "--names", "smf"],
        ["decode", TOUR, "-f", "smf"],
        ["decode", TOUR, "-o", TOUR],
        ["decode", TOUR, "--names", "other"],
    ],
)
def test_what_makes_no_sense_is_status_2(arguments: list[str | Path]) -> None:
    assert zertap(*arguments).returncode == 2


def test_a_record_too_long_for_its_block_fails_the_output(tmp_path: Path) -> None:
    path = pcap(tmp_path / "x", Talk().open().close().frames)
    done = zertap("records", path, "-o", tmp_path / "out", "--framing", "bdw", "--block-size", "100")
    assert done.returncode == 5
    assert "ask for spanned framing" in done.stderr


def test_a_pipe_is_read(smf: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zertap", "decode", "-"], input=smf.read_bytes(), capture_output=True, check=False
    )
    assert done.stdout.decode() == zertap("decode", smf).stdout


def test_octets_are_read_in_any_pieces(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40
    (tmp_path / "x").write_bytes(gzip.compress(data))
    octets, found = Octets(str(tmp_path / "x")), b""
    while piece := octets.read(7):
        found += piece
    assert found == data
    with pytest.raises(OSError, match="No such file"):
        Octets(str(tmp_path / "absent"))
