"""``zertap decode``: zERT records from an SMF file, as JSON."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import msgspec
import typer

from zertap.cli.status import Outcome, say
from zertap.errors import RecordDamaged, RecordsUnreadable, ZertapError
from zertap.sinks.base import ReaderGone, Stream

if TYPE_CHECKING:
    from zertap.zert.codec import Record


def decode(
    file: Annotated[
        str, typer.Argument(help="A file of SMF records with their descriptor words; - is standard input.")
    ],
    output: Annotated[str | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None,
    readable: Annotated[
        bool,
        typer.Option("--readable", help="Plain names, and words in place of codes, instead of the layout's names."),
    ] = False,
    enforcement: Annotated[
        bool,
        typer.Option(
            "--enforcement", help="Show the octets of enforcement sections (V2R5), whose layout is not public."
        ),
    ] = False,
) -> int:
    """Turns zERT records (SMF 119 subtypes 11 and 12) back into JSON, one line a record.

    Other SMF records in the file are passed over.
    """
    from zertap.zert.readable import to_json, to_plain, without_enforcement

    outcome = Outcome()
    stream = Stream(output)
    show = to_plain if readable else to_json
    left_out = 0
    try:
        for each in _records(file):
            record = each if enforcement else without_enforcement(each)
            left_out += record is not each
            stream.write(msgspec.json.encode(show(record)) + b"\n")
    except ReaderGone:
        return outcome.status
    except ZertapError as error:
        outcome.tell(error)
    if left_out:
        say(
            f"{file}: the enforcement sections of {left_out:,} records were left out (--enforcement shows their octets)"
        )
    try:
        stream.close()
    except ReaderGone:
        return outcome.status
    return outcome.status


def _records(file: str) -> "Iterator[Record]":
    """The records of *file*. Raises ``RecordsUnreadable``, or ``RecordDamaged`` after the sound ones."""
    from zertap.smf.framing import SmfDamaged
    from zertap.zert.reader import ZertReader

    try:
        stream: BinaryIO = sys.stdin.buffer if file == "-" else Path(file).open("rb")  # noqa: SIM115  closed below
    except OSError as error:
        raise RecordsUnreadable(error.strerror or str(error), file) from None
    with stream:
        reader = ZertReader(stream)
        try:
            yield from reader
        except OSError as error:
            raise RecordsUnreadable(error.strerror or str(error), file) from None
        except SmfDamaged as error:
            found = reader.details + reader.summaries + reader.foreign.total()
            kind = RecordDamaged if found else RecordsUnreadable
            raise kind(error.reason, file, error.offset) from None
    passed_over = reader.foreign.total()
    if passed_over:
        say(f"{file}: {passed_over:,} other SMF records were passed over")
    if not passed_over and not reader.details + reader.summaries:
        raise RecordsUnreadable("no records", file)
