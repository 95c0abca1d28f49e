"""From sessions to summary records: every rule by which a security session becomes a subtype 12 record.

Rules (``behaviour.md`` section 4, DESIGN section 6):

- Endpoints and counters are seen from the server's side, whichever end is local.
- The protocol section shows what a detail record shows, as far as it has fields for it: the rules of ``mapping``
  hold, and codes go by its confidence. A failed handshake keeps source and, for TLS, cipher FFFFFF.
- Failed handshakes are sessions of their own, so their failures are their connections.
- Serial numbers, not-after times and distinguished names are those of the session's latest connection.
- Job name and user id are those of the session; the user id is ``*FTPUSR*`` where FTP data connections are gathered at
  the server.
- The flag of active FTP is recalled: it is written only when recalled codes are.
- Counters that outgrow their field stay at its greatest value.
"""

from enum import Enum, IntEnum
from functools import lru_cache
from typing import Any, TypeVar

from zertap.smf.fields import address_octets
from zertap.values import replace
from zertap.zert.codes import Codes
from zertap.zert.facts import ConnectionFacts, Side, SshFacts, TlsFacts
from zertap.zert.mapping import Settings, distinguished_names, header, ident, ssh_section, tls_section
from zertap.zert.records import DistinguishedName
from zertap.zert.records_summary import MICROSECOND, SummaryCommon, SummaryRecord, SummarySsh, SummaryTls
from zertap.zert.sessions import COUNTERS, Counts, Ftp, Session, SessionSummary

FTP_USER = "*FTPUSR*"

_NANOSECONDS = 1000
_PROTOCOLS = {"TLS": 0x80, "SSH": 0x40, "none": 0x00}
_IPV6, _LOCAL_SERVER, _LOCAL_CLIENT, _ACTIVE_FTP = 0x80, 0x40, 0x20, 0x08
_SHORT_FIELDS = ("connections", "partial", "short", "active")
_MOST_32, _MOST_64 = 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF


class SummaryEvent(IntEnum):
    """Event types of subtype 12."""

    INTERVAL = 1
    ENABLED = 2
    DISABLED = 3


class Reason(Enum):
    """Why a set of summaries is written: the reason octet while more follow, and in the last one."""

    INTERVAL = (0xC0, 0x80)
    """An interval is over."""
    END = (0x60, 0x20)
    """Aggregation was switched off."""
    SHUTDOWN = (0x50, 0x10)
    """The observer, or its input, came to an end."""


def summary_record(summary: SessionSummary, settings: Settings, reason: Reason, *, last: bool) -> SummaryRecord:
    """The record of one session over one interval; ``last``: no other of its set follows."""
    tls, ssh, names = _sections(summary, settings)
    return SummaryRecord(
        header=header(summary.end, settings),
        ident=replace(ident(settings.names), reason=reason.value[last]),
        common=_common(summary, settings.codes),
        tls=tls,
        ssh=ssh,
        names=names,
        shape=settings.shape,
    )


def aggregation_record(event: SummaryEvent, at: int, settings: Settings) -> SummaryRecord:
    """The record of aggregation being enabled or disabled: the event type is its only zERT data."""
    if event is SummaryEvent.INTERVAL:
        raise ValueError("an interval has sessions")
    return SummaryRecord(header(at, settings), ident(settings.names), SummaryCommon(event=event), shape=settings.shape)


def _common(summary: SessionSummary, codes: Codes) -> SummaryCommon:
    session, initial, final = summary.session, summary.initial, summary.final
    counters = {f"initial_{name}": _fitting(initial, name) for name in COUNTERS}
    counters |= {f"final_{name}": _fitting(final, name) for name in COUNTERS}
    if session.shown.failed:
        counters |= {"initial_failed": counters["initial_connections"], "final_failed": counters["final_connections"]}
    return SummaryCommon(
        interval=max(0, summary.end - summary.start) // _NANOSECONDS * MICROSECOND,
        event=SummaryEvent.INTERVAL,
        flags=_flags(session, codes),
        protocols=_PROTOCOLS[session.shown.protocol],
        job_name=session.job_name,
        user_id=FTP_USER if session.ftp is not Ftp.NO and session.local is Side.SERVER else session.user_id,
        ip_protocol=session.transport,
        server_address=_address(session.server),
        client_address=_address(session.client),
        server_port_first=session.first_port,
        server_port_last=session.last_port,
        session_id=session.identifier,
        **counters,
    )


def _fitting(counts: Counts, name: str) -> int:
    value: int = getattr(counts, name)
    return max(0, min(value, _MOST_32 if name in _SHORT_FIELDS else _MOST_64))


def _flags(session: Session, codes: Codes) -> int:
    flags = _IPV6 if ":" in session.server else 0
    flags |= _LOCAL_SERVER if session.local is Side.SERVER else _LOCAL_CLIENT
    if session.ftp is Ftp.ACTIVE and codes.allows("FLAGS_12", _ACTIVE_FTP):
        flags |= _ACTIVE_FTP
    return flags


def _sections(
    summary: SessionSummary, settings: Settings
) -> tuple[SummaryTls | None, SummarySsh | None, tuple[DistinguishedName, ...]]:
    """What a detail record would show of the latest connection, cut down to the fields of a summary."""
    session, facts = summary.session, summary.latest.facts
    failed = session.shown.failed
    connection = ConnectionFacts(
        number=0,
        established=0,
        client_address=session.client,
        server_address=session.server,
        client_port=0,
        server_port=0,
        tls=facts if isinstance(facts, TlsFacts) else None,
        ssh=facts if isinstance(facts, SshFacts) else None,
        provider=facts.provider if facts else None,
    )
    match session.shown.protocol:
        case "TLS":
            tls = tls_section(connection, settings, session.socket, failed=failed)
            names = () if failed else distinguished_names(connection.tls, settings.codes)
            return _cut(tls, SummaryTls), None, names
        case "SSH":
            return None, _cut(ssh_section(connection, settings, session.socket, failed=failed), SummarySsh), ()
    return None, None, ()


_Cut = TypeVar("_Cut", SummaryTls, SummarySsh)


def _cut(section: object, kind: type[_Cut]) -> _Cut:
    """Those fields of a detail section that the summary's section has too."""
    values: dict[str, Any] = {name: getattr(section, name) for name in kind.__match_args__}
    return kind(**values)


_address = lru_cache(maxsize=65_536)(address_octets)
