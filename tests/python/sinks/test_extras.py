"""What is told where an optional package is missing: one line that says what to install."""

import subprocess
import sys
from pathlib import Path

import pytest

TOUR = Path(__file__).parents[3] / "pcaps" / "tour.pcap"


@pytest.mark.parametrize(
    ("option", "package", "extra"),
    [
        (["--kafka", "h:1/t"], "confluent_kafka", "Kafka needs one more package: pip install 'zertap[kafka]'"),
        (
            ["--metrics", "0"],
            "prometheus_client",
            "metrics need one more package: pip install 'zertap[metrics]'",
        ),
    ],
)
@pytest.mark.parametrize("command", ["observe", "records"])
def test_a_missing_extra_is_one_line_and_status_2(command: str, option: list[str], package: str, extra: str) -> None:
    program = f"import sys; sys.modules['{package}'] = None; from zertap.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, command, str(TOUR), "-o", "/dev/null", *option],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"zertap: {extra}\n")
