"""Captures as streams: what each side sent, in an order in which it can have been sent; scapy takes packets apart.

Only for connections whose octets were all captured: what is held back waits for its turn, and a retransmission's first
copy counts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

logging.getLogger("scapy").setLevel(logging.CRITICAL)

from scapy.layers.inet import IP, TCP  # noqa: E402  after the logger is quiet
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.utils import PcapReader  # noqa: E402

End = tuple[str, int]
Said = tuple[str, bytes, int, int]
"""Direction, octets, when, and how much of the other direction its sender had acknowledged."""
FIN, SYN, RST, ACK = 1, 2, 4, 16


@dataclass
class Conversation:
    """One connection: its ends (the client's first), what was said in order, and how it ended."""

    ends: tuple[End, End]
    began: int
    said: list[Said | tuple[str, str, int]] = field(default_factory=list)
    first: dict[str, int] = field(default_factory=dict)
    upto: dict[str, int] = field(default_factory=dict)
    held: list[tuple[str, int, bytes, int, int, int]] = field(default_factory=list)

    def take(self, way: str, at: int, tcp: Any) -> None:
        """One segment."""
        flags, payload = int(tcp.flags), tcp.original[tcp.dataofs * 4 :]
        if flags & SYN:
            self.first.setdefault(way, (tcp.seq + 1) & 0xFFFF_FFFF)
            self.upto.setdefault(way, 0)
            return
        self.held.append((way, tcp.seq, payload, tcp.ack, flags, at))
        while any(self._say(each) for each in list(self.held)):
            pass

    def _say(self, each: tuple[str, int, bytes, int, int, int]) -> bool:
        """Says what is held, if it is its turn."""
        way, seq, payload, ack, flags, at = each
        other = "server" if way == "client" else "client"
        if way not in self.first or other not in self.first:
            return False
        offset = _signed(seq - self.first[way])
        seen = _signed(ack - self.first[other])
        if offset > self.upto[way] or seen > self.upto[other] + 1:
            return False
        self.held.remove(each)
        fresh = payload[max(0, self.upto[way] - offset) :]
        if fresh:
            self.said.append((way, fresh, at, max(0, min(seen, self.upto[other]))))
            self.upto[way] += len(fresh)
        if flags & (FIN | RST):
            self.said.append((way, "rst" if flags & RST else "fin", at))
        return True


def _signed(distance: int) -> int:
    return (distance + 0x8000_0000) % 0x1_0000_0000 - 0x8000_0000


def conversations(path: Path) -> Iterator[Conversation]:
    """Those of a capture, in order of their first packets."""
    live: dict[frozenset[End], Conversation] = {}
    found: list[Conversation] = []
    with PcapReader(str(path)) as reader:
        for packet in reader:
            tcp = packet.getlayer(TCP)
            ip = tcp and tcp.underlayer
            if not isinstance(ip, IP | IPv6):
                continue
            source, target = (ip.src, tcp.sport), (ip.dst, tcp.dport)
            at = int(packet.time * 1_000_000_000)
            key = frozenset((source, target))
            begins = int(tcp.flags) & (SYN | ACK) == SYN
            if begins and (key not in live or live[key].first["client"] != (tcp.seq + 1) & 0xFFFF_FFFF):
                live[key] = Conversation((source, target), at)
                found.append(live[key])
            if key in live:
                live[key].take("client" if source == live[key].ends[0] else "server", at, tcp)
    yield from found
