"""What a connection detail record (SMF 119 subtype 11) says, as values.

Each section is one dataclass with one attribute a field of its layout, in the layout's order (a test compares
them). Values are wire values: see ``smf/fields.py``. Properties beside them say what a person wants to know.
"""

from datetime import datetime

from zertap.smf.fields import address_text, instant
from zertap.values import dataclass, field
from zertap.zert.layouts import Shape


@dataclass(frozen=True, slots=True)
class Header:
    """The record header, but for what follows from the record itself (length, type, subtype)."""

    flags: int = 0
    time: int = 0
    date: int = 0
    system_id: str = ""
    subsystem_id: str = ""

    @property
    def written(self) -> datetime | None:
        """When the record was written, by the writer's clock (on z/OS local time)."""
        return instant(self.time, self.date)


@dataclass(frozen=True, slots=True)
class Ident:
    """Who wrote the record."""

    system: str = ""
    sysplex: str = ""
    stack: str = ""
    release: str = ""
    component: str = ""
    address_space: str = ""
    user: str = ""
    asid: int = 0
    reason: int = 0
    record_id: int = 0


@dataclass(frozen=True, slots=True)
class Common:
    """The connection and what happened to it."""

    event: int = 0
    protocols: int = 0
    flags: int = 0
    security_flags: int = 0
    ip_protocol: int = 0
    job_name: str = ""
    job_id: str = ""
    user_id: str = ""
    start_time: int = 0
    start_date: int = 0
    end_time: int = 0
    end_date: int = 0
    remote_address: bytes = bytes(16)
    local_address: bytes = bytes(16)
    remote_port: int = 0
    local_port: int = 0
    connection_id: int = 0
    in_bytes: int = 0
    out_bytes: int = 0
    in_segments: int = 0
    out_segments: int = 0

    @property
    def ipv6(self) -> bool:
        """Whether the addresses are IPv6."""
        return bool(self.flags & 0x80)

    @property
    def start(self) -> datetime | None:
        """Connection start, UTC."""
        return instant(self.start_time, self.start_date)

    @property
    def end(self) -> datetime | None:
        """Connection end, UTC; None unless the event ends the connection."""
        return instant(self.end_time, self.end_date)

    @property
    def remote(self) -> str:
        """Remote address as text."""
        return address_text(self.remote_address, ipv6=self.ipv6)

    @property
    def local(self) -> str:
        """Local address as text."""
        return address_text(self.local_address, ipv6=self.ipv6)


@dataclass(frozen=True, slots=True)
class IpFilter:
    """IP filter rules that applied."""

    out_action: int = 0
    in_action: int = 0
    out_rule: str = ""
    out_rule_extension: str = ""
    in_rule: str = ""
    in_rule_extension: str = ""


@dataclass(frozen=True, slots=True)
class TlsSection:
    """TLS or SSL."""

    version: int = 0
    source: int = 0
    handshake_type: int = 0
    handshake_role: int = 0
    session_id_length: int = 0
    session_id: bytes = bytes(32)
    provider: str = ""
    cipher: str = ""
    encryption: int = 0
    message_authentication: int = 0
    key_exchange: int = 0
    fips_mode: int = 0
    crypto_flags: int = 0
    server_certificate_signature: int = 0
    server_certificate_encryption: int = 0
    server_certificate_digest: int = 0
    server_certificate_serial_length: int = 0
    server_certificate_serial: bytes = bytes(20)
    server_certificate_time_type: int = 0
    server_certificate_time: str = ""
    server_certificate_key_type: int = 0
    server_certificate_key_bits: int = 0
    client_certificate_signature: int = 0
    client_certificate_encryption: int = 0
    client_certificate_digest: int = 0
    client_certificate_serial_length: int = 0
    client_certificate_serial: bytes = bytes(20)
    client_certificate_time_type: int = 0
    client_certificate_time: str = ""
    client_certificate_key_type: int = 0
    client_certificate_key_bits: int = 0

    @property
    def failed(self) -> bool:
        """Whether the handshake failed; then the section holds little else."""
        return self.handshake_type == 3


