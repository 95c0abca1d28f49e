"""What the commands share: their options, and how a run goes from captures to an exit status."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from zertap.cli.status import Outcome, Status
from zertap.cli.watch import Interruption
from zertap.errors import Usage, ZertapError
from zertap.filter import Expression, compile_expression
from zertap.pipeline import Mode, Reading, Request, Selection, deliver
from zertap.protection import Protection
from zertap.pseudonyms import Manner, Pseudonyms
from zertap.sinks.base import ReaderGone, Sink

Captures = Annotated[
    list[str],
    typer.Argument(
        help="Capture files (pcap or pcapng, also compressed by gzip or zstd); - is standard input.", metavar="CAPTURE"
    ),
]
ModeOption = Annotated[
    Mode,
    typer.Option(help="full: all that the wire shows. zert: what z/OS stream observation attends to."),
]
ChainOption = Annotated[
    bool,
    typer.Option(
        "--chain", help="The captures are consecutive files of one tap; connections cross from one to the next."
    ),
]
WhereOption = Annotated[
    str | None,
    typer.Option(help="Only connections that match, e.g. \"verdict == 'failed' and server_port in (443, 8443)\"."),
]

PseudonymsOption = Annotated[
    Manner | None,
    typer.Option(help="Pseudonyms in place of addresses: prefix keeps which share a network, plain does not."),
]
PseudonymKeyOption = Annotated[
    str | None,
    typer.Option(help="File with the key of pseudonyms; new:FILE makes it. Default: a random key, used once."),
]
WithoutNamesOption = Annotated[
    bool,
    typer.Option(
        "--without-names", help="With --pseudonyms: leave out names, serials and digests of certificates too."
    ),
]


def run(
    captures: Sequence[str],
    request: Request,
    selection: Selection,
    sink: Sink,
    watch: Interruption,
    written: Callable[[], str],
) -> Status:
    """Observes *captures* into *sink* and tells on standard error what went wrong, and how much was *written*."""
    outcome = Outcome()
    reading = Reading(captures, request, outcome.tell, watch)
    with watch:
        try:
            deliver(reading, selection, sink)
        except ReaderGone:
            pass
        except ZertapError as error:
            outcome.tell(error)
    watch.tell(written())
    if selection.findings:
        outcome.worsen(Status.FINDINGS)
    outcome.worsen(watch.status)
    return outcome.status


def read_pseudonyms(manner: Manner | None, key: str | None, *, without_names: bool) -> Pseudonyms | None:
    """What the three options ask for. Raises ``Usage``."""
    if manner is None:
        if key is not None or without_names:
            raise Usage("--pseudonym-key and --without-names belong to --pseudonyms: add it")
        return None
    return Pseudonyms.read(manner, key, keep_names=not without_names)


def amount(number: int, thing: str) -> str:
    """``1 record``, ``2,000 records``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def check_files(captures: Sequence[str], output: str | None) -> None:
    """Refuses what would harm: standard input twice, or an output that overwrites a capture. Raises ``Usage``."""
    if captures.count("-") > 1:
        raise Usage("standard input (`-`) can be read only once")
    for capture in captures:
        if output and Path(output).exists() and Path(capture).exists() and Path(output).samefile(capture):
            raise Usage(f"the output `{output}` is one of the captures")


def compiled(where: str | None) -> Expression | None:
    """The expression of an option, if it was given. Raises ``Usage``."""
    return None if where is None else compile_expression(where)


def compiled_alarm(fail_on: str | None) -> Expression | None:
    """``--fail-on``: verdict words joined by commas, or an expression. Raises ``Usage``."""
    if fail_on is None:
        return None
    words = [word.strip() for word in fail_on.split(",")]
    if all(word in {each.word for each in Protection} for word in words):
        return compile_expression(f"verdict in {words!r}")
    return compile_expression(fail_on)
