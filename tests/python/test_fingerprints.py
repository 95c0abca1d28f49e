"""Opt-in fields: absent unless asked for, and equal to what is published and what others compute."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import zertap
from wire import CLIENT_HELLO
from zertap import _native
from zertap.schema import EVERY_FIELD, FIELDS

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "pcaps" / "tour.pcap"
SHARED = Path(os.environ.get("ZERTAP_SHARED", ROOT.parent / "shared")) / "captures"
DATA = ROOT / "tests" / "data"
Row = dict[str, Any]


def test_they_are_absent_unless_asked_for() -> None:
    plain, asked = zertap.observe(TOUR), zertap.observe(TOUR, fingerprints=True, community_id=0)
    extra = {field.path for field in EVERY_FIELD} - {field.path for field in FIELDS}
    for row in (each.to_dict() for each in plain):
        keys = {f"{group}.{key}" for group in ("tls", "ssh") for key in row[group] or {}} | set(row)
        assert not keys & extra
    assert [each.verdict for each in plain] == [each.verdict for each in asked]
    assert all(each.community_id for each in asked)
    assert all(each.tls.ja4 for each in asked if each.tls) and all(each.ssh.hassh for each in asked if each.ssh)


def test_packets_of_ones_own_have_them_too() -> None:
    tap = zertap.Tap(fingerprints=True, community_id=1)
    client, server = ("128.232.110.120", 34855), ("66.35.250.204", 80)
    tap.push_segment(0, client, server, sequence=1, acknowledgment=0, flags=2)
    tap.push_segment(1, server, client, sequence=9, acknowledgment=2, flags=18)
    tap.push_segment(2, client, server, sequence=2, acknowledgment=10, flags=24, payload=CLIENT_HELLO)
    tap.finish()
    (each,) = tap.drain()
    assert each.community_id == "1:3V71V58M3Ksw/yuFALMcW0LAHvc="
    assert each.tls and each.tls.ja3_string == "771,49199,0,,"


def test_a_condition_on_one_is_enough_to_have_it() -> None:
    (first, *_) = [each.tls.ja3 for each in zertap.observe(TOUR, fingerprints=True) if each.tls and each.tls.ja3]
    assert len(zertap.observe(TOUR, where=f"tls.ja3 == '{first}'"))


def test_hashes_are_those_of_the_texts_beside_them() -> None:
    def md5(text: str | None) -> str | None:
        return None if text is None else hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    for each in zertap.observe(TOUR, fingerprints=True):
        if each.tls:
            assert (each.tls.ja3, each.tls.ja3s) == (md5(each.tls.ja3_string), md5(each.tls.ja3s_string))
        if each.ssh:
            assert each.ssh.hassh == md5(each.ssh.hassh_string)
            assert each.ssh.hassh_server == md5(each.ssh.hassh_server_string)


BASELINE = json.loads((DATA / "community-id.json").read_text())


@pytest.mark.parametrize("case", BASELINE["flows"], ids=lambda case: f"{case['saddr']}-seed{case['seed']}")
def test_community_id_is_that_of_the_published_baseline(case: Row) -> None:
    tap = _native.Tap({"community_seed": case["seed"]})
    ends = (case["saddr"], case["sport"]), (case["daddr"], case["dport"])
    tap.push_segment(0, *ends, 1, 0, 2, b"")
    tap.finish()
    assert tap.drain().value(0, "community_id") == case["communityid"]


@cache
def ours(path: Path) -> list[zertap.Connection]:
    return list(zertap.observe(path, fingerprints=True, community_id=0))


PUBLISHED = json.loads((DATA / "ja4.json").read_text())


@pytest.mark.parametrize("name", PUBLISHED["captures"])
def test_ja4_is_what_its_authors_publish_for_their_captures(name: str) -> None:
    path = SHARED / "FoxIO-LLC-ja4" / "pcap" / name
    if not path.exists():
        pytest.skip(f"no shared capture {path}")
    found = {(each.client_ip, each.client_port): each.tls.ja4 for each in ours(path) if each.tls}
    expected = {(client, port): ja4 for client, port, ja4 in PUBLISHED["captures"][name]}
    assert {ends: found.get(ends) for ends in expected} == expected


FIELDS_OF_TSHARK = {
    "tls.handshake.ja3_full": "ja3_string",
    "tls.handshake.ja3": "ja3",
    "tls.handshake.ja3s_full": "ja3s_string",
    "tls.handshake.ja3s": "ja3s",
    "ssh.kex.hassh": "hassh",
    "ssh.kex.hasshserver": "hassh_server",
}
RETRIES = {"tls13-hello-retry-abandoned.pcap", "tls13-stateless-cookie.pcap", "tls13-early-data-retry.pcap"}
EVERY = sorted((ROOT / "pcaps" / "captures").glob("*.pcap*"))
CAPTURES = [TOUR, *(path for at, path in enumerate(EVERY) if at % 4 == 0 or path.name in RETRIES)]
"""A fourth of our captures, and those with more than one hello; ``ZERTAP_EVERY_CAPTURE`` compares them all."""
if os.environ.get("ZERTAP_EVERY_CAPTURE"):
    CAPTURES = [TOUR, *EVERY]


def of_tshark(path: Path) -> dict[tuple[Any, ...], dict[str, str]]:
    """The first value of each field that tshark shows, by the two ends of its connection."""
    names = ["ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport", *FIELDS_OF_TSHARK]
    ports = {each.server_port for each in ours(path) if each.tls} - {443}
    decode = [option for port in sorted(ports) for option in ("-d", f"tcp.port=={port},tls")]
    wanted = " or ".join(FIELDS_OF_TSHARK)
    run = ["tshark", "-r", str(path), "-2", *decode, "-Y", wanted, "-T", "json", *(x for n in names for x in ("-e", n))]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    found: dict[tuple[Any, ...], dict[str, str]] = {}
    for packet in json.loads(done.stdout or "[]"):
        layers = packet["_source"]["layers"]
        source, target = [
            ((layers.get(f"ip.{end}") or layers.get(f"ipv6.{end}"))[-1], int(layers[f"tcp.{end}port"][-1]))
            for end in ("src", "dst")
        ]
        values = found.setdefault(tuple(sorted([source, target])), {})
        for name, attribute in FIELDS_OF_TSHARK.items():
            if name in layers:
                values.setdefault(attribute, layers[name][0])
    return found


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_tshark_computes_the_same(path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    theirs = of_tshark(path)
    differences = []
    for each in ours(path):
        ends = tuple(sorted([(each.client_ip, each.client_port), (each.server_ip, each.server_port)]))
        for attribute, value in theirs.get(ends, {}).items():
            view: Any = each.tls if attribute.startswith("ja") else each.ssh
            if view is not None and getattr(view, attribute) != value:
                differences.append((each.first_packet, attribute, getattr(view, attribute), value))
    assert not differences


def test_flat_outputs_have_their_columns_where_they_are_asked_for(tmp_path: Path) -> None:
    run = [sys.executable, "-m", "zertap", "observe", str(TOUR), "--format", "csv"]
    plain, asked = (
        subprocess.run([*run, *options], capture_output=True, text=True, check=True).stdout.splitlines()[0].split(",")
        for options in ((), ("--fingerprints", "--community-id-seed", "1"))
    )
    extra = [field.column for field in EVERY_FIELD if field.needs in {"fingerprints", "community_id"}]
    assert [name for name in asked if name not in plain] == extra
    polars = pytest.importorskip("polars", reason="the optional package polars is not installed")
    observed = zertap.observe(TOUR, fingerprints=True, community_id=1)
    frame = polars.DataFrame(observed)
    assert frame["tls_ja4"].to_list() == [each.tls and each.tls.ja4 for each in observed]
    assert frame["community_id"].to_list() == [each.community_id for each in observed]


def test_a_field_is_enough_to_have_it_in_the_output() -> None:
    run = [sys.executable, "-m", "zertap", "observe", str(TOUR), "--fields", "tls.ja4,community_id,ssh.hassh"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(row["community_id"] for row in rows)
    assert all(row["tls"]["ja4"] for row in rows if row["tls"]) and any(row["tls"] for row in rows)
    assert all(row["ssh"]["hassh"] for row in rows if row["ssh"]) and any(row["ssh"] for row in rows)
