"""Where a connection's session stands: which ends are server and client, which port names it, which end is ours.

FTP data connections (``behaviour.md`` section 4). A server in active mode opens them itself, from port 20: there the
opener is the session's server, under port 20, as z/OS does for IPv4 and a control port of 21. A tap does not see
sockets, so any IPv4 connection from port 20 to an ephemeral port is taken for one. In passive mode servers wait at
any port; those of a configured range (``PASSIVEDATAPORTS``) are one session with the range as its ports. Without one
each port is a session of its own: nothing tells such a connection from any other.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from zertap.values import dataclass

FTP_DATA_PORT: Final = 20
ACTIVE_FTP_FROM: Final = 1024
"""The first port to which active FTP data connections go."""

_MAPPED: Final = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Places:
    """What is known of the network: which networks are ours, and the passive FTP data ports (first and last).

    Without networks the session's server is local.
    """

    networks: Sequence[IPv4Network | IPv6Network] = ()
    passive_ports: tuple[int, int] | None = None


@lru_cache(maxsize=65_536)
def address_text(octets: bytes) -> str:
    """An address of sixteen octets (IPv4 in its mapped form) in its usual form."""
    return str(ip_address(octets.removeprefix(_MAPPED)))
