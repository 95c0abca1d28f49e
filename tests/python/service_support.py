"""Records to hand out, and a subscriber that knows the protocol by hand: no line of ours reads for it."""

import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from wire import START
from zertap.zert.codec import encode_detail
from zertap.zert.events import EventType
from zertap.zert.mapping import Settings, switch_record

RECORD = encode_detail(switch_record(EventType.ENABLED, START, Settings()))


def run(records: int, first: int = 1) -> bytes:
    """Records one after the other, each with its number where the system stands."""
    return b"".join(RECORD[:14] + (first + each).to_bytes(4) + RECORD[18:] for each in range(records))


def numbers(octets: bytes) -> list[int]:
    """The numbers of such records."""
    return [int.from_bytes(octets[at + 14 : at + 18]) for at in range(0, len(octets), len(RECORD))]


REQUESTS = {
    "both": bytes.fromhex("00000020 E9C5D9E3 00000001 00000000 C0000000" + "00" * 12),
    "list": bytes.fromhex("00000020 E9C5D9E3 00000001 00000000 80000000" + "00" * 12),
    "records": bytes.fromhex("00000020 E9C5D9E3 00000001 00000000 40000000" + "00" * 12),
    "summary": bytes.fromhex("00000020 E9C5D9E2 00000001 00000000 80000000" + "00" * 12),
}
"""Whole requests, as the manual has them: ZERT and ZERS in EBCDIC."""


@dataclass
class Heard:
    """What a conversation brought."""

    init: bytes = b""
    records: list[bytes] = field(default_factory=list)
    listed: list[bytes] = field(default_factory=list)
    list_complete: bool = False
    lost: int = 0
    code: int | None = None


class ByHand:
    """A subscriber that reads octet by octet what the manual says."""

    all: ClassVar[list["ByHand"]] = []
    """Those of the running test."""

    def __init__(self, path: Path | str, wanted: str | bytes = "records") -> None:
        self.all.append(self)
        self.peer = socket.socket(socket.AF_UNIX)
        self.peer.settimeout(60)
        self.peer.connect(str(path))
        self.peer.sendall(REQUESTS[wanted] if isinstance(wanted, str) else wanted)
        self.heard = Heard()

    def octets(self, number: int) -> bytes:
        found = b""
        while len(found) < number:
            piece = self.peer.recv(number - len(found))
            if not piece:
                raise EOFError(f"{len(found)} of {number} octets")
            found += piece
        return found

    def message(self) -> str:
        """Reads one message and what belongs to it; its name."""
        length, name, version, reserved = struct.unpack(">I4sII", self.octets(16))
        assert (version, reserved) == (1, 0)
        body = self.octets(length - 16)
        word = str(name, "cp037")
        if word == "INIT":
            self.heard.init = body
        elif word == "SMTK":
            self._token(body)
        else:
            assert word == "TERM"
            assert len(body) == 24
            (self.heard.code,) = struct.unpack(">I", body[:4])
        return word

    def _token(self, body: bytes) -> None:
        mark, flags, octets, records, lost, _first = struct.unpack(">4sIIIQQ", body)
        assert mark.decode("cp037") == "ZTAP"
        buffer = self.octets(octets)
        found, at = [], 0
        while at < len(buffer):
            length, offset, subtype = struct.unpack(">HHI", buffer[at : at + 8])
            assert subtype in (11, 12)
            assert buffer[at + length - 2 : at + length] == length.to_bytes(2)
            found.append(buffer[at + offset : at + length - 2])
            at += length
        assert len(found) == records
        (self.heard.listed if flags & 0x8000_0000 else self.heard.records).extend(found)
        self.heard.list_complete |= bool(flags & 0x4000_0000)
        self.heard.lost += lost

    def until(self, *, records: int = 0, complete: bool = False) -> Heard:
        """Reads until so many records came, and the list if that is wanted."""
        while len(self.heard.records) < records or (complete and not self.heard.list_complete):
            self.message()
        return self.heard

    def to_the_end(self) -> Heard:
        """Reads until the conversation is over."""
        while self.message() != "TERM":
            pass
        assert self.peer.recv(1) == b""
        return self.heard

    def close(self) -> None:
        self.peer.close()


def eventually(what: Callable[[], bool], seconds: float = 60) -> None:
    """Waits until it is so."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.005)
