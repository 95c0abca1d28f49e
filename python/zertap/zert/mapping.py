"""From facts to connection detail records: every rule by which a connection becomes a subtype 11 record.

Rules (EDGE_CASES A1, DESIGN section 6, ``behaviour.md`` section 3):

- A failed handshake keeps its section, blanked: TLS keeps source, provider, handshake type 3 and cipher
  FFFFFF; SSH
  keeps source, provider and flag X'80'. Before 3.2 there was no such section: those shapes say "no
  protection".
- Source is stream observation and the provider ``Observation``, unless a provider told of the connection: then
  it is named.
- Flags: X'80' IPv6; from 3.2 on X'10' local server, X'08' local client, by TCP role; X'20' reset by policy,
  events 3 and 4.
- Inbound is what the local side received. SSH directions follow the SSH role of the local side.
- Connection start is T0, its end is told by events 3 and 4 alone. All times are packet time in UTC; the
  header's
  time is the event's, moved by an offset where one is configured (z/OS writes local time there).
- What a tap cannot know (job name, address space, FIPS mode, peer authentication, client keys) is zero or
  blank.
- A code that is not known well enough is Unknown. Where the version is Unknown the cipher is FFFFFF.
"""

from functools import lru_cache

from zertap.smf.fields import address_octets, stamp
from zertap.values import dataclass, field, replace
from zertap.zert.codes import Codes
from zertap.zert.events import Event, EventType
from zertap.zert.facts import CertificateFacts, ConnectionFacts, Side, TlsFacts
from zertap.zert.layouts import Shape
from zertap.zert.records import (
    Common,
    DetailRecord,
    DistinguishedName,
    Header,
    Ident,
    SshSection,
    TlsSection,
)

PROVIDER = "Observation"
UNKNOWN_CIPHER = "FFFFFF"

_OBSERVED, _ADVISED = 1, 2
_TCP = 6
_REASON_EVENT = 0x08
_HEADER_FLAGS = 0xDE
"""New record format, subtypes used, and the version bits that every current system sets."""
_IPV6, _RESET, _LOCAL_SERVER, _LOCAL_CLIENT = 0x80, 0x20, 0x10, 0x08
_PROTOCOLS = {"TLS": 0x80, "SSH": 0x40, "none": 0x00}
_FULL, _ABBREVIATED, _FAILED = 1, 2, 3
_ROLE_UNKNOWN, _ROLE_CLIENT, _ROLE_SERVER, _ROLE_SERVER_ASKING = range(4)
_ENCRYPT_THEN_MAC = 0x80
_SSH_FAILED = 0x80
_SSH_IN_ETM, _SSH_OUT_ETM = 0x80, 0x40
_SERIAL_OCTETS, _SESSION_OCTETS, _FINGERPRINT_OCTETS, _TIME_CHARACTERS = 20, 32, 64, 15
_SERVER_NAMES, _CLIENT_NAMES = (5, 6), (7, 8)


@dataclass(frozen=True, slots=True)
class SystemNames:
    """Who writes the records. The defaults claim no z/OS: they name the tap itself, or nothing."""

    system: str = "ZERTAP"
    sysplex: str = ""
    stack: str = "ZERTAP"
    release: str = ""
    component: str = "STACK"
    address_space: str = "ZERTAP"
    user: str = ""
    asid: int = 0
    smf_id: str = "ZTAP"
    subsystem: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """How records are made. ``header_offset``: nanoseconds added to the header's time, for local time."""

    names: SystemNames = SystemNames()
    shape: Shape = Shape.Z32
    codes: Codes = field(default_factory=Codes)
    header_offset: int = 0


def detail_record(facts: ConnectionFacts, event: Event, settings: Settings, local: Side = Side.SERVER) -> DetailRecord:
    """The record of one event of one connection, seen from its *local* side."""
    shown = as_shown(event, settings.shape)
    tls = tls_section(facts, settings, local, failed=shown.failed) if shown.protocol == "TLS" else None
    ssh = ssh_section(facts, settings, local, failed=shown.failed) if shown.protocol == "SSH" else None
    names = distinguished_names(facts.tls, settings.codes) if tls and not shown.failed else ()
    return DetailRecord(
        header=header(event.at, settings),
        ident=ident(settings.names),
        common=Common(*common_values(facts, shown, settings, local)),  # type: ignore[arg-type]
        tls=tls,
        ssh=ssh,
        names=names,
        shape=settings.shape,
    )


def switch_record(kind: EventType, at: int, settings: Settings) -> DetailRecord:
    """The record of discovery being enabled (5) or disabled (6): the event type is its only zERT data."""
    if kind not in (EventType.ENABLED, EventType.DISABLED):
        raise ValueError(f"an event of a connection: {kind.name}")
    return DetailRecord(header(at, settings), ident(settings.names), Common(event=int(kind)), shape=settings.shape)


