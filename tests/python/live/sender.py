"""Sends the connections of a capture again and again, from other clients each time: ``sender.py IFACE PCAP SECONDS``.

Prints how many frames the kernel took. A fourth argument: frames a second at most. A client is the address that opened
the connection; its second and third octet say which repetition it is. Checksums are left as they were.
"""

import socket
import struct
import sys
import time
from pathlib import Path

ETHERNET, CLIENT = 1, bytes((10, 99, 0, 1))


def frames(path: Path) -> list[bytes]:
    """The frames of a plain pcap file of either byte order, Ethernet."""
    octets = path.read_bytes()
    order = "<" if octets[:4] in {b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"} else ">"
    assert struct.unpack(order + "I", octets[20:24])[0] == ETHERNET
    found, at = [], 24
    while at < len(octets):
        length = struct.unpack(order + "I", octets[at + 8 : at + 12])[0]
        found.append(octets[at + 16 : at + 16 + length])
        at += 16 + length
    return found


def templates(path: Path) -> list[tuple[bytearray, int]]:
    """IPv4 frames with the place of the client's address in them."""
    chosen = []
    for frame in frames(path):
        if frame[12:14] == b"\x08\x00" and len(frame) <= 1514:
            place = 26 if frame[26:30] == CLIENT else 30
            assert frame[place : place + 4] == CLIENT
            chosen.append((bytearray(frame), place))
    return chosen


def main(interface: str, path: str, seconds: str, rate: str = "0") -> int:
    """Sends until the time is over; the exit status."""
    chosen, sent, repetition = templates(Path(path)), 0, 0
    pause = len(chosen) / float(rate) if float(rate) else 0.0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((interface, 0))
        begun = time.monotonic()
        while time.monotonic() - begun < float(seconds):
            repetition += 1
            client = bytes((10, repetition >> 8 & 255, repetition & 255, 1))
            for frame, place in chosen:
                frame[place : place + 4] = client
                raw.send(frame)
            sent += len(chosen)
            if pause and (ahead := repetition * pause - (time.monotonic() - begun)) > 0:
                time.sleep(ahead)
    print(sent)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
