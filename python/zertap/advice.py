"""Provider's advice: what a program that terminates TLS or SSH tells of its connections.

zERT has two sources: it observes the stream, and it is told by the providers that do the cryptography. Here a provider
is any program beside the tap: the server whose connections it observes, a proxy that terminates TLS. What it says goes
to the engine by ``Tap.advise``; nothing of it is kept here.

Names or wire numbers: an enumerated fact may be told as the registry's name or as its number.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar, Literal, Protocol

from zertap import _native
from zertap.errors import Usage

Outcome = Literal["protected", "failed", "ended_clear"]
"""How the handshake ended; or that data in clear follows after it was complete."""

Role = Literal["client", "server"]
"""A TCP side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Advice:
    """What every provider may say. ``None``: not said.

    ``reason``: one of the words of a failure; ``gave_up``: who ended the handshake; ``client``: the TCP side that acts
    as the protocol's client.
    """

    provider: str
    outcome: Outcome | None = None
    reason: str | None = None
    gave_up: Role | None = None
    client: Role | None = None

    def facts(self) -> dict[str, Any]:
        """What was said, in the engine's terms. Raises ``Usage``."""
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "provider"}
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsAdvice(_Advice):
    """What a provider of TLS knows.

    ``cipher`` and ``group`` by IANA name or number, ``version`` by name (``TLSv1.3``) or number; certificates as DER;
    ``resumed``: an abbreviated handshake; ``session_id`` as octets.
    """

    protocol: ClassVar[Literal["tls"]] = "tls"
    version: str | int | None = None
    cipher: str | int | None = None
    group: str | int | None = None
    resumed: bool | None = None
    alpn: str | None = None
    sni: str | None = None
    session_id: bytes | None = None
    server_certificate: bytes | None = None
    client_certificate: bytes | None = None
    client_certificate_requested: bool | None = None
    extended_master_secret: bool | None = None
    encrypt_then_mac: bool | None = None

    def facts(self) -> dict[str, Any]:
        """See ``_Advice.facts``."""
        told = super(TlsAdvice, self).facts()
        for name, table in (("version", "versions"), ("cipher", "cipher_suites"), ("group", "groups")):
            if isinstance(told.get(name), str):
                told[name] = _number(table, told[name])
        for name in ("alpn", "sni"):
            if name in told:
                told[name] = told[name].encode()
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class SshAdvice(_Advice):
    """What a provider of SSH knows: names as negotiated, directions client to server and back."""

    protocol: ClassVar[Literal["ssh"]] = "ssh"
    version: int | None = None
    kex: str | None = None
    host_key: str | None = None
    cipher_c2s: str | None = None
    cipher_s2c: str | None = None
    mac_c2s: str | None = None
    mac_s2c: str | None = None
    compression_c2s: str | None = None
    compression_s2c: str | None = None
    host_key_type: str | None = None
    host_key_bits: int | None = None
    host_key_fingerprint: bytes | None = None
    client_banner: str | None = None
    server_banner: str | None = None

    def facts(self) -> dict[str, Any]:
        """See ``_Advice.facts``."""
        told = super(SshAdvice, self).facts()
        for name in ("client_banner", "server_banner"):
            if name in told:
                told[name] = told[name].encode()
        return told


Advice = TlsAdvice | SshAdvice


class Spoken(Protocol):
    """What ``ssl.SSLSocket`` and ``ssl.SSLObject`` have in common, as far as it is asked here."""

    context: Any

    @property
    def server_side(self) -> bool:
        """Whether this is the server."""

    @property
    def server_hostname(self) -> Any:
        """The name that a client asks for."""

    @property
    def session(self) -> Any:
        """The session."""

    @property
    def session_reused(self) -> bool | None:
        """Whether the handshake was abbreviated."""

    @property
    def getpeercert(self) -> Callable[..., Any]:
        """The peer's certificate."""

    def version(self) -> str | None:
        """The version's name."""

    def cipher(self) -> tuple[str, str, int] | None:
        """Name, version and bits of the cipher."""

    def selected_alpn_protocol(self) -> str | None:
        """What ALPN chose."""


def from_ssl(
    tls: Spoken,
    *,
    client: Role = "client",
    failure: OSError | None = None,
    provider: str = "OpenSSL",
) -> TlsAdvice:
    """What one of Python's ``ssl`` objects knows of its connection.

    ``client``: the TCP side that acts as TLS client. ``failure``: what the handshake raised; without it the handshake
    is complete. The own certificate is not told, as ``ssl`` does not give it away.
    """
    server_side = tls.server_side
    sni = None if server_side else tls.server_hostname
    if failure is not None:
        return TlsAdvice(
            provider=provider, client=client, outcome="failed", reason=_reason(failure), sni=sni, version=_version(tls)
        )
    suite, session = tls.cipher(), tls.session
    certificates = {("client" if server_side else "server") + "_certificate": tls.getpeercert(binary_form=True)}
    return TlsAdvice(
        provider=provider,
        client=client,
        outcome="protected",
        version=_version(tls),
        cipher=None if suite is None else _suite(tls, suite[0]),
        group=_group(tls),
        resumed=bool(tls.session_reused),
        alpn=tls.selected_alpn_protocol(),
        sni=sni,
        session_id=None if session is None or tls.version() == "TLSv1.3" else session.id or None,
        client_certificate_requested=tls.context.verify_mode != _CERT_NONE if server_side else None,
        **certificates,
    )


def _version(tls: Spoken) -> str | None:
    """The version, named as the registry does; before the handshake was complete it says nothing yet."""
    word = tls.version()
    return {"TLSv1": "TLSv1.0"}.get(word, word) if word else None


def _suite(tls: Spoken, name: str) -> int | None:
    """The number of a suite by OpenSSL's name, which is not IANA's."""
    known = {each["name"]: each["id"] & 0xFFFF for each in tls.context.get_ciphers()}
    return known.get(name)


def _group(tls: Spoken) -> str | int | None:
    """The key exchange's group, where this Python tells it."""
    ask = getattr(tls, "group", None)
    name = ask() if ask else None
    known = _numbers("groups")
    return known.get(name) if name else None


def _reason(failure: OSError) -> str:
    """The closed list's word for what the library raised."""
    if isinstance(failure, ConnectionResetError):
        return "reset"
    if type(failure).__name__ in {"SSLEOFError", "SSLZeroReturnError"}:
        return "closed"
    name = getattr(failure, "reason", None) or ""
    if name in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST"}:
        return "peer_not_tls"
    if name in {"RECORD_TOO_SMALL", "DATA_LENGTH_TOO_LONG", "PACKET_LENGTH_TOO_LONG", "ENCRYPTED_LENGTH_TOO_LONG"}:
        return "bad_length"
    if name.startswith("UNEXPECTED"):
        return "protocol_violation"
    # What is left, the library tells its peer by an alert, or was told by one.
    return "alert"


_CERT_NONE = 0
"""``ssl.CERT_NONE``."""


def _number(table: str, name: str) -> int:
    found = _numbers(table).get(name)
    if found is None:
        raise Usage(f"the registry `{table}` has no `{name}`")
    return found


@cache
def _numbers(table: str) -> dict[str, int]:
    return {row["name"]: row["number"] for row in _native.registry(table)}