def header(at: int, settings: Settings) -> Header:
    """The header of a record written at *at* (nanoseconds since 1970)."""
    time, date = stamp(at + settings.header_offset)
    return Header(_HEADER_FLAGS, time, date, settings.names.smf_id, settings.names.subsystem)


def ident(names: SystemNames) -> Ident:
    """The identification section."""
    return Ident(
        system=names.system,
        sysplex=names.sysplex,
        stack=names.stack,
        release=names.release,
        component=names.component,
        address_space=names.address_space,
        user=names.user,
        asid=names.asid,
        reason=_REASON_EVENT,
    )


def as_shown(event: Event, shape: Shape) -> Event:
    """*event* as a record of this shape can show it: before 3.2 a failed handshake is no protection."""
    if event.failed and not shape.knows_failures:
        return event._replace(protocol="none", failed=False)
    return event


def common_values(
    facts: ConnectionFacts, event: Event, settings: Settings, local: Side
) -> tuple[int | bytes | str, ...]:
    """The values of the common section, in its layout's order: the connection, its counters and the event.

    Both the plain and the fast way to a record take them from here. *event* as ``as_shown`` gives it.
    """
    client = (_address(facts.client_address), facts.client_port, facts.octets_client, facts.segments_client)
    server = (_address(facts.server_address), facts.server_port, facts.octets_server, facts.segments_server)
    ours, theirs = (server, client) if local is Side.SERVER else (client, server)
    return (
        int(event.type),
        _PROTOCOLS[event.protocol],
        common_flags(facts, event, settings.shape, local),
        0,
        _TCP,
        facts.job_name,
        facts.job_id,
        facts.user_id,
        *stamp(facts.established),
        *(stamp(event.at) if _is_end(event.type) else (0, 0)),
        theirs[0],
        ours[0],
        theirs[1],
        ours[1],
        facts.number & 0xFFFF_FFFF,
        theirs[2],
        ours[2],
        theirs[3],
        ours[3],
    )


_address = lru_cache(maxsize=65_536)(address_octets)


def common_flags(facts: ConnectionFacts, event: Event, shape: Shape, local: Side) -> int:
    """The flag byte of the common section."""
    flags = _IPV6 if ":" in facts.server_address else 0
    if shape.knows_failures:
        flags |= _LOCAL_SERVER if local is Side.SERVER else _LOCAL_CLIENT
    if facts.reset_by_policy and _is_end(event.type) and shape is not Shape.V2R3:
        flags |= _RESET
    return flags


def tls_section(connection: ConnectionFacts, settings: Settings, local: Side, *, failed: bool) -> TlsSection:
    """The TLS section; blanked when the handshake failed, whatever was learned before."""
    source, provider = _known_from(connection)
    facts = connection.tls
    if failed or facts is None:
        kind = _FAILED if failed else 0
        return TlsSection(source=source, handshake_type=kind, provider=provider, cipher=UNKNOWN_CIPHER)
    codes = settings.codes
    version = codes.of("TLS_VERSION", facts.version)
    section = TlsSection(
        version=version,
        source=source,
        handshake_type=_ABBREVIATED if facts.abbreviated else _FULL,
        handshake_role=_handshake_role(facts, local),
        session_id_length=len(connection.session_id[:_SESSION_OCTETS]),
        session_id=_left(connection.session_id, _SESSION_OCTETS),
        provider=provider,
        cipher=cipher_text(version, facts.cipher),
        encryption=codes.of("ENC_ALG", facts.bulk_cipher) if facts.bulk_cipher else 0,
        message_authentication=codes.of("MSG_AUTH", facts.mac) if facts.bulk_cipher else 0,
        key_exchange=codes.of("TLS_KEX", (facts.exchange, facts.authentication, facts.export)),
        crypto_flags=_ENCRYPT_THEN_MAC if facts.encrypt_then_mac else 0,
    )
    certificates = certificate_fields(facts.server_certificate, "server", codes)
    certificates |= certificate_fields(facts.client_certificate, "client", codes)
    return replace(section, **certificates) if certificates else section  # type: ignore[arg-type]


def cipher_text(version: int, cipher: int | None) -> str:
    """The negotiated cipher: four hex digits, six for SSLv2; FFFFFF: it or the version is unknown."""
    if version == 0 or cipher is None:
        return UNKNOWN_CIPHER
    return f"{cipher:06X}" if version == 0x0200 else f"{cipher:04X}"


