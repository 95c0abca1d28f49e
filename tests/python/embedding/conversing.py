"""Real TLS between two of Python's ``ssl`` objects, octet by octet in our hands, and a tap that sees the streams."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import zertap

CLIENT, SERVER = ("192.0.2.1", 50000), ("192.0.2.2", 443)


@dataclass
class Identity:
    """A self-signed certificate with its key."""

    certificate: Path
    key: Path

    @property
    def der(self) -> bytes:
        return ssl.PEM_cert_to_DER_cert(self.certificate.read_text())


def identity(folder: Path, name: str) -> Identity:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed: no certificates can be made")
    made = Identity(folder / f"{name}.pem", folder / f"{name}.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
        + ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
        + ["-keyout", str(made.key), "-out", str(made.certificate)],
        check=True,
        capture_output=True,
    )
    return made


def server_context(own: Identity, version: ssl.TLSVersion, client: Identity | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(own.certificate, own.key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    if client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client.certificate)
    return context


def client_context(trusted: Identity, own: Identity | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(trusted.certificate))
    context.set_alpn_protocols(["http/1.1"])
    if own:
        context.load_cert_chain(own.certificate, own.key)
    return context


@dataclass
class Line:
    """Two ends of TLS, joined by memory; what crosses is pushed into a tap."""

    tap: zertap.Tap
    client_context: ssl.SSLContext
    server_context: ssl.SSLContext
    session: ssl.SSLSession | None = None
    now: int = 1
    preamble: tuple[tuple[str, bytes], ...] = ()
    failures: dict[str, ssl.SSLError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name = self.tap.open_stream(self.now, CLIENT, SERVER)
        self.into = {way: ssl.MemoryBIO() for way in ("client", "server")}
        self.out = {way: ssl.MemoryBIO() for way in ("client", "server")}
        self.ends = {
            "client": self.client_context.wrap_bio(
                self.into["client"], self.out["client"], server_hostname="server.test", session=self.session
            ),
            "server": self.server_context.wrap_bio(self.into["server"], self.out["server"], server_side=True),
        }
        for way, octets in self.preamble:
            self.push(way, octets)

    def push(self, way: str, octets: bytes) -> None:
        self.now += 1_000
        self.tap.push_stream(self.name, way, octets, self.now)  # type: ignore[arg-type]

    def pass_on(self) -> bool:
        """What both ends have written reaches the other; whether there was any."""
        moved = False
        for way, other in (("client", "server"), ("server", "client")):
            if octets := self.out[way].read():
                moved = True
                self.push(way, octets)
                self.into[other].write(octets)
        return moved

    def shake_hands(self) -> Line:
        """Until both ends are done, or one has failed and its alert has arrived."""
        left = {"client", "server"}
        while left:
            for way in sorted(left):
                try:
                    self.ends[way].do_handshake()
                    left.discard(way)
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError as failure:
                    self.failures[way] = failure
                    left.discard(way)
                self.pass_on()
            if self.failures and not self.pass_on():
                break
        while self.pass_on():
            pass
        return self

    def exchange(self) -> Line:
        """A request and its answer; a client meets a session ticket with them."""
        self.ends["client"].write(b"ping")
        self.pass_on()
        self.ends["server"].read()
        self.ends["server"].write(b"pong")
        self.pass_on()
        self.ends["client"].read()
        return self

    def close(self) -> zertap.Connection:
        """Both sides close; the row."""
        self.tap.end_stream(self.name, "client", self.now + 1)
        self.tap.end_stream(self.name, "server", self.now + 2)
        rows = [each for each in self.tap.drain() if each.connection is not None]
        return rows[-1]
