"""``zertap tap``: watches interfaces as connections live."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

from zertap._native import LIVE, Live
from zertap.cli.common import ConfigOption, ModeOption, StatsOption, WhereOption, compiled, configured
from zertap.cli.declared import Argument, Option
from zertap.cli.listeners import another, beside, recording, rotating_files, shown
from zertap.cli.live import Run
from zertap.cli.outlets import KafkaOption, MetricsOption, SyslogOption, named
from zertap.cli.service import Person
from zertap.cli.serving import ServiceOption, served, start
from zertap.configuration import Configuration
from zertap.endpoint import Endpoint, local_networks
from zertap.errors import MissingExtra, OutputFailed, Usage
from zertap.filter import select_fields
from zertap.pipeline import Request, Selection
from zertap.schema import Field, fields_with
from zertap.sinks.base import Sink
from zertap.tapping import EndpointListener, Listener, RecordListener, RowsWanted
from zertap.values import replace


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
    rotating = rotating_files(records, rotate_size << 20, rotate_every)
    with ExitStack() as closing:
        services = start(begun, service, closing, patient=False)
        listeners: list[Listener] = [EndpointListener(owners, live)] if owners else []
        if rotating or services:
            listeners.append(RecordListener(recording(rotating, services, begun, owners)))
        listeners += shown(sink, form is Format.TABLE, interfaces, live, selection, rows)
        selections = [selection]
        listeners += beside(begun, chosen, services, live, partial(another, selections, where), rows)
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
    made = replace(Request.of(settings, records=recorded, reloads=True), fingerprints=fingerprints)
    if kinds is not None:
        made = replace(made, rows=kinds | (made.rows or frozenset()))
    return made.with_needs_of(fields)


def _kinds(rows: RowsWanted, *, recorded: bool, endpoint: bool) -> frozenset[str] | None:
    """Kinds of rows that are wanted beside those of the records; ``None``: the last of each connection."""
    if not (rows == "decided" or recorded or endpoint):
        return None
    return (_ROWS if rows == "decided" or recorded else _LAST_ROWS) | ({"opened"} if endpoint else frozenset())


_LAST_ROWS = frozenset({"closed", "reset", "replaced", "evicted", "unfinished"})
_ROWS = frozenset({"moved", "closed", "reset", "replaced", "evicted", "unfinished"})
"""Kinds of rows from which those can be chosen at which a verdict is reached."""


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
