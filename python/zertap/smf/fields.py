"""The kinds of field that SMF records are made of, and one field as a line of a layout.

A *wire value* is what a record object holds: unsigned numbers as ``int``, text as ``str`` without its
trailing blanks, everything else as ``bytes`` of exactly the field's length. Dates and times stay the
numbers they are on the wire, so that a record read and written again is the same record even where its
writer put nonsense there. ``shown`` and ``taken`` turn a wire value into JSON and back without loss.

Source: z/OS MVS SMF, "Standard SMF record header"; ezasmf.h for the forms used by type 119.
"""

import ipaddress
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import lru_cache

from zertap.values import dataclass

Wire = int | str | bytes
"""A field's value as records hold it."""

Json = int | str
"""A field's value as JSON shows it."""

NANOSECONDS_A_DAY = 86_400 * 1_000_000_000
_NANOSECONDS_A_HUNDREDTH = 10_000_000
_HUNDREDTHS_A_DAY = 8_640_000


class Kind(Enum):
    """What a field's octets mean."""

    UNSIGNED = "binary"
    FLAGS = "flags"
    TEXT = "ebcdic"
    RAW = "octets"
    ADDRESS = "address"
    DATE = "packed date"
    TIME = "hundredths"
    RESERVED = "reserved"


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One line of a layout. Lines are compared by identity: each stands in one place.

    ``offset`` and ``length`` are octets; ``attribute`` is the name by which record objects call it;
    ``codes`` names the enumeration that explains its values; ``informational`` marks a field whose change
    is not significant.
    """

    name: str
    kind: Kind
    offset: int
    length: int
    attribute: str
    doc: str
    since: str
    source: str
    codes: str | None = None
    informational: bool = False

    @property
    def end(self) -> int:
        """Offset of the first octet after the field."""
        return self.offset + self.length

    @property
    def default(self) -> Wire:
        """The value of a field that was not supplied: zero, or blank."""
        if self.kind is Kind.TEXT:
            return ""
        return bytes(self.length) if self.kind in (Kind.RAW, Kind.ADDRESS) else 0

    def shown(self, value: Wire, *, ipv6: bool = False) -> Json:
        """*value* for JSON: numbers as numbers, dates and times in ISO form, octets in hexadecimal.

        ``ipv6`` says how address fields are to be read: the record's own flag decides that.
        """
        if self.kind is Kind.ADDRESS:
            assert isinstance(value, bytes)
            return address_text(value, ipv6=ipv6)
        show = _SHOWN.get(self.kind)
        if show:
            return show(value)
        assert not isinstance(value, bytes)
        return value

    def taken(self, shown: Json) -> Wire:
        """The wire value that ``shown`` had shown. Raises ValueError for what it cannot have shown."""
        take = _TAKEN.get(self.kind)
        if take is None:
            return shown
        if not isinstance(shown, str):
            raise ValueError(f"{self.name}: not text: {shown!r}")
        value = take(shown)
        return value.ljust(self.length, b"\0") if isinstance(value, bytes) else value


def packed_date(day: date) -> int:
    """*day* as the four octets X'0cyydddF', read as a number. Years 1900 to 2899 have a century digit."""
    century, year = divmod(day.year - 1900, 100)
    if not 0 <= century <= 9:
        raise ValueError(f"year without a century digit: {day.year}")
    ordinal = day.timetuple().tm_yday
    digits = (century * 100_000) + year * 1000 + ordinal
    return int(f"0{digits:06d}F", 16)


def unpacked_date(packed: int) -> date | None:
    """The day that X'0cyydddF' names, or None when it names none (zero, or not packed decimal)."""
    digits = f"{packed:08X}"
    if len(digits) != 8 or digits[0] != "0" or digits[7] not in "FC" or not digits[1:7].isdigit():
        return None
    year = 1900 + 100 * int(digits[1]) + int(digits[2:4])
    ordinal = int(digits[4:7])
    if not 1 <= ordinal <= 366:
        return None
    day = date(year, 1, 1) + timedelta(days=ordinal - 1)
    return day if day.year == year else None


@lru_cache(maxsize=64)
def _packed_day(days: int) -> int:
    return packed_date(date(1970, 1, 1) + timedelta(days=days))


def stamp(nanoseconds: int) -> tuple[int, int]:
    """Time and date of an instant: (hundredths since midnight, packed date).

    ``nanoseconds`` since 1970 UTC; parts of a hundredth are cut off. Raises ValueError outside 1900 to 2899.
    """
    days, rest = divmod(nanoseconds, NANOSECONDS_A_DAY)
    return rest // _NANOSECONDS_A_HUNDREDTH, _packed_day(days)


def instant(hundredths: int, packed: int) -> datetime | None:
    """The instant that a time and a packed date name together, or None when they name none."""
    day = unpacked_date(packed)
    if day is None or hundredths >= _HUNDREDTHS_A_DAY:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(milliseconds=10 * hundredths)


def address_octets(text: str) -> bytes:
    """An address as type 119 zERT records hold it: IPv4 in the first four of sixteen octets, IPv6 in all.

    Raises ValueError when *text* is no address.
    """
    return ipaddress.ip_address(text).packed.ljust(16, b"\0")


def address_text(octets: bytes, *, ipv6: bool) -> str:
    """The address in its usual form; octets that are neither form of it in hexadecimal, ``X'...'``."""
    if ipv6:
        return str(ipaddress.IPv6Address(octets))
    if any(octets[4:]):
        return _hexadecimal(octets)
    return str(ipaddress.IPv4Address(octets[:4]))


def _hexadecimal(octets: bytes) -> str:
    return f"X'{octets.hex().upper()}'"


def _octets(shown: str) -> bytes:
    if not (shown.startswith("X'") and shown.endswith("'")):
        raise ValueError(f"not hexadecimal: {shown!r}")
    return bytes.fromhex(shown[2:-1])


def _show_date(value: Wire) -> Json:
    assert isinstance(value, int)
    day = unpacked_date(value)
    if day is not None and packed_date(day) == value:
        return day.isoformat()
    return "" if value == 0 else f"X'{value:08X}'"


def _take_date(shown: str) -> int:
    if not shown:
        return 0
    return _number(shown) if shown.startswith("X'") else packed_date(date.fromisoformat(shown))


def _show_time(value: Wire) -> Json:
    assert isinstance(value, int)
    if value >= _HUNDREDTHS_A_DAY:
        return f"X'{value:08X}'"
    seconds, hundredths = divmod(value, 100)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{hundredths:02d}"


def _take_time(shown: str) -> int:
    if shown.startswith("X'"):
        return _number(shown)
    hours, minutes, seconds = shown.split(":")
    whole, hundredths = seconds.split(".")
    return ((int(hours) * 60 + int(minutes)) * 60 + int(whole)) * 100 + int(hundredths)


def _show_raw(value: Wire) -> Json:
    assert isinstance(value, bytes)
    return value.rstrip(b"\0").hex().upper()


def _number(shown: str) -> int:
    return int.from_bytes(_octets(shown))


_SHOWN: dict[Kind, Callable[[Wire], Json]] = {
    Kind.DATE: _show_date,
    Kind.TIME: _show_time,
    Kind.RAW: _show_raw,
}
_TAKEN: dict[Kind, Callable[[str], Wire]] = {
    Kind.DATE: _take_date,
    Kind.TIME: _take_time,
    Kind.ADDRESS: lambda shown: _octets(shown) if shown.startswith("X'") else address_octets(shown),
    Kind.RAW: bytes.fromhex,
}
