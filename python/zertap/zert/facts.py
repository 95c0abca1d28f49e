"""What the mapping needs to know of a connection: plain values, nobody's row type.

Whoever has rows (of the engine, of a test, of another program) makes these from them. Wire facts are spelt
as the engine's registry spells them (see ``codes.py``); absent facts are None. Facts that few connections
differ in (``TlsFacts``, ``SshFacts``, ``CertificateFacts``) are values of their own, so that they can be
made and mapped once and shared.
"""

from enum import Enum

from zertap.values import dataclass


class Side(Enum):
    """One end of a TCP connection, by its socket's role."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One leaf certificate.

    ``signature`` is the dotted object identifier of its signature algorithm; ``key`` one of ``rsa rsa_pss
    dsa dh ec ed25519 ed448 ml_dsa other``; ``not_after_text`` as written in the certificate; names in RFC
    4514 form.
    """

    signature: str | None = None
    key: str | None = None
    key_bits: int = 0
    serial: bytes = b""
    not_after_generalized: bool = False
    not_after_text: str = ""
    subject: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """Negotiated facts of a TLS or SSL connection.

    ``version`` and ``cipher`` are wire numbers (version zero: unknown). The five facts after them are those
    of the suite; ``mac`` None: the cipher authenticates by itself. ``group`` is the IANA number of the key
    exchange's group. ``client`` is the TCP side that acted as TLS client. ``provider`` names who told of it;
    None: it was observed.
    """

    version: int = 0
    cipher: int | None = None
    exchange: str | None = None
    authentication: str | None = None
    export: bool = False
    bulk_cipher: str | None = None
    mac: str | None = None
    abbreviated: bool = False
    encrypt_then_mac: bool = False
    client_certificate_requested: bool = False
    client: Side | None = Side.CLIENT
    group: int | None = None
    server_certificate: CertificateFacts | None = None
    client_certificate: CertificateFacts | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class SshFacts:
    """Negotiated facts of an SSH connection: names as negotiated, directions by SSH role.

    ``host_key_type`` and ``host_key_bits`` describe the raw host key where it was visible,
    ``host_key_fingerprint`` is its digest (octets). ``client`` is the TCP side that acted as SSH client.
    ``provider`` as of TLS.
    """

    version: int = 0
    kex: str | None = None
    host_key: str | None = None
    cipher_c2s: str | None = None
    cipher_s2c: str | None = None
    mac_c2s: str | None = None
    mac_s2c: str | None = None
    host_key_type: str | None = None
    host_key_bits: int | None = None
    host_key_fingerprint: bytes = b""
    client: Side | None = Side.CLIENT
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """One connection at the moment of an event.

    ``number`` identifies it in this run. ``established`` is T0 in nanoseconds since 1970;
    octets and segments count payload by the side that sent it, since the start. ``session_id`` is that of
    TLS. ``provider`` names who told of the protection, also where it failed. ``job_name`` and the like belong to the
    local socket's owner, where somebody knows.
    """

    number: int
    established: int
    client_address: str
    server_address: str
    client_port: int
    server_port: int
    octets_client: int = 0
    octets_server: int = 0
    segments_client: int = 0
    segments_server: int = 0
    tls: TlsFacts | None = None
    ssh: SshFacts | None = None
    session_id: bytes = b""
    provider: str | None = None
    reset_by_policy: bool = False
    job_name: str = ""
    job_id: str = ""
    user_id: str = ""
