"""Two network namespaces joined by a veth pair, and programs that run in them. Needs root."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zertap._native import LIVE


def why_not() -> str | None:
    """Why no interface can be tapped here; ``None`` if it can."""
    if not LIVE:
        return "this build has no live capture (libpcap's headers were missing)"
    if os.geteuid() != 0:
        return "not root: network namespaces cannot be made"
    try:
        made = subprocess.run(["ip", "netns", "add", name := f"zt-try-{os.getpid()}"], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    except OSError:
        return "no program `ip` (apt install iproute2)"
    return f"network namespaces cannot be made: {made.stderr.decode().strip()}" if made.returncode else None


@dataclass(frozen=True)
class Places:
    """The names of the two namespaces and of their interfaces; ``10.77.0.1`` is here, ``10.77.0.2`` there."""

    here: str
    there: str
    near: str = "near0"
    far: str = "far0"


@contextmanager
def places() -> Iterator[Places]:
    """A fresh pair; silent but for what is sent on purpose."""
    made = Places(f"zt-a-{os.getpid()}", f"zt-b-{os.getpid()}")
    for name in (made.here, made.there):
        ip("netns", "add", name)
    try:
        ip("-n", made.here, "link", "add", made.near, "type", "veth", "peer", "name", made.far, "netns", made.there)
        for name, link, address in ((made.here, made.near, "10.77.0.1/24"), (made.there, made.far, "10.77.0.2/24")):
            within(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1").wait()
            ip("-n", name, "addr", "add", address, "dev", link)
            ip("-n", name, "link", "set", link, "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield made
    finally:
        for name in (made.here, made.there):
            subprocess.run(["ip", "netns", "del", name], check=False)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def within(place: str, *command: str, **options: object) -> "subprocess.Popen[bytes]":
    """Starts *command* in a namespace."""
    return subprocess.Popen(["ip", "netns", "exec", place, *command], **options)  # type: ignore[call-overload,no-any-return]


class Tap:
    """A running ``zertap tap``; what it says goes into files, so that it never waits for a reader."""

    def __init__(self, place: str, folder: Path, *arguments: str, **options: object) -> None:
        self.out, self.err = folder / "tap.out", folder / "tap.err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            streams = {"stdout": out, "stderr": err, **options}
            self.process = within(place, sys.executable, "-m", "zertap", "tap", *arguments, **streams)

    def ready(self, notify: Callable[[], bool]) -> "Tap":
        """Waits until *notify* says that it is ready."""
        deadline = time.monotonic() + 60
        while not notify():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, "the tap is not ready in time"
            time.sleep(0.02)
        return self

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends it by a signal; its exit status. Two seconds are enough, on a machine that is not overloaded."""
        time.sleep(0.3)  # what was just sent stands in the ring
        self.process.send_signal(how)
        begun = time.monotonic()
        status = self.process.wait(60)
        patience = 2.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        assert time.monotonic() - begun < patience, "it took too long to end"
        return status

    def kill(self) -> None:
        """Ends it without mercy."""
        self.process.kill()
        self.process.wait(10)

    def said(self) -> str:
        """Standard error so far."""
        return self.err.read_text()


def run(place: str, command: Sequence[str], **options: object) -> "subprocess.CompletedProcess[str]":
    """Runs *command* in a namespace to its end."""
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        ["ip", "netns", "exec", place, *command], capture_output=True, text=True, timeout=120, check=False, **options
    )
