"""The terminal view as a listener of a live tap."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console

from zertap.configuration import Configuration
from zertap.plans import Part
from zertap.sinks.live import View
from zertap.tapping import newly_decided


class ViewListener:
    """Shows what is decided; see ``tapping.Listener``."""

    def __init__(self, title: str, counts: Callable[[], Mapping[str, Any]]) -> None:
        self._view = View(Console(), title, counts)
        self.outlets = (self._view.outlet,)

    def take(self, part: Part) -> None:
        """See ``Listener.take``."""
        self._view.take(part, newly_decided(part))

    def reconfigure(self, configuration: Configuration, at: int) -> None:
        """The view is the same with any configuration."""

    def close(self) -> None:
        """See ``Listener.close``."""
        self._view.close()
