"""Merges the captures of a short tour into ``pcaps/tour.pcap``, which ``make run`` shows.

One file, one table: a reader meets every kind of verdict at a glance. The packets are those of the captures
named below, octet for octet, in order of their times, as one tap on that cable would have written them.
Needs only Python: ``python3 pcaps/make/tour.py``.
"""

from __future__ import annotations

import struct
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
TOUR = HOME / "tour.pcap"
STOPS = [
    "http-clear",
    "refused",
    "smtp-starttls",
    "ssh-mlkem-asyncssh",
    "ssh-no-common-kex",
    "ssh-openssh",
    "tls-in-progress",
    "tls-no-common-version",
    "tls10-rc4-nss",
    "tls12-full",
    "tls12-unknown-ca",
    "tls13-client-certificate-missing",
    "tls13-hello-retry",
    "tls13-mlkem",
    "tls13-then-clear",
]
FILE_HEADER = struct.Struct("<IHHiIII")
PACKET_HEADER = struct.Struct("<IIII")
MICROSECONDS, ETHERNET = 0xA1B2C3D4, 1


def tour() -> bytes:
    """The merged capture: one file header, then the packets of all stops in order of time."""
    captures = [(HOME / "captures" / f"{stop}.pcap").read_bytes() for stop in STOPS]
    packets = sorted((packet for capture in captures for packet in _packets(capture)), key=lambda packet: packet[:2])
    return captures[0][: FILE_HEADER.size] + b"".join(octets for _, _, octets in packets)


def _packets(capture: bytes) -> list[tuple[int, int, bytes]]:
    """Seconds, microseconds and the whole record of every packet; all stops share one simple file kind."""
    magic, *_, link = FILE_HEADER.unpack_from(capture)
    if (magic, link) != (MICROSECONDS, ETHERNET):
        raise ValueError("a stop of the tour is not little-endian, in microseconds, on Ethernet")
    packets, at = [], FILE_HEADER.size
    while at < len(capture):
        seconds, microseconds, kept, _ = PACKET_HEADER.unpack_from(capture, at)
        end = at + PACKET_HEADER.size + kept
        packets.append((seconds, microseconds, capture[at:end]))
        at = end
    return packets


if __name__ == "__main__":
    TOUR.write_bytes(tour())
