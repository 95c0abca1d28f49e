"""Decoding keeps no records: a file many times as long needs no more memory."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from zertap.zert.codec import encode_detail
from zertap.zert.records import DetailRecord, SshSection, TlsSection

RECORDS = b"".join(encode_detail(each) for each in (DetailRecord(tls=TlsSection()), DetailRecord(ssh=SshSection())))
SHORT, LONG = 10_000, 60_000
"""Pairs of records: 8 and 48 MB."""


def peak(file: Path, form: str, output: Path) -> int:
    """Largest anonymous memory of a run, in KiB, as far as looking often enough shows it."""
    command = [sys.executable, "-m", "zertap", "decode", str(file), "-f", form, "-o", str(output)]
    most = 0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            most = max([most, *(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))])
            time.sleep(0.005)
    assert process.returncode == 0
    output.unlink()
    return most


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("form", ["jsonl", "csv", "arrow", "table"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, form: str) -> None:
    found = []
    for pairs in (SHORT, LONG):
        file = tmp_path / "x.smf"
        file.write_bytes(RECORDS * pairs)
        found.append(peak(file, form, tmp_path / "out"))
    assert found[0] > 0
    assert found[1] < found[0] + 16 * 1024
