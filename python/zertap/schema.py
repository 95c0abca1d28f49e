"""The JSON connection schema: the one home of every field that describes a connection.

JSON lines, CSV columns, Arrow and Parquet columns, the attributes of ``zertap.Connection``, the names that ``--where``
and ``--fields`` understand, and ``docs/schema.md`` all follow from this list. Every connection has every field,
whatever its verdict; a fact that is absent is ``null``, and ``tls`` and ``ssh`` are ``null`` as a whole unless the
connection spoke that protocol. Fields that ``needs`` something are the exception: they exist only where it was asked
for, by an option or by their name.

What does not belong here: how a value is found (the engine), or what a phase means (``protection.py``).

The version grows by one when a field is removed, renamed or changes its meaning; a new field alone does not change it.
"""

from typing import Final

from zertap.values import dataclass, field

VERSION: Final = "zertap.connection/1"
"""Value of the field ``schema``."""


@dataclass(frozen=True, slots=True)
class Part:
    """One key inside an object, or inside each object of a list."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a connection.

    ``path`` has dots for nesting; ``source`` is the engine's name of the value, or ``=constant``; ``type`` is one of
    ``TYPES``; ``known_by`` is the key of ``evidence`` that says how the value is known; ``needs`` is the one of
    ``NEEDS`` without which the field does not exist.
    """

    path: str
    source: str
    type: str
    doc: str
    known_by: str | None = None
    parts: tuple[Part, ...] = field(default=(), repr=False)
    needs: str | None = None

    @property
    def column(self) -> str:
        """The name in flat outputs."""
        return self.path.replace(".", "_")


TYPES: Final = {
    "u64": "whole number",
    "f64": "number",
    "bool": "true or false",
    "text": "text",
    "time": "time, RFC 3339 in UTC with nanoseconds",
    "words": "list of words",
    "list": "list of objects",
    "object": "object",
}
"""Type name to what a reader of JSON sees."""

NEEDS: Final = {
    "community_id": "`--community-id`",
    "fingerprints": "`--fingerprints`",
    "sha1": "their name alone",
    "tap": "`zertap.Tap`, or their name",
}
"""What brings an opt-in field into the output."""

_CERTIFICATE: Final = (
    Part("serial", "text", "Serial number, upper-case hexadecimal."),
    Part("not_before", "time", "Start of validity."),
    Part("not_after", "time", "End of validity."),
    Part("not_after_type", "text", "`utc` or `generalized`: how the end of validity is written."),
    Part("subject", "text", "Subject, RFC 4514."),
    Part("issuer", "text", "Issuer, RFC 4514."),
    Part("subject_sha256", "text", "SHA-256 of the subject's DER, lower-case hexadecimal."),
    Part("issuer_sha256", "text", "SHA-256 of the issuer's DER, lower-case hexadecimal."),
    Part("key_type", "text", "Kind of the public key."),
    Part("key_bits", "u64", "Length of the public key."),
    Part("signature_algorithm", "text", "Algorithm of the issuer's signature."),
    Part("sha256", "text", "SHA-256 of the whole certificate, lower-case hexadecimal."),
)

_ALERT: Final = (
    Part("from", "text", "`client` or `server`: the TCP side that sent it."),
    Part("level", "text", "`warning` or `fatal`; `null` when encrypted."),
    Part("description", "text", "IANA name; `null` when encrypted."),
    Part("encrypted", "bool", "Told only by its record's type or length."),
)

_EVENT: Final = (
    Part("type", "u64", "1 initiation, 2 change, 3 termination, 4 short connection."),
    Part("at", "time", "When."),
    Part("protocol", "text", "`TLS`, `SSH` or `none`."),
    Part("failed", "bool", "The handshake had failed."),
)

_GENERAL: Final = (
    Field("schema", f"={VERSION}", "text", "Name and version of this schema."),
    Field("file", "file", "text", "The capture that holds the connection's first packet."),
    Field("first_packet", "first_packet", "u64", "Number of that packet in the file, from 1."),
    Field("uid", "uid", "text", "Identity from addresses, ports and start: the same in every run."),
    Field("ordinal", "ordinal", "u64", "This is the n-th connection between these addresses and ports, from 1."),
    Field("verdict", "verdict", "text", "What protected the connection: one of the eight words above."),
    Field("protocol", "protocol", "text", "`tls`, `ssh` or `none`."),
    Field("reason", "reason", "text", "Why a handshake failed or stayed undetermined."),
    Field("gave_up", "gave_up", "text", "`client` or `server`: who ended the handshake."),
    Field("flags", "flags", "words", "What was odd, or missing from the capture; never changes the verdict."),
    Field("client_ip", "client_ip", "text", "Address of the side that opened the TCP connection."),
    Field("client_port", "client_port", "u64", "Its port."),
    Field("server_ip", "server_ip", "text", "Address of the side that accepted it."),
    Field("server_port", "server_port", "u64", "Its port."),
    Field("start", "start", "time", "First packet."),
    Field("end", "end", "time", "Last packet, or the end of the connection."),
    Field("duration", "duration", "f64", "Seconds from start to end."),
    Field("closed", "closed", "text", "`fin`, `rst`, `replaced`, `evicted`, or `open` at the end of input."),
    Field("bytes_client", "bytes_client", "u64", "Payload octets that the client sent."),
    Field("bytes_server", "bytes_server", "u64", "Payload octets that the server sent."),
    Field("segments_client", "segments_client", "u64", "TCP segments that the client sent."),
    Field("segments_server", "segments_server", "u64", "TCP segments that the server sent."),
    Field("handshake_type", "handshake_type", "u64", "TLS: 1 full, 2 abbreviated, 3 failed.", "outcome"),
    Field("handshake_ms", "handshake_ms", "f64", "Milliseconds from the handshake's first octet to its completion."),
    Field("upgrade", "upgrade", "text", "The protocol whose upgrade led to the handshake (STARTTLS and its kin)."),
)

