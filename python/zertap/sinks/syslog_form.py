"""Syslog messages, RFC 5424: a line for people, and all facts as structured data.

One element for each part of a record or connection (``zert``, ``common``, ``tls``, ``ssh``, ...), named with an
enterprise number behind it as the RFC wants it for names that IANA does not register. The default number, 32473, is the
one reserved for documentation (RFC 5612): put in your own. Parameters bear the names of ``zertap decode --readable``
and of ``zertap observe``; what is empty or unknown is left out. What a name in a certificate may hold is escaped.

A message that is too long loses whole parameters from its end, never part of one, and says how many.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from logging.handlers import SysLogHandler
from typing import Any, NamedTuple

DOCUMENTATION = 32_473
INFORMATIONAL = SysLogHandler.LOG_INFO
_FACILITY = SysLogHandler.LOG_LOCAL5
_LONGEST_NAME = 32
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "]": "\\]"})


class Said(NamedTuple):
    """One message before it is written."""

    at: str
    """When it happened: RFC 3339, without a zone or with Z."""
    level: int
    """0 (emergency) to 7 (debug)."""
    word: str
    """What kind of message."""
    text: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """How messages are written. ``longest``: octets of one."""

    enterprise: int = DOCUMENTATION
    longest: int = 2048
    host: str = field(default_factory=lambda: _word(os.uname().nodename, 255))

    def written(self, said: Said) -> bytes:
        """The octets of one message."""
        head = (
            f"<{_FACILITY * 8 + said.level}>1 {_moment(said.at)} {self.host} zertap {os.getpid()}"
            f" {_word(said.word, _LONGEST_NAME)} "
        ).encode()
        text = b" " + _printable(said.text).encode("ascii", "replace")
        room = self.longest - len(head) - len(text)
        data = self._structured(said.facts, room)
        return (head + data + text)[: self.longest]

    def _structured(self, facts: Mapping[str, Any], room: int) -> bytes:
        """The elements with as many parameters as there is room for."""
        parts, used, left_out, open_name = [], 0, 0, ""
        reserve = len(f'[cut@{self.enterprise} parameters="999"]') + 1
        for name, key, value in _parameters(facts):
            shown = f' {key}="{_printable(value).translate(_ESCAPED)}"'.encode()
            begins = b"" if name == open_name else f"{']' if open_name else ''}[{name}@{self.enterprise}".encode()
            if left_out or used + len(begins) + len(shown) + reserve > room:
                left_out += 1
                continue
            parts += [begins, shown]
            used, open_name = used + len(begins) + len(shown), name
        parts += [b"]"] if open_name else []
        if left_out:
            parts.append(f'[cut@{self.enterprise} parameters="{left_out}"]'.encode())
        return b"".join(parts) or b"-"


def _parameters(facts: Mapping[str, Any], element: str = "zert") -> Iterator[tuple[str, str, str]]:
    """Element, name and value of every fact that says something; elements in one piece each."""
    for key, value in facts.items():
        shown = _value(value)
        if shown:
            yield element, _word(key, _LONGEST_NAME), shown
    for key, value in facts.items():
        if isinstance(value, Mapping):
            yield from _parameters({each: part for each, part in value.items() if not isinstance(part, Mapping)}, key)


def _value(value: object) -> str:
    if value is None or value in ("", "unknown") or isinstance(value, Mapping):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value)) if all(isinstance(each, str | int) for each in value) else ""
    return str(value)


def _moment(at: str) -> str:
    """At most six digits behind the second, and a zone."""
    if not at:
        return "-"
    whole, _, fraction = at.removesuffix("Z").partition(".")
    return f"{whole}.{fraction[:6]}Z" if fraction else f"{whole}Z"


def _word(text: str, longest: int) -> str:
    """*text* as a field of the header or name of a parameter: printable ASCII without blanks, ``=``, ``"``, ``]``."""
    kept = "".join(each if "!" <= each <= "~" and each not in '="]' else "_" for each in text)[:longest]
    return kept or "-"


def _printable(text: str) -> str:
    """*text* with control characters as escapes."""
    return (
        text
        if text.isprintable()
        else "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
    )
