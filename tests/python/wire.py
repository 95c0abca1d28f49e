"""Small captures made on the spot: a conversation in words becomes a pcap file (raw IPv4, microseconds)."""

import struct
from collections.abc import Iterable
from ipaddress import IPv4Address
from pathlib import Path

SECOND = 1_000_000_000
START = 1_767_225_600 * SECOND
"""2026-01-01, where every conversation begins."""
RAW_IP = 101
FIN, SYN, RST, ACK = 1, 2, 4, 16

HELLO_EXTENSIONS = bytes.fromhex("0000001000 0e00000b 6578616d706c652e6f7267".replace(" ", ""))
_HELLO = b"\x03\x03" + bytes(32) + b"\x00" + bytes.fromhex("0002c02f") + b"\x01\x00"
_BODY = _HELLO + len(HELLO_EXTENSIONS).to_bytes(2) + HELLO_EXTENSIONS
CLIENT_HELLO = (
    b"\x16\x03\x01" + (len(_BODY) + 4).to_bytes(2) + b"\x01" + len(_BODY).to_bytes(3) + _BODY  # asks for example.org
)
HANDSHAKE_FAILURE = bytes.fromhex("15030300020228")
REQUEST, RESPONSE = b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n"

Frame = tuple[int, bytes]
"""Time in nanoseconds, and an IPv4 packet."""


class Talk:
    """One TCP connection, said step by step; ``frames`` holds what was said."""

    def __init__(
        self, *, port: int = 443, client_port: int = 50000, at: int = START, client: str = "192.0.2.1"
    ) -> None:
        self.ends = ((client, client_port), ("198.51.100.7", port))
        self.next = [1000, 5000]
        self.now = at
        self.frames: list[Frame] = []

    def open(self) -> "Talk":
        """The three steps of the start."""
        self._say(0, SYN)
        self._say(1, SYN | ACK)
        self._say(0, ACK)
        return self

    def client(self, payload: bytes) -> "Talk":
        """The client sends."""
        self._say(0, ACK, payload)
        return self

    def server(self, payload: bytes) -> "Talk":
        """The server sends."""
        self._say(1, ACK, payload)
        return self

    def wait(self, seconds: float) -> "Talk":
        """Time passes."""
        self.now += int(seconds * SECOND)
        return self

    def close(self) -> "Talk":
        """Both sides close, the client first."""
        self._say(0, FIN | ACK)
        self._say(1, FIN | ACK)
        self._say(0, ACK)
        return self

    def _say(self, side: int, flags: int, payload: bytes = b"") -> None:
        (source, source_port), (target, target_port) = self.ends[side], self.ends[1 - side]
        acknowledged = self.next[1 - side] if flags & ACK else 0
        header = struct.pack(
            ">HHIIBBHHH", source_port, target_port, self.next[side], acknowledged, 5 << 4, flags, 65535, 0, 0
        )
        self.frames.append((self.now, _ipv4(source, target, header + payload)))
        self.next[side] += len(payload) + bool(flags & (SYN | FIN))
        self.now += 1_000_000


def pcap(path: Path, frames: Iterable[Frame]) -> Path:
    """Writes *frames* in order of time."""
    records = [
        struct.pack("<IIII", at // SECOND, at % SECOND // 1000, len(packet), len(packet)) + packet
        for at, packet in sorted(frames, key=lambda frame: frame[0])
    ]
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, RAW_IP) + b"".join(records))
    return path


def clear(**where: int) -> list[Frame]:
    """A request and an answer in clear."""
    return Talk(**where).open().client(REQUEST).server(RESPONSE).close().frames  # type: ignore[arg-type]


def refused(**where: int) -> list[Frame]:
    """A TLS hello for example.org that the server refuses by an alert."""
    return Talk(**where).open().client(CLIENT_HELLO).server(HANDSHAKE_FAILURE).close().frames  # type: ignore[arg-type]


def waiting(**where: int) -> list[Frame]:
    """A TLS hello without an answer; the capture ends."""
    return Talk(**where).open().client(CLIENT_HELLO).frames  # type: ignore[arg-type]


def _ipv4(source: str, target: str, segment: bytes) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0)
    return head + IPv4Address(source).packed + IPv4Address(target).packed + segment
