"""``zertap records``: zERT detail or summary records of what a capture shows."""

import ipaddress
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from zertap.cli.common import Captures, ChainOption, ModeOption, amount, check_files, run
from zertap.cli.watch import Interruption, wants_progress
from zertap.errors import Usage
from zertap.pipeline import Request, Selection
from zertap.rows import RECORD_ROWS, SUMMARY_ROWS
from zertap.sinks.base import Stream

if TYPE_CHECKING:
    from zertap.sinks.records import Networks, Records
    from zertap.sinks.summaries import Summaries
    from zertap.zert.mapping import Settings


_LAST_PORT = 65_535


class Form(StrEnum):
    """Forms of records."""

    SMF = "smf"
    JSONL = "jsonl"


class Known(StrEnum):
    """How well a code must be known to be written."""

    SOURCED = "sourced"
    LIKELY = "likely"
    RECALLED = "recalled"


def records(
    captures: Captures,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="Write to this file.", metavar="FILE"),
    ] = None,
    form: Annotated[Form, typer.Option("--format", "-f", help="SMF records, or the same as JSON lines.")] = Form.SMF,
    mode: ModeOption = "full",
    chain: ChainOption = False,
    local: Annotated[
        list[str] | None,
        typer.Option(help="A network that is ours; may be repeated. Default: the server is local.", metavar="NETWORK"),
    ] = None,
    codes: Annotated[Known, typer.Option(help="How well an IBM code must be known to be written.")] = Known.LIKELY,
    summary: Annotated[
        bool, typer.Option("--summary", help="Summaries of security sessions by interval instead (subtype 12).")
    ] = False,
    interval: Annotated[
        str | None,
        typer.Option(help="Length of an interval of summaries: hours or minutes that divide a day. Default: 1h."),
    ] = None,
    sync: Annotated[
        str | None, typer.Option(help="Time of day, UTC, at which an interval begins. Default: 00:00.", metavar="HH:MM")
    ] = None,
    ftp_ports: Annotated[
        str | None,
        typer.Option(help="Server ports for passive FTP data connections: one session.", metavar="FIRST-LAST"),
    ] = None,
) -> int:
    """Writes zERT connection detail records (SMF 119 subtype 11) for every connection in captures, or summaries.

    SMF records carry their descriptor words (RDW). All times are packet time in UTC.
    """
    check_files(captures, output)
    if not summary and (interval or sync or ftp_ports):
        raise Usage("--interval, --sync and --ftp-ports are about summaries: add --summary")
    if form is Form.SMF and output is None and sys.stdout.isatty():
        raise Usage("SMF records are not for a terminal: name a file with -o, or choose --format jsonl")
    networks = _networks(local or [])
    sink: Records | Summaries = (
        _summary_sink(form, output, codes, networks, (interval, sync, ftp_ports))
        if summary
        else _sink(form, output, codes, networks)
    )
    writes_to_terminal = output is None and sys.stdout.isatty()
    watch = Interruption(show_progress=wants_progress(writes_to_terminal=writes_to_terminal))
    rows, boundaries = (SUMMARY_ROWS, _interval(interval, sync)) if summary else (RECORD_ROWS, None)
    request = Request(mode, chain, rows=rows, interval=boundaries)
    return run(captures, request, Selection(), sink, watch, lambda: amount(sink.written, "record"))


def _sink(form: Form, output: str | None, codes: Known, networks: "Networks") -> "Records":
    """The sink for *form*; the record code is loaded only here."""
    from zertap.sinks.records import json_records, smf_records

    make = smf_records if form is Form.SMF else json_records
    return make(Stream(output), _settings(codes), networks)


def _summary_sink(
    form: Form,
    output: str | None,
    codes: Known,
    networks: "Networks",
    options: tuple[str | None, str | None, str | None],
) -> "Summaries":
    """The sink for summaries; its *options* are interval, synchronisation value and FTP ports."""
    from zertap.aggregate import Places, parse_interval
    from zertap.sinks.summaries import json_summaries, smf_summaries

    length, sync, ports = options
    interval = parse_interval(length or "1h", sync or "00:00")
    places = Places(networks, _ports(ports) if ports else None)
    make = smf_summaries if form is Form.SMF else json_summaries
    return make(Stream(output), _settings(codes), interval, places)


def _interval(length: str | None, sync: str | None) -> tuple[int, int]:
    from zertap.aggregate import parse_interval

    interval = parse_interval(length or "1h", sync or "00:00")
    return interval.length, interval.sync


def _settings(codes: Known) -> "Settings":
    from zertap.zert.codes import Codes, Confidence
    from zertap.zert.mapping import Settings

    return Settings(codes=Codes(Confidence[codes.name]))


def _ports(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last) <= _LAST_PORT):
        raise Usage(f"not a range of ports: `{text}`: for example `50000-50100`")
    return int(first), int(last)


def _networks(texts: list[str]) -> "Networks":
    try:
        return [ipaddress.ip_network(text, strict=False) for text in texts]
    except ValueError as error:
        raise Usage(str(error)) from None
