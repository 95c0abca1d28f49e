"""What does a row cost on its way from the engine to Python?"""

from collections.abc import Callable
from typing import Any

from zertap.observation import Observation
from zertap.plans import Part, Plans
from zertap.protection import protection_column
from zertap.schema import FIELDS


def test_rows_across_the_door_read_as_six_attributes_of_a_connection(per_row: Callable[..., Any], part: Part) -> None:
    observation = Observation([(part, range(len(part.batch)))], {})

    def read() -> int:
        found = 0
        for each in observation:
            facts = (each.verdict, each.client_ip, each.server_ip, each.server_port, each.bytes_client, each.tls)
            found += facts[0] == "protected"
        return found

    assert per_row(read, len(part.batch)) > len(part.batch) / 2


def test_rows_written_as_json_lines(per_row: Callable[..., Any], part: Part) -> None:
    plan = Plans(FIELDS).of(part)
    assert per_row(lambda: part.batch.jsonl(plan), len(part.batch)).count(b"\n") == len(part.batch)


def test_rows_written_as_arrow_columns(per_row: Callable[..., Any], part: Part) -> None:
    plan = Plans(FIELDS).of(part)
    assert len(per_row(lambda: part.batch.ipc(plan), len(part.batch))) > len(part.batch)


def test_rows_judged_as_one_column_of_verdicts(per_row: Callable[..., Any], part: Part) -> None:
    assert len(per_row(lambda: protection_column(part.batch), len(part.batch))) == len(part.batch)
