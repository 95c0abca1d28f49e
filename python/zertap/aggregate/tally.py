"""Rows to the changes that sessions see: the one place where aggregation touches every row.

Rows that are alike in kind, history, facts, addresses and port do the same to the same sessions, so they are only
counted and their traffic added up, in *cells*. What that means for sessions is worked out once a cell. There are as
many cells as sessions times the few ways in which connections live.

Certificates and SSH roles are not among the engine's columns: rows of profiles that have them are looked at one by
one, and get a number of their own in place of their profile's.
"""

from collections.abc import Sequence
from itertools import compress
from sys import byteorder
from typing import Final, NamedTuple

from zertap._native import KINDS, PHASES, EventBatch
from zertap.aggregate.effects import Effects, Posting, effects
from zertap.aggregate.ledger import Change, Changes
from zertap.aggregate.places import ACTIVE_FTP, FTP_DATA_PORT, Places, is_active_ftp
from zertap.protection import PROTOCOLS
from zertap.rows import RowReader
from zertap.zert.events import Pattern, Shown
from zertap.zert.facts import SshFacts, TlsFacts
from zertap.zert.layouts import Shape
from zertap.zert.sessions import Counts, Ftp, Latest, Session, significant, traits

_FIRST_NUMBER: Final = 1 << 32
"""Numbers of facts of single rows begin above those of profiles."""

_SORT: Final = ("kind", "pattern", "history_before")
_TRAFFIC: Final = ("bytes_client", "bytes_server", "segments_client", "segments_server")
_SINCE: Final = tuple(f"{name}_delta" for name in _TRAFFIC)

_Key = tuple[int, ...]
"""Kind, pattern, milestones told before, facts, port, client, server (each in two halves)."""
_Facts = TlsFacts | SshFacts


class _Meaning(NamedTuple):
    """What the rows of one cell do: each session with what one row does to it, and whose facts it shows."""

    postings: list[tuple[Session, Posting]]
    facts: dict[Shown, _Facts]


class Columns:
    """The columns of one batch, fetched once."""

    def __init__(self, batch: EventBatch) -> None:
        self.batch = batch
        self._fetched: dict[str, memoryview] = {}

    def of(self, name: str, rows: range) -> list[int]:
        """One column's values for *rows*."""
        return self._column(name)[rows.start : rows.stop].tolist()

    def one(self, name: str, row: int) -> int:
        """One row's value."""
        value: int = self._column(name)[row]
        return value

    def halves(self, name: str, rows: range) -> list[int]:
        """A column of addresses, each as two numbers, one after the other."""
        return self._column(name).cast("Q")[2 * rows.start : 2 * rows.stop].tolist()

    def _column(self, name: str) -> memoryview:
        found = self._fetched.get(name)
        if found is None:
            found = self._fetched[name] = self.batch.column(name)
        return found