_GENERAL_IF_ASKED: Final = (
    Field(
        "community_id", "community_id", "text", "Community ID, version 1: the same in every tool.", needs="community_id"
    ),
    Field("kind", "kind", "text", "Why the row was written: `opened`, `moved`, `due`, … or how it ended.", needs="tap"),
    Field("connection", "connection", "u64", "Number of the connection in its engine, from 1.", needs="tap"),
    Field("source", "source", "text", "`observation` or `provider`: who told of the protection.", needs="tap"),
    Field("provider", "provider", "text", "The name of that provider.", needs="tap"),
    Field("note", "note", "u64", "The number that `Tap.mark` gave the connection, else 0.", needs="tap"),
)

_TLS: Final = (
    Field("tls.version", "tls_version", "text", "`SSLv2` to `TLSv1.3`; another number as hexadecimal.", "parameters"),
    Field(
        "tls.cipher", "tls_cipher", "text", "Cipher suite, 4 (SSLv2: 6) upper-case hexadecimal digits.", "parameters"
    ),
    Field("tls.cipher_name", "tls_cipher_name", "text", "Its IANA name.", "parameters"),
    Field("tls.group", "tls_group", "text", "Key exchange group, IANA name.", "group"),
    Field("tls.group_id", "tls_group_id", "u64", "Its IANA number.", "group"),
    Field("tls.dh_bits", "tls_dh_bits", "u64", "Length of the prime of a finite-field key exchange up to TLS 1.2."),
    Field("tls.signature_scheme", "tls_signature_scheme", "text", "Signature of the server's key exchange, TLS 1.2."),
    Field("tls.sni", "tls_sni", "text", "Server name that the client asked for."),
    Field(
        "tls.sni_is_outer", "tls_sni_is_outer", "bool", "The name may be a cover: Encrypted ClientHello was offered."
    ),
    Field("tls.sni_acknowledged", "tls_sni_acknowledged", "bool", "The server acknowledged the name (up to TLS 1.2)."),
    Field("tls.alpn", "tls_alpn", "text", "Application protocol that the server chose in clear.", "alpn"),
    Field("tls.resumed", "tls_resumed", "bool", "An abbreviated handshake, or a pre-shared key.", "resumption"),
    Field("tls.extended_master_secret", "tls_extended_master_secret", "bool", "RFC 7627 in effect."),
    Field("tls.encrypt_then_mac", "tls_encrypt_then_mac", "bool", "RFC 7366 in effect."),
    Field("tls.truncated_hmac", "tls_truncated_hmac", "bool", "RFC 6066 section 7 in effect."),
    Field("tls.max_fragment_length", "tls_max_fragment_length", "u64", "RFC 6066 section 4: octets agreed."),
    Field("tls.record_size_limit", "tls_record_size_limit", "u64", "RFC 8449: octets in a record for the server."),
    Field("tls.secure_renegotiation", "tls_secure_renegotiation", "bool", "RFC 5746 signalled by the server."),
    Field("tls.compression", "tls_compression", "text", "Compression method of the ServerHello."),
    Field("tls.hello_retry", "tls_hello_retry", "bool", "The server sent a HelloRetryRequest."),
    Field(
        "tls.client_certificate_requested",
        "tls_client_certificate_requested",
        "bool",
        "The server asked for a client certificate in clear.",
    ),
    Field("tls.early_data_offered", "tls_early_data_offered", "bool", "The client offered 0-RTT data."),
    Field("tls.session_id", "tls_session_id", "text", "Session id of the ServerHello, upper-case hexadecimal."),
    Field("tls.alerts", "tls_alerts", "list", "Alerts, in the order sent.", parts=_ALERT),
    Field(
        "tls.server_certificate",
        "tls_server_certificate",
        "object",
        "The server's own certificate, where it passed in clear.",
        "certificates",
        _CERTIFICATE,
    ),
    Field(
        "tls.client_certificate",
        "tls_client_certificate",
        "object",
        "The client's own certificate, where it passed in clear.",
        "certificates",
        _CERTIFICATE,
    ),
    Field("tls.offered", "tls_offered", "object", "What the client offered; only when asked for (`--offers`)."),
)

