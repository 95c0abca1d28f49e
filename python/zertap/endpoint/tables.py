"""The kernel's tables of sockets, processes and addresses, as ``/proc`` shows them (proc(5)).

They are those of the network namespace that the process lives in. What vanishes while it is read is no error: sockets
and processes come and go. Nothing is kept here.
"""

import os
import sys
from collections.abc import Collection, Iterator
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import NamedTuple

_MAPPED = bytes(10) + b"\xff\xff"
_LISTENING = "0A"
"""TCP_LISTEN of ``include/net/tcp_states.h``."""
_SOCKET = "socket:["
_USER, _INODE = 7, 9
"""Words of a line of the table of sockets."""
_FOUR = 4


class Place(NamedTuple):
    """An address of sixteen octets (IPv4 mapped) and a port."""

    address: bytes
    port: int

    @classmethod
    def of(cls, address: str, port: int) -> "Place":
        """That of a text."""
        return cls(_sixteen(ip_address(address).packed), port)


class Socket(NamedTuple):
    """What the kernel says of a socket: its inode (0: nobody has it open any more) and its owner's user number."""

    inode: int
    uid: int


class Sockets(NamedTuple):
    """The TCP sockets of this moment: connected ones by both ends, our own first; listening ones by their end."""

    connected: dict[tuple[Place, Place], Socket]
    listening: dict[Place, Socket]

    def of(self, ours: Place, theirs: Place) -> Socket | None:
        """The socket of our end; that of the listener, where the connection's own is gone already."""
        found = self.connected.get((ours, theirs))
        if found is not None and found.inode:
            return found
        anywhere = [Place(bytes(16), ours.port), Place(_MAPPED + bytes(4), ours.port)]
        listener = next((self.listening[each] for each in [ours, *anywhere] if each in self.listening), None)
        return listener or found


def sockets(proc: Path) -> Sockets:
    """Those of this moment."""
    found = Sockets({}, {})
    for name in ("tcp", "tcp6"):
        for line in _lines(proc / "net" / name)[1:]:
            _take(found, line.split())
    return found


def _take(found: Sockets, words: list[str]) -> None:
    """One line: slot, local and remote end, state, queues, timer, retransmissions, user, timeout, inode."""
    if len(words) <= _INODE:
        return
    ours, theirs = _place(words[1]), _place(words[2])
    socket = Socket(int(words[_INODE]), int(words[_USER]))
    if words[3] == _LISTENING:
        found.listening[ours] = socket
    else:
        found.connected[ours, theirs] = socket


def _place(text: str) -> Place:
    """An end in the kernel's spelling: words of 32 bits in the machine's order, a colon, the port."""
    address, _, port = text.partition(":")
    octets = bytes.fromhex(address)
    if sys.byteorder == "little":
        octets = b"".join(octets[at : at + 4][::-1] for at in range(0, len(octets), 4))
    return Place(_sixteen(octets), int(port, 16))


def _sixteen(octets: bytes) -> bytes:
    return _MAPPED + octets if len(octets) == _FOUR else octets


def holders(proc: Path, inodes: Collection[int]) -> dict[int, int]:
    """Of each of *inodes* the process that has the socket open, as far as we may look; the oldest of several."""
    wanted = {f"{_SOCKET}{inode}]": inode for inode in inodes}
    found: dict[int, int] = {}
    for process in sorted(int(each.name) for each in proc.iterdir() if each.name.isdigit()):
        for link in _links(proc / str(process) / "fd"):
            inode = wanted.get(link)
            if inode is not None:
                found.setdefault(inode, process)
        if len(found) == len(wanted):
            break
    return found


def _links(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.path for entry in entries]
    except OSError:
        return
    for name in names:
        try:
            yield os.readlink(name)  # noqa: PTH115  there may be a hundred thousand of them
        except OSError:
            continue


def process_name(proc: Path, process: int) -> str | None:
    """The name of a process, as its kernel keeps it (at most 15 octets)."""
    lines = _lines(proc / str(process) / "comm")
    return lines[0] if lines else None


def local_networks(proc: Path = Path("/proc")) -> list[IPv4Network | IPv6Network]:
    """The addresses of this host's interfaces: networks of one address each, and of what is local as a whole."""
    four, address = set(), ""
    for line in _lines(proc / "net" / "fib_trie"):
        words = line.split()
        if words[:1] == ["|--"]:
            address = words[1]
        elif words[1:3] == ["host", "LOCAL"]:
            four.add(IPv4Network(address + words[0]))
    six = {IPv6Network(IPv6Address(bytes.fromhex(line.split()[0]))) for line in _lines(proc / "net" / "if_inet6")}
    return [*sorted(four), *sorted(six)]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
