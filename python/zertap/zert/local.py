"""Which end of a connection is ours. A tap has no local stack: configuration names the local networks."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address

from zertap.zert.facts import Side


def local_sides(client: str, server: str, networks: Sequence[IPv4Network | IPv6Network]) -> tuple[Side, ...]:
    """From which sides a connection is reported, given the local networks.

    Both ends local: from each. Neither, or no networks configured: from the server's (A2).
    """
    known = tuple(networks)
    ends = ((Side.SERVER, server), (Side.CLIENT, client))
    return tuple(side for side, text in ends if _is_local(text, known)) or (Side.SERVER,)


@lru_cache(maxsize=65_536)
def _is_local(text: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    address = ip_address(text)
    return any(address in network for network in networks)