class Tally:
    """Counts the rows of one engine. Not for use by several threads at once."""

    def __init__(self, places: Places, shape: Shape = Shape.Z32, *, terminate: bool = False) -> None:
        self._terminate = terminate
        self._places = places
        self._shape = shape
        self._effects: dict[_Key, Effects | None] = {}
        self._single: dict[int, bool] = {}
        self._forget()

    def _forget(self) -> None:
        self._cells: dict[_Key, list[int]] = {}
        """Rows, then octets and segments by client and server, then whether traffic is in totals."""
        self._meanings: dict[_Key, _Meaning] = {}
        self._seen: dict[_Key, int] = {}
        """When the latest of rows that show informational facts came."""
        self._reader = RowReader()
        self._numbers: dict[int, tuple[int, _Facts]] = {}

    def count(self, columns: Columns, rows: range) -> None:
        """Counts *rows* of one batch."""
        chosen = self._choose(columns, rows)
        keys = self._keys(chosen)
        traffic = zip(*(chosen.of(name) for name in _TRAFFIC), strict=True)
        since = zip(*(chosen.of(name) for name in _SINCE), strict=True)
        find = self._cells.get
        for row, key, total, delta in zip(chosen.rows, keys, traffic, since, strict=True):
            cell = find(key) or self._new_cell(columns, row, key)
            client, server, client_segments, server_segments = total if cell[5] else delta
            cell[0] += 1
            cell[1] += client
            cell[2] += server
            cell[3] += client_segments
            cell[4] += server_segments
        for key, at in compress(zip(keys, chosen.of("at"), strict=True), chosen.single):
            self._seen[key] = max(self._seen.get(key, 0), at)

    def take(self) -> Changes:
        """What the rows counted since the last call did to sessions."""
        changes: dict[Session, Change] = {}
        for key, meaning in self._meanings.items():
            cell, at = self._cells[key], self._seen.get(key, 0)
            for session, posting in meaning.postings:
                change = Change(_counts(cell, session, posting), Latest(at, meaning.facts.get(session.shown)))
                before = changes.get(session)
                changes[session] = change if before is None else before + change
        self._forget()
        return changes

    def _choose(self, columns: Columns, rows: range) -> "_Chosen":
        """Those of *rows* that do something."""
        sorts = list(zip(*(columns.of(name, rows) for name in _SORT), strict=True))
        for sort in set(sorts) - self._effects.keys():
            self._effects[sort] = self._effects_of(columns.batch, sort)
        return _Chosen(columns, rows, [self._effects[sort] is not None for sort in sorts])

    def _keys(self, chosen: "_Chosen") -> list[_Key]:
        """What makes rows alike."""
        sort, profiles, ports = (chosen.of(name) for name in _SORT), chosen.of("profile"), chosen.of("server_port")
        self._number_singles(chosen, profiles)
        clients, servers = chosen.halves("client_address"), chosen.halves("server_address")
        openers = chosen.of("client_port")
        if FTP_DATA_PORT in openers:
            _mark_active_ftp(clients, openers, ports)
        return list(zip(*sort, profiles, ports, *clients, *servers, strict=True))

    def _number_singles(self, chosen: "_Chosen", profiles: list[int]) -> None:
        """Puts numbers of their own in place of the *profiles* of rows that must be looked at, and marks them."""
        for profile in set(profiles) - self._single.keys():
            self._single[profile] = _has_more(chosen.columns.batch.profile(profile))
        chosen.single = [self._single[profile] for profile in profiles]
        if any(chosen.single):
            for index in compress(range(len(profiles)), chosen.single):
                profiles[index] = self._number(chosen.columns, chosen.rows[index], profiles[index])

    def _number(self, columns: Columns, row: int, profile: int) -> int:
        facts = self._facts(columns, row, profile)
        if facts is None:
            return profile
        known = self._numbers.get(id(facts))
        if known is None:
            known = self._numbers[id(facts)] = (_FIRST_NUMBER + len(self._numbers), facts)
        return known[0]

    def _facts(self, columns: Columns, row: int, profile: int) -> _Facts | None:
        """The facts of one row, if its connection spoke a protocol that has any."""
        protocol = PROTOCOLS[columns.one("phase", row)]
        if protocol == "tls":
            return self._reader.tls_facts(columns.batch, row, profile)
        return self._reader.ssh_facts(columns.batch, row, profile) if protocol == "ssh" else None

    def _new_cell(self, columns: Columns, row: int, key: _Key) -> list[int]:
        found = self._effects[key[:3]]
        assert found is not None
        self._meanings[key] = self._meaning(columns, row, key, found)
        cell = self._cells[key] = [0, 0, 0, 0, 0, found.totals]
        return cell

    def _effects_of(self, batch: EventBatch, sort: _Key) -> Effects | None:
        kind, pattern, told = sort
        milestones, *rest = batch.pattern(pattern)
        named = tuple((PHASES[phase], after_timer) for phase, after_timer in milestones)
        life, word = Pattern(named, *rest), KINDS[kind]
        if self._terminate and word in {"unfinished", "evicted"}:
            life, word = life._replace(ended=True), "closed"
        return effects(word, life, told, self._shape)

    def _meaning(self, columns: Columns, row: int, key: _Key, found: Effects) -> _Meaning:
        profile, port = key[3:5]
        facts: dict[Shown, _Facts] = {}
        for posting in found.postings:
            if posting.shown.protocol != "none" and not posting.shown.failed:
                shown = self._facts(columns, row, profile)
                if shown is not None:
                    facts[posting.shown] = significant(shown)
        protections = [(posting.shown, traits(facts.get(posting.shown))) for posting in found.postings]
        sessions = self._places.sessions(_octets(*key[5:7]), _octets(*key[7:9]), port, protections)
        pairs = [(each, posting) for posting, many in zip(found.postings, sessions, strict=True) for each in many]
        return _Meaning(pairs, facts)


class _Chosen:
    """Rows of one batch that do something, and what is known of them in columns."""

    def __init__(self, columns: Columns, rows: range, useful: list[bool]) -> None:
        self.columns = columns
        self._all = rows
        self._useful = None if all(useful) else useful
        self.rows = self._of(rows)
        self.single: list[bool] = []
        """Whether the row shows facts that its profile does not have."""

    def of(self, name: str) -> list[int]:
        """One column."""
        return self._of(self.columns.of(name, self._all))

    def halves(self, name: str) -> tuple[list[int], list[int]]:
        """The two halves of a column of addresses."""
        halves = self.columns.halves(name, self._all)
        return self._of(halves[::2]), self._of(halves[1::2])

    def _of(self, values: Sequence[int]) -> list[int]:
        return list(values) if self._useful is None else list(compress(values, self._useful))


def _mark_active_ftp(clients: tuple[list[int], list[int]], openers: list[int], ports: list[int]) -> None:
    for index in compress(range(len(openers)), [port == FTP_DATA_PORT for port in openers]):
        opener = _octets(clients[0][index], clients[1][index])
        if is_active_ftp(opener, openers[index], ports[index]):
            ports[index] = ACTIVE_FTP


def _has_more(profile: dict[str, object] | None) -> bool:
    """Whether connections of one profile can differ in what their sessions are."""
    return profile is not None and (profile["protocol"] == "ssh" or "server_key" in profile or "client_key" in profile)


def _octets(first: int, second: int) -> bytes:
    """The sixteen octets of an address from its halves, which are in the machine's order."""
    return first.to_bytes(8, byteorder) + second.to_bytes(8, byteorder)


def _counts(cell: list[int], session: Session, posting: Posting) -> Counts:
    """What a cell's rows did to one session, seen from its server's side."""
    rows, *traffic = cell[:5]
    client, server, client_segments, server_segments = traffic if posting.traffic else (0, 0, 0, 0)
    if session.ftp is Ftp.ACTIVE:
        client, server = server, client
        client_segments, server_segments = server_segments, client_segments
    return Counts(
        connections=posting.connections * rows,
        partial=posting.partial * rows,
        short=posting.short * rows,
        active=posting.active * rows,
        in_bytes=client,
        out_bytes=server,
        in_segments=client_segments,
        out_segments=server_segments,
    )
