"""Byte positions of SMF 119 subtypes 11 (connection detail) and 12 (summary): which sections make up which
record.

The lists of fields stand beside this file, one a subtype; parts that both subtypes share are in
``layouts_shared``. A record is: header, self-defining section (one triplet a section: offset, length,
number), then the sections in the order of their triplets. An absent section has a triplet of zeros.

Shapes. Releases differ in the number of triplets and in fields appended to sections:

=====  ==================  =======================================================================
shape  triplets of 11/12   what it adds
=====  ==================  =======================================================================
V2R3   7 / 6               the first shape
V2R5   8 / 6               the eighth triplet (enforcement); its section's layout is not public
3.2    8 / 6               failed handshake counters; serials and not-after times in subtype 12
=====  ==================  =======================================================================
"""

from enum import Enum
from functools import cache

from zertap.smf.layout import Layout
from zertap.values import dataclass
from zertap.zert.layouts_detail import COMMON_11, IP_FILTER, IPSEC_11, SSH_11, TLS_11
from zertap.zert.layouts_shared import HEADER, IDENT, TABLE_11, TABLE_12, dn_head, self_defining
from zertap.zert.layouts_summary import COMMON_12, IPSEC_12, SSH_12, TLS_12

RECORD_TYPE = 119
DETAIL = 11
SUMMARY = 12
HEADER_SIZE = HEADER.size
DN_HEAD_11 = dn_head("SMF119SC_DN_", TABLE_11)
DN_HEAD_12 = dn_head("SMF119SS_DN_", TABLE_12)
TRIPLETS_AT = 28
"""Offset of the first triplet in the record."""
TRIPLET_SIZE = 8
LONGEST_DN = 1024
"""Longest distinguished name, in octets."""


class Shape(Enum):
    """A release's form of the records. 3.2 is also what V2R5 and 3.1 write with APAR PH63197."""

    V2R3 = "V2R3"
    V2R5 = "V2R5"
    Z32 = "3.2"

    @property
    def knows_failures(self) -> bool:
        """Whether failed handshakes, and the local role, can be told."""
        return self is Shape.Z32


@dataclass(frozen=True, slots=True)
class Section:
    """One triplet of a record and what it points to.

    ``attribute`` is its name in record objects. Without a layout the content is not public and kept as
    octets; distinguished names have a length of their own and are many.
    """

    triplet: str
    name: str
    attribute: str
    layout: Layout | None
    since: str = "V2R3"
    several: bool = False


DETAIL_SECTIONS = (
    Section("ID", "IDENT", "ident", IDENT),
    Section("S1", "COMMON", "common", COMMON_11),
    Section("S2", "IPFILTER", "ip_filter", IP_FILTER),
    Section("S3", "TLS", "tls", TLS_11),
    Section("S4", "SSH", "ssh", SSH_11),
    Section("S5", "IPSEC", "ipsec", IPSEC_11),
    Section("S6", "DN", "names", DN_HEAD_11, several=True),
    Section("S7", "ENFORCEMENT", "enforcement", None, since="V2R5", several=True),
)

SUMMARY_SECTIONS = (
    Section("ID", "IDENT", "ident", IDENT),
    Section("S1", "COMMON", "common", COMMON_12),
    Section("S2", "TLS", "tls", TLS_12),
    Section("S3", "SSH", "ssh", SSH_12),
    Section("S4", "IPSEC", "ipsec", IPSEC_12),
    Section("S5", "DN", "names", DN_HEAD_12, several=True),
)


@cache
def sections(subtype: int, shape: Shape = Shape.Z32) -> tuple[Section, ...]:
    """The sections of a record of this subtype, in triplet order, with their layouts in this shape."""
    every = DETAIL_SECTIONS if subtype == DETAIL else SUMMARY_SECTIONS
    return tuple(_shaped(section, shape) for section in every if section.since == "V2R3" or shape is not Shape.V2R3)


def triplet_count(subtype: int, shape: Shape) -> int:
    """Number of triplets in the self-defining section."""
    return len(sections(subtype, shape))


@cache
def self_defining_section(subtype: int, shape: Shape = Shape.Z32) -> Layout:
    """The layout of the self-defining section; its values are the number of triplets, then the triplets."""
    every = tuple((s.triplet, s.name, s.since) for s in sections(subtype, shape))
    return self_defining(every, TABLE_11 if subtype == DETAIL else TABLE_12)


def _shaped(section: Section, shape: Shape) -> Section:
    if section.layout is None or section.several or shape.knows_failures:
        return section
    layout = section.layout.before("3.2")
    return Section(section.triplet, section.name, section.attribute, layout, section.since)


__all__ = [
    "COMMON_11",
    "COMMON_12",
    "DETAIL",
    "DETAIL_SECTIONS",
    "DN_HEAD_11",
    "DN_HEAD_12",
    "HEADER",
    "HEADER_SIZE",
    "IDENT",
    "IPSEC_11",
    "IPSEC_12",
    "IP_FILTER",
    "LONGEST_DN",
    "RECORD_TYPE",
    "SSH_11",
    "SSH_12",
    "SUMMARY",
    "SUMMARY_SECTIONS",
    "TLS_11",
    "TLS_12",
    "TRIPLETS_AT",
    "TRIPLET_SIZE",
    "Section",
    "Shape",
    "sections",
    "self_defining_section",
    "triplet_count",
]
