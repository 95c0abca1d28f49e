"""A capture made in memory, for whoever has none at hand: TLS 1.3 conversations, interleaved, a few hundred octets to a
few kilobytes each way. The messages are well formed as far as anybody can see who has no keys; what is encrypted is
arbitrary. Always the same octets.
"""

import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

CONNECTIONS = 20_000
AT_ONCE = 1_000
"""Connections that are open at a time."""
_SEED = 119
_START = 1_760_000_000
_SYN, _FIN, _PUSH, _ACK = 2, 1, 8, 16
_RECORDS = (700, 1400, 1400, 300, 1400, 1400, 1400, 200)
"""Lengths of the encrypted records of one answer."""


@contextmanager
def capture(connections: int = CONNECTIONS) -> Iterator[str]:
    """The path of the capture while it is needed: in memory where the system can, else a temporary file."""
    octets = b"".join(pcap(connections))
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("zertap-bench")
        try:
            with os.fdopen(number, "wb", closefd=False) as file:
                file.write(octets)
            yield f"/proc/{os.getpid()}/fd/{number}"
        finally:
            os.close(number)
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "workload.pcap")
            path.write_bytes(octets)
            yield str(path)


def pcap(connections: int = CONNECTIONS) -> Iterator[bytes]:
    """A classic pcap of so many connections, piece by piece."""
    yield _pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    conversation = _conversation(random.Random(_SEED))  # noqa: S311  nothing here is secret
    number = 0
    for first in range(0, connections, AT_ONCE):
        for frame, from_client in conversation:
            for each in range(first, min(first + AT_ONCE, connections)):
                seconds, micros = divmod(number * 5, 1_000_000)
                number += 1
                head = _pack("<IIII", _START + seconds, micros, len(frame), len(frame))
                yield head + _addressed(frame, each, from_client=from_client)


def _addressed(frame: bytes, number: int, *, from_client: bool) -> bytes:
    """The frame as one of connection *number*: addresses and port of its own."""
    client = _pack(">I", 0x0A00_0000 + number)
    server = _pack(">I", 0xC633_6400 + number % 200)
    port = _pack(">H", 32_768 + number % 28_000)
    if from_client:
        return frame[:26] + client + server + port + frame[36:]
    return frame[:26] + server + client + frame[34:36] + port + frame[38:]


def _conversation(chance: random.Random) -> list[tuple[bytes, bool]]:
    """The frames of one connection, and whether the client sent each."""
    finished = _record(0x17, chance.randbytes(53))
    change = _record(0x14, b"\x01")
    session = chance.randbytes(32)
    flight = (
        _server_hello(chance, session)
        + change
        + b"".join(_record(0x17, chance.randbytes(size)) for size in (40, 2600, 53))
    )
    answer = b"".join(_record(0x17, chance.randbytes(size)) for size in _RECORDS)
    close = _record(0x17, chance.randbytes(19))
    said = [
        (True, _client_hello(chance, session)),
        *((False, flight[at : at + 1400]) for at in range(0, len(flight), 1400)),
        (True, change + finished + _record(0x17, chance.randbytes(420))),
        *((False, answer[at : at + 1400]) for at in range(0, len(answer), 1400)),
        (True, close),
        (False, close),
    ]
    return list(_segments(said))


def _segments(said: list[tuple[bool, bytes]]) -> Iterator[tuple[bytes, bool]]:
    """TCP around what was said: opened, acknowledged now and then, closed."""
    sent = {True: 1000, False: 7000}

    def say(*, client: bool, flags: int, payload: bytes = b"") -> tuple[bytes, bool]:
        acknowledged = sent[not client] if flags & _ACK else 0
        ports = (0, 443) if client else (443, 0)
        tcp = _pack(">HHIIBBHHH", *ports, sent[client], acknowledged, 0x50, flags, 64_240, 0, 0) + payload
        ip = _pack(">BBHHHBBHII", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0, 0, 0)
        sent[client] += len(payload) + bool(flags & (_SYN | _FIN))
        return bytes(12) + b"\x08\x00" + ip + tcp, client

    yield say(client=True, flags=_SYN)
    yield say(client=False, flags=_SYN | _ACK)
    yield say(client=True, flags=_ACK)
    for client, payload in said:
        yield say(client=client, flags=_PUSH | _ACK, payload=payload)
        if not client:
            yield say(client=True, flags=_ACK)
    yield say(client=True, flags=_FIN | _ACK)
    yield say(client=False, flags=_FIN | _ACK)
    yield say(client=True, flags=_ACK)


def _record(kind: int, body: bytes) -> bytes:
    return _pack(">BHH", kind, 0x0303, len(body)) + body


def _hello(kind: int, body: bytes, extensions: list[tuple[int, bytes]]) -> bytes:
    listed = b"".join(_pack(">HH", number, len(each)) + each for number, each in extensions)
    whole = body + _pack(">H", len(listed)) + listed
    return _record(0x16, _pack(">I", kind << 24 | len(whole)) + whole)


def _client_hello(chance: random.Random, session: bytes) -> bytes:
    """RFC 8446, section 4.1.2; suites, groups and schemes as browsers offer them."""
    suites = _pack(">HHHHHHHHH", 16, 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9)
    name = b"www.example.org"
    share = _pack(">HHH", 36, 0x001D, 32) + chance.randbytes(32)
    extensions = [
        (0, _pack(">HBH", len(name) + 3, 0, len(name)) + name),
        (10, _pack(">HHHH", 6, 0x001D, 0x0017, 0x0018)),
        (13, _pack(">HHHHH", 8, 0x0403, 0x0804, 0x0401, 0x0503)),
        (16, b"\x00\x0c\x02h2\x08http/1.1"),
        (43, b"\x04\x03\x04\x03\x03"),
        (45, b"\x01\x01"),
        (51, share),
    ]
    body = b"\x03\x03" + chance.randbytes(32) + b"\x20" + session + suites + b"\x01\x00"
    return _hello(1, body, extensions)


def _server_hello(chance: random.Random, session: bytes) -> bytes:
    """RFC 8446, section 4.1.3."""
    share = _pack(">HH", 0x001D, 32) + chance.randbytes(32)
    body = b"\x03\x03" + chance.randbytes(32) + b"\x20" + session + b"\x13\x01\x00"
    return _hello(2, body, [(51, share), (43, b"\x03\x04")])


_SIZES = {"B": 1, "H": 2, "I": 4}


def _pack(form: str, *numbers: int) -> bytes:
    """Numbers one after the other: `<` little-endian or `>` big-endian, then a letter for each number's size."""
    order: Literal["little", "big"] = "little" if form[0] == "<" else "big"
    return b"".join(number.to_bytes(_SIZES[size], order) for size, number in zip(form[1:], numbers, strict=True))
