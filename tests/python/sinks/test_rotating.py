"""SMF files one after the other: whole under their finished names, whatever became of their writers."""

from pathlib import Path

import pytest

from zertap._native import records_in
from zertap.errors import OutputFailed
from zertap.sinks.rotating import Rotating


def record(length: int, octet: int = 7) -> bytes:
    """A record of so many octets, with its descriptor word."""
    return length.to_bytes(2) + b"\0\0" + bytes([octet]) * (length - 4)


def finished(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.iterdir()) if not path.name.startswith(".")]


def test_a_file_is_finished_when_it_is_large_enough_and_at_the_end(tmp_path: Path) -> None:
    output = Rotating(str(tmp_path), size=100)
    for _ in range(5):
        output.write(record(60), 1)
    assert [len(octets) for octets in finished(tmp_path)] == [120, 120]
    output.close()
    assert [len(octets) for octets in finished(tmp_path)] == [120, 120, 60]
    assert (output.outlet.taken, output.outlet.written, output.finished) == (5, 5, 3)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_is_finished_when_it_is_old_enough(tmp_path: Path) -> None:
    output = Rotating(str(tmp_path), age=0.0)
    output.tick()
    assert not list(tmp_path.iterdir())
    output.write(record(60), 1)
    output.tick()
    assert finished(tmp_path) == [record(60)]


def test_without_a_record_there_is_no_file(tmp_path: Path) -> None:
    Rotating(str(tmp_path / "new")).close()
    assert not list((tmp_path / "new").iterdir())


@pytest.mark.parametrize("cut", range(1, 60))
def test_what_a_killed_writer_left_is_cut_behind_its_last_whole_record(tmp_path: Path, cut: int) -> None:
    whole = record(60, 1) + record(40, 2)
    (tmp_path / ".zertap-20260101T000000.000000Z-1.smf.part").write_bytes(whole + record(60, 3)[:cut])
    output = Rotating(str(tmp_path))
    assert finished(tmp_path) == [whole]
    assert [Path(name).name for name in output.salvaged] == ["zertap-20260101T000000.000000Z-1.smf"]


@pytest.mark.parametrize("left", [b"", b"\0", record(60)[:59], b"\0\0\0\0", b"\0\3\0\0abc"])
def test_a_part_without_a_whole_record_is_removed(tmp_path: Path, left: bytes) -> None:
    (tmp_path / ".zertap-x.smf.part").write_bytes(left)
    assert Rotating(str(tmp_path)).salvaged == []
    assert not list(tmp_path.iterdir())


def test_a_part_whose_writer_lives_is_left_alone(tmp_path: Path) -> None:
    first = Rotating(str(tmp_path))
    first.write(record(60), 1)
    assert Rotating(str(tmp_path)).salvaged == []
    first.close()
    assert finished(tmp_path) == [record(60)]


def test_other_files_in_the_folder_are_nobodys_business(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".other.part").write_text("mine")
    Rotating(str(tmp_path)).close()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_is_a_file_fails_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFailed, match="file: "):
        Rotating(str(tmp_path / "file"))


def test_runs_of_records_are_counted(tmp_path: Path) -> None:
    output = Rotating(str(tmp_path))
    run = record(60) * 3
    output.write(run, records_in(run))
    output.close()
    assert output.outlet.written == 3
