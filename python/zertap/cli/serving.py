"""Record services beside a command: which ones, started before the work and stopped after it."""

from collections.abc import Iterator
from contextlib import ExitStack
from time import sleep
from typing import TYPE_CHECKING, Annotated, Any

from zertap.cli.declared import Option
from zertap.cli.status import say
from zertap.cli.watch import Interruption
from zertap.configuration import Configuration

if TYPE_CHECKING:
    from zertap.service import Service

ServiceOption = Annotated[
    str | None,
    Option(
        "--service",
        help="Hand the records out to subscribers at this socket, or in this directory; see `zertap subscribe`.",
        metavar="PATH",
    ),
]


def served(path: str | None, *, summary: bool) -> Iterator[tuple[str, Any, str]]:
    """What the option says of configuration: a socket serves one kind of records, a directory may have both."""
    if path is None:
        return
    from pathlib import Path

    both = Path(path).is_dir()
    yield "netmonitor.zertservice", both or not summary, "--service"
    if both or summary:
        yield "netmonitor.zertsummary", True, "--service"


def start(
    configuration: Configuration, path: str | None, closing: ExitStack, *, patient: bool = True
) -> "list[Service]":
    """The services of a command, running until *closing*. A replay is *patient*: it waits for the slow."""
    if path is None:
        return []
    from zertap.service.configured import services

    found = services(configuration, path, patient=patient)
    for each in found:
        closing.enter_context(each)
    return found


def await_subscribers(services: "list[Service]", number: int, watch: Interruption) -> None:
    """Waits until so many have subscribed, all services together; or for a signal."""
    if number:
        say(f"zertap: waiting for {number} to subscribe at {', '.join(each.path for each in services)}")
    while sum(each.tally.subscribed for each in services) < number and not watch.stopped:
        sleep(0.02)
