"""Asks tshark: its defaults, two passes, segments that came out of order put in order."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from truth.facts import Connection, end, ends

NAME = "tshark"
COMMAND = ("tshark", "-n", "-2", "-o", "tcp.reassemble_out_of_order:TRUE")
FIELDS = (
    "tcp.stream",
    "ip.src",
    "ipv6.src",
    "ip.dst",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "frame.protocols",
    "tls.record.content_type",
    "tls.record.opaque_type",
    "tls.handshake.type",
    "tls.handshake.version",
    "tls.handshake.ciphersuite",
    "tls.handshake.extensions.supported_version",
    "tls.handshake.extensions_server_name",
    "x509af.serialNumber",
    "ssh.message_code",
)
CLIENT_HELLO, SERVER_HELLO, CERTIFICATE, NEWKEYS = "1", "2", "11", "21"
Line = dict[str, list[str]]


def version() -> str:
    """As the first line of ``tshark --version`` says."""
    told = subprocess.run([NAME, "--version"], capture_output=True, text=True, check=True).stdout
    return told.splitlines()[0].split()[2].rstrip(".")


def ask(capture: Path) -> list[Connection]:
    """Every TCP connection in order of its first packet. Raises ``CalledProcessError`` if tshark read nothing."""
    streams: dict[str, Connection] = {}
    for line in _lines(capture):
        sides = [((line[f"ip.{way}"] or line[f"ipv6.{way}"])[-1], line[f"tcp.{way}port"][-1]) for way in ("src", "dst")]
        stream = line["tcp.stream"][-1]
        known = streams.setdefault(stream, Connection(ends(*sides), _nothing()))
        _take(known.said, "a" if known.ends[0] == end(*sides[0]) else "b", line)
    return list(streams.values())


def _lines(capture: Path) -> Iterator[Line]:
    """One line a frame; a field's values as a list. Behind a tunnel the last address is the innermost."""
    wanted = [word for name in FIELDS for word in ("-e", name)]
    shape = ["-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|", *wanted]
    done = subprocess.run(
        [*COMMAND, "-r", str(capture), "-Y", "tcp", *shape], capture_output=True, text=True, check=False
    )
    if done.returncode and not done.stdout:
        raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
    for text in done.stdout.splitlines():
        yield {
            name: [part for part in value.split("|") if part]
            for name, value in zip(FIELDS, text.split("\t"), strict=True)
        }


def _nothing() -> dict[str, Any]:
    return {
        "seen": [],
        "dissected": [],
        "version": None,
        "cipher": None,
        "server_name": None,
        "serial": None,
        "records": {"a": [], "b": []},
        "newkeys": [],
    }


def _take(said: dict[str, Any], side: str, line: Line) -> None:
    said["seen"] = sorted({*said["seen"], side})
    layers = line["frame.protocols"][-1].split(":")
    said["dissected"] = sorted({*said["dissected"], *(name for name in ("tls", "ssh") if name in layers)})
    records = {*line["tls.record.content_type"], *line["tls.record.opaque_type"]}
    said["records"][side] = sorted({*said["records"][side], *records}, key=int)
    kinds = line["tls.handshake.type"]
    if CLIENT_HELLO in kinds and line["tls.handshake.extensions_server_name"]:
        said["server_name"] = line["tls.handshake.extensions_server_name"][0]
    if SERVER_HELLO in kinds:
        chosen = line["tls.handshake.extensions.supported_version"] or line["tls.handshake.version"]
        said["version"] = chosen[-1] if chosen else said["version"]
        said["cipher"] = (line["tls.handshake.ciphersuite"] or [said["cipher"]])[-1]
    if CERTIFICATE in kinds and line["x509af.serialNumber"] and said["serial"] is None:
        said["serial"] = line["x509af.serialNumber"][0]
    if NEWKEYS in line["ssh.message_code"]:
        said["newkeys"] = sorted({*said["newkeys"], side})
