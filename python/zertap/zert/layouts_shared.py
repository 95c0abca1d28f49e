"""Layout lines that subtypes 11 and 12 share, and the short words in which all lines are written.

Each line says: name in the manual, offset, attribute in our records, meaning. ``release`` and ``origin``
are said once for a list and repeated only where a line differs.
"""

from zertap.smf.fields import Field, Kind
from zertap.smf.layout import Layout
from zertap.values import dataclass, replace

TABLE_11 = "SMF 119-11 field table (V2R3)"
TABLE_12 = "SMF 119-12 field table (V2R3)"
HEADER_FILE = "ezasmf.h (V2R5)"
DECK_32 = "z/OS 3.2 zERT enhancements (July 2025)"
PAGE_25 = "z/OS 2.5 documentation of subtype 11"


@dataclass(frozen=True, slots=True)
class Lines:
    """Makes the lines of one section: the prefix of its names, where it was read, since when it exists."""

    prefix: str
    origin: str
    release: str = "V2R3"

    def since(self, release: str, origin: str) -> "Lines":
        """The same section's lines that a later release added."""
        return replace(self, release=release, origin=origin)

    def number(self, name: str, at: int, size: int, attribute: str, doc: str, codes: str | None = None) -> Field:
        """An unsigned number of 1, 2, 4 or 8 octets; ``codes`` names its enumeration."""
        return self._field(name, Kind.UNSIGNED, at, size, attribute, doc, codes)

    def flags(self, name: str, at: int, attribute: str, doc: str, codes: str | None = None) -> Field:
        """One octet of flags."""
        return self._field(name, Kind.FLAGS, at, 1, attribute, doc, codes)

    def text(self, name: str, at: int, size: int, attribute: str, doc: str, codes: str | None = None) -> Field:
        """EBCDIC text, padded with blanks."""
        return self._field(name, Kind.TEXT, at, size, attribute, doc, codes)

    def raw(self, name: str, at: int, size: int, attribute: str, doc: str) -> Field:
        """Octets, left justified, padded with zeros."""
        return self._field(name, Kind.RAW, at, size, attribute, doc)

    def address(self, name: str, at: int, attribute: str, doc: str) -> Field:
        """An address in 16 octets; IPv4 in the first four unless a flag says IPv6."""
        return self._field(name, Kind.ADDRESS, at, 16, attribute, doc)

    def date(self, name: str, at: int, attribute: str, doc: str) -> Field:
        """A packed date, 0cyydddF."""
        return self._field(name, Kind.DATE, at, 4, attribute, doc)

    def time(self, name: str, at: int, attribute: str, doc: str) -> Field:
        """Hundredths of a second since midnight."""
        return self._field(name, Kind.TIME, at, 4, attribute, doc)

    def reserved(self, name: str, at: int, size: int) -> Field:
        """Octets without a meaning; written as zero, not read."""
        return self._field(name, Kind.RESERVED, at, size, "", "reserved")

    def _field(
        self, name: str, kind: Kind, at: int, size: int, attribute: str, doc: str, codes: str | None = None
    ) -> Field:
        return Field(self.prefix + name, kind, at, size, attribute, doc, self.release, self.origin, codes, False)


def informational(*fields: Field) -> tuple[Field, ...]:
    """The same lines, marked: a change of their values is not significant and never causes a record."""
    return tuple(replace(field, informational=True) for field in fields)


def certificate(lines: Lines, prefix: str, attribute: str, at: int, whose: str, reserved: str) -> tuple[Field, ...]:
    """The 48 octets of one leaf certificate, as the TLS and SSH sections of subtype 11 hold them twice."""
    return _certificate(lines, prefix, attribute, at, whose, lines.reserved(reserved, at + 6, 1), _LONG)


def ike_certificate(
    lines: Lines, prefix: str, attribute: str, at: int, whose: str, reserved: Field
) -> tuple[Field, ...]:
    """The same 48 octets as the IPsec section of subtype 11 names them."""
    return _certificate(lines, prefix, attribute, at, whose, reserved, _SHORT)


_LONG = ("Signature_Method", "Enc_Method")
_SHORT = ("Sign_Meth", "Enc_Meth")


def _certificate(
    lines: Lines, prefix: str, attribute: str, at: int, whose: str, reserved: Field, words: tuple[str, str]
) -> tuple[Field, ...]:
    signature, encryption, digest, key_type, key_bits = _traits(lines, prefix, attribute, whose, words)
    return (
        replace(signature, offset=at),
        replace(encryption, offset=at + 2),
        replace(digest, offset=at + 4),
        reserved,
        *informational(*certificate_identity(lines, prefix, attribute, at + 7, whose)),
        replace(key_type, offset=at + 44),
        replace(key_bits, offset=at + 46),
    )


def certificate_identity(lines: Lines, prefix: str, attribute: str, at: int, whose: str) -> tuple[Field, ...]:
    """Serial number and end of validity, 37 octets."""
    return (
        lines.number(f"{prefix}_Serial_Len", at, 1, f"{attribute}_serial_length", f"{whose}: octets of the serial"),
        lines.raw(f"{prefix}_Serial", at + 1, 20, f"{attribute}_serial", f"{whose}: serial number"),
        lines.number(
            f"{prefix}_Time_Type",
            at + 21,
            1,
            f"{attribute}_time_type",
            f"{whose}: form of not-after",
            "CERT_TIME_TYPE",
        ),
        lines.text(
            f"{prefix}_Time",
            at + 22,
            15,
            f"{attribute}_time",
            f"{whose}: not-after as the certificate has it",
        ),
    )


