"""Pseudonyms: as published, the same under the same key, and nothing of the true addresses in any output."""

import json
import random
import stat
import subprocess
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest

import zertap
from zertap.errors import Usage
from zertap.pseudonyms import KEY_OCTETS, Manner, Pseudonyms

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "pcaps" / "tour.pcap"
VECTORS = json.loads((ROOT / "tests" / "data" / "crypto-pan.json").read_text())
KEY = bytes.fromhex(VECTORS["key"])


def run(*arguments: str | Path, status: int = 0) -> str:
    command = [sys.executable, "-m", "zertap", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout or done.stderr


@pytest.mark.parametrize(("address", "expected"), VECTORS["addresses"].items())
def test_prefix_is_crypto_pan(address: str, expected: str) -> None:
    assert Pseudonyms("prefix", KEY).of(address) == expected


def common_bits(one: int, other: int, width: int) -> int:
    return width - (one ^ other).bit_length()


@pytest.mark.parametrize("width", [32, 128])
def test_prefix_keeps_how_many_leading_bits_two_addresses_share(width: int) -> None:
    chance = random.Random(1)  # noqa: S311  the same in every run
    pseudonyms = Pseudonyms("prefix", chance.randbytes(KEY_OCTETS))
    make = IPv4Address if width == 32 else IPv6Address
    for _ in range(200):
        one = chance.getrandbits(width)
        other = one ^ (1 << chance.randrange(width)) ^ chance.getrandbits(8)
        first, second = [int(ip_address(pseudonyms.of(str(make(each))))) for each in (one, other)]
        assert common_bits(first, second, width) == common_bits(one, other, width)


def test_plain_stays_in_networks_that_nobody_has() -> None:
    pseudonyms = Pseudonyms("plain", KEY)
    fourth = [ip_address(pseudonyms.of(f"10.0.{n // 256}.{n % 256}")) for n in range(2000)]
    sixth = [ip_address(pseudonyms.of(f"2001:db8::{n:x}")) for n in range(2000)]
    assert all(each in ip_network("240.0.0.0/4") for each in fourth) and len(set(fourth)) == 2000
    assert all(each in ip_network("fd00::/8") for each in sixth) and len(set(sixth)) == 2000


@pytest.mark.parametrize("manner", ["prefix", "plain"])
@pytest.mark.parametrize("form", ["jsonl", "csv", "table", "zeek", "eve", "ecs"])
def test_no_format_shows_a_true_address_or_an_identity_made_of_it(manner: Manner, form: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(f"{KEY.hex()}\n")
    options = ["--format", form, *(["--community-id"] if form != "table" else [])]
    shown = run("observe", TOUR, *options, "--pseudonyms", manner, "--pseudonym-key", key)
    for each in zertap.observe(TOUR, community_id=0):
        assert each.community_id
        for secret in (each.client_ip, each.server_ip, each.uid, each.community_id):
            assert secret not in shown
    assert Pseudonyms(manner, KEY).of("10.99.0.1") in shown
    assert KEY.hex() not in shown


def test_identities_are_those_of_the_pseudonyms() -> None:
    for each in zertap.observe(TOUR, community_id=7, pseudonyms=Pseudonyms("prefix", KEY)):
        tap = zertap._native.Tap({"community_seed": 7})
        tap.push_segment(0, (each.client_ip, each.client_port), (each.server_ip, each.server_port), 1, 0, 2, b"")
        tap.finish()
        assert tap.drain().value(0, "community_id") == each.community_id


def test_the_same_key_gives_the_same_and_no_key_another_each_time() -> None:
    def shown(pseudonyms: Pseudonyms) -> list[str]:
        return [each.client_ip for each in zertap.observe(TOUR, pseudonyms=pseudonyms)]

    assert shown(Pseudonyms("plain", KEY)) == shown(Pseudonyms("plain", KEY))
    assert shown(Pseudonyms("plain")) != shown(Pseudonyms("plain"))


def test_without_names_nobody_is_named() -> None:
    plain = run("observe", TOUR, "--pseudonyms", "plain", "--fingerprints")
    veiled = run("observe", TOUR, "--pseudonyms", "plain", "--fingerprints", "--without-names")
    for name in ("server.zertap.test", "zertap test authority", "tour.pcap"):
        assert name in plain and name not in veiled
    for row in map(json.loads, veiled.splitlines()):
        certificate = (row["tls"] or {}).get("server_certificate")
        if certificate:
            assert certificate["serial"] is certificate["sha256"] is certificate["subject_sha256"] is None
            assert certificate["key_bits"] and certificate["not_after"]
    for form in ("zeek", "eve", "ecs"):
        shown = run("observe", TOUR, "--format", form, "--pseudonyms", "plain", "--without-names")
        assert "zertap.test" not in shown and "fingerprint" not in shown and "sha1" not in shown


def test_a_new_key_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    first = run("observe", TOUR, "--pseudonyms", "prefix", "--pseudonym-key", f"new:{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run("observe", TOUR, "--pseudonyms", "prefix", "--pseudonym-key", path) == first
    before = path.read_text()
    assert "exists" in run("observe", TOUR, "--pseudonyms", "prefix", "--pseudonym-key", f"new:{path}", status=2)
    assert path.read_text() == before


@pytest.mark.parametrize("content", ["", "zz", "ab" * 31, "äö"])
def test_a_bad_key_is_a_wrong_command_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Usage, match="key file"):
        Pseudonyms.read("prefix", path)
    run("observe", TOUR, "--pseudonyms", "prefix", "--pseudonym-key", tmp_path / "absent", status=2)


def test_key_and_names_belong_to_pseudonyms(tmp_path: Path) -> None:
    run("observe", TOUR, "--without-names", status=2)
    run("observe", TOUR, "--pseudonym-key", f"new:{tmp_path}/key", status=2)
    assert not (tmp_path / "key").exists()


def test_the_key_is_not_shown_where_the_settings_are() -> None:
    assert KEY.hex() not in repr(Pseudonyms("prefix", KEY)) and repr(KEY) not in repr(Pseudonyms("prefix", KEY))


def test_records_hold_pseudonyms_and_know_our_networks_by_theirs(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY.hex())
    options: list[str | Path] = ["records", TOUR, "--format", "jsonl", "--local", "10.99.0.0/24"]
    true, shown = run(*options), run(*options, "--pseudonyms", "prefix", "--pseudonym-key", key)
    assert "10.99.0." in true and "10.99.0." not in shown
    assert len(true.splitlines()) == len(shown.splitlines())
    assert Pseudonyms("prefix", KEY).of("10.99.0.1") in shown
    run(*options, "--pseudonyms", "plain", status=2)
