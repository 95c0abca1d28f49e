"""``zertap tap``: watches interfaces as connections live."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from zertap._native import LIVE, Live, notify_service
from zertap.cli.common import ConfigOption, ModeOption, Stats, StatsOption, WhereOption, amount, compiled, configured
from zertap.cli.service import OutOfTime, Person, Signals, Watchdog
from zertap.cli.status import Outcome, Status, say
from zertap.configuration import Configuration
from zertap.errors import LedgerMismatch, MissingExtra, OutputFailed, Usage, ZertapError
from zertap.filter import select_fields
from zertap.pipeline import Request, Selection
from zertap.schema import Field, fields_with
from zertap.sinks.base import Sink
from zertap.tapping import Listener, LiveLedger, RecordListener, RowListener, RowsWanted, Tapping

if TYPE_CHECKING:
    from zertap.sinks.rotating import Rotating


class Format(StrEnum):
    """Forms in which rows are shown."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"
    ZEEK = "zeek"
    EVE = "eve"
    ECS = "ecs"
    NONE = "none"


SHAPED = (Format.ZEEK, Format.EVE, Format.ECS)
"""Forms whose objects other tools have fixed: one for each connection."""


def tap(
    interfaces: Annotated[
        list[str], typer.Argument(help="Network interfaces; any stands for all of them.", metavar="IFACE")
    ],
    filter_: Annotated[
        str | None, typer.Option("--filter", help="Only frames that match, in tcpdump's language.", metavar="BPF")
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="A table that moves on a terminal, otherwise JSON lines; none: no rows."),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Write rows to this file.", metavar="FILE")
    ] = None,
    rows: Annotated[
        RowsWanted | None,
        typer.Option(
            help="decided (default of jsonl and csv): a row when a verdict is reached, and one at the end. "
            "last: only the one at the end, as observe."
        ),
    ] = None,
    where: WhereOption = None,
    fields: Annotated[str | None, typer.Option(help="Only these fields, as for observe.")] = None,
    records: Annotated[
        str | None, typer.Option(help="Write zERT records into SMF files in this folder.", metavar="FOLDER")
    ] = None,
    rotate_size: Annotated[int, typer.Option(help="Finish an SMF file at this size, in MiB.", min=1)] = 64,
    rotate_every: Annotated[float, typer.Option(help="Finish an SMF file at this age, in seconds.", min=1)] = 3600,
    local: Annotated[
        list[str] | None, typer.Option(help="A network that is ours; may be repeated.", metavar="NETWORK")
    ] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Records are summaries of security sessions.")] = False,
    taps: Annotated[
        int | None,
        typer.Option(help="Share connections out to so many taps. Default: one a core.", min=1, max=64),
    ] = None,
    snap_length: Annotated[int | None, typer.Option(help="Most octets kept of a frame.", min=64, max=262_144)] = None,
    buffer: Annotated[int, typer.Option(help="The kernel's ring of one interface, in MiB.", min=1, max=2047)] = 64,
    promiscuous: Annotated[bool, typer.Option(help="Hear frames for others too.")] = True,
    user: Annotated[
        str | None, typer.Option(help="Become this user once the interfaces are open.", metavar="NAME")
    ] = None,
    mode: ModeOption = None,
    offers: Annotated[bool | None, typer.Option("--offers", help="Keep the lists that the two sides offered.")] = None,
    fingerprints: Annotated[
        bool, typer.Option("--fingerprints", help="Add JA3, JA3S, JA4 and HASSH of client and server.")
    ] = False,
    community_id: Annotated[bool, typer.Option("--community-id", help="Add the Community ID, version 1.")] = False,
    stats: StatsOption = None,
    config: ConfigOption = None,
) -> int:
    """Watches network interfaces: what protects connections, as they live.

    On a terminal a table that moves. Elsewhere one JSON object when a connection's verdict is reached, and one at its
    end. With --records also zERT records. SIGTERM and SIGINT end it in good order with status 0, SIGHUP reads the
    configuration again, SIGUSR1 prints the account. Needs CAP_NET_RAW.
    """
    if not LIVE:
        raise MissingExtra("live capture is not in this build: apt install libpcap-dev, then make build")
    options = (
        ("observer.mode", mode, "--mode"),
        ("observer.offers", offers, "--offers"),
        ("network.local", local or None, "--local"),
        ("globalconfig.aggregation", summary or None, "--summary"),
        ("smfconfig.zertsummary", summary or None, "--summary"),
        ("smfconfig.zertdetail", False if summary else None, "--summary"),
    )

    def configuration() -> Configuration:
        return configured(config).overridden(options)

    wanted = {"fingerprints": fingerprints, "community_id": community_id}
    asked = tuple(need for need, is_wanted in wanted.items() if is_wanted)
    chosen = _fields(fields, asked)
    selection = Selection(compiled(where))
    terminal = output is None and sys.stdout.isatty()
    form = form or (Format.TABLE if terminal else Format.JSONL)
    _check(form, output, fields, rows, records, summary, terminal)
    rows = rows or ("last" if form in SHAPED else "decided")

    def request(settings: Configuration) -> Request:
        made = replace(Request.of(settings, records=records is not None), fingerprints=fingerprints)
        kinds = _ROWS | (made.rows or frozenset()) if rows == "decided" or records else None
        return replace(made, rows=kinds).with_needs_of([*chosen, *selection.fields])

    begun = configuration()
    person = Person(user) if user else None
    live = Live(interfaces, snap_length, buffer << 20, promiscuous, filter_)
    if person and records:
        _prepare(records, person)
    sink = None if form in (Format.NONE, Format.TABLE) else _sink(form, output, chosen, asked)
    if person:
        person.become()
    listeners: list[Listener] = []
    rotating = None
    if records is not None:
        from zertap.sinks.recording import Recording
        from zertap.sinks.rotating import Rotating

        rotating = Rotating(records, size=rotate_size << 20, age=rotate_every)
        listeners.append(RecordListener(Recording(rotating, begun)))
    if sink:
        listeners.append(RowListener(sink, selection, rows))
    if form is Format.TABLE:
        from zertap.cli.view import ViewListener

        listeners.append(ViewListener(", ".join(interfaces), live.counts))
    run = Run(live, listeners, configuration, rotating, stats, selection)
    return run.run(begun, request, taps or _cores())


