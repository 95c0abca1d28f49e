"""What the commands share: their options, and how a run goes from captures to an exit status."""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from zertap.cli.declared import Argument, Option
from zertap.cli.status import Outcome, Status, say
from zertap.cli.watch import Interruption
from zertap.configuration import Configuration, load
from zertap.errors import LedgerMismatch, OutputFailed, Usage, ZertapError
from zertap.ledger import Ledger, Outlet
from zertap.pipeline import MOST_WORKERS, Mode, Reading, Request, Selection, deliver
from zertap.plans import Part
from zertap.protection import Protection
from zertap.pseudonyms import Manner, Pseudonyms
from zertap.sinks.base import ReaderGone, Sink

if TYPE_CHECKING:
    from zertap.filter import Expression

Captures = Annotated[
    list[str],
    Argument(
        help="Capture files (pcap or pcapng, also compressed by gzip or zstd); - is standard input.", metavar="CAPTURE"
    ),
]
ConfigOption = Annotated[
    str | None,
    Option("--config", help="Configuration file. Default: the one that $ZERTAP_CONFIG names, or none.", metavar="FILE"),
]
ModeOption = Annotated[
    Mode | None,
    Option(help="full (default): all that the wire shows. zert: what z/OS stream observation attends to."),
]
ChainOption = Annotated[
    bool,
    Option("--chain", help="The captures are consecutive files of one tap; connections cross from one to the next."),
]
WhereOption = Annotated[
    str | None,
    Option(help="Only connections that match, e.g. \"verdict == 'failed' and server_port in (443, 8443)\"."),
]

PseudonymsOption = Annotated[
    Manner | None,
    Option(help="Pseudonyms in place of addresses: prefix keeps which share a network, plain does not."),
]
PseudonymKeyOption = Annotated[
    str | None,
    Option(help="File with the key of pseudonyms; new:FILE makes it. Default: a random key, used once."),
]
WithoutNamesOption = Annotated[
    bool,
    Option("--without-names", help="With --pseudonyms: leave out names, serials and digests of certificates too."),
]
WorkersOption = Annotated[
    int,
    Option(
        help="Threads that read each capture together; 0: one for each core. The output is the same. Pipes have one.",
        min=0,
        max=MOST_WORKERS,
    ),
]


class Stats(StrEnum):
    """Forms of the account."""

    TEXT = "text"
    JSON = "json"


StatsOption = Annotated[
    Stats | None,
    Option(
        help="Print on standard error where every frame, connection and row went; --stats alone means text.",
        metavar="[text|json]",
    ),
]


def configured(file: str | None) -> Configuration:
    """The configuration of this file, or of the one that the environment names. Raises ``Usage``."""
    return load(file or os.environ.get(VARIABLE) or None)


VARIABLE = "ZERTAP_CONFIG"
"""The environment variable that names a configuration file."""


def run(
    captures: Sequence[str],
    request: Request,
    selection: Selection,
    sink: Sink,
    watch: Interruption,
    thing: str,
    stats: Stats | None = None,
    follow: Callable[[Iterable[Part]], Iterable[Part]] = iter,
    beside: Sequence[Outlet] = (),
    sinks: Sequence[Sink] = (),
) -> Status:
    """Observes *captures* into *sink*; tells on standard error what went wrong, and at an early end what was written.

    *thing* is what the sink counts; *stats* the form in which the account is wanted; *follow* sees every part on its
    way, also those without rows. *beside*: accounts of further outputs that the sink writes to. *sinks*: further
    sinks, which get what *sink* gets.
    """
    outcome = Outcome()
    reading = Reading(captures, request, outcome.tell, watch)
    with watch, closing(iter(reading)) as parts:
        try:
            deliver(follow(parts), selection, [sink, *sinks], lambda error: outcome.tell(_with_amount(error, sink)))
        except ReaderGone:
            pass
        except OutputFailed as error:
            # Whoever follows may write too: when an input begins or ends.
            outcome.tell(_with_amount(error, sink))
    watch.tell(amount(sink.outlet.written, thing))
    outlets = [sink.outlet, *beside, *(each.outlet for each in sinks)]
    tell_lost(outlets)
    _account(reading.ledger, selection, outlets, stats, outcome)
    if selection.findings:
        outcome.worsen(Status.FINDINGS)
    outcome.worsen(watch.status)
    return outcome.status


def _with_amount(error: ZertapError, sink: Sink) -> ZertapError:
    """What a full disk cost: exactly how much of what the sink was given is not in its file."""
    if not isinstance(error, OutputFailed) or not sink.outlet.taken:
        return error
    outlet = sink.outlet
    lost = f"{error.reason}: {outlet.unwritten:,} of {outlet.taken:,} {outlet.thing} not written"
    return OutputFailed(lost, error.file, error.offset)


def tell_lost(outlets: Iterable[Outlet]) -> None:
    """One line for each output that could not keep up."""
    for each in outlets:
        if each.lost:
            say(f"{each.name}: {each.lost:,} of {each.taken:,} {each.thing} lost on the way")


def _account(
    ledger: Ledger, selection: Selection, outlets: Sequence[Outlet], stats: Stats | None, outcome: Outcome
) -> None:
    """Closes the account: tells it if it is wanted, and in any case if it does not balance."""
    ledger.rows_seen, ledger.rows_selected = selection.seen, selection.passed
    ledger.outlets += outlets
    if stats is Stats.JSON:
        import msgspec

        say(msgspec.json.encode(ledger.to_dict()).decode())
    elif stats is Stats.TEXT:
        for line in str(ledger).splitlines():
            say(line)
    try:
        ledger.check()
    except LedgerMismatch as error:
        outcome.tell(error)


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
    if output and any(_is_one_file(output, capture) for capture in captures):
        raise Usage(f"the output `{output}` is one of the captures")


def _is_one_file(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)  # noqa: PTH121  loading pathlib takes longer than a small capture
    except (OSError, ValueError):
        return False


def compiled(where: str | None) -> "Expression | None":
    """The expression of an option, if it was given. Raises ``Usage``."""
    if where is None:
        return None
    from zertap.filter import compile_expression

    return compile_expression(where)


def compiled_alarm(fail_on: str | None) -> "Expression | None":
    """``--fail-on``: verdict words joined by commas, or an expression. Raises ``Usage``."""
    if fail_on is None:
        return None
    words = [word.strip() for word in fail_on.split(",")]
    if all(word in {each.word for each in Protection} for word in words):
        return compiled(f"verdict in {words!r}")
    return compiled(fail_on)