def certificate_traits(lines: Lines, prefix: str, attribute: str, at: int, whose: str) -> tuple[Field, ...]:
    """The ten octets of a leaf certificate in subtype 12: significant traits alone, one after the other."""
    words = _SHORT if prefix in ("LclCert", "RmtCert") else _LONG
    traits = _traits(lines, prefix, attribute, whose, words)
    return tuple(replace(field, offset=at + 2 * index) for index, field in enumerate(traits))


def _traits(lines: Lines, prefix: str, attribute: str, whose: str, words: tuple[str, str]) -> tuple[Field, ...]:
    signature, encryption = words
    return (
        lines.number(f"{prefix}_{signature}", 0, 2, f"{attribute}_signature", f"{whose}: signature", "CERT_SIGN"),
        lines.number(f"{prefix}_{encryption}", 0, 2, f"{attribute}_encryption", f"{whose}: cipher", "CERT_ENC"),
        lines.number(f"{prefix}_Digest_Alg", 0, 2, f"{attribute}_digest", f"{whose}: digest", "CERT_DIGEST"),
        lines.number(f"{prefix}_Key_Type", 0, 2, f"{attribute}_key_type", f"{whose}: kind of key", "KEY_TYPE"),
        lines.number(f"{prefix}_Key_Len", 0, 2, f"{attribute}_key_bits", f"{whose}: key length in bits"),
    )


_head = Lines("SMF119", TABLE_11)
_ti = Lines("SMF119TI_", TABLE_11)

HEADER = Layout(
    "SMF_HEADER",
    (
        _head.number("LEN", 0, 2, "length", "record length, this word included"),
        _head.number("SEG", 2, 2, "segment", "segment descriptor, zero in a whole record"),
        _head.flags("FLG", 4, "flags", "system indicator", "SMF119FLG"),
        _head.number("RTY", 5, 1, "record_type", "record type, 119"),
        _head.time("TME", 6, "time", "time of writing"),
        _head.date("DTE", 10, "date", "date of writing"),
        _head.text("SID", 14, 4, "system_id", "SMF system identifier"),
        _head.text("SSI", 18, 4, "subsystem_id", "subsystem identifier; its content in zERT records is not known"),
        _head.number("STY", 22, 2, "subtype", "record subtype, 11 or 12"),
    ),
)

IDENT = Layout(
    "IDENT",
    (
        _ti.text("SYSName", 0, 8, "system", "system name"),
        _ti.text("SysplexName", 8, 8, "sysplex", "sysplex name"),
        _ti.text("Stack", 16, 8, "stack", "TCP/IP stack name"),
        _ti.text("ReleaseID", 24, 8, "release", "release of the writer"),
        _ti.text("Comp", 32, 8, "component", "subcomponent: STACK"),
        _ti.text("ASName", 40, 8, "address_space", "address space name of the writer"),
        _ti.text("UserID", 48, 8, "user", "user id of the writer"),
        _ti.reserved("rsvd1", 56, 2),
        _ti.number("ASID", 58, 2, "asid", "address space identifier of the writer"),
        _ti.flags("Reason", 60, "reason", "why the record was written", "TI_REASON"),
        _ti.since("V2R5?", HEADER_FILE).number("RecordID", 61, 1, "record_id", "correlation id; reserved in V2R3"),
        _ti.reserved("rsvd2", 62, 2),
    ),
)


def dn_head(prefix: str, origin: str) -> Layout:
    """The fixed part of a distinguished name structure; the name itself follows, up to 1024 octets."""
    lines = Lines(prefix, origin)
    return Layout(
        "DN",
        (
            lines.number("Len", 0, 2, "length", "octets of the structure, this word included"),
            lines.number("Type", 2, 2, "type", "whose name this is", "DN_TYPE"),
        ),
    )


DN_HEAD = dn_head("SMF119SC_DN_", TABLE_11)


def self_defining(triplets: tuple[tuple[str, str, str], ...], origin: str) -> Layout:
    """The self-defining section for *triplets*, each (triplet, section, since)."""
    lines = Lines("SMF119", origin)
    fields = [
        lines.number("SD_TRN", 24, 2, "triplets", "number of triplets"),
        lines.reserved("SD_rsvd1", 26, 2),
    ]
    for index, (triplet, section, since) in enumerate(triplets):
        at = 28 + 8 * index
        line = lines if since == "V2R3" else lines.since(since, PAGE_25)
        fields += [
            line.number(f"{triplet}Off", at, 4, f"{triplet}_offset", f"{section}: offset from the record's start"),
            line.number(f"{triplet}Len", at + 4, 2, f"{triplet}_length", f"{section}: length of one"),
            line.number(f"{triplet}Num", at + 6, 2, f"{triplet}_number", f"{section}: how many"),
        ]
    return Layout("SELF_DEFINING", fields, start=24)
