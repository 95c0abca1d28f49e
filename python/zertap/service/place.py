"""The path of a service's socket: taken so that nobody else's is disturbed, and given back at the end.

A path left behind by a process that was killed is taken over; one at which somebody answers, or where something else
than a socket stands, is not. The socket has its permissions before it listens, so there is no moment at which others
may connect. Who may connect is who may write to the socket's file.
"""

import fcntl
import grp
import os
import pwd
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from zertap.errors import OutputFailed, Usage

LONGEST_PATH = 107
"""Octets that a socket's address holds."""

_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Access:
    """Who may connect: permission bits, owner and group by name or number (``None``: as the process)."""

    mode: int = 0o600
    owner: str | None = None
    group: str | None = None


class Place:
    """A listening socket under its name. Raises ``OutputFailed``, ``Usage``."""

    def __init__(self, path: str, access: Access) -> None:
        self.path = path
        length = len(os.fsencode(path))
        if length > LONGEST_PATH:
            raise Usage(f"the path of a socket has at most {LONGEST_PATH} octets, this one has {length}", path)
        self._owner = os.getpid()
        try:
            self.socket = _bound(Path(path), access)
            self._identity = _identity(path)
        except OSError as error:
            raise OutputFailed(_reason(error), path) from None

    def leave(self) -> None:
        """Closes the socket, and removes its name unless it is another's by now."""
        self.socket.close()
        if os.getpid() == self._owner:
            with suppress(OSError):
                if _identity(self.path) == self._identity:
                    Path(self.path).unlink()


def _bound(path: Path, access: Access) -> socket.socket:
    """A socket that listens at *path*. The directory is locked meanwhile: of two who come at once, one is late."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        _make_free(path)
        return _named(path, access)
    finally:
        os.close(directory)


def _make_free(path: Path) -> None:
    """Removes a socket that was left behind. Raises ``OutputFailed`` for anything else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OutputFailed("is there already, and is no socket", str(path))
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.setblocking(False)  # noqa: FBT003  the socket module's own manner
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError:
            # Somebody is there, even if he is busy, or we may not talk to him.
            pass
    raise OutputFailed("a service is running there already", str(path))


def _named(path: Path, access: Access) -> socket.socket:
    """Binds, sets permissions, and only then listens: nobody can connect before."""
    found = socket.socket(socket.AF_UNIX)
    try:
        found.bind(str(path))
        try:
            _allow(path, access)
            found.listen(_BACKLOG)
            found.setblocking(False)  # noqa: FBT003  the socket module's own manner
        except BaseException:
            path.unlink()
            raise
    except BaseException:
        found.close()
        raise
    return found


def _allow(path: Path, access: Access) -> None:
    try:
        owner = -1 if access.owner is None else _number(access.owner, lambda name: pwd.getpwnam(name).pw_uid)
        group = -1 if access.group is None else _number(access.group, lambda name: grp.getgrnam(name).gr_gid)
    except KeyError as error:
        raise Usage(f"no such user or group: {error.args[0]}") from None
    if (owner, group) != (-1, -1):
        os.chown(path, owner, group)
    path.chmod(access.mode)


def _number(name: str, of: Callable[[str], int]) -> int:
    return int(name) if name.isdecimal() else of(name)


def _identity(path: str) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
