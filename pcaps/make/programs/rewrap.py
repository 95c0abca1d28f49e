"""Puts a recorded Ethernet conversation into another link or tunnel, with scapy: KIND IN OUT.

The conversation is real; what is put round it is made here, because the kernel that recorded it has no such links.
Captured times stay.
"""

import struct
import sys
from collections.abc import Callable
from pathlib import Path

from scapy.all import GRE, IP, UDP, Dot1Q, Ether, IPv6, PcapReader
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers.inet6 import (
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.layers.ipsec import AH
from scapy.layers.ppp import PPP, PPPoE

OUTER = {"src": "192.0.2.1", "dst": "192.0.2.2"}
ETHERNET, NULL, LOOP, RAW4, RAW6 = 1, 0, 108, 228, 229


def inner(frame: Ether) -> bytes:
    """The IP packet of a frame."""
    return bytes(frame.payload)


def outer(frame: Ether, kind: int, body: bytes, name: str = "IP") -> bytes:
    """*body* in an IP packet of the tunnel's ends."""
    ends = {"src": "2001:db8::1", "dst": "2001:db8::2", "nh": kind} if name == "IPv6" else {**OUTER, "proto": kind}
    packet = (IPv6 if name == "IPv6" else IP)(**ends)
    return bytes(Ether(src=frame.src, dst=frame.dst) / packet / body)


def in_udp(frame: Ether, port: int, header: bytes) -> bytes:
    """The whole frame behind *header* in UDP."""
    packet = IP(**OUTER) / UDP(sport=50000, dport=port, chksum=0) / (header + bytes(frame))
    return bytes(Ether(src=frame.src, dst=frame.dst) / packet)


def typed(frame: Ether, number: int, body: bytes) -> bytes:
    """*body* in an Ethernet frame of type *number*."""
    return bytes(Ether(src=frame.src, dst=frame.dst, type=number) / body)


def authenticated(frame: Ether) -> bytes:
    """AH between IP and TCP; its check value is of no key."""
    packet = frame[IP].copy()
    header = AH(nh=6, payloadlen=4, spi=256, seq=1, icv=b"\x5a" * 12)
    body = bytes(header) + bytes(packet.payload)
    made = IP(src=packet.src, dst=packet.dst, proto=51, id=packet.id)
    return bytes(Ether(src=frame.src, dst=frame.dst) / made / body)


def extended(frame: Ether) -> bytes:
    """Hop-by-hop options, a routing header that has come to its end, an atomic fragment header, destination options."""
    packet = frame[IPv6].copy()
    padding = PadN(optdata=b"\0" * 4)
    chain = (
        IPv6ExtHdrHopByHop(options=[padding])
        / IPv6ExtHdrRouting(type=0, segleft=0, addresses=["2001:db8::9"])
        / IPv6ExtHdrFragment(offset=0, m=0, id=7)
        / IPv6ExtHdrDestOpt(options=[padding], nh=6)
    )
    made = IPv6(src=packet.src, dst=packet.dst)
    return bytes(Ether(src=frame.src, dst=frame.dst) / made / chain / bytes(packet.payload))


def two_tagged(frame: Ether) -> bytes:
    """Each connection in its own VLAN, the second with the first one's client port."""
    ports = frame["TCP"]
    client = ports.sport if ports.dport == 443 else ports.dport
    first = two_tagged.__dict__.setdefault("first", client)
    tag = 100 if client == first else 200
    for name in ("sport", "dport"):
        if getattr(ports, name) == client:
            setattr(ports, name, first)
    del ports.chksum
    return bytes(Ether(src=frame.src, dst=frame.dst) / Dot1Q(vlan=tag) / frame.payload)


LABELS = bytes(MPLS(label=100, s=0)) + bytes(MPLS(label=200, s=1))
KINDS: dict[str, tuple[int, Callable[[Ether], bytes]]] = {
    "mpls": (ETHERNET, lambda f: typed(f, 0x8847, LABELS + inner(f))),
    "pppoe": (ETHERNET, lambda f: typed(f, 0x8864, bytes(PPPoE(sessionid=7) / PPP(proto=0x21) / inner(f)))),
    "gre": (ETHERNET, lambda f: outer(f, 47, bytes(GRE(proto=0x0800)) + inner(f))),
    "gre-ethernet": (ETHERNET, lambda f: outer(f, 47, bytes(GRE(proto=0x6558, key_present=1, key=9)) + bytes(f))),
    "geneve": (ETHERNET, lambda f: in_udp(f, 6081, bytes(GENEVE(vni=99, proto=0x6558)))),
    "ip-in-ip": (ETHERNET, lambda f: outer(f, 4, inner(f))),
    "ip-in-ipv6": (ETHERNET, lambda f: outer(f, 4, inner(f), "IPv6")),
    "ipv6-in-ip": (ETHERNET, lambda f: outer(f, 41, inner(f))),
    "null-little": (NULL, lambda f: struct.pack("<I", 2) + inner(f)),
    "null-big": (NULL, lambda f: struct.pack(">I", 2) + inner(f)),
    "loop": (LOOP, lambda f: struct.pack(">I", 2) + inner(f)),
    "raw4": (RAW4, inner),
    "raw6": (RAW6, inner),
    "ah": (ETHERNET, authenticated),
    "extensions": (ETHERNET, extended),
    "two-vlans": (ETHERNET, two_tagged),
}

kind, source, target = sys.argv[1:4]
link, wrap = KINDS[kind]
with PcapReader(source) as frames, Path(target).open("wb") as made:
    made.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link))
    for frame in frames:
        octets = wrap(frame)
        seconds, part = int(frame.time), round(frame.time % 1 * 1_000_000)
        made.write(struct.pack("<IIII", seconds, part, len(octets), len(octets)) + octets)