def certificate_fields(facts: CertificateFacts | None, whose: str, codes: Codes) -> dict[str, int | bytes | str]:
    """The fields of a section that describe one leaf certificate; none when it was not seen."""
    if facts is None:
        return {}
    serial = _serial(facts.serial)
    fields: dict[str, int | bytes | str] = {
        "signature": codes.of("CERT_SIGN", facts.signature),
        "encryption": codes.of("CERT_ENC", facts.signature),
        "digest": codes.of("CERT_DIGEST", facts.signature),
        "serial_length": len(serial),
        "serial": _left(serial, _SERIAL_OCTETS),
        "time_type": (2 if facts.not_after_generalized else 1) if facts.not_after_text else 0,
        "time": facts.not_after_text[:_TIME_CHARACTERS],
        "key_type": codes.of("KEY_TYPE", facts.key),
        "key_bits": min(facts.key_bits, 0xFFFF),
    }
    return {f"{whose}_certificate_{name}": value for name, value in fields.items()}


def _serial(octets: bytes) -> bytes:
    """A serial number that its field can hold: its sign octet gives way if need be; else nothing."""
    if len(octets) == _SERIAL_OCTETS + 1 and octets[0] == 0:
        return octets[1:]
    return octets if len(octets) <= _SERIAL_OCTETS else b""


def distinguished_names(facts: TlsFacts | None, codes: Codes) -> tuple[DistinguishedName, ...]:
    """Names from the certificates seen, as far as the code that says whose name it is may be written."""
    if facts is None:
        return ()
    names = []
    for certificate, types in (
        (facts.server_certificate, _SERVER_NAMES),
        (facts.client_certificate, _CLIENT_NAMES),
    ):
        if certificate is None:
            continue
        for kind, name in zip(types, (certificate.subject, certificate.issuer), strict=True):
            if name and codes.allows("DN_TYPE", kind):
                names.append(DistinguishedName(kind, name[:1024]))
    return tuple(names)


def ssh_section(connection: ConnectionFacts, settings: Settings, local: Side, *, failed: bool) -> SshSection:
    """The SSH section; blanked when the handshake failed, whatever was learned before."""
    source, provider = _known_from(connection)
    facts = connection.ssh
    if failed or facts is None:
        return SshSection(source=source, flags=_SSH_FAILED if failed else 0, provider=provider)
    codes = settings.codes
    c2s = (facts.cipher_c2s, facts.mac_c2s)
    s2c = (facts.cipher_s2c, facts.mac_s2c)
    is_client = (facts.client or Side.CLIENT) is local
    (in_cipher, in_mac), (out_cipher, out_mac) = (s2c, c2s) if is_client else (c2s, s2c)
    return SshSection(
        version=facts.version if facts.version in (1, 2) else 0,
        source=source,
        crypto_flags=(_SSH_IN_ETM if _is_etm(in_mac) else 0) | (_SSH_OUT_ETM if _is_etm(out_mac) else 0),
        provider=provider,
        in_encryption=codes.of("ENC_ALG", in_cipher),
        in_message_authentication=_ssh_mac(in_mac, codes),
        key_exchange=codes.of("SSH_KEX", facts.kex),
        out_encryption=codes.of("ENC_ALG", out_cipher),
        out_message_authentication=_ssh_mac(out_mac, codes),
        server_key_type=codes.of("SSH_KEY_TYPE", facts.host_key_type or facts.host_key),
        server_key_bits=min(facts.host_key_bits or 0, 0xFFFF),
        server_fingerprint_length=len(facts.host_key_fingerprint[:_FINGERPRINT_OCTETS]),
        server_fingerprint=_left(facts.host_key_fingerprint, _FINGERPRINT_OCTETS),
    )


def _known_from(connection: ConnectionFacts) -> tuple[int, str]:
    """Source and provider."""
    return (_OBSERVED, PROVIDER) if connection.provider is None else (_ADVISED, connection.provider)


def _handshake_role(facts: TlsFacts, local: Side) -> int:
    """The TLS role of the local side, which need not be its TCP role (TLS-07)."""
    if facts.client is None:
        return _ROLE_UNKNOWN
    if facts.client is local:
        return _ROLE_CLIENT
    asked = facts.client_certificate_requested or facts.client_certificate is not None
    return _ROLE_SERVER_ASKING if asked else _ROLE_SERVER


def _ssh_mac(name: str | None, codes: Codes) -> int:
    return codes.of("MSG_AUTH", name) if name else 0


def _is_etm(mac: str | None) -> bool:
    return mac is not None and mac.endswith("-etm@openssh.com")


def _is_end(kind: EventType) -> bool:
    return kind in (EventType.TERMINATION, EventType.SHORT_TERMINATION)


def _left(octets: bytes, length: int) -> bytes:
    return octets[:length].ljust(length, b"\0")
