"""Suricata's EVE: an event ``tls`` or ``ssh`` where one was spoken, and one ``flow`` for each connection.

Names: Suricata 7 and 8, EVE index (docs.suricata.io, appendix) and etc/schema.json. A flow's ``bytes_*`` count whole
frames there, which are not kept here: payload octets stand under ``zertap`` instead.
"""

from zertap.shapes import words
from zertap.shapes.base import Line, Record, Shape

_OURS = (
    Line("zertap.uid", ("uid",)),
    Line("zertap.verdict", ("verdict",)),
    Line("zertap.reason", ("reason",)),
    Line("zertap.gave_up", ("gave_up",)),
    Line("zertap.flags", ("flags",), words.unless_empty),
)


def _head(event: str, time: str, note: str) -> tuple[Line, ...]:
    return (
        Line("timestamp", (time,), words.suricata_time, note=note),
        Line("flow_id", ("uid",), words.flow_number),
        Line("event_type", (), words.always(event)),
        Line("src_ip", ("client_ip",)),
        Line("src_port", ("client_port",)),
        Line("dest_ip", ("server_ip",)),
        Line("dest_port", ("server_port",)),
        Line("proto", (), words.always("TCP")),
        Line("community_id", ("community_id",)),
    )


def _certificate(target: str, ours: str) -> tuple[Line, ...]:
    """A certificate as Suricata tells it."""
    return (
        Line(f"{target}subject", (f"{ours}.subject",), words.suricata_name),
        Line(f"{target}issuerdn", (f"{ours}.issuer",), words.suricata_name),
        Line(f"{target}serial", (f"{ours}.serial",), words.suricata_serial),
        Line(f"{target}fingerprint", (f"{ours}_sha1",), words.colons, note="SHA-1."),
        Line(f"{target}notbefore", (f"{ours}.not_before",), words.suricata_date),
        Line(f"{target}notafter", (f"{ours}.not_after",), words.suricata_date),
    )


_TLS = (
    *_head("tls", "start", "The connection's first packet."),
    *_certificate("tls.", "tls.server_certificate"),
    Line("tls.session_resumed", ("tls.resumed",), words.if_true),
    Line("tls.sni", ("tls.sni",)),
    Line("tls.version", ("tls.version",), words.suricata_version),
    Line("tls.ja3.hash", ("tls.ja3",)),
    Line("tls.ja3.string", ("tls.ja3_string",)),
    Line("tls.ja3s.hash", ("tls.ja3s",)),
    Line("tls.ja3s.string", ("tls.ja3s_string",)),
    Line("tls.ja4", ("tls.ja4",), note="Suricata 8."),
    Line("tls.from_proto", ("upgrade",), words.suricata_protocol),
    *_certificate("tls.client.", "tls.client_certificate"),
    *_OURS,
    Line("zertap.cipher", ("tls.cipher_name", "tls.cipher"), words.known_name, note="EVE has no place for it."),
    Line("zertap.group", ("tls.group",), note="The same."),
)


def _speaker(target: str, banner: str, hassh: str) -> tuple[Line, ...]:
    return (
        Line(f"{target}.proto_version", (banner,), words.ssh_protocol),
        Line(f"{target}.software_version", (banner,), words.ssh_software),
        Line(f"{target}.hassh.hash", (hassh,)),
        Line(f"{target}.hassh.string", (f"{hassh}_string",)),
    )


_SSH = (
    *_head("ssh", "start", "The connection's first packet."),
    *_speaker("ssh.client", "ssh.client_banner", "ssh.hassh"),
    *_speaker("ssh.server", "ssh.server_banner", "ssh.hassh_server"),
    *_OURS,
    Line("zertap.kex", ("ssh.kex",), note="EVE has no place for it."),
    Line("zertap.host_key", ("ssh.host_key",), note="The same."),
    Line("zertap.cipher", ("ssh.cipher_c2s", "ssh.cipher_s2c"), words.both_ways, note="The same."),
    Line("zertap.mac", ("ssh.mac_c2s", "ssh.mac_s2c"), words.both_ways, note="The same."),
)

_FLOW = (
    *_head("flow", "end", "The connection's last packet."),
    Line("app_proto", ("protocol",), words.has_protocol),
    Line("flow.pkts_toserver", ("segments_client",)),
    Line("flow.pkts_toclient", ("segments_server",)),
    Line("flow.start", ("start",), words.suricata_time),
    Line("flow.end", ("end",), words.suricata_time),
    Line("flow.age", ("duration",), words.whole_seconds),
    Line("flow.state", ("closed", "established"), words.flow_state),
    *_OURS,
    Line("zertap.payload_toserver", ("bytes_client",)),
    Line("zertap.payload_toclient", ("bytes_server",)),
)

EVE = Shape(
    name="eve",
    title="Suricata EVE",
    nested=True,
    records=(Record("tls", "tls", _TLS), Record("ssh", "ssh", _SSH), Record("flow", None, _FLOW)),
    source="https://docs.suricata.io/en/suricata-8.0.4/appendix/eve-index.html",
)
"""Connections as Suricata's events."""
