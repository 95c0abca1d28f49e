"""``zertap tap``: watches interfaces as connections live."""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from zertap._native import LIVE, Live, notify_service
from zertap.cli.common import ConfigOption, ModeOption, Stats, StatsOption, WhereOption, amount, compiled, configured
from zertap.cli.declared import Argument, Option
from zertap.cli.outlets import KafkaOption, MetricsOption, SyslogOption, named
from zertap.cli.service import OutOfTime, Person, Signals, Watchdog
from zertap.cli.serving import ServiceOption, served, start
from zertap.cli.status import Outcome, Status, say
from zertap.configuration import Configuration
from zertap.endpoint import Endpoint, local_networks
from zertap.errors import LedgerMismatch, MissingExtra, OutputFailed, Usage, ZertapError
from zertap.filter import select_fields
from zertap.pipeline import Request, Selection
from zertap.schema import Field, fields_with
from zertap.sinks.base import Sink
from zertap.tapping import (
    EndpointListener,
    Listener,
    LiveLedger,
    MetricsListener,
    RecordListener,
    RowListener,
    RowsWanted,
    Tapping,
)

if TYPE_CHECKING:
    from zertap.service import Service
    from zertap.sinks.recording import Recording
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
    interfaces: Annotated[list[str], Argument(help="Network interfaces; any stands for all of them.", metavar="IFACE")],
    filter_: Annotated[
        str | None, Option("--filter", help="Only frames that match, in tcpdump's language.", metavar="BPF")
    ] = None,
    form: Annotated[
        Format | None,
        Option("--format", "-f", help="A table that moves on a terminal, otherwise JSON lines; none: no rows."),
    ] = None,
    output: Annotated[str | None, Option("--output", "-o", help="Write rows to this file.", metavar="FILE")] = None,
    rows: Annotated[
        RowsWanted | None,
        Option(
            help="decided (default of jsonl and csv): a row when a verdict is reached, and one at the end. "
            "last: only the one at the end, as observe."
        ),
    ] = None,
    where: WhereOption = None,
    fields: Annotated[str | None, Option(help="Only these fields, as for observe.")] = None,
    records: Annotated[
        str | None, Option(help="Write zERT records into SMF files in this folder.", metavar="FOLDER")
    ] = None,
    rotate_size: Annotated[int, Option(help="Finish an SMF file at this size, in MiB.", min=1)] = 64,
    rotate_every: Annotated[float, Option(help="Finish an SMF file at this age, in seconds.", min=1)] = 3600,
    local: Annotated[
        list[str] | None, Option(help="A network that is ours; may be repeated.", metavar="NETWORK")
    ] = None,
    summary: Annotated[bool, Option("--summary", help="Records are summaries of security sessions.")] = False,
    taps: Annotated[
        int | None,
        Option(help="Share connections out to so many taps. Default: one a core.", min=1, max=64),
    ] = None,
    snap_length: Annotated[int | None, Option(help="Most octets kept of a frame.", min=64, max=262_144)] = None,
    buffer: Annotated[int, Option(help="The kernel's ring of one interface, in MiB.", min=1, max=2047)] = 64,
    promiscuous: Annotated[bool, Option(help="Hear frames for others too.")] = True,
    user: Annotated[str | None, Option(help="Become this user once the interfaces are open.", metavar="NAME")] = None,
    mode: ModeOption = None,
    offers: Annotated[bool | None, Option("--offers", help="Keep the lists that the two sides offered.")] = None,
    fingerprints: Annotated[
        bool, Option("--fingerprints", help="Add JA3, JA3S, JA4 and HASSH of client and server.")
    ] = False,
    community_id: Annotated[bool, Option("--community-id", help="Add the Community ID, version 1.")] = False,
    service: ServiceOption = None,
    syslog: SyslogOption = None,
    kafka: KafkaOption = None,
    metrics: MetricsOption = None,
    endpoint: Annotated[
        bool,
        Option(
            "--endpoint",
            help="This host's own connections: its addresses are local, and records name process and user.",
        ),
    ] = False,
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
        *served(service, summary=summary),
        *(each for each in named(syslog, kafka, metrics) if each[1]),
    )

    def configuration() -> Configuration:
        found = configured(config).overridden(options)
        if endpoint and not found["network.local"]:
            found = found.overridden((("network.local", [str(each) for each in local_networks()], "--endpoint"),))
        return found

    wanted = {"fingerprints": fingerprints, "community_id": community_id}
    asked = tuple(need for need, is_wanted in wanted.items() if is_wanted)
    chosen = _fields(fields, asked)
    selection = Selection(compiled(where))
    terminal = output is None and sys.stdout.isatty()
    form = form or (Format.TABLE if terminal else Format.JSONL)
    recorded = records is not None or service is not None
    _check(form, output, fields, rows, recorded, summary, terminal)
    rows = rows or ("last" if form in SHAPED else "decided")

    request = partial(
        _request,
        recorded=recorded,
        kinds=_kinds(rows, recorded=recorded, endpoint=endpoint),
        fingerprints=fingerprints,
        fields=[*chosen, *selection.fields],
    )
    begun = configuration()
    person = Person(user) if user else None
    live = Live(interfaces, snap_length, buffer << 20, promiscuous, filter_)
    if person and records:
        _prepare(records, person)
    sink = None if form in (Format.NONE, Format.TABLE) else _sink(form, output, chosen, asked)
    if person:
        person.become()
    owners = Endpoint() if endpoint else None
    rotating = _rotating(records, rotate_size << 20, rotate_every)
    with ExitStack() as closing:
        services = start(begun, service, closing, patient=False)
        listeners: list[Listener] = [EndpointListener(owners, live)] if owners else []
        if rotating or services:
            listeners.append(RecordListener(_recording(rotating, services, begun, owners)))
        listeners += _shown(sink, form, interfaces, live, selection, rows)
        selections = [selection]
        listeners += _beside(begun, chosen, services, live, partial(_another, selections, where), rows)
        run = Run(live, listeners, configuration, rotating, stats, selections)
        return run.run(begun, request, taps or _cores())


