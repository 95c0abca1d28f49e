"""How a value changes on its way into another shape. Each function's first line is its entry in ``docs/shapes.md``.

``None`` in means not known; ``None`` out leaves the place out.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

_UNESCAPED_COMMA = re.compile(r"(?<!\\),")
_ESCAPED = re.compile(r"\\([ #\"+,;<=>\\])")
_MAIL = re.compile("^emailAddress=")
_SURICATA_PROTOCOLS = {"http_connect": "http", "http_upgrade": "http", "postgresql": "pgsql"}
_MICROSECONDS = len("2026-01-02T03:04:05.123456")
_SECONDS = len("2026-01-02T03:04:05")
_PROTECTED = {"protected": True, "ended_clear": True, "failed": False, "in_progress": False}
_OUTCOMES = {"protected": "success", "ended_clear": "success", "failed": "failure"}
_SURICATA_VERSIONS = {"TLSv1.0": "TLSv1", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3"}
_FLOW_DIGITS = 13


def always(value: Any) -> Callable[[], Any]:
    """The same in every object."""

    def constant() -> Any:
        return value

    constant.__doc__ = f"Always `{value}`."
    return constant


def epoch(time: str | None) -> float | None:
    """Seconds since 1970, to the microsecond."""
    return None if time is None else datetime.fromisoformat(f"{time[:_MICROSECONDS]}+00:00").timestamp()


def suricata_time(time: str | None) -> str | None:
    """ISO 8601 to the microsecond with `+0000`."""
    return None if time is None else f"{time[:_MICROSECONDS]}+0000"


def suricata_date(time: str | None) -> str | None:
    """ISO 8601 to the second, without a zone."""
    return None if time is None else time[:_SECONDS]


def flow_number(uid: str) -> int:
    """A number of 52 bits from the identity: the same in every run."""
    return int(uid[:_FLOW_DIGITS], 16)


def whole_seconds(duration: float) -> int:
    """Whole seconds."""
    return int(duration)


def nanoseconds(duration: float) -> int:
    """Nanoseconds."""
    return round(duration * 1e9)


def zeek_service(protocol: str) -> str | None:
    """`ssl` or `ssh`."""
    return {"tls": "ssl", "ssh": "ssh"}.get(protocol)


def zeek_state(closed: str, established: str | None, flags: list[str], back: int) -> str | None:
    """Zeek's state where what we keep tells it: `OTH S0 S1 SF REJ`; left out for a reset, whose sender is not kept."""
    if "midstream" in flags:
        return "OTH"
    if established is None:
        return "REJ" if closed == "rst" and back else "S0" if not back else None
    return {"fin": "SF", "open": "S1"}.get(closed)


def zeek_version(version: str | None) -> str | None:
    """Without the point: `TLSv12`."""
    return None if version is None else version.replace(".", "")


def known_name(name: str | None, number: str | None) -> str | None:
    """The registered name; `unknown-` and the number where there is none."""
    return name or (number and f"unknown-{int(number, 16)}")


def succeeded(verdict: str) -> bool | None:
    """True for `protected` and `ended_clear`, false for `failed` and `in_progress`, left out where nobody can tell."""
    return _PROTECTED.get(verdict)


def tls_succeeded(verdict: str, protocol: str) -> bool | None:
    """The same, for TLS alone."""
    return succeeded(verdict) if protocol == "tls" else None


def outcome(verdict: str) -> str:
    """`success` for `protected` and `ended_clear`, `failure` for `failed`, else `unknown`."""
    return _OUTCOMES.get(verdict, "unknown")


def last_alert(alerts: list[dict[str, Any]] | None) -> str | None:
    """The last alert that was sent in clear."""
    return next((each["description"] for each in reversed(alerts or []) if not each["encrypted"]), None)


def only(value: Any) -> list[Any] | None:
    """A list of this one."""
    return None if value is None else [value]


def both_ways(to_server: str | None, to_client: str | None) -> str | None:
    """One name where both directions agree, else both."""
    if to_server is None or to_client is None or to_server == to_client:
        return to_server or to_client
    return f"To server: {to_server}, to client: {to_client}"


def suricata_version(version: str | None) -> str:
    """Suricata's words: `TLS 1.2`, `TLSv1`; `UNDETERMINED` before the ServerHello."""
    return "UNDETERMINED" if version is None else _SURICATA_VERSIONS.get(version, version)


def suricata_protocol(upgrade: str | None) -> str | None:
    """Suricata's word for the protocol before the handshake."""
    return None if upgrade is None else _SURICATA_PROTOCOLS.get(upgrade, upgrade)


def suricata_name(name: str | None) -> str | None:
    """A distinguished name in the certificate's own order, without escapes."""
    if not name:
        return None
    parts = [_ESCAPED.sub(r"\1", part) for part in reversed(_UNESCAPED_COMMA.split(name))]
    return ", ".join(_MAIL.sub("Email=", part) for part in parts)


def colons(digits: str | None) -> str | None:
    """Octets with colons between."""
    return None if digits is None else ":".join(re.findall("..", digits))


def suricata_serial(digits: str | None) -> str | None:
    """Octets of the INTEGER with colons between, its sign octet among them."""
    if digits is None:
        return None
    return colons(f"00{digits}" if digits[:1] > "7" else digits)


def if_true(value: bool | None) -> bool | None:  # noqa: FBT001  a datum like any other
    """Left out unless true."""
    return True if value else None


def ssh_protocol(banner: str | None) -> str | None:
    """The protocol version in the identification line."""
    found = banner and re.match(r"SSH-([^-]*)-", banner)
    return found[1] if found else None


def ssh_software(banner: str | None) -> str | None:
    """The software version in the identification line, without the comment."""
    found = banner and re.match(r"SSH-[^-]*-([^ ]*)", banner)
    return found[1] if found else None


def flow_state(closed: str, established: str | None) -> str:
    """`closed` by FIN or RST, else `established`, else `new`."""
    return "closed" if closed in {"fin", "rst"} else "established" if established else "new"


def has_protocol(protocol: str) -> str | None:
    """The protocol, if one was recognised."""
    return None if protocol == "none" else protocol


def upper(text: str | None) -> str | None:
    """Upper case."""
    return None if text is None else text.upper()


def lower(text: str | None) -> str | None:
    """Lower case."""
    return None if text is None else text.lower()


def total(one: int, other: int) -> int:
    """The sum of both."""
    return one + other


def both(one: Any, other: Any) -> list[Any]:
    """A list of both."""
    return [one, other]


def address_family(address: str) -> str:
    """`ipv4` or `ipv6`."""
    return "ipv6" if ":" in address else "ipv4"


def version_number(version: str | None) -> str | None:
    """The number alone: `1.2`."""
    found = version and re.fullmatch(r"(?:TLS|SSL)v([\d.]+)", version)
    return found[1] if found else None


def version_protocol(version: str | None) -> str | None:
    """`tls` or `ssl`."""
    return version[:3].lower() if version_number(version) and version else None


def ecs_types(protocol: str, closed: str) -> list[str]:
    """`connection`; `protocol` where one was recognised; `end` unless it was still open."""
    types = ["connection", "protocol" if protocol != "none" else None, "end" if closed != "open" else None]
    return [each for each in types if each]


def unless_empty(values: list[Any] | None) -> list[Any] | None:
    """Left out where empty."""
    return values or None