_TLS_IF_ASKED: Final = (
    Field(
        "tls.server_certificate_sha1",
        "tls_server_certificate_sha1",
        "text",
        "SHA-1 of the server's certificate, lower-case hexadecimal.",
        "certificates",
        needs="sha1",
    ),
    Field(
        "tls.client_certificate_sha1",
        "tls_client_certificate_sha1",
        "text",
        "SHA-1 of the client's certificate, lower-case hexadecimal.",
        "certificates",
        needs="sha1",
    ),
    Field("tls.ja3", "tls_ja3", "text", "JA3 of the first ClientHello.", needs="fingerprints"),
    Field("tls.ja3_string", "tls_ja3_string", "text", "The text of which JA3 is the MD5.", needs="fingerprints"),
    Field("tls.ja3s", "tls_ja3s", "text", "JA3S of the ServerHello.", needs="fingerprints"),
    Field("tls.ja3s_string", "tls_ja3s_string", "text", "The text of which JA3S is the MD5.", needs="fingerprints"),
    Field("tls.ja4", "tls_ja4", "text", "JA4 of the first ClientHello.", needs="fingerprints"),
)

_SSH: Final = (
    Field("ssh.version", "ssh_version", "u64", "1 or 2."),
    Field("ssh.client_banner", "ssh_client_banner", "text", "The client's identification line."),
    Field("ssh.server_banner", "ssh_server_banner", "text", "The server's identification line."),
    Field("ssh.kex", "ssh_kex", "text", "Key exchange method.", "algorithms"),
    Field("ssh.host_key", "ssh_host_key", "text", "Host key algorithm.", "algorithms"),
    Field("ssh.cipher_c2s", "ssh_cipher_c2s", "text", "Cipher, client to server.", "algorithms"),
    Field("ssh.cipher_s2c", "ssh_cipher_s2c", "text", "Cipher, server to client.", "algorithms"),
    Field("ssh.mac_c2s", "ssh_mac_c2s", "text", "MAC, client to server; `implicit` with an AEAD cipher.", "algorithms"),
    Field("ssh.mac_s2c", "ssh_mac_s2c", "text", "MAC, server to client; `implicit` with an AEAD cipher.", "algorithms"),
    Field("ssh.compression_c2s", "ssh_compression_c2s", "text", "Compression, client to server.", "algorithms"),
    Field("ssh.compression_s2c", "ssh_compression_s2c", "text", "Compression, server to client.", "algorithms"),
    Field("ssh.strict_kex", "ssh_strict_kex", "bool", "Both sides offered strict key exchange."),
    Field("ssh.host_key_fingerprint", "ssh_host_key_fingerprint", "text", "SHA-256 of the server's host key."),
    Field("ssh.host_key_type", "ssh_host_key_type", "text", "Type of the host key that was sent."),
    Field("ssh.host_key_bits", "ssh_host_key_bits", "u64", "Its length."),
    Field("ssh.offered", "ssh_offered", "object", "What both sides offered; only when asked for (`--offers`)."),
)

_SSH_IF_ASKED: Final = (
    Field("ssh.hassh", "ssh_hassh", "text", "HASSH of the client's offer.", needs="fingerprints"),
    Field("ssh.hassh_string", "ssh_hassh_string", "text", "The text of which HASSH is the MD5.", needs="fingerprints"),
    Field("ssh.hassh_server", "ssh_hassh_server", "text", "HASSH of the server's offer.", needs="fingerprints"),
    Field(
        "ssh.hassh_server_string",
        "ssh_hassh_server_string",
        "text",
        "The text of which it is the MD5.",
        needs="fingerprints",
    ),
)

_CLOSING: Final = (
    Field(
        "evidence",
        "evidence",
        "object",
        "How facts are known: `negotiated`, `offered`, `inferred` or `not_visible` (`advised`: told by a provider), "
        "for each kind of fact.",
    ),
    Field("events", "events", "list", "The zERT events of the connection, in order.", parts=_EVENT),
)

FIELDS: Final[tuple[Field, ...]] = _GENERAL + _TLS + _SSH + _CLOSING
"""The fields of every output, in output order."""

EVERY_FIELD: Final[tuple[Field, ...]] = (
    _GENERAL + _GENERAL_IF_ASKED + _TLS + _TLS_IF_ASKED + _SSH + _SSH_IF_ASKED + _CLOSING
)
"""The same with those that exist only where they are asked for."""

BY_PATH: Final[dict[str, Field]] = {each.path: each for each in EVERY_FIELD}
"""Every field by path."""


def fields_with(*asked: str) -> tuple[Field, ...]:
    """``FIELDS``, and those that need one of *asked*, in output order."""
    return tuple(each for each in EVERY_FIELD if each.needs is None or each.needs in asked)


GROUPS: Final = ("tls", "ssh")
"""First parts of paths that form a nested object."""
