"""What a summary record (SMF 119 subtype 12) says, as values: see ``records.py`` for the manner."""

from datetime import timedelta

from zertap.smf.fields import address_text
from zertap.values import dataclass, field
from zertap.zert.layouts import Shape
from zertap.zert.records import DistinguishedName, Header, Ident

MICROSECOND = 4096
"""One microsecond in the unit of interval lengths (bit 51 of a TOD clock)."""


@dataclass(frozen=True, slots=True)
class SummaryCommon:
    """The security session and its counters at both ends of the interval."""

    interval: int = 0
    event: int = 0
    flags: int = 0
    protocols: int = 0
    job_name: str = ""
    user_id: str = ""
    ip_protocol: int = 0
    server_address: bytes = bytes(16)
    client_address: bytes = bytes(16)
    server_port_first: int = 0
    server_port_last: int = 0
    session_id: str = ""
    initial_connections: int = 0
    initial_partial: int = 0
    initial_short: int = 0
    initial_active: int = 0
    initial_in_bytes: int = 0
    initial_out_bytes: int = 0
    initial_in_segments: int = 0
    initial_out_segments: int = 0
    final_connections: int = 0
    final_partial: int = 0
    final_short: int = 0
    final_active: int = 0
    final_in_bytes: int = 0
    final_out_bytes: int = 0
    final_in_segments: int = 0
    final_out_segments: int = 0
    initial_failed: int = 0
    final_failed: int = 0

    @property
    def ipv6(self) -> bool:
        """Whether the addresses are IPv6."""
        return bool(self.flags & 0x80)

    @property
    def duration(self) -> timedelta:
        """Length of the interval."""
        return timedelta(microseconds=self.interval // MICROSECOND)

    @property
    def server(self) -> str:
        """Server address as text."""
        return address_text(self.server_address, ipv6=self.ipv6)

    @property
    def client(self) -> str:
        """Client address as text."""
        return address_text(self.client_address, ipv6=self.ipv6)


@dataclass(frozen=True, slots=True)
class SummaryTls:
    """TLS or SSL, significant attributes."""

    source: int = 0
    crypto_flags: int = 0
    version: int = 0
    cipher: str = ""
    encryption: int = 0
    message_authentication: int = 0
    key_exchange: int = 0
    server_certificate_signature: int = 0
    server_certificate_encryption: int = 0
    server_certificate_digest: int = 0
    server_certificate_key_type: int = 0
    server_certificate_key_bits: int = 0
    client_certificate_signature: int = 0
    client_certificate_encryption: int = 0
    client_certificate_digest: int = 0
    client_certificate_key_type: int = 0
    client_certificate_key_bits: int = 0
    server_certificate_serial_length: int = 0
    server_certificate_serial: bytes = bytes(20)
    server_certificate_time_type: int = 0
    server_certificate_time: str = ""
    client_certificate_serial_length: int = 0
    client_certificate_serial: bytes = bytes(20)
    client_certificate_time_type: int = 0
    client_certificate_time: str = ""


@dataclass(frozen=True, slots=True)
class SummarySsh:
    """SSH, significant attributes."""

    source: int = 0
    version: int = 0
    crypto_flags: int = 0
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
    server_certificate_signature: int = 0
    server_certificate_encryption: int = 0
    server_certificate_digest: int = 0
    server_certificate_key_type: int = 0
    server_certificate_key_bits: int = 0
    client_certificate_signature: int = 0
    client_certificate_encryption: int = 0
    client_certificate_digest: int = 0
    client_certificate_key_type: int = 0
    client_certificate_key_bits: int = 0


@dataclass(frozen=True, slots=True)
class SummaryIpsec:
    """IPsec, significant attributes."""

    ike_major: int = 0
    ike_minor: int = 0
    ike_local: bytes = bytes(16)
    ike_remote: bytes = bytes(16)
    ike_local_auth: int = 0
    ike_remote_auth: int = 0
    ike_message_authentication: int = 0
    ike_encryption: int = 0
    ike_group: int = 0
    ike_prf: int = 0
    local_certificate_signature: int = 0
    local_certificate_encryption: int = 0
    local_certificate_digest: int = 0
    local_certificate_key_type: int = 0
    local_certificate_key_bits: int = 0
    remote_certificate_signature: int = 0
    remote_certificate_encryption: int = 0
    remote_certificate_digest: int = 0
    remote_certificate_key_type: int = 0
    remote_certificate_key_bits: int = 0
    pfs_group: int = 0
    encapsulation: int = 0
    auth_protocol: int = 0
    message_authentication: int = 0
    encryption: int = 0
    local_certificate_serial_length: int = 0
    local_certificate_serial: bytes = bytes(20)
    local_certificate_time_type: int = 0
    local_certificate_time: str = ""
    remote_certificate_serial_length: int = 0
    remote_certificate_serial: bytes = bytes(20)
    remote_certificate_time_type: int = 0
    remote_certificate_time: str = ""


@dataclass(frozen=True, slots=True)
class SummaryRecord:
    """One summary record. Absent sections are None; ``shape`` and ``ignored`` as in ``DetailRecord``."""

    header: Header = Header()
    ident: Ident = Ident()
    common: SummaryCommon = SummaryCommon()
    tls: SummaryTls | None = None
    ssh: SummarySsh | None = None
    ipsec: SummaryIpsec | None = None
    names: tuple[DistinguishedName, ...] = ()
    shape: Shape = field(default=Shape.Z32, compare=False)
    ignored: int = field(default=0, compare=False)
