"""Kinds of values that a key may have: how each is read, and how it is shown.

A kind takes a value as TOML gives it and answers with the value that the program works with, or raises ``ValueError``
with the reason in plain words. ``taken`` does the same for the text of a command-line option. Whatever a kind takes
it can write: ``toml`` of a taken value, read again, is that value.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from zertap.errors import Usage
from zertap.values import dataclass

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    Network = IPv4Network | IPv6Network

_LAST_PORT = 65_535
_SHOWN = 60
"""Characters of a wrong value that a complaint repeats."""


class Kind(Protocol):
    """One kind of value."""

    @property
    def form(self) -> str:
        """What may be written, in a few words."""

    def read(self, value: Any) -> Any:
        """The value that *value*, as TOML gives it, stands for. Raises ``ValueError``."""

    def taken(self, text: str) -> Any:
        """The value that the text of an option stands for. Raises ``ValueError``."""

    def toml(self, value: Any) -> str:
        """*value* as it is written in a file."""

    def shown(self, value: Any) -> str:
        """*value* as a report shows it."""


class Switch:
    """On or off."""

    form: Final = "true or false"

    def read(self, value: Any) -> bool:
        """See ``Kind``."""
        if not isinstance(value, bool):
            raise ValueError(f"{_quoted(value)} is neither true nor false")
        return value

    def taken(self, text: str) -> bool:
        """See ``Kind``."""
        return self.read({"true": True, "false": False}.get(text, text))

    def toml(self, value: bool) -> str:
        """See ``Kind``."""
        return "true" if value else "false"

    def shown(self, value: bool) -> str:
        """See ``Kind``."""
        return "YES" if value else "NO"


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number from *least* to *most*."""

    least: int
    most: int
    divides: int | None = None
    """The number must divide this one."""

    @property
    def form(self) -> str:
        """See ``Kind``."""
        bounds = f"{self.least} to {self.most}"
        return bounds if self.divides is None else f"{bounds}, a divisor of {self.divides}"

    def read(self, value: Any) -> int:
        """See ``Kind``."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"{_quoted(value)} is not a whole number")
        if not self.least <= value <= self.most:
            raise ValueError(f"{value} is not in the range {self.least} to {self.most}")
        if self.divides is not None and self.divides % value:
            raise ValueError(f"{value} does not divide {self.divides}")
        return value

    def taken(self, text: str) -> int:
        """See ``Kind``."""
        return self.read(int(text) if re.fullmatch(r"-?\d{1,18}", text) else text)

    def toml(self, value: int) -> str:
        """See ``Kind``."""
        return str(value)

    shown = toml


class _Written(ABC):
    """What kinds share whose values are texts in a file."""

    def taken(self, text: str) -> Any:
        """See ``Kind``."""
        return self.read(text)

    @abstractmethod
    def read(self, value: Any) -> Any:
        """See ``Kind``."""

    def toml(self, value: Any) -> str:
        """See ``Kind``."""
        return _json(self.text(value))

    def shown(self, value: Any) -> str:
        """See ``Kind``."""
        return self.text(value) or "-"

    def text(self, value: Any) -> str:
        """*value* as its text."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Word(_Written):
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def form(self) -> str:
        """See ``Kind``."""
        return ", ".join(f'"{word}"' for word in self.words)

    def read(self, value: Any) -> str:
        """See ``Kind``."""
        if value not in self.words:
            raise ValueError(f"{_quoted(value)} is not one of {', '.join(self.words)}")
        return str(value)


@dataclass(frozen=True, slots=True)
class Name(_Written):
    """A name as a record's field holds it: printable ASCII characters, at most as many as the field has octets."""

    octets: int

    @property
    def form(self) -> str:
        """See ``Kind``."""
        return f"text, at most {self.octets} characters"

    def read(self, value: Any) -> str:
        """See ``Kind``."""
        text = _text(value)
        if not (text.isascii() and text.isprintable()):
            raise ValueError(f"{_quoted(text)} has characters other than printable ASCII")
        if len(text) > self.octets:
            raise ValueError(f"{_quoted(text)} is longer than {self.octets} characters")
        return text


class Text(_Written):
    """A text of one line: a path, an address, the name of a user."""

    form: Final = "text"

    def read(self, value: Any) -> str:
        """See ``Kind``."""
        text = _text(value)
        if not text.isprintable():
            raise ValueError(f"{_quoted(text)} has characters that cannot be printed")
        return text


class Permission(_Written):
    """Permission bits of a file, in octal digits."""

    form: Final = 'octal digits, such as "0660"'

    def read(self, value: Any) -> int:
        """See ``Kind``."""
        if not re.fullmatch(r"0?[0-7]{3}", _text(value)):
            raise ValueError(f"{_quoted(value)} is no permission: for example `0660`")
        return int(value, 8)

    def text(self, value: int) -> str:
        """See ``_Written``."""
        return f"{value:04o}"


class Interval(_Written):
    """The length of a recording interval: that of SMF, 1 to 24 hours, or minutes that divide a day."""

    form: Final = '"SMF", "1h" to "24h", or minutes that divide a day ("30m")'

    def read(self, value: Any) -> str:
        """See ``Kind``."""
        text = _text(value)
        if text.upper() == "SMF":
            return "SMF"
        _check_interval(text, "00:00")
        return text


class TimeOfDay(_Written):
    """A time of day."""

    form: Final = '"hh:mm", UTC'

    def read(self, value: Any) -> str:
        """See ``Kind``."""
        text = _text(value)
        _check_interval("1h", text)
        return text


class Ports(_Written):
    """A range of ports, or none."""

    form: Final = '"first-last", or "" for none'

    def read(self, value: Any) -> tuple[int, int] | None:
        """See ``Kind``."""
        text = _text(value)
        first, dash, last = text.partition("-")
        if not text:
            return None
        if not (dash and first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last) <= _LAST_PORT):
            raise ValueError(f"not a range of ports: `{text}`: for example `50000-50100`")
        return int(first), int(last)

    def text(self, value: tuple[int, int] | None) -> str:
        """See ``_Written``."""
        return "-".join(map(str, value)) if value else ""


class Networks:
    """A list of networks."""

    form: Final = 'list of networks, such as ["10.0.0.0/8"]'

    def read(self, value: Any) -> "tuple[Network, ...]":
        """See ``Kind``."""
        if not isinstance(value, list | tuple):
            raise ValueError(f"{_quoted(value)} is not a list")
        from ipaddress import ip_network  # only where there is one

        return tuple(ip_network(_text(each), strict=False) for each in value)

    def taken(self, text: str) -> "tuple[Network, ...]":
        """See ``Kind``."""
        return self.read([each.strip() for each in text.split(",") if each.strip()])

    def toml(self, value: "Sequence[Network]") -> str:
        """See ``Kind``."""
        return _json([str(each) for each in value])

    def shown(self, value: "Sequence[Network]") -> str:
        """See ``Kind``."""
        return " ".join(map(str, value)) or "-"


def _check_interval(length: str, sync: str) -> None:
    """Raises ``ValueError`` for what is no interval. Aggregation says what one is; it is loaded only here."""
    from zertap.aggregate.interval import parse_interval

    try:
        parse_interval(length, sync)
    except Usage as error:
        raise ValueError(error.reason) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_quoted(value)} is not a text")
    return value


def _json(value: Any) -> str:
    from json import dumps  # only where something is shown

    return dumps(value, default=str)


def _quoted(value: Any) -> str:
    """*value* as a file would have it, not too long."""
    text = _json(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
