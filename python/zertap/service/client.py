"""Subscribing to a record service: a loop over its records, in a thread or under asyncio.

::

    with zertap.subscribe("/run/zertap/SYSTCPER.ZERTAP") as service:
        for record in service:          # zertap.zert.records.DetailRecord
            ...

``batches()`` gives the octets of the records instead, as an SMF file holds them. A subscription that shall outlive its
service asks for ``reconnect``: it comes back whenever the service does, and gets the list of current connections again.
"""

import errno
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from time import sleep
from types import TracebackType
from typing import TYPE_CHECKING, Self

from zertap.errors import ServiceFailed, ServiceUnreachable, Usage
from zertap.service.messages import Hello, Kind, TermCode, Wanted, request
from zertap.service.talk import Batch, Conversation, Ended, Said, Talk

if TYPE_CHECKING:
    from zertap.zert.codec import Record

_AT_ONCE = 1 << 18
_BACK_AFTER = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Seconds before each attempt to come back; the last of them again and again."""
_BUSY = (errno.EAGAIN, errno.ECONNREFUSED, errno.ENOENT, errno.EPIPE, errno.ECONNRESET)
"""Why a service cannot be reached that may be back soon."""


def subscribe(
    path: str | os.PathLike[str],
    *,
    summary: bool = False,
    current: bool = True,
    records: bool = True,
    reconnect: bool = False,
) -> "Subscription":
    """Subscribes to the service whose socket is at *path*, or which is the only one of its kind in that directory.

    *summary*: a service of summaries. *current*: begin with the list of current connections (details only; they come
    as records of event type 1). *records*: records as they come; without them the subscription ends with the list.
    *reconnect*: come back when the service does. Raises ``ServiceUnreachable``, ``Usage``.
    """
    kind = Kind.SUMMARY if summary else Kind.DETAIL
    wanted = Wanted(current and not summary, records)
    if not (wanted.current or wanted.records):
        raise Usage("a subscription needs the list of current connections, or the records that come, or both")
    return Subscription(located(os.fspath(path), kind), kind, wanted, reconnect=reconnect)


def located(path: str, kind: Kind) -> str:
    """The socket meant by *path*. Raises ``ServiceUnreachable``."""
    try:
        if not Path(path).is_dir():
            return path
    except OSError as error:
        raise ServiceUnreachable(_reason(error), path) from None
    found = sorted(Path(path).glob(f"{kind}.*"))
    if len(found) != 1:
        what = f"several of {kind}: name one of them" if found else f"no service {kind}"
        raise ServiceUnreachable(f"{what} in this directory", path)
    return str(found[0])


class Subscription:
    """A conversation with a record service. For one thread, or one task, at a time.

    Iterating raises ``ServiceFailed`` where the service dies in mid-conversation or refuses, unless it may be waited
    for (``reconnect``); a service that ends in good order ends the iteration.
    """

    def __init__(self, path: str, kind: Kind, wanted: Wanted, *, reconnect: bool) -> None:
        self.path = path
        self.kind = kind
        self.service: Hello | None = None
        """What the service said of itself."""
        self.received = 0
        """Records that came."""
        self.lost = 0
        """Records that the service could not hand over, because this side was too slow."""
        self.connections = 0
        """How often the service was reached."""
        self.ended: Ended | None = None
        """How the service ended the last conversation."""
        self._wanted = wanted
        self._reconnect = reconnect
        self._closed = False
        self._talk = Talk()
        self._socket: socket.socket | None = self._connected()

    def batches(self) -> Iterator[Batch]:
        """Records as they come together; also one without records where some were lost or the list is complete."""
        while not self._closed:
            for said in self._hear():
                yield from self._noted(said)
            if self._socket is None and not self._come_back():
                return

    def __iter__(self) -> "Iterator[Record]":
        for batch in self.batches():
            yield from _decoded(batch)

    async def __aiter__(self) -> "AsyncIterator[Record]":
        async for batch in self.async_batches():
            for record in _decoded(batch):
                yield record

    async def async_batches(self) -> AsyncIterator[Batch]:
        """As ``batches``, under asyncio: other tasks run while nothing comes."""
        import asyncio  # only where it runs already

        loop = asyncio.get_running_loop()
        while not self._closed:
            if self._socket is not None:
                self._socket.setblocking(False)  # noqa: FBT003  the socket module's own manner
                try:
                    octets = await loop.sock_recv(self._socket, _AT_ONCE)
                except OSError as error:
                    octets = self._broken(error)
                for said in self._understood(octets):
                    for batch in self._noted(said):
                        yield batch
            for delay in () if self._socket else _delays():
                if self._tried_again():
                    break
                if not self._may_come_back():
                    return
                await asyncio.sleep(delay)

    def close(self) -> None:
        """Ends the subscription; whoever iterates gets no more."""
        self._closed = True
        self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fileno(self) -> int:
        """The socket's descriptor, for those who wait for several things; -1 while there is no connection."""
        return -1 if self._socket is None else self._socket.fileno()

    def _hear(self) -> Iterator[Said]:
        peer = self._socket
        if peer is None:
            return iter(())
        try:
            octets = peer.recv(_AT_ONCE)
        except OSError as error:
            octets = self._broken(error)
        return self._understood(octets)

    def _understood(self, octets: bytes) -> Iterator[Said]:
        """What the service says; nothing more where it has gone. Raises ``ServiceFailed``."""
        if not octets:
            self._drop()
            if not (self._talk.over or self._closed or self._may_come_back()):
                raise ServiceFailed("the connection broke off", self.path)
            return
        try:
            yield from self._talk.feed(octets)
        except Conversation as error:
            self._drop()
            raise ServiceFailed(str(error), self.path) from None
        if self._talk.over:
            self._drop()

    def _noted(self, said: Said) -> Iterator[Batch]:
        if isinstance(said, Hello):
            self.service = said
        elif isinstance(said, Ended):
            self.ended = said
            if said.code != TermCode.PLANNED:
                self._reconnect = self._reconnect and said.code == TermCode.ENOMEM
                if not self._may_come_back():
                    self._drop()
                    raise ServiceFailed(said.reason, self.path)
        else:
            self.received += said.records
            self.lost += said.lost
            yield said

    def _broken(self, error: OSError) -> bytes:
        """A broken connection reads like one that has ended; anything else is raised."""
        if self._closed or isinstance(error, ConnectionError):
            return b""
        raise ServiceFailed(error.strerror or str(error), self.path) from None

    def _connected(self) -> socket.socket:
        peer = socket.socket(socket.AF_UNIX)
        try:
            peer.connect(self.path)
            peer.sendall(request(self.kind, self._wanted))
        except OSError as error:
            peer.close()
            raise ServiceUnreachable(_reason(error), self.path) from error
        self._talk = Talk()
        self.connections += 1
        return peer

    def _may_come_back(self) -> bool:
        return self._reconnect and not self._closed and self._wanted.records

    def _come_back(self) -> bool:
        """Waits for the service; whether it is back."""
        for delay in _delays():
            if not self._may_come_back():
                return False
            if self._tried_again():
                return True
            sleep(delay)
        return False

    def _tried_again(self) -> bool:
        if not self._may_come_back():
            return False
        try:
            self._socket = self._connected()
        except ServiceUnreachable as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in _BUSY:
                return False
            raise
        return True

    def _drop(self) -> None:
        peer, self._socket = self._socket, None
        if peer is not None:
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)  # wakes another thread that may be reading
            peer.close()


def _delays() -> Iterator[float]:
    yield from _BACK_AFTER
    while True:
        yield _BACK_AFTER[-1]


def _decoded(batch: Batch) -> "Iterator[Record]":
    from zertap.zert.codec import decode

    at = 0
    while at < len(batch.octets):
        end = at + int.from_bytes(batch.octets[at : at + 2])
        yield decode(batch.octets[at:end])
        at = end


def _reason(error: OSError) -> str:
    """Why a service cannot be reached, as its user would say it."""
    if error.errno == errno.ECONNREFUSED:
        return "no service is running here (its socket was left behind)"
    if error.errno == errno.ENOENT:
        return "no service: no such path"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "not permitted to connect: who may is who may write to the socket"
    return error.strerror or str(error)
