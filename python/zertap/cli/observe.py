"""``zertap observe``: every TCP connection in captures, and what protected it."""

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from enum import StrEnum
from typing import Annotated

from zertap.cli.common import (
    Captures,
    ChainOption,
    ConfigOption,
    ModeOption,
    PseudonymKeyOption,
    PseudonymsOption,
    StatsOption,
    WhereOption,
    WithoutNamesOption,
    WorkersOption,
    check_files,
    compiled,
    compiled_alarm,
    configured,
    read_pseudonyms,
    run,
)
from zertap.cli.declared import Option
from zertap.cli.outlets import KafkaOption, MetricsOption, SyslogOption, following, named
from zertap.cli.watch import Interruption, wants_progress
from zertap.configuration import Configuration
from zertap.errors import Usage
from zertap.pipeline import Request, Selection
from zertap.plans import Part
from zertap.schema import Field, fields_with
from zertap.sinks.base import Sink, Stream
from zertap.values import replace


class Format(StrEnum):
    """Forms of output."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"
    ZEEK = "zeek"
    EVE = "eve"
    ECS = "ecs"


def observe(
    captures: Captures,
    output: Annotated[str | None, Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None,
    form: Annotated[
        Format | None,
        Option("--format", "-f", help="Form of output: a table on a terminal, otherwise JSON lines."),
    ] = None,
    mode: ModeOption = None,
    chain: ChainOption = False,
    offers: Annotated[bool | None, Option("--offers", help="Keep the lists that the two sides offered.")] = None,
    fingerprints: Annotated[
        bool, Option("--fingerprints", help="Add JA3, JA3S, JA4 and HASSH of client and server.")
    ] = False,
    community_id: Annotated[bool, Option("--community-id", help="Add the Community ID, version 1.")] = False,
    community_id_seed: Annotated[
        int | None, Option(help="Seed of the Community ID; adds it.", min=0, max=65535)
    ] = None,
    pseudonyms: PseudonymsOption = None,
    pseudonym_key: PseudonymKeyOption = None,
    without_names: WithoutNamesOption = False,
    where: WhereOption = None,
    fields: Annotated[
        str | None,
        Option(help="Only these fields, e.g. verdict,client_ip,tls.version; tls stands for all of tls."),
    ] = None,
    fail_on: Annotated[
        str | None,
        Option(
            help="Exit with status 1 if a connection matches: verdict words, e.g. failed,plaintext, or an expression."
        ),
    ] = None,
    workers: WorkersOption = 1,
    stats: StatsOption = None,
    config: ConfigOption = None,
    syslog: SyslogOption = None,
    kafka: KafkaOption = None,
    metrics: MetricsOption = None,
) -> int:
    """Shows every TCP connection in captures and what protected it.

    On a terminal: a summary, who could not agree with whom and why, then the connections. Elsewhere: one JSON object
    per connection. A capture that is damaged or unreadable does not stop the next one.
    """
    check_files(captures, output)
    options = (
        ("observer.mode", mode, "--mode"),
        ("observer.offers", offers, "--offers"),
        *named(syslog, kafka, metrics),
    )
    configuration = configured(config).overridden(options)
    selection = Selection(compiled(where), compiled_alarm(fail_on))
    asked = _asked(fingerprints, community_id or community_id_seed is not None)
    chosen = fields_with(*asked) if fields is None else _selected(fields)
    terminal = output is None and sys.stdout.isatty()
    form = form or (Format.TABLE if terminal and fields is None else Format.JSONL)
    if form is Format.TABLE and fields is not None:
        raise Usage("--fields has no meaning for the table: choose another --format")
    if form in SHAPED and fields is not None:
        raise Usage(f"--fields has no meaning for {form}: its shape is fixed")
    if form in (Format.ARROW, Format.PARQUET) and terminal:
        raise Usage(f"{form} is not for a terminal: name a file with -o")
    disguise = read_pseudonyms(pseudonyms, pseudonym_key, without_names=without_names)
    sink = sink_for(form, output, chosen, asked)
    watch = Interruption(show_progress=wants_progress(writes_to_terminal=terminal and form is not Format.TABLE))
    request = replace(
        Request.of(configuration, chain=chain),
        fingerprints=fingerprints,
        community_seed=community_id_seed or 0,
        pseudonyms=disguise,
        workers=workers,
    ).with_needs_of([*chosen, *selection.fields])
    with ExitStack() as closing:
        beside, follow = _beside(configuration, fields_with(*asked), sink, closing)
        return run(captures, request, selection, sink, watch, "connection", stats, follow, sinks=beside)


def _beside(
    configuration: Configuration, fields: Sequence[Field], sink: Sink, closing: ExitStack
) -> tuple[list[Sink], Callable[[Iterable[Part]], Iterable[Part]]]:
    """Further sinks, and what follows every part, if that is configured; their code is loaded only here."""
    wanted = ("syslog.address", "kafka.servers", "metrics.address")
    if not any(configuration[key] for key in wanted):
        return [], iter
    from zertap.sinks import configured as outlets

    beside = outlets.row_outlets(configuration, fields, patience=outlets.REPLAY)
    for each in beside:
        closing.callback(each.close)  # also where the run is broken off
    endpoint = outlets.metrics(configuration)
    if endpoint:
        closing.callback(endpoint.close)
        endpoint.outlets += [each.outlet for each in (sink, *beside)]
    return beside, following(iter, endpoint)


def _selected(fields: str) -> tuple[Field, ...]:
    """The fields that an option names. Raises ``Usage``."""
    from zertap.filter import select_fields

    return select_fields([name.strip() for name in fields.split(",") if name.strip()])


def _asked(fingerprints: bool, community_id: bool) -> tuple[str, ...]:
    """What opt-in fields may need, of all that was asked for by option."""
    wanted = {"fingerprints": fingerprints, "community_id": community_id}
    return tuple(need for need, is_wanted in wanted.items() if is_wanted)


def sink_for(form: Format, output: str | None, fields: Sequence[Field], asked: Sequence[str]) -> Sink:
    """The sink for *form*; its code is loaded only when it is asked for."""
    stream = Stream(output)
    match form:
        case Format.TABLE:
            return _table(stream, output)
        case Format.JSONL:
            from zertap.sinks.jsonl import JsonLines

            return JsonLines(stream, fields)
        case Format.CSV:
            from zertap.sinks.csv import Csv

            return Csv(stream, fields)
        case Format.ARROW:
            from zertap.sinks.arrow import Arrow

            return Arrow(stream, fields)
        case Format.PARQUET:
            from zertap.sinks.parquet import Parquet

            return Parquet(stream, fields)
        case Format.ZEEK | Format.EVE | Format.ECS:
            from zertap.shapes import SHAPES
            from zertap.sinks.shapes import Shaped

            # A certificate's SHA-1 costs nothing where there is no certificate, and EVE has no fingerprint without it.
            return Shaped(stream, SHAPES[form], (*asked, "sha1"))


def _table(stream: Stream, output: str | None) -> Sink:
    from rich.console import Console

    from zertap.sinks.table import Table

    if output is None and sys.stdout.isatty():
        return Table(stream, Console())
    return Table(stream, Console(force_terminal=False, color_system=None, width=WIDTH_WITHOUT_TERMINAL))


SHAPED = (Format.ZEEK, Format.EVE, Format.ECS)
"""Forms whose objects other tools have fixed."""

WIDTH_WITHOUT_TERMINAL = 160
