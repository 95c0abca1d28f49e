"""``--stats``: the account of a run, which must balance."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import zertap
from wire import Talk, clear, pcap, refused, waiting
from zertap import cli
from zertap.errors import LedgerMismatch
from zertap.ledger import Ledger, Outlet

PCAPS = Path(__file__).resolve().parents[3] / "pcaps"


def program(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zertap", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Ended, refused, in progress, an attempt, one picked up in mid-life, and a frame that is no TCP."""
    attempt = Talk(client_port=50_003).open().frames[:1]
    midlife = Talk(client_port=50_004).open().client(b"x" * 50).server(b"y" * 50).frames[3:]
    frames = [*clear(port=80), *refused(client_port=50_001), *waiting(client_port=50_002), *attempt, *midlife]
    udp = frames[0][1][:9] + b"\x11" + frames[0][1][10:]
    return pcap(tmp_path / "x.pcap", [*frames, (frames[-1][0], udp)])


def test_the_account_says_where_everything_went(capture: Path) -> None:
    done = program("observe", capture, "--stats=json", "--format", "jsonl", "--where", "verdict != 'failed'")
    account = json.loads(done.stderr)
    assert done.returncode == 0
    assert account["frames"]["skipped"] == {"udp": 1}
    assert account["frames"]["read"] == account["frames"]["decoded"] + 1
    assert account["connections"] == {
        "opened": 5, "ended": 2, "live": 1, "evicted": 0, "unmonitored": 1, "never_established": 1,
    }  # fmt: skip
    assert account["rows"] == {"written": 5, "fetched": 5, "selected": 4}
    assert account["outputs"] == [{"name": "standard output", "of": "rows", "taken": 4, "written": 4, "lost": 0}]
    assert account["balanced"] is True
    assert len(done.stdout.splitlines()) == 4


@pytest.mark.parametrize("command", [("observe", "--format", "csv"), ("records",), ("records", "--summary")])
def test_stats_alone_means_text(capture: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    done = program(*command, capture, "--stats", "-o", tmp_path / "out")
    first, second, third, fourth = done.stderr.splitlines()
    assert first.endswith("1 skipped (udp 1)")
    assert second == "connections: 5 opened = 2 ended + 1 live + 0 evicted + 1 unmonitored + 1 never established"
    assert third.startswith("rows: ")
    assert fourth.endswith("0 not written")


def test_without_stats_nothing_is_said(capture: Path) -> None:
    assert program("observe", capture).stderr == ""


def test_stats_of_another_form_is_a_wrong_command_line(capture: Path) -> None:
    done = program("observe", capture, "--stats=xml")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_an_account_is_closed_where_the_output_fails(capture: Path) -> None:
    done = program("records", capture, capture, "--stats=json", "-o", "/dev/full")
    line, account = done.stderr.splitlines()
    assert (done.returncode, line.endswith("records not written")) == (5, True)
    assert json.loads(account)["balanced"] is True


def test_every_capture_of_ours_balances() -> None:
    for path in sorted((PCAPS / "captures").iterdir()):
        observed = zertap.observe(path)
        assert not observed.ledger.imbalances(), path
        assert observed.ledger.rows == len(observed)
        assert observed.ledger.frames_read > 0


def test_a_selection_has_the_account_of_the_whole(capture: Path) -> None:
    whole = zertap.observe(capture)
    assert whole[:2].ledger is whole.ledger
    assert whole.where("verdict == 'failed'").ledger.rows == 5


Break = dict[str, Any]


@pytest.mark.parametrize(
    "wrong",
    [{"frames_read": 11}, {"decoded": 7}, {"opened": 6}, {"rows_fetched": 4}, {"rows_seen": 4}, {"rows_selected": 2}],
)
def test_any_sum_that_does_not_come_out_is_told(wrong: Break) -> None:
    sound = {"frames_read": 10, "frames": 10, "decoded": 10, "rows": 5, "rows_fetched": 5, "rows_seen": 5}
    outlet = Outlet("x", "rows", taken=5, written=5)
    Ledger(**sound, rows_selected=5, outlets=[outlet]).check()  # type: ignore[arg-type]
    ledger = Ledger(**(sound | {"rows_selected": 5} | wrong), outlets=[outlet])  # type: ignore[arg-type]
    with pytest.raises(LedgerMismatch, match="does not balance"):
        ledger.check()


def test_an_account_that_does_not_balance_is_an_internal_error_in_one_line(
    capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody loses a row: the run says so, asked or not."""
    from zertap.sinks.jsonl import JsonLines

    write = JsonLines.write
    monkeypatch.setattr(JsonLines, "write", lambda self, part, rows: write(self, part, rows[1:]))
    assert cli.main(["observe", "--format", "jsonl", str(capture)]) == 70
    (line,) = capsys.readouterr().err.splitlines()
    assert "does not balance: rows given to standard output: 5 are not 3" in line, "a row lost of each of two parts"
