"""``zertap records``: zERT connection detail records of what a capture shows."""

import ipaddress
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from zertap.cli.common import Captures, ChainOption, ModeOption, amount, check_files, run
from zertap.cli.watch import Interruption, wants_progress
from zertap.errors import Usage
from zertap.pipeline import Request, Selection
from zertap.rows import RECORD_ROWS
from zertap.sinks.base import Stream

if TYPE_CHECKING:
    from zertap.sinks.records import Networks, Records


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
) -> int:
    """Writes zERT connection detail records (SMF 119 subtype 11) for every connection in captures.

    SMF records carry their descriptor words (RDW). All times are packet time in UTC.
    """
    check_files(captures, output)
    if form is Form.SMF and output is None and sys.stdout.isatty():
        raise Usage("SMF records are not for a terminal: name a file with -o, or choose --format jsonl")
    sink = _sink(form, output, codes, _networks(local or []))
    writes_to_terminal = output is None and sys.stdout.isatty()
    watch = Interruption(show_progress=wants_progress(writes_to_terminal=writes_to_terminal))
    request = Request(mode, chain, rows=RECORD_ROWS)
    return run(captures, request, Selection(), sink, watch, lambda: amount(sink.written, "record"))


def _sink(form: Form, output: str | None, codes: Known, networks: "Networks") -> "Records":
    """The sink for *form*; the record code is loaded only here."""
    from zertap.sinks.records import json_records, smf_records
    from zertap.zert.codes import Codes, Confidence
    from zertap.zert.mapping import Settings

    settings = Settings(codes=Codes(Confidence[codes.name]))
    make = smf_records if form is Form.SMF else json_records
    return make(Stream(output), settings, networks)


def _networks(texts: list[str]) -> "Networks":
    try:
        return [ipaddress.ip_network(text, strict=False) for text in texts]
    except ValueError as error:
        raise Usage(str(error)) from None