_ROWS = frozenset({"moved", "closed", "reset", "replaced", "evicted", "unfinished"})
"""Kinds of rows from which those can be chosen at which a verdict is reached."""


class Run:
    """One run of the command, from ready to the account."""

    def __init__(
        self,
        live: Live,
        listeners: Sequence[Listener],
        configuration: Callable[[], Configuration],
        rotating: "Rotating | None",
        stats: Stats | None,
        selection: Selection,
    ) -> None:
        self._live, self._listeners, self._configuration = live, listeners, configuration
        self._rotating, self._stats, self._selection = rotating, stats, selection
        self._signals, self._watchdog, self._outcome = Signals(), Watchdog(), Outcome()

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
            tapping.listeners = [each for each in tapping.listeners if each.outlet is not rotating.outlet]
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
        if isinstance(error, OutputFailed) and listener and listener.outlet.unwritten:
            outlet = listener.outlet
            lost = f"{error.reason}: {outlet.unwritten:,} of {outlet.taken:,} {outlet.thing} not written"
            error = OutputFailed(lost, error.file)
        self._outcome.tell(error)

    def _ledger(self, tapping: Tapping) -> LiveLedger:
        ledger = tapping.ledger()
        ledger.rows_selected = self._selection.passed
        ledger.outlets = [each.outlet for each in self._listeners]
        return ledger

    def _tell(self, ledger: LiveLedger, form: Stats | None) -> None:
        if form is Stats.JSON:
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
        try:
            ledger.check()
        except LedgerMismatch as error:
            self._outcome.tell(error)


def _overdue(listeners: Sequence[Listener]) -> OutputFailed:
    late = [each.outlet for each in listeners if each.outlet.unwritten] or [each.outlet for each in listeners]
    named = ", ".join(f"{each.name}: {each.unwritten:,} {each.thing}" for each in late)
    return OutputFailed(f"the output took nothing while the program had to end; not written: {named}")


def _fields(fields: str | None, asked: Sequence[str]) -> Sequence[Field]:
    if fields is None:
        return fields_with(*asked)
    return select_fields([name.strip() for name in fields.split(",") if name.strip()])


def _check(
    form: Format,
    output: str | None,
    fields: str | None,
    rows: str | None,
    records: str | None,
    summary: bool,
    terminal: bool,
) -> None:
    """Options that do not go together. Raises ``Usage``."""
    if form is Format.TABLE and not terminal:
        raise Usage("the moving table needs a terminal: choose --format jsonl")
    if fields is not None and (form in SHAPED or form in (Format.TABLE, Format.NONE)):
        raise Usage(f"--fields has no meaning for {form.value}: choose --format jsonl or csv")
    if rows == "decided" and form in SHAPED:
        raise Usage(f"--format {form.value} has one object for each connection: choose --rows last")
    if form is Format.NONE and records is None:
        raise Usage("--format none shows nothing: add --records")
    if form is Format.NONE and output is not None:
        raise Usage("--output is for rows, and --format none shows none")
    if summary and records is None:
        raise Usage("--summary is about records: add --records")


def _prepare(folder: str, person: Person) -> None:
    """A folder that is made here is for the user who will write into it. Raises ``OutputFailed``."""
    if not Path(folder).exists():
        try:
            Path(folder).mkdir(parents=True)
        except OSError as error:
            raise OutputFailed(error.strerror or str(error), folder) from None
        person.own(folder)


def _sink(form: Format, output: str | None, fields: Sequence[Field], asked: Sequence[str]) -> Sink:
    from zertap.cli.observe import Format as Shown
    from zertap.cli.observe import sink_for

    return sink_for(Shown(form.value), output, fields, asked)


def _cores() -> int:
    import os

    return min(len(os.sched_getaffinity(0)), _MOST_TAPS)


_MOST_TAPS = 16
"""Taps that are started without being asked for."""
