"""``zertap explain``: the evidence for the verdict on one connection."""

import sys
from enum import StrEnum
from typing import Annotated

from zertap.cli.common import ModeOption, check_files
from zertap.cli.declared import Argument, Option
from zertap.cli.status import Outcome
from zertap.sinks.base import ReaderGone, Stream


class Format(StrEnum):
    """Forms of output."""

    TABLE = "table"
    JSONL = "jsonl"


def explain(
    capture: Annotated[
        str,
        Argument(
            help="Capture file (pcap or pcapng, also compressed by gzip or zstd); - is standard input.",
            metavar="CAPTURE",
        ),
    ],
    connection: Annotated[
        str,
        Option("--connection", "-c", help="Number of the connection's first packet, or its uid.", metavar="N"),
    ],
    output: Annotated[str | None, Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None,
    form: Annotated[
        Format | None,
        Option("--format", "-f", help="Form of output: a table on a terminal, otherwise JSON lines."),
    ] = None,
    mode: ModeOption = None,
) -> int:
    """Shows why the verdict on one connection is what it is.

    Packet by packet: what it showed, how the state moved, which zERT records were written; then the reason in one
    sentence, and what the capture cannot show. Never payload.
    """
    from zertap.explanation import explain as explained
    from zertap.explanation.account import terminal_width

    check_files([capture], output)
    terminal = output is None and sys.stdout.isatty()
    form = form or (Format.TABLE if terminal else Format.JSONL)
    outcome = Outcome()
    found = explained(capture, connection, mode=mode or "full")
    for warning in found.warnings:
        outcome.tell(warning)
    stream = Stream(output)
    text = found.text(terminal_width()) if terminal else found.text()
    try:
        stream.write(found.jsonl() if form is Format.JSONL else text.encode("utf-8", "backslashreplace"))
        stream.close()
    except ReaderGone:
        pass
    return outcome.status
