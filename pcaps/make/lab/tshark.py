"""The second opinion: what tshark reads in a finished capture.

TCP facts (endpoints, octets, how it closed) are taken from here; TLS and SSH facts are only compared
with what the programs said. tshark is not zertap: an error of ours cannot agree with itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .network import LabError, run_text

Facts = dict[str, Any]
TLS_PORTS = (443, 7777, 4433, 8443, 9993, 21, 25, 990)
FIELDS = (
    "frame.number",
    "frame.protocols",
    "tcp.stream",
    "ip.src",
    "ipv6.src",
    "ip.dst",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "tcp.len",
    "tcp.seq",
    "tcp.ack",
    "tls.handshake.type",
    "tls.handshake.version",
    "tls.handshake.ciphersuite",
    "tls.handshake.extensions.supported_version",
    "tls.handshake.extensions_key_share_group",
    "tls.handshake.extensions_key_share_selected_group",
    "tls.handshake.server_named_curve",
    "tls.handshake.extensions_server_name",
    "x509af.serialNumber",
    "tls.alert_message.level",
    "tls.alert_message.desc",
    "ssh.protocol",
    "ssh.kex_algorithms",
    "ssh.server_host_key_algorithms",
    "ssh.encryption_algorithms_client_to_server",
    "ssh.encryption_algorithms_server_to_client",
    "ssh.mac_algorithms_client_to_server",
    "ssh.mac_algorithms_server_to_client",
    "ssh.compression_algorithms_client_to_server",
    "ssh.compression_algorithms_server_to_client",
    "ssh.message_code",
)
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
VERSIONS = {0x0300: "SSLv3", 0x0301: "TLSv1.0", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}
ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}


@dataclass
class Connection:
    """One TCP connection as tshark shows it."""

    first_packet: int
    client: tuple[str, int]
    server: tuple[str, int]
    closed: str | None = "open"
    spans: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: {"client": [], "server": []})
    tls: Facts = field(default_factory=dict)
    alerts: list[tuple[str, str, str]] = field(default_factory=list)
    ssh: dict[str, Facts] = field(default_factory=lambda: {"client": {}, "server": {}})
    speakers: set[tuple[str, int]] = field(default_factory=set)
    first_to_close: str | None = None
    _fins: dict[str, int] = field(default_factory=dict)

    def tcp(self) -> Facts:
        """The TCP facts, in the words of the schema."""
        if any(len(_merged(spans)) > 1 for spans in self.spans.values()):
            raise LabError(f"octets are missing between {self.client} and {self.server}")
        sums = {side: sum(b - a for a, b in _merged(spans)) for side, spans in self.spans.items()}
        return {
            "client_ip": self.client[0],
            "client_port": self.client[1],
            "server_ip": self.server[0],
            "server_port": self.server[1],
            "closed": self.closed if len(self.speakers) == 2 else None,
            "bytes_client": sums["client"],
            "bytes_server": sums["server"],
        }

    def take(self, side: str, row: Facts) -> None:
        """Adds one segment."""
        flags, seq, length = int(row["tcp.flags"], 16), int(row["tcp.seq"]), int(row["tcp.len"])
        if flags & SYN:
            seq += 1  # the SYN has a number of its own
        if length:
            self.spans[side].append((seq, seq + length))
        self._follow_end(side, flags, seq + length, int(row["tcp.ack"] or 0))
        self._take_tls(side, row)
        self._take_ssh(side, row)

    def _follow_end(self, side: str, flags: int, end: int, ack: int) -> None:
        if self.closed in ("fin", "rst"):
            return
        if flags & (FIN | RST):
            self.first_to_close = self.first_to_close or side
        if flags & RST:
            # Both sides have closed and one answers the other's FIN with a RST: either word is right.
            self.closed = None if len(self._fins) == 2 else "rst"
        elif flags & FIN:
            self._fins.setdefault(side, end)
        if self.closed == "open" and len(self._fins) == 2:
            other = "server" if side == "client" else "client"
            last = list(self._fins)[-1]
            if other == last and flags & ACK and ack > self._fins[other]:
                self.closed = "fin"

    def _take_tls(self, side: str, row: Facts) -> None:
        types = [int(t) for t in _list(row["tls.handshake.type"])]
        if 1 in types and row["tls.handshake.extensions_server_name"]:
            self.tls["sni"] = _list(row["tls.handshake.extensions_server_name"])[0]
        if 2 in types:
            self.tls["cipher"] = f"{int(_list(row['tls.handshake.ciphersuite'])[-1], 0):04X}"
            chosen = _list(row["tls.handshake.extensions.supported_version"]) or _list(row["tls.handshake.version"])
            self.tls["version"] = VERSIONS.get(int(chosen[-1], 0))
            share = _list(row["tls.handshake.extensions_key_share_group"])
            if share:
                self.tls["group_id"] = int(share[-1], 0)
        if 12 in types and row["tls.handshake.server_named_curve"]:
            self.tls["group_id"] = int(_list(row["tls.handshake.server_named_curve"])[-1], 0)
        if 11 in types and row["x509af.serialNumber"]:
            serial = _list(row["x509af.serialNumber"])[0].removeprefix("0x").replace(":", "").upper()
            self.tls.setdefault(f"{side}_certificate", serial)
        levels = _list(row["tls.alert_message.level"])
        for level, description in zip(levels, _list(row["tls.alert_message.desc"]), strict=False):
            self.alerts.append((side, "fatal" if level == "2" else "warning", ALERTS[int(description)]))

    def _take_ssh(self, side: str, row: Facts) -> None:
        facts = self.ssh[side]
        if row["ssh.protocol"]:
            facts.setdefault("banner", row["ssh.protocol"].rstrip("\r\n").replace("\\r", "").replace("\\n", ""))
        if row["ssh.kex_algorithms"]:
            for name in FIELDS:
                if "_algorithms" in name:
                    facts.setdefault(name, row[name].split(","))
        if "21" in _list(row["ssh.message_code"]):
            facts["newkeys"] = True


def _list(text: str) -> list[str]:
    return [part for part in (text or "").split("|") if part]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def connections(capture: Path) -> list[Connection]:
    """Every TCP connection of a capture, in order of its first packet."""
    argv = [
        "tshark",
        "-n",
        "-2",
        "-r",
        str(capture),
        "-Y",
        "tcp",
        "-T",
        "fields",
        "-E",
        "separator=/t",
        "-E",
        "occurrence=a",
        "-E",
        "aggregator=|",
    ]
    for port in TLS_PORTS:
        argv += ["-d", f"tcp.port=={port},tls"] if port not in (25, 21) else []
    argv += [
        "-d",
        "tcp.port==2222,ssh",
        "-o",
        "tls.desegment_ssl_records:TRUE",
        "-o",
        "tcp.desegment_tcp_streams:TRUE",
        "-o",
        "tcp.reassemble_out_of_order:TRUE",
    ]
    for name in FIELDS:
        argv += ["-e", name]
    streams: dict[str, Connection] = {}
    for line in run_text(argv).splitlines():
        row = dict(zip(FIELDS, line.split("\t"), strict=True))
        # In a tunnel the last address is the innermost.
        inner = [layer for layer in row["frame.protocols"].split(":") if layer in ("ip", "ipv6")][-1]
        source = (_list(row[f"{inner}.src"])[-1], int(row["tcp.srcport"]))
        target = (_list(row[f"{inner}.dst"])[-1], int(row["tcp.dstport"]))
        known = streams.get(row["tcp.stream"])
        if known is None:
            flags = int(row["tcp.flags"], 16)
            if not flags & SYN:
                raise LabError(f"{capture.name}: a connection without its SYN")
            ends = (target, source) if flags & ACK else (source, target)
            known = streams[row["tcp.stream"]] = Connection(int(row["frame.number"]), *ends)
        known.speakers.add(source)
        known.take("client" if source == known.client else "server", row)
    return list(streams.values())


def differences(row: Facts, seen: Connection) -> list[str]:
    """Keys in which the programs and tshark disagree: ``key: said / seen``."""
    found: list[str] = []

    def compare(key: str, said: object, read: object) -> None:
        if said != read:
            found.append(f"{key}: programs say {said}, tshark reads {read}")

    tls = row.get("tls") or {}
    for key in ("version", "cipher", "group_id", "sni"):
        if key in tls:
            compare(f"tls.{key}", tls[key], seen.tls.get(key))
    for key in ("server_certificate", "client_certificate"):
        if key in tls:
            compare(f"tls.{key}", (tls[key] or {}).get("serial"), seen.tls.get(key))
    if "alerts" in tls:
        compare("tls.alerts", [(a["from"], a["level"], a["description"]) for a in tls["alerts"]], seen.alerts)
    if row["protocol"] == "ssh":
        _compare_ssh(row, seen, compare)
    return found


def _compare_ssh(row: Facts, seen: Connection, compare: Any) -> None:
    ssh, client, server = row["ssh"], seen.ssh["client"], seen.ssh["server"]
    for key, side in (("client_banner", client), ("server_banner", server)):
        if key in ssh:
            compare(f"ssh.{key}", ssh[key], side.get("banner"))
    if row["verdict"] == "protected":
        compare("ssh newkeys", (True, True), (client.get("newkeys"), server.get("newkeys")))
    for key, name in (
        ("kex", "ssh.kex_algorithms"),
        ("host_key", "ssh.server_host_key_algorithms"),
        ("cipher_c2s", "ssh.encryption_algorithms_client_to_server"),
        ("cipher_s2c", "ssh.encryption_algorithms_server_to_client"),
        ("mac_c2s", "ssh.mac_algorithms_client_to_server"),
        ("mac_s2c", "ssh.mac_algorithms_server_to_client"),
        ("compression_c2s", "ssh.compression_algorithms_client_to_server"),
        ("compression_s2c", "ssh.compression_algorithms_server_to_client"),
    ):
        if key in ssh and ssh[key] != "implicit":
            pseudo = ("ext-info-", "kex-strict-")
            both = [a for a in client.get(name, []) if a in server.get(name, []) and not a.startswith(pseudo)]
            compare(f"ssh.{key}", ssh[key], both[0] if both else None)


def pretty(rows: list[Facts]) -> str:
    """Rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)
