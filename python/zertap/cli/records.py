"""``zertap records``: zERT detail or summary records of what a capture shows."""

import ipaddress
import sys
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from zertap.cli.common import Captures, ChainOption, ModeOption, amount, check_files, run
from zertap.cli.forms import (
    BlockOption,
    CompressOption,
    Form,
    Frame,
    FramingOption,
    NamesOption,
    record_output,
)
from zertap.cli.watch import Interruption, wants_progress
from zertap.errors import Usage
from zertap.pipeline import Request, Selection
from zertap.rows import RECORD_ROWS

if TYPE_CHECKING:
    from zertap.encoding import Networks
    from zertap.sinks.octets import Output
    from zertap.sinks.records import Records
    from zertap.sinks.summaries import Summaries
    from zertap.zert.mapping import Settings


_LAST_PORT = 65_535


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
    form: Annotated[Form, typer.Option("--format", "-f", help="SMF records, or the same in another form.")] = Form.SMF,
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
    names: NamesOption = None,
    framing: FramingOption = Frame.RDW,
    block_size: BlockOption = None,
    compress: CompressOption = None,
) -> int:
    """Writes zERT connection detail records (SMF 119 subtype 11) for every connection in captures, or summaries.

    SMF records carry their descriptor words. All times are packet time in UTC.
    """
    check_files(captures, output)
    if not summary and (interval or sync or ftp_ports):
        raise Usage("--interval, --sync and --ftp-ports are about summaries: add --summary")
    networks = _networks(local or [])
    target = partial(record_output, output, form, names, compress, framing, block_size)
    sink: Records | Summaries = (
        _summary_sink(target, codes, networks, (interval, sync, ftp_ports))
        if summary
        else _sink(target, codes, networks)
    )
    writes_to_terminal = output is None and sys.stdout.isatty()
    watch = Interruption(show_progress=wants_progress(writes_to_terminal=writes_to_terminal))
    request = Request(mode, chain, rows=RECORD_ROWS)
    return run(captures, request, Selection(), sink, watch, lambda: amount(sink.written, "record"))


def _sink(target: "Callable[[], Output]", codes: Known, networks: "Networks") -> "Records":
    """The sink for detail records; the record code is loaded only here."""
    from zertap.sinks.records import Records

    return Records(target(), _settings(codes), networks)


def _summary_sink(
    target: "Callable[[], Output]",
    codes: Known,
    networks: "Networks",
    options: tuple[str | None, str | None, str | None],
) -> "Summaries":
    """The sink for summaries; its *options* are interval, synchronisation value and FTP ports."""
    from zertap.aggregate import Places, parse_interval
    from zertap.sinks.summaries import Summaries

    length, sync, ports = options
    interval = parse_interval(length or "1h", sync or "00:00")
    places = Places(networks, _ports(ports) if ports else None)
    return Summaries(target(), _settings(codes), interval, places)


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
