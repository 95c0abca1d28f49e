"""A running tap: rows are fetched and given to listeners, until it is stopped or no interface is left.

It reads no configuration file and knows no signal: whoever runs it calls ``step`` again and again.
"""

from collections.abc import Callable, Sequence

from zertap._native import Live
from zertap.configuration import Configuration
from zertap.configuration.builds import TAP_KEYS
from zertap.errors import ZertapError
from zertap.pipeline import Request
from zertap.plans import Part
from zertap.sinks.base import ReaderGone
from zertap.tapping.account import LiveLedger
from zertap.tapping.beside import LiveEngine
from zertap.tapping.listeners import Listener


class Tapping:
    """Reads opened interfaces with so many taps. ``request`` makes the engine's settings of a configuration.

    ``on_fault`` hears of interfaces that are lost and of listeners that fail; the work goes on with the others.
    """

    def __init__(
        self,
        live: Live,
        configuration: Configuration,
        request: Callable[[Configuration], Request],
        listeners: Sequence[Listener],
        on_fault: Callable[[ZertapError, Listener | None], None],
        *,
        taps: int = 1,
    ) -> None:
        self.configuration = configuration
        """The configuration in effect."""
        self.listeners = list(listeners)
        """Those who still listen."""
        self._live = live
        self._asked = LiveEngine(live)
        self._request = request
        self._on_fault = on_fault
        self._engine = 0
        self._rows = 0
        live.start(self._engine_settings(configuration), taps)
        if not configuration["globalconfig.zert"]:
            live.renew(None)

    def step(self, wait_ms: int = 100) -> bool:
        """Waits so long for rows and hands over what there is; ``False`` when nothing more will come."""
        batch = self._live.collect(wait_ms)
        self._rows += len(batch)
        part = Part(batch, self._engine, clock=self._live.clock(), tap=self._asked)
        self._each(lambda listener: listener.take(part))
        for fault in self._live.faults():
            if not isinstance(fault, ZertapError):
                raise fault
            self._on_fault(fault, None)
        return not self._live.over and bool(self.listeners)

    def reconfigure(self, configuration: Configuration) -> tuple[str, ...]:
        """*configuration* is in effect from the moment on up to which rows have been handed over.

        Answers with the keys whose new values wait until discovery is enabled again: running engines keep their own.
        """
        clock = self._live.clock()
        at = clock[1] if clock else 0
        was_on, is_on = self.configuration["globalconfig.zert"], configuration["globalconfig.zert"]
        changed = self.configuration.changes(configuration)
        waiting = tuple(key for key in changed if was_on and is_on and key in TAP_KEYS)
        self.configuration = configuration.keeping(waiting, self.configuration)
        self._each(lambda listener: listener.reconfigure(self.configuration, at))
        if was_on != is_on:
            self._live.renew(self._engine_settings(self.configuration) if is_on else None)
            self._engine += 1
        return waiting

    def stop(self) -> None:
        """No more frames are taken; ``step`` until it is over."""
        self._live.stop()

    def close(self) -> None:
        """Stops what still runs, where nobody listens any more, and closes the listeners: then the account is whole."""
        while not self._live.over:
            self._live.stop()
            self.step()
        self._each(lambda listener: listener.close())

    def ledger(self) -> LiveLedger:
        """The account at this moment."""
        ledger = LiveLedger.of(self._live.counts(), self._rows)
        ledger.outlets = [outlet for listener in self.listeners for outlet in listener.outlets]
        return ledger

    def _each(self, step: Callable[[Listener], None]) -> None:
        for listener in list(self.listeners):
            try:
                step(listener)
            except ReaderGone:
                self.listeners.remove(listener)
            except ZertapError as error:
                self.listeners.remove(listener)
                self._on_fault(error, listener)

    def _engine_settings(self, configuration: Configuration) -> dict[str, object]:
        return self._request(configuration).config()
