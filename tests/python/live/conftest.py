"""What the tests of live taps share. Where no interface can be tapped they are skipped, each with the reason."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from live.places import Places, Tap, places, why_not


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These wait more than they compute, so they begin first, and what others there are runs beside them."""
    here = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        return 2 if here not in item.path.parents else int(item.path.name != "test_overload.py")

    items.sort(key=turn)


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
def reachable() -> Iterator[Path]:
    """A folder that every user may look into, unlike ``tmp_path``."""
    with TemporaryDirectory(prefix="zertap-live-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def start(pair: Places, reachable: Path) -> Iterator[Start]:
    """Starts ``zertap tap`` in the first namespace (or *place*) and waits until it says that it is ready."""
    running: list[Tap] = []

    def begin(*arguments: str, place: str | None = None, **options: object) -> Tap:
        folder = reachable / f"tap{len(running)}"
        folder.mkdir()
        with listening(folder / "notify") as notified:
            notified.setblocking(False)
            environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
            running.append(tap := Tap(place or pair.here, folder, *arguments, env=environment, **options))
            return tap.ready(lambda: b"READY=1" in _heard(notified))

    yield begin
    for tap in running:
        if tap.process.poll() is None:
            tap.kill()


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """What a program would tell systemd."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(path))
        path.chmod(0o777)  # as that of systemd, for whomever the tap becomes
        yield notified


def _heard(notified: socket.socket) -> bytes:
    try:
        return notified.recv(4096)
    except BlockingIOError:
        return b""
