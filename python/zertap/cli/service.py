"""What makes a command a well-behaved service: signals, systemd, privileges."""

import grp
import os
import pwd
import signal
import time
from contextlib import suppress
from importlib import import_module
from pkgutil import walk_packages
from types import FrameType
from typing import Final

import zertap
from zertap._native import notify_service, watchdog_seconds
from zertap.errors import OutputFailed, Usage

ENDING: Final = 1.6
"""Seconds after the first signal to end in which everything must have been written."""


class OutOfTime(BaseException):
    """An output takes nothing, and the program has to end."""


class Signals:
    """What was asked for by signal since somebody looked."""

    def __init__(self) -> None:
        self.ended = False
        """SIGINT or SIGTERM came; a second one ends the program at once."""
        self._reload = self._tell = False

    def listen(self) -> None:
        """Takes the four signals."""
        signal.signal(signal.SIGHUP, self._take)
        signal.signal(signal.SIGUSR1, self._take)
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, self._end)

    def reload(self) -> bool:
        """Whether SIGHUP came."""
        wanted, self._reload = self._reload, False
        return wanted

    def tell(self) -> bool:
        """Whether SIGUSR1 came."""
        wanted, self._tell = self._tell, False
        return wanted

    def in_time(self) -> None:
        """Everything has been written: nothing hurries any more."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._reload = True
        else:
            self._tell = True

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self.ended = True
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, _out_of_time)
        signal.setitimer(signal.ITIMER_REAL, ENDING)


def _out_of_time(_number: int, _frame: FrameType | None) -> None:
    raise OutOfTime


class Watchdog:
    """Tells systemd that the work goes on, where it wants to know."""

    def __init__(self) -> None:
        limit = watchdog_seconds()
        self._every = None if limit is None else limit / 3
        self._last = 0.0

    def tick(self) -> None:
        """The work goes on. To be called several times a second."""
        now = time.monotonic()
        if self._every is not None and now - self._last >= self._every:
            self._last = now
            notify_service("watchdog")


def _load_all() -> None:
    """Loads whatever commands load only when they need it: another user may not be allowed to read it."""
    ours = [each.name for each in walk_packages(zertap.__path__, "zertap.") if not each.name.endswith("__main__")]
    for name in (*ours, *_LATER):
        with suppress(ImportError):  # an extra that is not installed
            import_module(name)


_LATER = ("asyncio", "msgspec", "rich.console", "rich.live", "rich.table", "rich.text", "tomllib", "traceback")
"""What is loaded inside functions."""


class Person:
    """Who the program becomes once interfaces are open. Raises ``Usage`` if there is no such user."""

    def __init__(self, name: str) -> None:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            raise Usage(f"--user: no such user: `{name}`") from None
        self.name, self._uid, self._gid = name, entry.pw_uid, entry.pw_gid
        self._groups = [each.gr_gid for each in grp.getgrall() if name in each.gr_mem]

    def own(self, path: str) -> None:
        """Makes a file or folder this user's. Raises ``OutputFailed``."""
        try:
            os.chown(path, self._uid, self._gid)
        except OSError as error:
            raise OutputFailed(f"cannot be given to user {self.name}: {error.strerror}", path) from None

    def become(self) -> None:
        """Gives up every other right, for good. Raises ``Usage``."""
        if os.geteuid() == self._uid and os.getuid() == self._uid:
            return
        _load_all()
        try:
            os.setgroups([*self._groups, self._gid])
            os.setresgid(self._gid, self._gid, self._gid)
            os.setresuid(self._uid, self._uid, self._uid)
        except OSError as error:
            raise Usage(f"--user: cannot become `{self.name}`: {error.strerror}: only root can") from None
