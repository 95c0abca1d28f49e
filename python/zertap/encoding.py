"""From rows to the octets of connection detail records, without Python in between.

The native encoder asks for what it has not met: the records of one row, by the plain codec, with their holes. Rows
alike in all that connections share are then written by it alone.
"""

from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import IPv4Network, IPv6Network

from zertap._native import EventBatch, Stencils
from zertap.rows import RowReader
from zertap.values import replace
from zertap.zert.bulk import Stencil, stencil
from zertap.zert.facts import ConnectionFacts, Side
from zertap.zert.local import local_sides
from zertap.zert.mapping import Settings
from zertap.zert.owner import Owners, names

Networks = Sequence[IPv4Network | IPv6Network]

_MAPPED = bytes(10) + b"\xff\xff"
_ALL_MAPPED = IPv6Network("::ffff:0:0/96")


class Encoding:
    """The records of one engine's rows: one for each event, from each local side.

    ``reader`` makes the reader of rows, which knows the rule for open ends and the engine's waiting span. ``owners``
    tells whose sockets they are, where somebody knows.
    """

    def __init__(
        self,
        settings: Settings,
        networks: Networks = (),
        reader: Callable[[], RowReader] = RowReader,
        owners: Owners | None = None,
    ) -> None:
        self._owners = owners
        self._settings = settings
        self._networks = networks
        self._reader = reader()
        prefixes = [_prefix(network) for network in networks if not _is_empty(network)]
        self._stencils = Stencils(prefixes, settings.header_offset)

    def write(self, batch: EventBatch, rows: Sequence[int]) -> tuple[bytes, int]:
        """The octets of the records of *rows*, one after the other, each with its descriptor word; how many."""
        return self._stencils.write(batch, rows, partial(self._teach, batch))

    def _teach(self, batch: EventBatch, row: int) -> list[Stencil] | None:
        """The stencils of rows like this one; none where rows of its sort bring no event at all."""
        found = self._reader.told(batch, row)
        if found is None:
            return None
        facts, told = found
        return [
            stencil(self._owned(batch, row, facts, side), event, slot, self._settings, side)
            for side in self._sides(facts)
            for event, slot in told
        ]

    def _owned(self, batch: EventBatch, row: int, facts: ConnectionFacts, local: Side) -> ConnectionFacts:
        """The facts with the owner of the local socket, whose names the fields of z/OS hold in upper case."""
        if self._owners is None:
            return facts
        client, server = self._owners(batch.value(row, "note"))
        owner = server if local is Side.SERVER else client
        return facts if owner is None else replace(facts, **names(owner)._asdict())

    def _sides(self, facts: ConnectionFacts) -> tuple[Side, ...]:
        if not self._networks:
            return (Side.SERVER,)
        return local_sides(facts.client_address, facts.server_address, self._networks)


def _is_empty(network: IPv4Network | IPv6Network) -> bool:
    """Whether a network has no address that we name: IPv4 addresses that are mapped into IPv6 count as IPv4."""
    return isinstance(network, IPv6Network) and network.subnet_of(_ALL_MAPPED)


def _prefix(network: IPv4Network | IPv6Network) -> tuple[bytes, int]:
    """A network among addresses of sixteen octets, IPv4 mapped into them."""
    octets = network.network_address.packed
    if isinstance(network, IPv4Network):
        return _MAPPED + octets, 96 + network.prefixlen
    return octets, network.prefixlen