def _request(
    settings: Configuration,
    *,
    recorded: bool,
    kinds: frozenset[str] | None,
    fingerprints: bool,
    fields: Sequence[Field],
) -> Request:
    """What the engine is to tell, by the configuration in effect."""
    made = replace(Request.of(settings, records=recorded), fingerprints=fingerprints)
    if kinds is not None:
        made = replace(made, rows=kinds | (made.rows or frozenset()))
    return made.with_needs_of(fields)


def _kinds(rows: RowsWanted, *, recorded: bool, endpoint: bool) -> frozenset[str] | None:
    """Kinds of rows that are wanted beside those of the records; ``None``: the last of each connection."""
    if not (rows == "decided" or recorded or endpoint):
        return None
    return (_ROWS if rows == "decided" or recorded else _LAST_ROWS) | ({"opened"} if endpoint else frozenset())


def _rotating(folder: str | None, size: int, age: float) -> "Rotating | None":
    if folder is None:
        return None
    from zertap.sinks.rotating import Rotating

    return Rotating(folder, size=size, age=age)


def _shown(
    sink: Sink | None, form: Format, interfaces: Sequence[str], live: Live, selection: Selection, rows: RowsWanted
) -> list[Listener]:
    """Rows as lines or cells, or the table that moves."""
    found: list[Listener] = [RowListener(sink, selection, rows)] if sink else []
    if form is Format.TABLE:
        from zertap.cli.view import ViewListener

        found.append(ViewListener(", ".join(interfaces), live.counts))
    return found


def _recording(
    rotating: "Rotating | None", services: "Sequence[Service]", begun: Configuration, owners: Endpoint | None
) -> "Recording":
    from zertap.sinks.destinations import Destinations
    from zertap.sinks.recording import Recording

    return Recording(Destinations(rotating, (), services), begun, owners.owners if owners else None)


def _another(selections: list[Selection], where: str | None) -> Selection:
    """A selection of its own for each sink: each counts what it lets pass, and all let the same pass."""
    selections.append(Selection(compiled(where)))
    return selections[-1]


def _beside(
    begun: Configuration,
    fields: Sequence[Field],
    services: "Sequence[Service]",
    live: Live,
    select: Callable[[], Selection],
    rows: RowsWanted,
) -> list[Listener]:
    """Syslog, Kafka and metrics, as far as they are asked for."""
    from zertap.sinks import configured as outlets

    found: list[Listener] = [RowListener(each, select(), rows) for each in outlets.row_outlets(begun, fields)]
    metrics = outlets.metrics(begun)
    if metrics:
        metrics.services += [each.status for each in services]
        metrics.outlets += [outlet for each in found for outlet in each.outlets]
        found.append(MetricsListener(metrics, live))
    return found


_LAST_ROWS = frozenset({"closed", "reset", "replaced", "evicted", "unfinished"})
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
        selections: Sequence[Selection],
    ) -> None:
        self._live, self._listeners, self._configuration = live, listeners, configuration
        self._rotating, self._stats, self._selections = rotating, stats, selections
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
        try:
            ledger.check()
        except LedgerMismatch as error:
            self._outcome.tell(error)


def _overdue(listeners: Sequence[Listener]) -> OutputFailed:
    outlets = [outlet for each in listeners for outlet in each.outlets]
    late = [each for each in outlets if each.unwritten] or outlets
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
    recorded: bool,
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
    if form is Format.NONE and not recorded:
        raise Usage("--format none shows nothing: add --records or --service")
    if form is Format.NONE and output is not None:
        raise Usage("--output is for rows, and --format none shows none")
    if summary and not recorded:
        raise Usage("--summary is about records: add --records or --service")


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
