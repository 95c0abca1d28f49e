"""The Elastic Common Schema, version 8: one document for each connection.

Names: github.com/elastic/ecs, schemas/ (tls, x509, hash, network, event, source, destination, related). What ECS has no
place for stands under ``zertap``.
"""

from typing import Final

from zertap.shapes import words
from zertap.shapes.base import Line, Record, Shape

VERSION: Final = "8.17.0"


def _end(target: str, side: str) -> tuple[Line, ...]:
    return (
        Line(f"{target}.address", (f"{side}_ip",)),
        Line(f"{target}.ip", (f"{side}_ip",)),
        Line(f"{target}.port", (f"{side}_port",)),
        Line(f"{target}.bytes", (f"bytes_{side}",), note="Payload octets."),
        Line(f"{target}.packets", (f"segments_{side}",)),
    )


def _certificate(side: str) -> tuple[Line, ...]:
    ours, theirs = f"tls.{side}_certificate", f"tls.{side}"
    return (
        Line(f"{theirs}.subject", (f"{ours}.subject",)),
        Line(f"{theirs}.issuer", (f"{ours}.issuer",)),
        Line(f"{theirs}.not_before", (f"{ours}.not_before",)),
        Line(f"{theirs}.not_after", (f"{ours}.not_after",)),
        Line(f"{theirs}.hash.sha256", (f"{ours}.sha256",), words.upper),
        Line(f"{theirs}.hash.sha1", (f"{ours}_sha1",), words.upper),
        Line(f"{theirs}.x509.serial_number", (f"{ours}.serial",)),
        Line(f"{theirs}.x509.subject.distinguished_name", (f"{ours}.subject",)),
        Line(f"{theirs}.x509.issuer.distinguished_name", (f"{ours}.issuer",)),
        Line(f"{theirs}.x509.not_before", (f"{ours}.not_before",)),
        Line(f"{theirs}.x509.not_after", (f"{ours}.not_after",)),
        Line(f"{theirs}.x509.public_key_algorithm", (f"{ours}.key_type",)),
        Line(f"{theirs}.x509.public_key_size", (f"{ours}.key_bits",)),
        Line(f"{theirs}.x509.signature_algorithm", (f"{ours}.signature_algorithm",)),
    )


_DOCUMENT = (
    Line("@timestamp", ("start",)),
    Line("ecs.version", (), words.always(VERSION)),
    Line("event.kind", (), words.always("event")),
    Line("event.category", (), words.always(["network"])),
    Line("event.type", ("protocol", "closed"), words.ecs_types),
    Line("event.module", (), words.always("zertap")),
    Line("event.dataset", (), words.always("zertap.connection")),
    Line("event.id", ("uid",)),
    Line("event.start", ("start",)),
    Line("event.end", ("end",)),
    Line("event.duration", ("duration",), words.nanoseconds),
    Line("event.outcome", ("verdict",), words.outcome),
    Line("event.reason", ("reason",)),
    *_end("source", "client"),
    *_end("destination", "server"),
    Line("destination.domain", ("tls.sni",)),
    Line("network.transport", (), words.always("tcp")),
    Line("network.type", ("client_ip",), words.address_family),
    Line("network.protocol", ("protocol",), words.has_protocol),
    Line("network.community_id", ("community_id",)),
    Line("network.bytes", ("bytes_client", "bytes_server"), words.total, note="Payload octets."),
    Line("network.packets", ("segments_client", "segments_server"), words.total),
    Line("related.ip", ("client_ip", "server_ip"), words.both),
    Line("related.hosts", ("tls.sni",), words.only),
    Line("tls.version", ("tls.version",), words.version_number),
    Line("tls.version_protocol", ("tls.version",), words.version_protocol),
    Line("tls.cipher", ("tls.cipher_name", "tls.cipher"), words.known_name),
    Line("tls.curve", ("tls.group",)),
    Line("tls.next_protocol", ("tls.alpn",), words.lower),
    Line("tls.resumed", ("tls.resumed",)),
    Line("tls.established", ("verdict", "protocol"), words.tls_succeeded),
    Line("tls.client.server_name", ("tls.sni",)),
    Line("tls.client.ja3", ("tls.ja3",)),
    Line("tls.server.ja3s", ("tls.ja3s",)),
    *_certificate("server"),
    *_certificate("client"),
    Line("zertap.verdict", ("verdict",)),
    Line("zertap.gave_up", ("gave_up",)),
    Line("zertap.flags", ("flags",), words.unless_empty),
    Line("zertap.closed", ("closed",)),
    Line("zertap.upgrade", ("upgrade",)),
    Line("zertap.tls.ja4", ("tls.ja4",)),
    Line("zertap.ssh.version", ("ssh.version",)),
    Line("zertap.ssh.client", ("ssh.client_banner",)),
    Line("zertap.ssh.server", ("ssh.server_banner",)),
    Line("zertap.ssh.kex", ("ssh.kex",)),
    Line("zertap.ssh.host_key", ("ssh.host_key",)),
    Line("zertap.ssh.cipher", ("ssh.cipher_c2s", "ssh.cipher_s2c"), words.both_ways),
    Line("zertap.ssh.mac", ("ssh.mac_c2s", "ssh.mac_s2c"), words.both_ways),
    Line("zertap.ssh.hassh", ("ssh.hassh",)),
    Line("zertap.ssh.hassh_server", ("ssh.hassh_server",)),
)

ECS = Shape(
    name="ecs",
    title=f"Elastic Common Schema {VERSION}",
    nested=True,
    records=(Record("connection", None, _DOCUMENT),),
    source="https://github.com/elastic/ecs/tree/v8.17.0/schemas",
)
"""Connections as ECS documents."""
