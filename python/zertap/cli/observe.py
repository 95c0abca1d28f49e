"""``zertap observe``: every TCP connection in captures, and what protected it."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from zertap.cli.common import (
    Captures,
    ChainOption,
    ConfigOption,
    ModeOption,
    StatsOption,
    WhereOption,
    check_files,
    compiled,
    compiled_alarm,
    configured,
    run,
)
from zertap.cli.watch import Interruption, wants_progress
from zertap.errors import Usage
from zertap.filter import select_fields
from zertap.pipeline import Request, Selection
from zertap.schema import FIELDS, Field
from zertap.sinks.base import Sink, Stream


class Format(StrEnum):
    """Forms of output."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"


def observe(
    captures: Captures,
    output: Annotated[str | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="Form of output: a table on a terminal, otherwise JSON lines."),
    ] = None,
    mode: ModeOption = None,
    chain: ChainOption = False,
    offers: Annotated[bool | None, typer.Option("--offers", help="Keep the lists that the two sides offered.")] = None,
    where: WhereOption = None,
    fields: Annotated[
        str | None,
        typer.Option(help="Only these fields, e.g. verdict,client_ip,tls.version; tls stands for all of tls."),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="Exit with status 1 if a connection matches: verdict words, e.g. failed,plaintext, or an expression."
        ),
    ] = None,
    stats: StatsOption = None,
    config: ConfigOption = None,
) -> int:
    """Shows every TCP connection in captures and what protected it.

    On a terminal: a summary, who could not agree with whom and why, then the connections. Elsewhere: one JSON object
    per connection. A capture that is damaged or unreadable does not stop the next one.
    """
    check_files(captures, output)
    options = (("observer.mode", mode, "--mode"), ("observer.offers", offers, "--offers"))
    configuration = configured(config).overridden(options)
    selection = Selection(compiled(where), compiled_alarm(fail_on))
    chosen = FIELDS if fields is None else select_fields([name.strip() for name in fields.split(",") if name.strip()])
    terminal = output is None and sys.stdout.isatty()
    form = form or (Format.TABLE if terminal and fields is None else Format.JSONL)
    if form is Format.TABLE and fields is not None:
        raise Usage("--fields has no meaning for the table: choose another --format")
    if form in (Format.ARROW, Format.PARQUET) and terminal:
        raise Usage(f"{form} is not for a terminal: name a file with -o")
    sink = _sink(form, output, chosen)
    watch = Interruption(show_progress=wants_progress(writes_to_terminal=terminal and form is not Format.TABLE))
    request = Request.of(configuration, chain=chain)
    return run(captures, request, selection, sink, watch, "connection", stats)


def _sink(form: Format, output: str | None, fields: Sequence[Field]) -> Sink:
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


def _table(stream: Stream, output: str | None) -> Sink:
    from rich.console import Console

    from zertap.sinks.table import Table

    if output is None and sys.stdout.isatty():
        return Table(stream, Console())
    return Table(stream, Console(force_terminal=False, color_system=None, width=WIDTH_WITHOUT_TERMINAL))


WIDTH_WITHOUT_TERMINAL = 160
