"""What a command loads before it begins: by module, never by time."""

import subprocess
import sys
from pathlib import Path

import pytest

from wire import clear, pcap

PARSER = {"typer", "click", "pydantic", "rich"}
"""For help and complaints."""
FORMS = {"duckdb", "polars", "pyarrow", "msgspec", "csv", "json"}
"""For other forms of output than those asked for."""
ROOMS = {
    "zertap.aggregate",
    "zertap.explanation",
    "zertap.filter",
    "zertap.service",
    "zertap.sinks.arrow",
    "zertap.sinks.metrics",
    "zertap.sinks.octets",
    "zertap.sinks.parquet",
    "zertap.sinks.shown",
    "zertap.sinks.table",
    "zertap.tapping",
    "zertap.zert.codec",
    "zertap.zert.records",
}
MAKERS = {"dataclasses", "inspect", "pathlib", "urllib.parse", "hashlib"}
"""What takes longer to load than a small capture to read."""
OTHERS = {"argparse", "asyncio", "hashlib", "importlib.metadata", "ipaddress", "pathlib", "secrets", "socket", "ssl"}


def loaded(*arguments: str | Path) -> set[str]:
    """The modules that a run of the command line has loaded when it ends, beyond those of the interpreter."""
    program = (
        "import sys; before = set(sys.modules)\n"
        "from zertap.cli import main\n"
        "status = main(sys.argv[1:])\n"
        "print(*sorted(set(sys.modules) - before), file=sys.stderr)\n"
        "sys.exit(status)"
    )
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return pcap(tmp_path / "x.pcap", clear(port=80))


def test_json_lines_load_no_parser_no_other_form_and_no_other_room(capture: Path) -> None:
    found = loaded("observe", capture, "--format", "jsonl")
    assert "zertap.sinks.jsonl" in found
    assert not found & (PARSER | FORMS | ROOMS | MAKERS | OTHERS)


def test_records_load_no_parser_no_reader_of_records_and_no_aggregation(capture: Path, tmp_path: Path) -> None:
    found = loaded("records", capture, "-o", tmp_path / "x.smf")
    assert "zertap.sinks.records" in found
    reading = {"zertap.sinks.shown", "zertap.zert.views", "zertap.zert.reader"}
    assert not found & (
        PARSER | MAKERS | reading | {"zertap.aggregate", "zertap.filter", "zertap.service", "msgspec", "duckdb"}
    )


def test_summaries_load_no_parser_and_no_reader_of_records(capture: Path, tmp_path: Path) -> None:
    found = loaded("records", capture, "--summary", "-o", tmp_path / "x.smf")
    assert "zertap.aggregate" in found
    reading = {"zertap.sinks.shown", "zertap.zert.views", "zertap.service"}
    assert not found & (PARSER | MAKERS | reading | {"msgspec", "duckdb"})


def test_decode_and_info_load_no_parser(capture: Path, tmp_path: Path) -> None:
    records = tmp_path / "x.smf"
    loaded("records", capture, "-o", records)
    assert not loaded("decode", records) & (PARSER | {"zertap.pipeline", "zertap.aggregate", "duckdb"})
    assert not loaded("info", capture) & (PARSER | {"zertap.zert.codec", "duckdb", "msgspec"})


def test_a_complaint_comes_from_the_parser(capture: Path) -> None:
    program = "import sys; from zertap.cli import main; main(sys.argv[1:]); print('typer' in sys.modules)"
    command = [sys.executable, "-c", program, "observe", str(capture), "--nothing"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert done.stderr.startswith("zertap: No such option: --nothing")
