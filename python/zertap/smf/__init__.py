"""How SMF bytes work at all: code page, field kinds, layouts, record framing. Knows no zERT.

Source: z/OS MVS System Management Facilities (SMF), record format; DFSMS, variable-length record format.
"""

from zertap.smf.codepage import from_ebcdic, to_ebcdic
from zertap.smf.fields import Field, Kind
from zertap.smf.framing import Framed, Framing, RecordReader, RecordWriter, SmfDamaged
from zertap.smf.layout import Layout, LayoutError

__all__ = [
    "Field",
    "Framed",
    "Framing",
    "Kind",
    "Layout",
    "LayoutError",
    "RecordReader",
    "RecordWriter",
    "SmfDamaged",
    "from_ebcdic",
    "to_ebcdic",
]
