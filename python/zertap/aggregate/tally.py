"""Rows to sums of sessions: teaches the engine's ``Sums`` what rows mean.

``Sums`` touches the rows; Python only what is distinct among them: sorts of rows (kind, history, what was told before),
whose effects ``effects`` works out, faces (profile, certificates, who is the protocol's client), whose facts are read
from one row that has them and tell the session's protection, and owners of sockets, where somebody knows them.
"""

from typing import Final, NamedTuple

from zertap._native import KINDS, PHASES, EventBatch, Groups, Sums
from zertap.aggregate.effects import Posting, effects
from zertap.aggregate.ledger import Change, Changes
from zertap.aggregate.places import ACTIVE_FTP_FROM, FTP_DATA_PORT, Places
from zertap.aggregate.table import FACELESS, Known, Meaning, Table
from zertap.rows import RowReader
from zertap.zert.events import NOTHING, Pattern, Shown
from zertap.zert.facts import Side, TlsFacts
from zertap.zert.layouts import Shape
from zertap.zert.owner import Names, Owners, names
from zertap.zert.sessions import Ftp, end_text, protection_text, significant, traits

MOST_KNOWN: Final = 65_536
"""Faces and classes remembered at most beside those that sessions have."""

_SHOWN: Final = (NOTHING, *(Shown(protocol, failed) for protocol in ("TLS", "SSH") for failed in (False, True)))


def _middles(owner: Names) -> list[str]:
    return [end_text(local, ftp, owner) for ftp in Ftp for local in (Side.SERVER, Side.CLIENT)]


_NOBODY: Final = 0
"""The owner whom nobody knows."""


class Span(NamedTuple):
    """Rows before a boundary: where they stop, the moment of the next one, when the latest of them was written."""

    stop: int
    following: int
    latest: int


class Tally:
    """Counts the rows of one engine. Not for use by several threads at once.

    ``standing``: rows of connections as they stand (``Tap.current``) are no ends: they only bring traffic.
    """

    def __init__(
        self,
        places: Places,
        shape: Shape = Shape.Z32,
        *,
        terminate: bool = False,
        owners: Owners | None = None,
        standing: bool = False,
    ) -> None:
        self._terminate = terminate
        self._standing = standing
        self._owners = owners
        networks = [(each.network_address.packed, each.prefixlen) for each in places.networks]
        turned = (FTP_DATA_PORT, ACTIVE_FTP_FROM)
        self._sums = Sums(networks, places.passive_ports, turned, _middles(Names()), owned=owners is not None)
        self._shape = shape
        self._known = Known({}, {}, {_NOBODY: Names()})
        self._reader = RowReader()
        self._most_known = MOST_KNOWN

    def __len__(self) -> int:
        """Sessions that are remembered."""
        return len(self._sums)

    def span(self, batch: EventBatch, rows: range, boundary: int) -> Span:
        """Those of *rows* that come before *boundary* (nanoseconds since 1970)."""
        return Span(*self._sums.span(batch, rows.start, rows.stop, boundary))

    def count(self, batch: EventBatch, rows: range) -> None:
        """Counts *rows*."""
        while True:
            sorts, faces, halves = self._sums.prepare(batch, rows.start, rows.stop)
            for sort in sorts:
                self._teach_sort(batch, sort)
            for shown, face, row in faces:
                self._teach(batch, shown, face, row)
            for half in halves:
                self._teach_owner(half)
            if not sorts and not faces and not halves:
                break
        self._sums.count(batch)
        if len(self._known.facts) > self._most_known:
            self._forget()

    def take(self) -> Changes:
        """What the rows counted since the last call did to sessions. Nothing of them stays."""
        table = Table(self._sums.close(keep=False), self._known, 0, 0)
        return {each.session: Change(each.final, each.latest) for each in table}

    def close(self, start: int, end: int, *, last: bool = False) -> Table:
        """The summaries of the interval from *start* to *end*. What is active lives on, if it is not the *last*."""
        groups: Groups = self._sums.close(keep=not last)
        return Table(groups, self._known, start, end)

    def _teach_sort(self, batch: EventBatch, sort: int) -> None:
        milestones, *rest = batch.pattern(sort & 0xFFFF_FFFF)
        named = tuple((PHASES[phase], after_timer) for phase, after_timer in milestones)
        life, kind = Pattern(named, *rest), KINDS[sort >> 32 & 0xFF]
        if self._standing:
            kind = "interval"
        if self._terminate and kind in {"unfinished", "evicted"}:
            life, kind = life._replace(ended=True), "closed"
        found = effects(kind, life, sort >> 40, self._shape)
        postings = found.postings if found else ()
        self._sums.teach_sort(sort, bool(found and found.totals), [_taught(each) for each in postings])

    def _teach(self, batch: EventBatch, shown: int, face: int, row: int) -> None:
        """What the protection ``_SHOWN[shown]`` with the facts of *row* means."""
        protection, facts = _SHOWN[shown], None
        if face != FACELESS:
            profile = batch.column("profile")[row]
            read = self._reader.tls_facts if protection.protocol == "TLS" else self._reader.ssh_facts
            facts = significant(read(batch, row, profile))
        told = traits(facts)
        certified = isinstance(facts, TlsFacts) and (facts.server_certificate or facts.client_certificate)
        dated = certified or (facts and facts.provider)
        number = self._sums.teach(shown, face, protection_text(protection, told), repr(facts) if dated else None)
        self._known.classes.setdefault(number, Meaning(protection, told, facts))
        if facts is not None:
            self._known.facts[face] = facts

    def _teach_owner(self, half: int) -> None:
        """Whom half a note names: as the server of a connection of our own, for both halves are of one kind."""
        owner = names(self._owners(half)[1] if self._owners else None)
        self._known.owners[self._sums.teach_owner(half, _middles(owner))] = owner

    def _forget(self) -> None:
        """Keeps what sessions have, and tables that were given out keep theirs."""
        classes, faces = self._sums.forget()
        self._known = Known(
            {number: meaning for number, meaning in self._known.classes.items() if number in classes},
            {face: facts for face, facts in self._known.facts.items() if face in faces},
            self._known.owners,
        )
        self._most_known = MOST_KNOWN + len(self._known.facts)
        self._reader = RowReader()


def _taught(posting: Posting) -> tuple[int, bool, tuple[int, int, int, int], bool]:
    shown = posting.shown
    levels = (posting.connections, posting.partial, posting.short, posting.active)
    return _SHOWN.index(shown), shown.protocol != "none" and not shown.failed, levels, posting.traffic