@dataclass(frozen=True, slots=True)
class SshSection:
    """SSH."""

    version: int = 0
    source: int = 0
    fips_mode: int = 0
    crypto_flags: int = 0
    flags: int = 0
    component: str = ""
    provider: str = ""
    authentication: int = 0
    authentication_2: int = 0
    in_encryption: int = 0
    in_message_authentication: int = 0
    key_exchange: int = 0
    out_encryption: int = 0
    out_message_authentication: int = 0
    server_key_type: int = 0
    server_key_bits: int = 0
    client_key_type: int = 0
    client_key_bits: int = 0
    server_fingerprint_length: int = 0
    client_fingerprint_length: int = 0
    server_fingerprint: bytes = bytes(64)
    client_fingerprint: bytes = bytes(64)
    server_certificate_signature: int = 0
    server_certificate_encryption: int = 0
    server_certificate_digest: int = 0
    server_certificate_serial_length: int = 0
    server_certificate_serial: bytes = bytes(20)
    server_certificate_time_type: int = 0
    server_certificate_time: str = ""
    server_certificate_key_type: int = 0
    server_certificate_key_bits: int = 0
    client_certificate_signature: int = 0
    client_certificate_encryption: int = 0
    client_certificate_digest: int = 0
    client_certificate_serial_length: int = 0
    client_certificate_serial: bytes = bytes(20)
    client_certificate_time_type: int = 0
    client_certificate_time: str = ""
    client_certificate_key_type: int = 0
    client_certificate_key_bits: int = 0

    @property
    def failed(self) -> bool:
        """Whether the handshake failed; then the section holds little else."""
        return bool(self.flags & 0x80)


@dataclass(frozen=True, slots=True)
class IpsecSection:
    """IPsec: the IKE tunnel and the IPsec tunnel in it."""

    ike_tunnel_id: int = 0
    ike_major: int = 0
    ike_minor: int = 0
    ike_rule: str = ""
    ike_local: bytes = bytes(16)
    ike_remote: bytes = bytes(16)
    ike_local_auth: int = 0
    ike_remote_auth: int = 0
    ike_message_authentication: int = 0
    ike_encryption: int = 0
    ike_group: int = 0
    ike_prf: int = 0
    ike_lifesize: int = 0
    ike_lifetime: int = 0
    ike_reauthentication: int = 0
    local_certificate_signature: int = 0
    local_certificate_encryption: int = 0
    local_certificate_digest: int = 0
    local_certificate_serial_length: int = 0
    local_certificate_serial: bytes = bytes(20)
    local_certificate_time_type: int = 0
    local_certificate_time: str = ""
    local_certificate_key_type: int = 0
    local_certificate_key_bits: int = 0
    remote_certificate_signature: int = 0
    remote_certificate_encryption: int = 0
    remote_certificate_digest: int = 0
    remote_certificate_serial_length: int = 0
    remote_certificate_serial: bytes = bytes(20)
    remote_certificate_time_type: int = 0
    remote_certificate_time: str = ""
    remote_certificate_key_type: int = 0
    remote_certificate_key_bits: int = 0
    tunnel_id: int = 0
    tunnel_flags: int = 0
    tunnel_type: int = 0
    tunnel_state: int = 0
    encapsulation: int = 0
    auth_protocol: int = 0
    message_authentication: int = 0
    encryption: int = 0
    pfs_group: int = 0
    lifesize: int = 0
    lifetime: int = 0
    vpn_life: int = 0


@dataclass(frozen=True, slots=True)
class DistinguishedName:
    """A name from a certificate: whose it is (``DN_TYPE``) and its text."""

    type: int
    name: str


@dataclass(frozen=True, slots=True)
class DetailRecord:
    """One connection detail record. Absent sections are None, absent names an empty tuple.

    ``enforcement`` holds the octets of the section whose layout is not public. ``shape`` and ``ignored``
    (octets of the record's sections that no layout explains) tell about the record read and take no part in
    comparison.
    """

    header: Header = Header()
    ident: Ident = Ident()
    common: Common = Common()
    ip_filter: IpFilter | None = None
    tls: TlsSection | None = None
    ssh: SshSection | None = None
    ipsec: IpsecSection | None = None
    names: tuple[DistinguishedName, ...] = ()
    enforcement: tuple[bytes, ...] = ()
    shape: Shape = field(default=Shape.Z32, compare=False)
    ignored: int = field(default=0, compare=False)
