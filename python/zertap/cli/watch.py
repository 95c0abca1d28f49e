"""What stands beside a running command: signals that end it in good order, and the progress bar."""

import signal
import sys
from types import FrameType, TracebackType
from typing import Self

from zertap._native import Source
from zertap.cli.status import Status, Stopped, say
from zertap.pipeline import Watch

LARGE_INPUT = 64 << 20
"""Octets from which a progress bar is worth its line."""


class Pumping:
    """The time in which a signal may break into the work: nothing is being written then."""

    active = False

    def __enter__(self) -> None:
        self.active = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.active = False
        return isinstance(error, Stopped)


class Interruption(Watch):
    """Turns the first SIGINT or SIGTERM into an early end of input; a second one ends the program at once."""

    def __init__(self, *, show_progress: bool = False) -> None:
        self.signal: signal.Signals | None = None
        self._pumping = Pumping()
        self._progress = Progress() if show_progress else None

    def __enter__(self) -> Self:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def pumping(self) -> Pumping:
        """See ``Watch.pumping``."""
        return self._pumping

    def saw(self, source: Source) -> None:
        """See ``Watch.saw``."""
        if self._progress:
            self._progress.show(source)

    @property
    def status(self) -> Status:
        """The exit status that the signal asks for."""
        return Status(128 + self.signal) if self.signal else Status.OK

    def tell(self, written: str) -> None:
        """One line about the early end, if there was one; *written* says how much was delivered."""
        if self.signal:
            say(f"zertap: {self.signal.name}: stopped early: {written} written, the rest of the input was not read")

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self.signal = signal.Signals(number)
        self.stopped = True
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        if self._pumping.active:
            raise Stopped


class Progress:
    """One line on standard error, from the first large input on; it disappears at the end."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", visible=False)

    def show(self, source: Source) -> None:
        """How far *source* is."""
        total = source.total_bytes
        if total is None or total >= LARGE_INPUT:
            self._bar.start()
            self._bar.update(
                self._task, description=source.name, completed=source.bytes_read, total=total, visible=True
            )

    def stop(self) -> None:
        """Takes the line away."""
        self._bar.stop()


def wants_progress(*, writes_to_terminal: bool) -> bool:
    """Whether a progress line disturbs nothing: standard error is a terminal, and no rows appear on it meanwhile."""
    return sys.stderr.isatty() and not writes_to_terminal
