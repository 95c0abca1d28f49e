"""What the tests of live taps share. Where no interface can be tapped they are skipped, each with the reason."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from live.places import Places, Tap, places, why_not


@pytest.fixture(scope="session")
def reason() -> str | None:
    return why_not()


@pytest.fixture
def pair(reason: str | None) -> Iterator[Places]:
    """Two joined namespaces."""
    if reason:
        pytest.skip(reason)
    with places() as made:
        yield made


Start = Callable[..., Tap]


@pytest.fixture
def start(pair: Places, tmp_path: Path) -> Iterator[Start]:
    """Starts ``zertap tap`` in the first namespace (or *place*) and waits until it says that it is ready."""
    running: list[Tap] = []

    def begin(*arguments: str, place: str | None = None) -> Tap:
        folder = tmp_path / f"tap{len(running)}"
        folder.mkdir()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(path := str(folder / "notify"))
            os.chmod(path, 0o777)  # noqa: PTH101, S103  as that of systemd, for whomever the tap becomes
            notified.setblocking(False)
            os.environ["NOTIFY_SOCKET"] = path
            try:
                tap = Tap(place or pair.here, folder, *arguments)
            finally:
                del os.environ["NOTIFY_SOCKET"]
            running.append(tap)
            return tap.ready(lambda: b"READY=1" in _heard(notified))

    yield begin
    for tap in running:
        if tap.process.poll() is None:
            tap.kill()


def _heard(notified: socket.socket) -> bytes:
    try:
        return notified.recv(4096)
    except BlockingIOError:
        return b""
