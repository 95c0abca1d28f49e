"""Where a connection's session stands: which ends are server and client, which port names it, which end is ours.

FTP data connections (``behaviour.md`` section 4). A server in active mode opens them itself, from port 20: there the
opener is the session's server, under port 20, as z/OS does for IPv4 and a control port of 21. A tap does not see
sockets, so any IPv4 connection from port 20 to an ephemeral port is taken for one. In passive mode servers wait at
any port; those of a configured range (``PASSIVEDATAPORTS``) are one session with the range as its ports. Without one
each port is a session of its own: nothing tells such a connection from any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from zertap.zert.events import Shown
from zertap.zert.facts import Side
from zertap.zert.local import local_sides
from zertap.zert.sessions import Ftp, Session, Traits

FTP_DATA_PORT: Final = 20
ACTIVE_FTP: Final = -1
"""In place of a server port: an active FTP data connection."""

_EPHEMERAL: Final = 1024
_MAPPED: Final = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Places:
    """What is known of the network: which networks are ours, and the passive FTP data ports (first and last).

    Without networks the session's server is local.
    """

    networks: Sequence[IPv4Network | IPv6Network] = ()
    passive_ports: tuple[int, int] | None = None

    def sessions(
        self, opener: bytes, acceptor: bytes, port: int, protections: Sequence[tuple[Shown, Traits]]
    ) -> list[list[Session]]:
        """For each of *protections* the sessions of a connection, one for each local end.

        ``opener`` and ``acceptor``: the two addresses in sixteen octets; ``port`` is the acceptor's or
        ``ACTIVE_FTP``.
        """
        client, server = address_text(opener), address_text(acceptor)
        ftp, ports = Ftp.NO, (port, port)
        if port == ACTIVE_FTP:
            client, server = server, client
            ftp, ports = Ftp.ACTIVE, (FTP_DATA_PORT, FTP_DATA_PORT)
        elif self.passive_ports and self.passive_ports[0] <= port <= self.passive_ports[1]:
            ftp, ports = Ftp.PASSIVE, self.passive_ports
        sides = local_sides(client, server, self.networks) if self.networks else (Side.SERVER,)
        return [
            [Session(server, client, *ports, side, shown, traits, ftp) for side in sides]
            for shown, traits in protections
        ]


def is_active_ftp(opener: bytes, opener_port: int, acceptor_port: int) -> bool:
    """Whether a connection is taken for one that an FTP server in active mode opened."""
    return opener_port == FTP_DATA_PORT and acceptor_port >= _EPHEMERAL and opener.startswith(_MAPPED)


@lru_cache(maxsize=65_536)
def address_text(octets: bytes) -> str:
    """An address of sixteen octets (IPv4 in its mapped form) in its usual form."""
    return str(ip_address(octets.removeprefix(_MAPPED)))
