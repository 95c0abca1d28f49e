"""Whose connection is it? Asked when a connection is first reported, answered beside the tap.

A thread of our own reads the kernel's tables for all questions that wait, so that their price does not grow with the
number of connections. The answer is a number: two owners, that of the client's socket and that of the server's, each
known by a small number of its own. The engine keeps it (``Tap.mark``) and gives it back in every later row. Questions
that find no room are not answered, and counted; a connection that is gone before it is looked for has the owner of the
listening socket, or none.
"""

import pwd
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from zertap._native import KINDS, EventBatch
from zertap.endpoint.tables import Place, Socket, Sockets, holders, process_name, sockets

OWNERS: int = 65_535
"""Owners told apart at most; the rest have none."""

_QUESTIONS = 8192
_REMEMBERED = 16_384
"""Sockets whose owner is remembered."""
_REST = 0.05
"""Least time between two looks at the tables. Unit: seconds."""
_OPENED = KINDS.index("opened")
_BITS = 32


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a socket open: the process's name (``None`` where we may not look) and its user."""

    process: str | None
    user: str


class Question(NamedTuple):
    """A connection to look for: its ends, and its number in the engine."""

    client: tuple[str, int]
    server: tuple[str, int]
    number: int


class Told(Protocol):
    """A row, as far as it is asked here."""

    @property
    def client_ip(self) -> str:
        """The client's address."""

    @property
    def client_port(self) -> int:
        """Its port."""

    @property
    def server_ip(self) -> str:
        """The server's address."""

    @property
    def server_port(self) -> int:
        """Its port."""

    @property
    def connection(self) -> int | None:
        """Its number in the engine."""


class Marked(Protocol):
    """What takes answers: an engine."""

    def find(self, one: tuple[str, int], other: tuple[str, int], number: int | None = None) -> int | None:
        """Names a connection."""

    def mark(self, connection: int, note: int, *, early: bool = False) -> bool:
        """Takes a connection's number; *early*: unless something of it was reported."""


class Endpoint:
    """The owners of this host's connections. ``proc``: where the kernel's tables are."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._numbers: dict[Owner, int] = {}
        self._owners: list[Owner] = []
        self._known: dict[int, Owner] = {}
        self._questions: deque[Question] = deque()
        self._answers: deque[tuple[Question, int]] = deque()
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None
        self._over = self._busy = False
        self.unasked = 0
        """Questions that found no room."""

    def owners(self, note: int) -> tuple[Owner | None, Owner | None]:
        """The client's and the server's, by the number that rows bear."""
        return self._owner(note >> _BITS), self._owner(note & (1 << _BITS) - 1)

    def look_up(self, client: tuple[str, int], server: tuple[str, int]) -> int:
        """The number of one connection's owners, at once: for who may wait some milliseconds. 0: nobody known."""
        return self._answer([Question(client, server, 0)])[0]

    def ask(self, question: Question) -> None:
        """Asks without waiting; the answer will be among ``answers``."""
        with self._turn:
            if len(self._questions) >= _QUESTIONS or self._over:
                self.unasked += 1
                return
            self._questions.append(question)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="zertap-endpoint", daemon=True)
                self._thread.start()
            self._turn.notify()

    def ask_about(self, row: Told) -> None:
        """Asks for the connection of a row."""
        ends = (row.client_ip, row.client_port), (row.server_ip, row.server_port)
        self.ask(Question(*ends, row.connection or 0))

    def answers(self) -> Iterator[tuple[Question, int]]:
        """What has been answered since the last call."""
        while self._answers:
            yield self._answers.popleft()

    def attend(self, tap: Marked, batch: EventBatch) -> None:
        """Asks for the connections that *batch* says were opened, and tells *tap* what was answered meanwhile."""
        for row, kind in enumerate(batch.column("kind")):
            if kind == _OPENED:
                value = {name: batch.value(row, name) for name in _ASKED}
                ends = (value["client_ip"], value["client_port"]), (value["server_ip"], value["server_port"])
                self.ask(Question(*ends, value["connection"]))
        self.tell(tap)

    def tell(self, tap: Marked) -> None:
        """Tells *tap* what was answered since the last call. Of a connection that was reported it is too late: what
        tells it apart does not change between its records.
        """
        for question, note in self.answers():
            name = tap.find(question.client, question.server, question.number) if note else None
            if name is not None:
                tap.mark(name, note, early=True)

    def wait(self, seconds: float) -> bool:
        """Waits until every question is answered; whether they are."""
        end = time.monotonic() + seconds
        with self._turn:
            while self._questions or self._busy:
                if not self._turn.wait(max(0.0, end - time.monotonic())):
                    return False
        return True

    def close(self) -> None:
        """No more questions are answered."""
        with self._turn:
            self._over = True
            self._questions.clear()
            self._turn.notify_all()
        if self._thread:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _work(self) -> None:
        while True:
            with self._turn:
                self._busy = False
                self._turn.notify_all()
                while not self._questions and not self._over:
                    self._turn.wait()
                if self._over:
                    return
                asked = [self._questions.popleft() for _ in range(len(self._questions))]
                self._busy = True
            self._answers.extend(zip(asked, self._answer(asked), strict=True))
            time.sleep(_REST)

    def _answer(self, asked: list[Question]) -> list[int]:
        now = sockets(self._proc)
        pairs = [_both(now, each) for each in asked]
        self._learn([each for pair in pairs for each in pair if each is not None])
        return [self._number(client) << _BITS | self._number(server) for client, server in pairs]

    def _learn(self, seen: list[Socket]) -> None:
        """Finds the owners of sockets that are new."""
        new = {each.inode: each.uid for each in seen if each.inode and each.inode not in self._known}
        if not new:
            return
        if len(self._known) + len(new) > _REMEMBERED:
            self._known.clear()
        processes = holders(self._proc, new)
        for inode, uid in new.items():
            process = processes.get(inode)
            name = None if process is None else process_name(self._proc, process)
            self._known[inode] = Owner(name, user_name(uid))

    def _number(self, socket: Socket | None) -> int:
        """The number of a socket's owner; 0 where there is none."""
        owner = None if socket is None else self._known.get(socket.inode)
        if owner is None:
            return 0
        number = self._numbers.get(owner)
        if number is None and len(self._owners) < OWNERS:
            self._owners.append(owner)
            number = self._numbers[owner] = len(self._owners)
        return number or 0

    def _owner(self, number: int) -> Owner | None:
        return self._owners[number - 1] if 0 < number <= len(self._owners) else None


_ASKED = ("client_ip", "client_port", "server_ip", "server_port", "connection")


def _both(now: Sockets, asked: Question) -> tuple[Socket | None, Socket | None]:
    """The sockets of client and server, where they are on this host."""
    client, server = Place.of(*asked.client), Place.of(*asked.server)
    found = now.connected.get((client, server))
    return (found if found and found.inode else None), now.of(server, client)


@lru_cache(maxsize=1024)
def user_name(uid: int) -> str:
    """The name of a user; the number of one without a name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
