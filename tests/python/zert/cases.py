"""Connections that several tests look at."""

from zertap.zert.events import Event, EventType
from zertap.zert.facts import CertificateFacts, ConnectionFacts, Side, SshFacts, TlsFacts

S = 1_000_000_000
T0 = 1_795_267_445 * S + 678_000_000
"""2026-11-21 13:24:05.678 UTC."""

SERVER = CertificateFacts(
    signature="1.2.840.113549.1.1.11",
    key="rsa",
    key_bits=2048,
    serial=bytes.fromhex("0A00"),
    not_after_text="271231235959Z",
    subject="CN=www[1].example",
    issuer="CN=Root",
)
CLIENT = CertificateFacts(
    signature="1.2.840.10045.4.3.2",
    key="ec",
    key_bits=256,
    serial=bytes(range(1, 21)),
    not_after_generalized=True,
    not_after_text="20501231235959Z",
    subject="CN=me",
    issuer="CN=Root",
)
TLS_12 = TlsFacts(
    version=0x0303,
    cipher=0xC02F,
    exchange="ECDHE",
    authentication="RSA",
    bulk_cipher="AES-128-GCM",
    client_certificate_requested=True,
    server_certificate=SERVER,
    client_certificate=CLIENT,
)
TLS_13 = TlsFacts(
    version=0x0304,
    cipher=0x1302,
    exchange="TLS13",
    authentication="TLS13",
    bulk_cipher="AES-256-GCM",
    abbreviated=True,
)
SSL_2 = TlsFacts(
    version=0x0200, cipher=0x0700C0, exchange="RSA", authentication="RSA", bulk_cipher="3DES-CBC", mac="MD5"
)
SSH_2 = SshFacts(
    version=2,
    kex="ecdh-sha2-nistp256",
    host_key="rsa-sha2-512",
    cipher_c2s="aes256-ctr",
    cipher_s2c="aes128-cbc",
    mac_c2s="hmac-sha1-etm@openssh.com",
    mac_s2c="hmac-md5",
    host_key_type="ssh-rsa",
    host_key_bits=3072,
    host_key_fingerprint=bytes(range(32)),
)


def connection(
    tls: TlsFacts | None = None,
    ssh: SshFacts | None = None,
    *,
    client: str = "10.1.1.1",
    server: str = "192.0.2.7",
    session_id: bytes = b"",
    reset: bool = False,
) -> ConnectionFacts:
    """A connection from port 40001 to 443, with these facts."""
    return ConnectionFacts(
        number=0x1_0000_0007,
        established=T0,
        client_address=client,
        server_address=server,
        client_port=40_001,
        server_port=443,
        octets_client=1_000,
        octets_server=200_000,
        segments_client=12,
        segments_server=150,
        tls=tls,
        ssh=ssh,
        session_id=session_id,
        reset_by_policy=reset,
    )


def event(kind: EventType, protocol: str = "none", *, failed: bool = False, after: float = 10) -> Event:
    """An event this many seconds after T0."""
    return Event(kind, T0 + int(after * S), protocol, failed)


BOTH = (Side.SERVER, Side.CLIENT)
