"""Captures made out of our own conversations, in memory: fresh addresses, ports and sequence numbers, interleaved.

The connections are those of `pcaps/captures`; checksums stay as they were recorded, since nobody verifies them here.
"""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

CAPTURES = Path(__file__).resolve().parents[2] / "pcaps" / "captures"
MIX = ("tls12-full", "tls13-full", "tls13-mlkem", "tls12-no-common-cipher", "ssh-openssh", "http-clear", "tls13-full")
"""The conversations, each as often as it stands here."""
CONNECTIONS = 7000
AT_ONCE = 500


def pcap(frames_of: Iterable[bytes] | None = None) -> Iterator[bytes]:
    """A pcap of these frames, those of `CONNECTIONS` connections if none are given, piece by piece."""
    yield struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for number, frame in enumerate(frames() if frames_of is None else frames_of):
        seconds, micros = divmod(number * 10, 1_000_000)
        yield struct.pack("<IIII", 1_760_000_000 + seconds, micros, len(frame), len(frame)) + frame


def frames(connections: int = CONNECTIONS) -> Iterator[bytes]:
    """The frames of so many connections: handshakes dominate."""
    conversations = [conversation(name) for name in MIX]
    longest = max(map(len, conversations))
    for first in range(0, connections, AT_ONCE):
        for step in range(longest):
            for number in range(first, min(first + AT_ONCE, connections)):
                played = conversations[number % len(MIX)]
                if step < len(played):
                    yield renumbered(played[step], played[0][34:38], number)


def bulk(connections: int, segments: int) -> Iterator[bytes]:
    """Connections whose server sends so many full segments once the handshake is complete: payload dominates."""
    played = conversation("tls13-full")
    opened = played[: next(at for at, frame in enumerate(played) if frame[47] & 0x05)]  # up to the first FIN or RST
    client = opened[0][34:38]
    for frame in opened:
        yield from (renumbered(frame, client, number) for number in range(connections))
    latest = next(frame for frame in reversed(opened) if frame[34:38] != client)
    (length,) = struct.unpack_from(">H", latest, 16)
    (sequence,) = struct.unpack_from(">I", latest, 38)
    sequence += length - 20 - (latest[46] >> 4) * 4
    head = bytearray(latest[: 34 + (latest[46] >> 4) * 4])
    payload = b"\x17\x03\x03" + struct.pack(">H", FULL - 5) + bytes(FULL - 5)
    struct.pack_into(">H", head, 16, len(head) - 14 + FULL)
    for step in range(segments):
        struct.pack_into(">I", head, 38, (sequence + step * FULL) & 0xFFFFFFFF)
        yield from (renumbered(bytes(head) + payload, client, number) for number in range(connections))


def flood(attempts: int) -> Iterator[bytes]:
    """SYNs that nobody answers, each from another end."""
    syn = conversation("tls13-full")[0]
    return (renumbered(syn, syn[34:38], number) for number in range(attempts))


def drip(connections: int) -> Iterator[bytes]:
    """Hellos that come octet by octet."""
    played = conversation("tls13-full")
    client = played[0][34:38]
    hello = next(frame for frame in played if frame[34:38] == client and len(frame) > 34 + (frame[46] >> 4) * 4)
    start = 34 + (hello[46] >> 4) * 4
    for frame in played[:3]:
        yield from (renumbered(frame, client, number) for number in range(connections))
    for step, octet in enumerate(hello[start:]):
        head = bytearray(hello[:start])
        struct.pack_into(">H", head, 16, start - 14 + 1)
        (sequence,) = struct.unpack_from(">I", hello, 38)
        struct.pack_into(">I", head, 38, (sequence + step) & 0xFFFFFFFF)
        frame = bytes(head) + bytes([octet])
        yield from (renumbered(frame, client, number) for number in range(connections))


FULL = 1448
"""Octets of a full segment."""


def conversation(name: str) -> list[bytes]:
    """The frames of a capture of one connection: classic pcap, Ethernet, IPv4 without options."""
    data, at, frames = (CAPTURES / f"{name}.pcap").read_bytes(), 24, []
    while at < len(data):
        (length,) = struct.unpack_from("<8xI", data, at)
        frames.append(data[at + 16 : at + 16 + length])
        at += 16 + length
    assert all(frame[12:15] == b"\x08\x00\x45" for frame in frames)
    return frames


def renumbered(frame: bytes, client_ports: bytes, number: int) -> bytes:
    """The frame as one of connection *number*."""
    out = bytearray(frame)
    from_client = frame[34:38] == client_ports
    client, server = (26, 30) if from_client else (30, 26)
    struct.pack_into(">I", out, client, 0x0A000000 + number)
    struct.pack_into(">I", out, server, 0xC6120000 + number % 251)
    struct.pack_into(">H", out, 34 if from_client else 36, 1024 + number % 60_000)
    shifts = (number * 0x9E3779B9, number * 0x85EBCA6B)
    for at, shift in ((38, shifts[not from_client]), (42, shifts[from_client])):
        (before,) = struct.unpack_from(">I", out, at)
        struct.pack_into(">I", out, at, (before + shift) & 0xFFFFFFFF)
    return bytes(out)
