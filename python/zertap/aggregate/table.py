"""Summaries of one interval as the engine keeps them: opened one by one where somebody looks at one."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, overload

from zertap._native import Groups
from zertap.aggregate.places import address_text
from zertap.zert.events import Shown
from zertap.zert.facts import Side, SshFacts, TlsFacts
from zertap.zert.owner import Names
from zertap.zert.sessions import Counts, Ftp, Latest, Session, SessionSummary, Traits

Variant = tuple[int, int, int, int, bool, int]
"""What decides how a group is rendered: class, face, way (of ``Ftp``), local end, IPv4?, owner of the local end."""

FACELESS: Final = 0
"""The face of groups whose facts say no more than their class."""

_WAYS: Final = tuple(Ftp)
_SIDES: Final = (Side.SERVER, Side.CLIENT)


class Meaning(NamedTuple):
    """What a class stands for. ``facts``: those of one connection that has it."""

    shown: Shown
    traits: Traits
    facts: TlsFacts | SshFacts | None


class Known(NamedTuple):
    """What numbers stand for: of classes, of faces, of owners."""

    classes: dict[int, Meaning]
    facts: dict[int, TlsFacts | SshFacts]
    owners: dict[int, Names]

    def latest(self, variant: Variant, at: int = 0) -> Latest:
        """The facts that a group of this variant shows."""
        number, face, *_ = variant
        return Latest(at, self.classes[number].facts if face == FACELESS else self.facts[face])

    def session(self, variant: Variant, server: str, client: str, ports: tuple[int, int]) -> Session:
        """The session of a group of this variant."""
        number, _, way, local, _, owner = variant
        shown, traits, _ = self.classes[number]
        job_name, user_id = self.owners[owner]
        ends = (server, client, *ports, _SIDES[local])
        return Session(*ends, shown, traits, _WAYS[way], job_name, user_id=user_id)


class Table(Sequence[SessionSummary]):
    """The summaries of one interval, in the order of their sessions. Equal to any sequence of the same summaries."""

    def __init__(self, groups: Groups, known: Known, start: int, end: int) -> None:
        self.groups = groups
        self.known = known
        self.start = start
        self.end = end

    def __len__(self) -> int:
        return len(self.groups)

    @overload
    def __getitem__(self, index: int) -> SessionSummary: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SessionSummary]: ...
    def __getitem__(self, index: int | slice) -> SessionSummary | Sequence[SessionSummary]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        found = self.groups.group(index + len(self) if index < 0 else index)
        if found is None:
            raise IndexError(index)
        variant, server, client, (first, last), at, initial, final = found
        session = self.known.session(variant, address_text(server), address_text(client), (first, last))
        latest = self.known.latest(variant, at)
        return SessionSummary(session, latest, self.start, self.end, Counts(*initial), Counts(*final))

    def __iter__(self) -> Iterator[SessionSummary]:
        return (self[index] for index in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]
