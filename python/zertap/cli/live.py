"""One run of ``zertap tap``: what the signals ask for, what goes wrong on the way, and the account at its end."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from zertap._native import Live, notify_service
from zertap.cli.common import Stats, amount
from zertap.cli.service import OutOfTime, Signals, Watchdog
from zertap.cli.status import Outcome, Status, say
from zertap.configuration import Configuration
from zertap.errors import LedgerMismatch, OutputFailed, Usage, ZertapError
from zertap.pipeline import Request, Selection
from zertap.tapping import Listener, LiveLedger, Tapping

if TYPE_CHECKING:
    from zertap.sinks.rotating import Rotating


class Run:
    """One run of the command, from ready to the account."""

    def __init__(
        self,
        live: Live,
        listeners: Sequence[Listener],
        configuration: Callable[[], Configuration],
        rotating: "Rotating | None",
        stats: Stats | None,
        selections: Sequence[Selection],
    ) -> None:
        self._live, self._listeners, self._configuration = live, listeners, configuration
        self._rotating, self._stats, self._selections = rotating, stats, selections
        self._signals, self._watchdog, self._outcome = Signals(), Watchdog(), Outcome()
        self._overdue = False

    def run(self, begun: Configuration, request: Callable[[Configuration], Request], taps: int) -> Status:
        """Runs until a signal or the last interface ends it; the exit status."""
        self._signals.listen()
        tapping = Tapping(self._live, begun, request, self._listeners, self._fault, taps=taps)
        for name in self._rotating.salvaged if self._rotating else ():
            say(f"zertap: {name}: finished: an earlier run had left it")
        notify_service("ready")
        try:
            self._work(tapping)
            notify_service("stopping")
            tapping.close()
        except OutOfTime:
            self._overdue = True
            self._outcome.tell(_overdue(tapping.listeners))
        self._signals.in_time()
        self._account(tapping)
        return self._outcome.status

    def _work(self, tapping: Tapping) -> None:
        stopped = False
        while tapping.step():
            self._watchdog.tick()
            if self._rotating:
                self._rotate(tapping, self._rotating)
            if self._signals.ended and not stopped:
                stopped = True
                tapping.stop()
            if self._signals.reload():
                self._reload(tapping)
            if self._signals.tell():
                self._tell(self._ledger(tapping), Stats.TEXT)

    def _rotate(self, tapping: Tapping, rotating: "Rotating") -> None:
        try:
            rotating.tick()
        except ZertapError as error:
            tapping.listeners = [each for each in tapping.listeners if rotating.outlet not in each.outlets]
            self._fault(error, None)

    def _reload(self, tapping: Tapping) -> None:
        """A configuration that makes no sense changes nothing."""
        notify_service("reloading")
        try:
            waiting = tapping.reconfigure(self._configuration())
            say("zertap: SIGHUP: configuration read again")
            if waiting:
                say(f"zertap: these wait until discovery is switched off and on, or a restart: {', '.join(waiting)}")
        except Usage as error:
            say(f"zertap: SIGHUP: the configuration stays as it was: {error}")
        notify_service("ready")

    def _fault(self, error: ZertapError, listener: Listener | None) -> None:
        late = [each for each in listener.outlets if each.unwritten] if listener else []
        if isinstance(error, OutputFailed) and late:
            outlet = late[0]
            lost = f"{error.reason}: {outlet.unwritten:,} of {outlet.taken:,} {outlet.thing} not written"
            error = OutputFailed(lost, error.file)
        self._outcome.tell(error)

    def _ledger(self, tapping: Tapping) -> LiveLedger:
        ledger = tapping.ledger()
        ledger.rows_selected = max(each.passed for each in self._selections)
        ledger.outlets = [outlet for each in self._listeners for outlet in each.outlets]
        return ledger

    def _tell(self, ledger: LiveLedger, form: Stats | None) -> None:
        if form is Stats.JSON:
            import msgspec

            say(msgspec.json.encode(ledger.to_dict()).decode())
        elif form is Stats.TEXT:
            for line in str(ledger).splitlines():
                say(line)

    def _account(self, tapping: Tapping) -> None:
        ledger = self._ledger(tapping)
        self._tell(ledger, self._stats)
        lost = ledger.dropped_by_kernel + ledger.dropped_by_interface + ledger.lost_here
        if lost and self._stats is None:
            say(f"zertap: {amount(lost, 'frame')} lost, see --stats; a larger --buffer or more --taps may help")
        if self._overdue:
            return  # broken off in the middle of a step: what was in its hands is in no sum
        try:
            ledger.check()
        except LedgerMismatch as error:
            self._outcome.tell(error)


def _overdue(listeners: Sequence[Listener]) -> OutputFailed:
    outlets = [outlet for each in listeners for outlet in each.outlets]
    late = [each for each in outlets if each.unwritten] or outlets
    named = ", ".join(f"{each.name}: {each.unwritten:,} {each.thing}" for each in late)
    return OutputFailed(f"the output took nothing while the program had to end; not written: {named}")
