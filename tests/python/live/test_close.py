"""A tap that nobody listens to any more, without any interface."""

from zertap._native import EventBatch, Tap
from zertap.configuration import load
from zertap.pipeline import Request
from zertap.tapping import Tapping


class Endless:
    """Goes on until it is stopped, and one step longer."""

    def __init__(self) -> None:
        self.over = self._stopped = False

    def start(self, _settings: object, _taps: int) -> None: ...

    def collect(self, _wait_ms: int) -> EventBatch:
        self.over = self._stopped
        return Tap().drain()

    def stop(self) -> None:
        self._stopped = True

    def clock(self) -> None: ...

    def faults(self) -> list[Exception]:
        return []


def test_what_runs_on_when_all_outputs_failed_is_stopped_before_the_account_is_made_up() -> None:
    """Else the parts of the account are read while they change, and no sum comes out."""
    live = Endless()
    tapping = Tapping(live, load(None), Request.of, [], lambda *_: None)  # type: ignore[arg-type]
    assert not tapping.step() and not live.over
    tapping.close()
    assert live.over
