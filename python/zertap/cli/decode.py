"""``zertap decode``: zERT records from an SMF file, in any form."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from zertap._native import Octets
from zertap.cli.declared import Argument, Option
from zertap.cli.forms import CompressOption, Form, NameSet, NamesOption, shown, stream_for
from zertap.cli.status import Outcome, say
from zertap.errors import RecordDamaged, RecordsUnreadable, Usage, ZertapError
from zertap.sinks.base import ReaderGone

if TYPE_CHECKING:
    from zertap._native import Decoder
    from zertap.sinks.shown import Shown

_PIECE = 1 << 20
"""Octets read at once: enough that what a piece costs by itself does not matter."""

_NUMBERED = " (os error"
"""What stands in a complaint of the operating system, and in none of a decompressor."""


def decode(
    file: Annotated[
        str,
        Argument(help="A file of SMF records, also compressed by gzip or zstd; - is standard input."),
    ],
    output: Annotated[str | None, Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None,
    form: Annotated[
        Form | None,
        Option("--format", "-f", help="Default: table on a terminal, jsonl elsewhere."),
    ] = None,
    names: NamesOption = None,
    compress: CompressOption = None,
    readable: Annotated[bool, Option("--readable", help="The same as --names readable.")] = False,
    enforcement: Annotated[
        bool,
        Option("--enforcement", help="Show the octets of enforcement sections (V2R5), whose layout is not public."),
    ] = False,
) -> int:
    """Turns zERT records (SMF 119 subtypes 11 and 12) into a listing, JSON, CSV, Arrow, Parquet or LEEF.

    Other SMF records in the file are passed over. Record and block descriptor words and spanned records are recognised.
    """
    if form is None:
        form = Form.TABLE if output is None and sys.stdout.isatty() else Form.JSONL
    if form is Form.SMF:
        raise Usage("an SMF file is what is decoded: choose another --format")
    if output and Path(output).exists() and Path(file).exists() and Path(output).samefile(file):
        raise Usage(f"the output `{output}` is the file to be decoded")
    octets = _open(file)
    outcome = Outcome()
    chosen = NameSet.READABLE if readable and names is None else names
    target = shown(stream_for(output, form, compress), form, chosen, enforcement=enforcement)
    try:
        _run(file, octets, target, outcome)
    except ReaderGone:
        pass
    except ZertapError as error:
        outcome.tell(error)
    return outcome.status


def _run(file: str, octets: Octets, target: "Shown", outcome: Outcome) -> None:
    """Reads *file* into *target*, tells what is wrong with it, and closes the target whatever that was."""
    try:
        _feed(file, octets, target)
        target.finish()
        _tell_hidden(file, target.decoder)
        _judge(file, target.decoder)
    except (RecordDamaged, RecordsUnreadable) as error:
        outcome.tell(error)
    target.close()


def _feed(file: str, octets: Octets, target: "Shown") -> None:
    """Hands over the file's octets, up to a damage. Raises ``RecordDamaged`` where its compression breaks."""
    fed = 0
    try:
        for piece in _pieces(file, octets):
            fed += len(piece)
            target.feed(piece)
            if target.decoder.damage:
                return
    except RecordDamaged as error:
        target.finish()
        number, offset, _ = target.decoder.damage or (_records(target.decoder) + 1, fed, "")
        raise RecordDamaged(f"record {number:,}: {error.reason}", file, offset) from None


def _open(file: str) -> Octets:
    try:
        return Octets(file)
    except OSError as error:
        raise RecordsUnreadable(_reason(error), file) from None


def _reason(error: OSError) -> str:
    """What the operating system says, without its number."""
    return error.strerror or str(error).partition(_NUMBERED)[0]


def _pieces(file: str, octets: Octets) -> Iterator[bytes]:
    """The file's octets. Raises ``RecordDamaged`` where its compression breaks, ``RecordsUnreadable``."""
    begun = False
    while True:
        try:
            piece = octets.read(_PIECE)
        except OSError as error:
            refused = not begun and _NUMBERED in str(error)
            raise (RecordsUnreadable if refused else RecordDamaged)(_reason(error), file) from None
        if not piece:
            return
        begun = True
        yield piece


def _tell_hidden(file: str, decoder: "Decoder") -> None:
    if decoder.hidden:
        say(
            f"{file}: the enforcement sections of {decoder.hidden:,} records were left out "
            "(--enforcement shows their octets)"
        )


def _judge(file: str, decoder: "Decoder") -> None:
    """Tells what was passed over. Raises for damage, and for a file that holds no octets at all."""
    if decoder.damage:
        number, offset, reason = decoder.damage
        raise RecordDamaged(f"record {number:,}: {reason}", file, offset)
    passed_over = sum(count for _, count in decoder.foreign)
    if passed_over:
        say(f"{file}: {passed_over:,} other SMF records were passed over")
    elif not _records(decoder):
        raise RecordsUnreadable("no records", file)


def _records(decoder: "Decoder") -> int:
    """Records so far, of any kind."""
    return sum(decoder.found) + sum(count for _, count in decoder.foreign)
