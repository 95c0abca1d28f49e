"""Addresses are written as the standard library writes them (RFC 5952)."""

import json
import random
import struct
import subprocess
import sys
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

import zertap
from wire import pcap

SYN = 0x02
ZEROS = ("::", "::1", "1::", "1:0:0:2::", "0:0:1::", "1:0:2::3:0:0", "1:0:2:3:4:5:6:7", "1:0:0:2:3:0:0:4", "a::b:0:0:c")
ENDS = ("ffff:" * 7 + "ffff", "1:2:3:4:5:6:7:8", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "fe80::1")


def drawn(number: int) -> list[str]:
    """Addresses with groups of all lengths, many of them zero; the same at each run."""
    dice = random.Random(5952)  # noqa: S311  not for secrets
    groups = [[dice.choice((0, 0, dice.getrandbits(4 * dice.randint(1, 4)))) for _ in range(8)] for _ in range(number)]
    return [str(IPv6Address(struct.pack(">8H", *each))) for each in groups]


def attempt(port: int, address: str) -> bytes:
    """The first segment of a connection from *address*."""
    segment = struct.pack(">HHIIBBHHH", port, 443, 1, 0, 5 << 4, SYN, 65535, 0, 0)
    if ":" not in address:
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0)
        return head + IPv4Address(address).packed + IPv4Address("192.0.2.2").packed + segment
    head = struct.pack(">IHBB", 6 << 28, len(segment), 6, 64)
    return head + IPv6Address(address).packed + IPv6Address("2001:db8::2").packed + segment


IPV6 = [*ZEROS, *ENDS, *drawn(3000)]
IPV4 = ["0.0.0.1", "9.10.99.100", "199.200.255.254", "255.255.255.254", "10.0.0.1"]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, str]]:
    """Attempts, and the text of the address that each port stands for."""
    addresses = {port: str(IPv6Address(each)) for port, each in enumerate(IPV6, start=1024)}
    addresses |= dict(enumerate(IPV4, start=60_000))
    frames = [(1_000_000_000 + at, attempt(port, each)) for at, (port, each) in enumerate(addresses.items())]
    return pcap(tmp_path_factory.mktemp("addresses") / "x.pcap", frames), addresses


def test_lines_have_them(capture: tuple[Path, dict[int, str]]) -> None:
    file, addresses = capture
    command = [sys.executable, "-m", "zertap", "observe", str(file), "--format", "jsonl"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {row["client_port"]: row["client_ip"] for row in map(json.loads, lines)} == addresses


def test_connections_have_them(capture: tuple[Path, dict[int, str]]) -> None:
    file, addresses = capture
    assert {each.client_port: each.client_ip for each in zertap.observe(file)} == addresses
