"""``zertap subscribe``: the records of a running service, in any form."""

import sys
from typing import TYPE_CHECKING, Annotated

from zertap.cli.declared import Argument, Option
from zertap.cli.forms import (
    CompressOption,
    Form,
    Frame,
    FramingOption,
    NamesOption,
    check_terminal,
    record_output,
)
from zertap.cli.status import Outcome, Stopped, say
from zertap.cli.watch import Interruption
from zertap.errors import OutputFailed, ServiceFailed, Usage
from zertap.sinks.base import ReaderGone

if TYPE_CHECKING:
    from zertap.service import Subscription
    from zertap.sinks.octets import Output


def subscribe(
    path: Annotated[
        str, Argument(help="A service's socket, or a directory with one service of the kind.", metavar="PATH")
    ],
    output: Annotated[str | None, Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None,
    form: Annotated[
        Form | None,
        Option("--format", "-f", help="Default: table on a terminal, jsonl elsewhere."),
    ] = None,
    summary: Annotated[bool, Option("--summary", help="The service hands out summaries (subtype 12).")] = False,
    current: Annotated[
        bool,
        Option("--current/--no-current", help="Begin with the connections that live now (event type 1)."),
    ] = True,
    only_current: Annotated[
        bool, Option("--only-current", help="End when all connections that live now are listed.")
    ] = False,
    reconnect: Annotated[
        bool, Option("--reconnect", help="Wait for the service to come back whenever it goes.")
    ] = False,
    count: Annotated[int | None, Option(help="End after so many records.", min=1, metavar="N")] = None,
    names: NamesOption = None,
    framing: FramingOption = Frame.RDW,
    compress: CompressOption = None,
) -> int:
    """Subscribes to the zERT records of a running tap (or of `zertap records --service`), and writes them as they come.

    Ends when the service does: status 0, or 4 if it broke off. What the service had to leave out, because this side
    was too slow, is told on standard error.
    """
    from zertap.service import subscribe as connect

    if only_current and (summary or not current or reconnect):
        raise Usage("--only-current: a list of connections, once: leave out --summary, --no-current and --reconnect")
    if form is None:
        form = Form.TABLE if output is None and sys.stdout.isatty() else Form.JSONL
    check_terminal(output, form, compress)
    with Interruption() as watch:
        try:
            with watch.pumping():
                service = connect(path, summary=summary, current=current, records=not only_current, reconnect=reconnect)
                target = record_output(output, form, names, compress, framing, None)
                with service:
                    return _copy(service, target, watch, count)
        except Stopped:
            pass
    return watch.status


def _copy(service: "Subscription", target: "Output", watch: Interruption, count: int | None) -> int:
    """Writes what comes until it ends, is enough, or a signal says so."""
    outcome = Outcome()
    left = count
    batches = service.batches()
    try:
        while not watch.stopped and left != 0:
            batch = None
            with watch.pumping():
                batch = next(batches, None)
            if batch is None:
                break
            if batch.lost:
                say(f"{service.path}: {batch.lost:,} records lost: this subscriber is too slow")
            octets, records = _first(batch.octets, batch.records, left)
            if records:
                target.write(octets, records)
            left = left if left is None else left - records
    except ReaderGone:
        return outcome.status
    except (ServiceFailed, OutputFailed) as error:
        outcome.tell(error)
    _close(target, outcome)
    outcome.worsen(watch.status)
    return outcome.status


def _close(target: "Output", outcome: Outcome) -> None:
    try:
        target.close()
    except ReaderGone:
        pass
    except OutputFailed as error:
        outcome.tell(error)


def _first(octets: bytes, records: int, most: int | None) -> tuple[bytes, int]:
    """At most so many of the records."""
    if most is None or records <= most:
        return octets, records
    end = 0
    for _ in range(most):
        end += int.from_bytes(octets[end : end + 2])
    return octets[:end], most
