"""Which events a row of the engine brings."""

from typing import Any

from zertap._native import KINDS, PHASES
from zertap.rows import RowReader
from zertap.zert.events import EventType

SECOND = 1_000_000_000
START = 1_767_225_600 * SECOND
LATE = [("TLS_BEGUN", 20), ("TLS_COMPLETE", 21), ("TLS_THEN_CLEAR", 21)]


class OneRow:
    """A batch with one ``moved`` row of a connection that was silent for twenty seconds."""

    def __init__(self, told: int) -> None:
        self.columns = {"kind": KINDS.index("moved"), "history_before": told, "established": START}

    def column(self, name: str) -> list[int]:
        return [self.columns.get(name, 0)]

    def history(self, row: int) -> list[tuple[int, int]]:
        return [(PHASES.index(phase), START + at * SECOND) for phase, at in LATE]

    def pattern(self, number: int) -> tuple[Any, ...]:
        return tuple((PHASES.index(phase), True) for phase, _ in LATE), True, False, True

    def value(self, row: int, source: str) -> Any:
        return {"client_ip": "192.0.2.1", "server_ip": "192.0.2.2"}.get(source)


def events(told: int) -> list[tuple[int, str, int]]:
    ((_, found),) = RowReader().connections(OneRow(told), [0])  # type: ignore[arg-type]
    return [(event.type, event.protocol, event.at) for event in found]


def test_a_row_brings_the_events_of_every_milestone_since_the_row_before() -> None:
    """One segment completed a late handshake and went on in clear: two changes, one row. The first used to be lost."""
    at = START + 21 * SECOND
    assert events(told=1) == [(EventType.CHANGE, "TLS", at), (EventType.CHANGE, "none", at)]
    assert events(told=2) == [(EventType.CHANGE, "none", at)]
