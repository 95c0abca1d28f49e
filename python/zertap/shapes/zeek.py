"""Zeek's ``conn``, ``ssl`` and ``ssh`` logs as JSON lines, each with its log's name in ``_path``.

Names: Zeek 8.2, ``Conn::Info``, ``SSL::Info``, ``SSH::Info`` (docs.zeek.org, scripts/base/protocols); ``community_id``
of policy/protocols/conn; ``subject`` and its kin of policy/protocols/ssl; ``ja3``, ``ja4`` and HASSH of their packages.
What only Zeek sees (``history``, ``ssl_history``, ``missed_bytes``, ``auth_success``) is left out.
"""

from zertap.shapes import words
from zertap.shapes.base import Line, Record, Shape

_ID = (
    Line("uid", ("uid",), note="Ours, not Zeek's: 24 hexadecimal digits."),
    Line("id.orig_h", ("client_ip",)),
    Line("id.orig_p", ("client_port",)),
    Line("id.resp_h", ("server_ip",)),
    Line("id.resp_p", ("server_port",)),
)
_OURS = (
    Line("zertap.verdict", ("verdict",)),
    Line("zertap.reason", ("reason",)),
    Line("zertap.gave_up", ("gave_up",)),
    Line("zertap.flags", ("flags",), words.unless_empty),
)


def _head(path: str) -> tuple[Line, ...]:
    began = "The connection's first packet."
    return (Line("_path", (), words.always(path)), Line("ts", ("start",), words.epoch, note=began), *_ID)


_CONN = (
    *_head("conn"),
    Line("proto", (), words.always("tcp")),
    Line("service", ("protocol",), words.zeek_service),
    Line("duration", ("duration",)),
    Line("orig_bytes", ("bytes_client",)),
    Line("resp_bytes", ("bytes_server",)),
    Line("conn_state", ("closed", "established", "flags", "segments_server"), words.zeek_state),
    Line("orig_pkts", ("segments_client",)),
    Line("resp_pkts", ("segments_server",)),
    Line("community_id", ("community_id",)),
    *_OURS,
)

_SSL = (
    *_head("ssl"),
    Line("version", ("tls.version",), words.zeek_version),
    Line("cipher", ("tls.cipher_name", "tls.cipher"), words.known_name),
    Line("curve", ("tls.group",)),
    Line("server_name", ("tls.sni",)),
    Line("resumed", ("tls.resumed",)),
    Line("last_alert", ("tls.alerts",), words.last_alert),
    Line("next_protocol", ("tls.alpn",)),
    Line("established", ("verdict",), words.succeeded),
    Line("cert_chain_fps", ("tls.server_certificate.sha256",), words.only, note="The server's own certificate alone."),
    Line(
        "client_cert_chain_fps",
        ("tls.client_certificate.sha256",),
        words.only,
        note="The client's own certificate alone.",
    ),
    Line("subject", ("tls.server_certificate.subject",)),
    Line("issuer", ("tls.server_certificate.issuer",)),
    Line("client_subject", ("tls.client_certificate.subject",)),
    Line("client_issuer", ("tls.client_certificate.issuer",)),
    Line("ja3", ("tls.ja3",)),
    Line("ja3s", ("tls.ja3s",)),
    Line("ja4", ("tls.ja4",)),
    *_OURS,
)

_SSH = (
    *_head("ssh"),
    Line("version", ("ssh.version",)),
    Line("client", ("ssh.client_banner",)),
    Line("server", ("ssh.server_banner",)),
    Line("cipher_alg", ("ssh.cipher_c2s", "ssh.cipher_s2c"), words.both_ways),
    Line("mac_alg", ("ssh.mac_c2s", "ssh.mac_s2c"), words.both_ways, note="`implicit` with an AEAD cipher."),
    Line("compression_alg", ("ssh.compression_c2s", "ssh.compression_s2c"), words.both_ways),
    Line("kex_alg", ("ssh.kex",)),
    Line("host_key_alg", ("ssh.host_key",)),
    Line("hassh", ("ssh.hassh",)),
    Line("hasshServer", ("ssh.hassh_server",)),
    Line("hasshAlgorithms", ("ssh.hassh_string",)),
    Line("hasshServerAlgorithms", ("ssh.hassh_server_string",)),
    *_OURS,
)

ZEEK = Shape(
    name="zeek",
    title="Zeek, JSON lines",
    nested=False,
    records=(Record("conn", None, _CONN), Record("ssl", "tls", _SSL), Record("ssh", "ssh", _SSH)),
    source="https://docs.zeek.org/en/v8.2.0/scripts/base/protocols/ (conn, ssl, ssh)",
)
"""Connections as Zeek logs them."""
