"""The path of a socket: stale, taken, somebody else's, and who may connect."""

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from zertap.errors import OutputFailed, Usage
from zertap.service.place import Access, Place


def test_a_place_is_there_and_then_gone(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "s"), Access())
    assert stat.S_ISSOCK((tmp_path / "s").stat().st_mode)
    place.leave()
    assert list(tmp_path.iterdir()) == []


def test_a_socket_left_behind_is_taken_over(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    place = Place(str(tmp_path / "s"), Access())
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(tmp_path / "s"))
    place.leave()


def test_a_path_at_which_somebody_listens_is_left_alone(tmp_path: Path) -> None:
    first = Place(str(tmp_path / "s"), Access())
    with pytest.raises(OutputFailed, match="s: a service is running there already"):
        Place(str(tmp_path / "s"), Access())
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(tmp_path / "s"))
    first.leave()


def test_a_busy_service_is_taken_for_no_dead_one(tmp_path: Path) -> None:
    """Its backlog is full: connecting fails, but differently."""
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(tmp_path / "s"))
        busy.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(str(tmp_path / "s"))
        with pytest.raises(OutputFailed, match="already"):
            Place(str(tmp_path / "s"), Access())
        for each in waiting:
            each.close()


@pytest.mark.parametrize("what", ["file", "directory", "link"])
def test_what_is_no_socket_is_never_removed(tmp_path: Path, what: str) -> None:
    target = tmp_path / "s"
    if what == "file":
        target.write_text("precious")
    elif what == "directory":
        target.mkdir()
    else:
        target.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputFailed, match="is no socket"):
        Place(str(target), Access())
    assert target.is_symlink() or target.exists()


def test_a_path_that_no_address_can_hold_is_told(tmp_path: Path) -> None:
    with pytest.raises(Usage, match="at most 107 octets, this one has"):
        Place(str(tmp_path / ("x" * 108)), Access())


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed, match="No such file or directory"):
        Place(str(tmp_path / "none" / "s"), Access())


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_permissions_are_those_asked_for_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o077)
    try:
        place = Place(str(tmp_path / "s"), Access(mode))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == mode
    place.leave()


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_owner_and_group_by_name_and_number(tmp_path: Path) -> None:
    for access, expected in ((Access(owner="nobody", group="daemon"), (65534, 1)), (Access(group="4321"), (0, 4321))):
        place = Place(str(tmp_path / "s"), access)
        found = (tmp_path / "s").stat()
        assert (found.st_uid, found.st_gid) == expected
        place.leave()


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes somebody else")
def test_who_may_not_write_may_not_connect(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for each in tmp_path.parents[:3]:
        each.chmod(each.stat().st_mode | 0o055)
    place = Place(str(tmp_path / "s"), Access(0o644))
    program = (
        "import os, socket, sys; os.setgid(65534); os.setuid(65534); "
        "print(socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "s"], capture_output=True, text=True, check=True, timeout=30
    )
    assert int(done.stdout) == 13
    place.leave()


def test_an_unknown_owner_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(Usage, match="no such user or group"):
        Place(str(tmp_path / "s"), Access(owner="nobody-of-that-name"))
    assert list(tmp_path.iterdir()) == []


def test_of_many_who_come_at_once_one_gets_the_place(tmp_path: Path) -> None:
    found: list[Place] = []
    late: list[OutputFailed] = []

    def come() -> None:
        try:
            found.append(Place(str(tmp_path / "s"), Access()))
        except OutputFailed as error:
            late.append(error)

    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    threads = [threading.Thread(target=come) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(found), len(late)) == (1, 7)
    found[0].leave()


def test_a_name_that_another_took_over_is_left_to_it(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "s"), Access())
    (tmp_path / "s").unlink()
    other = Place(str(tmp_path / "s"), Access())
    place.leave()
    assert (tmp_path / "s").exists()
    other.leave()
