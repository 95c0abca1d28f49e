"""The forms in which commands write records, and the options that go with them."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from zertap.cli.declared import Option
from zertap.errors import Usage
from zertap.sinks.base import Stream

if TYPE_CHECKING:
    from zertap.sinks.octets import Output, Packed
    from zertap.sinks.shown import Shown


class Form(StrEnum):
    """Forms of records."""

    SMF = "smf"
    JSONL = "jsonl"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"
    LEEF = "leef"
    TABLE = "table"


class NameSet(StrEnum):
    """Sets of field names."""

    SMF = "smf"
    READABLE = "readable"
    ZSECURE = "zsecure"


class Frame(StrEnum):
    """How records lie in an SMF file."""

    RDW = "rdw"
    BDW = "bdw"
    VBS = "vbs"


class Compression(StrEnum):
    """How a file is compressed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


NamesOption = Annotated[
    NameSet | None,
    Option(help="smf: the layout's field names and codes. readable: plain names, words for codes. zsecure."),
]
FramingOption = Annotated[
    Frame, Option(help="How SMF records lie in the file: rdw, in blocks (bdw), or in blocks and spanned (vbs).")
]
BlockOption = Annotated[int | None, Option(help="Longest block, in octets, 12 to 32760.", metavar="OCTETS")]
CompressOption = Annotated[
    Compression | None, Option(help="Compress the output. Default: as its name says (.gz, .zst).")
]

_BINARY = (Form.SMF, Form.ARROW, Form.PARQUET)
_NESTED = (Form.JSONL, Form.TABLE)
_BLOCKS = (12, 32_760)


def check_terminal(output: str | None, form: Form, compression: Compression | None) -> None:
    """Raises ``Usage`` for octets on a terminal."""
    octets = form in _BINARY or compression not in (None, Compression.NONE)
    if output is None and sys.stdout.isatty() and octets:
        raise Usage(f"{form.value} is not for a terminal: name a file with -o, or choose --format table or jsonl")


def stream_for(output: str | None, form: Form, compression: Compression | None) -> "Stream | Packed":
    """The stream for *form*, compressed or not. Raises ``Usage`` for octets on a terminal."""
    from zertap.sinks.octets import Packed, compression_of

    check_terminal(output, form, compression)
    method = compression_of(output) if compression is None else compression.value
    stream = Stream(output)
    return stream if method in (None, Compression.NONE) else Packed(stream, method)


def record_output(
    output: str | None,
    form: Form,
    names: NameSet | None,
    compression: Compression | None,
    framing: Frame,
    block: int | None,
) -> "Output":
    """Where the octets of records go. Raises ``Usage``."""
    from zertap.sinks.octets import SmfFile
    from zertap.smf.framing import LONGEST_BLOCK, Framing

    if form is not Form.SMF:
        if framing is not Frame.RDW or block is not None:
            raise Usage("--framing and --block-size are about SMF files: choose --format smf")
        return shown(stream_for(output, form, compression), form, names, "plain")
    if names is not None:
        raise Usage("SMF records have no names: choose another --format")
    if block is not None and (framing is Frame.RDW or not _BLOCKS[0] <= block <= _BLOCKS[1]):
        raise Usage("--block-size needs --framing bdw or vbs, and lies between 12 and 32760")
    kind = {Frame.RDW: Framing.PLAIN, Frame.BDW: Framing.BLOCKED, Frame.VBS: Framing.SPANNED}[framing]
    return SmfFile(stream_for(output, form, compression), kind, block or LONGEST_BLOCK)


def shown(
    stream: "Stream | Packed",
    form: Form,
    names: NameSet | None,
    framing: str | None = None,
    *,
    enforcement: bool = True,
) -> "Shown":
    """Records in another form than their octets; ``enforcement`` as for ``Look``."""
    from zertap.sinks import shown as forms
    from zertap.zert.views import Names

    makers = {
        Form.JSONL: forms.jsonl,
        Form.TABLE: forms.listing,
        Form.CSV: forms.table,
        Form.ARROW: forms.arrow,
        Form.PARQUET: forms.parquet,
        Form.LEEF: forms.leef,
    }
    if form is Form.LEEF and names is not None:
        raise Usage("LEEF has names of its own: leave out --names")
    default = Names.SMF if form is Form.JSONL else Names.READABLE
    return makers[form](stream, forms.Look(Names(names.value) if names else default, framing, enforcement))
