"""Connections one by one, for captures of any size: read while somebody asks for the next one, and nothing is kept."""

from collections.abc import Iterator
from itertools import chain as chain_
from typing import TYPE_CHECKING

from zertap.asked import Captures, Passing, ask, fields_asked
from zertap.connection import Connection
from zertap.pipeline import Mode

if TYPE_CHECKING:
    from zertap.pseudonyms import Pseudonyms


def connections(
    captures: Captures,
    *,
    mode: Mode = "full",
    chain: bool = False,
    offers: bool = False,
    fingerprints: bool = False,
    community_id: int | None = None,
    pseudonyms: "Pseudonyms | None" = None,
    where: str | None = None,
    strict: bool = False,
    workers: int = 1,
) -> "Connections":
    """Every TCP connection in *captures*, in the order in which they ended, as they are read.

    The arguments are those of ``observe``, which keeps them all. Raises ``Usage``; what the captures say,
    ``CaptureUnreadable`` and with ``strict`` ``CaptureDamaged``, comes while they are iterated.
    """
    asked = ask(
        captures,
        mode=mode,
        chain=chain,
        offers=offers,
        fingerprints=fingerprints,
        community_id=community_id,
        pseudonyms=pseudonyms,
        where=where,
        strict=strict,
        workers=workers,
    )
    return Connections(asked, fields_asked(fingerprints=fingerprints, community_id=community_id))


class Connections(Passing):
    """Connections while they are read, each time from the beginning. See ``Passing``."""

    def __iter__(self) -> Iterator[Connection]:
        parts = (part for part in self._read() if part is not None)
        return chain_.from_iterable(batch.views(Connection, plan, rows) for batch, plan, rows in parts)

    def __repr__(self) -> str:
        return f"<Connections of {', '.join(self._asked.paths)}>"
