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
from functools import lru_cache
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


def _this_host() -> str:
    return _word(os.uname().nodename, 255)


@dataclass(frozen=True, slots=True)
class Form:
    """How messages are written. ``longest``: octets of one."""

    enterprise: int = DOCUMENTATION
    longest: int = 2048
    host: str = field(default_factory=_this_host)

    def written(self, said: Said) -> bytes:
        """The octets of one message."""
        head = (
            f"<{_FACILITY * 8 + said.level}>1 {_moment(said.at)} {self.host} zertap {os.getpid()}"
            f" {_word(said.word, _LONGEST_NAME)} "
        )
        text = " " + _printable(said.text).encode("ascii", "replace").decode()
        data = self._structured(said.facts, self.longest - len(head) - len(text))
        return (head + data + text).encode()[: self.longest]

    def _structured(self, facts: Mapping[str, Any], room: int) -> str:
        """The elements with as many parameters as there is room for."""
        parts, left_out, open_name = [], 0, ""
        room -= len(f'[cut@{self.enterprise} parameters="999"]') + 1
        for name, key, value in _parameters(facts):
            shown = f' {key}="{_escaped(value)}"'
            if name != open_name:
                shown = f"{']' if open_name else ''}[{name}@{self.enterprise}{shown}"
            room -= len(shown) if shown.isascii() else len(shown.encode())
            if room < 0 or left_out:
                left_out += 1
                continue
            parts.append(shown)
            open_name = name
        parts += ["]"] if open_name else []
        if left_out:
            parts.append(f'[cut@{self.enterprise} parameters="{left_out}"]')
        return "".join(parts) or "-"


def _parameters(facts: Mapping[str, Any], element: str = "zert") -> Iterator[tuple[str, str, str]]:
    """Element, name and value of every fact that says something; elements in one piece each."""
    below = []
    for key, value in facts.items():
        if type(value) is dict:
            below.append((key, value))
        elif shown := _value(value):
            yield element, _word(key, _LONGEST_NAME), shown
    for name, part in below:
        for key, value in part.items():
            if shown := _value(value):
                yield name, _word(key, _LONGEST_NAME), shown


def _value(value: object) -> str:
    """Empty for what says nothing, and for what is no list of words."""
    if isinstance(value, str):
        return "" if value == "unknown" else value
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value)) if all(isinstance(each, str | int) for each in value) else ""
    return str(value)


def _escaped(value: str) -> str:
    """*value* as it stands between quotation marks (6.3.3)."""
    shown = _printable(value)
    return shown.translate(_ESCAPED) if any(each in shown for each in '"]\\') else shown


def _moment(at: str) -> str:
    """At most six digits behind the second, and a zone."""
    if not at:
        return "-"
    whole, _, fraction = at.removesuffix("Z").partition(".")
    return f"{whole}.{fraction[:6]}Z" if fraction else f"{whole}Z"


@lru_cache(maxsize=4096)
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
