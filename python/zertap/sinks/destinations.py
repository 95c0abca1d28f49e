"""Where records go: one run of octets to several outputs, each kind of record to those that are meant to have it.

As on z/OS the destinations are independent of each other: SMFCONFIG says what the file gets (and what goes out beside
it), NETMONITOR what subscribers get.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from zertap.configuration import Configuration
from zertap.sinks.octets import Output

Listing = Callable[[int, int], tuple[bytes, int, int | None]]
"""From a place in the engine's table on, for so many connections: records, how many, the place to go on from."""

DETAIL, SUMMARY = 11, 12


class Audience(Output, Protocol):
    """Subscribers to one kind of records, who may ask for the list of current connections."""

    @property
    def subtype(self) -> int:
        """The kind of records."""

    @property
    def asks(self) -> bool:
        """Somebody waits for the list."""

    def walk(self, listing: Listing) -> None:
        """Goes on with the list."""


class Destinations:
    """The outputs of one run. ``file`` comes first in the account; there may be none."""

    def __init__(self, file: Output | None, beside: Sequence[Output] = (), services: Sequence[Audience] = ()) -> None:
        self._files = [*([file] if file else []), *beside]
        self._services = services
        self.outputs: tuple[Output, ...] = (*self._files, *services)
        if not self.outputs:
            raise ValueError("records need an output")

    def of(self, subtype: int, configuration: Configuration) -> "Several | None":
        """The outputs that get records of this kind."""
        key = "zertdetail" if subtype == DETAIL else "zertsummary"
        served = "zertservice" if subtype == DETAIL else "zertsummary"
        found: list[Output] = list(self._files) if configuration[f"smfconfig.{key}"] else []
        if configuration[f"netmonitor.{served}"]:
            found += [each for each in self._services if each.subtype == subtype]
        return Several(found) if found else None

    def only_file(self) -> "Several | None":
        """Those that SMFCONFIG is about: the file, and what goes out beside it."""
        return Several(self._files) if self._files else None

    def asking(self) -> list[Audience]:
        """Services in which somebody waits for the list of current connections."""
        return [each for each in self._services if each.asks]

    def close(self) -> None:
        """Closes every output, also where one fails. Raises what the first one raises."""
        _every([each.close for each in self.outputs])


class Several:
    """One output for several; none of them is closed by it. All get what comes, also where one fails."""

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._outputs = outputs
        self.outlet = outputs[0].outlet

    def write(self, octets: bytes, records: int) -> None:
        """See ``Output.write``. Raises what the first one raises."""
        if len(self._outputs) == 1:
            self._outputs[0].write(octets, records)
            return
        _every([lambda each=each: each.write(octets, records) for each in self._outputs])  # type: ignore[misc]

    def close(self) -> None:
        """Leaves them open."""


def _every(steps: Sequence[Callable[[], None]]) -> None:
    failed: list[Exception] = []
    for step in steps:
        try:
            step()
        except Exception as error:  # noqa: BLE001  raised below
            failed.append(error)
    if failed:
        raise failed[0]
