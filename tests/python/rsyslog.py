"""A real rsyslogd for tests: it receives by every way there is, and writes what it understood of each message."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

MODULES = Path("/usr/lib/x86_64-linux-gnu/rsyslog")
MISSING = None if shutil.which("rsyslogd") else "rsyslogd is not installed (apt-get install rsyslog rsyslog-gnutls)"
MISSING_TLS = MISSING or (
    None if list(MODULES.parent.parent.glob("*/rsyslog/lmnsd_gtls.so")) else "rsyslog-gnutls is not installed"
)


@dataclass(frozen=True)
class Rsyslog:
    """A running one."""

    udp: int
    tcp: int
    tls: int
    local: Path
    authorities: Path
    written: Path

    def messages(self, number: int) -> list[dict[str, Any]]:
        """What it understood, when so many messages have come."""
        until = time.monotonic() + 20
        while True:
            lines = self.written.read_bytes().splitlines() if self.written.exists() else []
            if len(lines) >= number or time.monotonic() > until:
                return [msgspec.json.decode(line) for line in lines]
            time.sleep(0.05)


@contextmanager
def rsyslog(folder: Path, *, tls: bool = False) -> Iterator[Rsyslog]:
    """Starts one; stops it at the end."""
    authorities = folder / "ca.pem"
    if tls:
        certificates(folder)
    found = Rsyslog(
        free_port(socket.SOCK_DGRAM), free_port(), free_port(), folder / "log", authorities, folder / "written"
    )
    (folder / "rsyslog.conf").write_text(_configuration(found, folder, tls=tls))
    command = ["rsyslogd", "-n", "-f", str(folder / "rsyslog.conf"), "-i", str(folder / "pid")]
    with (folder / "complaints").open("wb") as complaints:
        process = subprocess.Popen(command, stdout=complaints, stderr=complaints)
    try:
        until = time.monotonic() + 15
        while not found.local.exists() or not listens(found.tcp):
            assert process.poll() is None, (folder / "complaints").read_text()
            assert time.monotonic() < until, (folder / "complaints").read_text()
            time.sleep(0.05)
        yield found
    finally:
        process.terminate()
        process.wait(20)


def _configuration(found: Rsyslog, folder: Path, *, tls: bool) -> str:
    lines = [
        f'global(workDirectory="{folder}" maxMessageSize="16k")',
        'module(load="imudp") module(load="imtcp") module(load="imuxsock" SysSock.Use="off")',
        f'input(type="imudp" address="127.0.0.1" port="{found.udp}")',
        f'input(type="imtcp" address="127.0.0.1" port="{found.tcp}")',
        f'input(type="imuxsock" Socket="{found.local}" UseSpecialParser="off" ParseHostname="on"',
        'IgnoreTimestamp="off")',
        'template(name="understood" type="list" option.jsonf="on") {',
        *(
            f'property(outname="{name}" name="{source}" format="jsonf")'
            for name, source in (
                ("facility", "syslogfacility-text"),
                ("severity", "syslogseverity"),
                ("data", "structured-data"),
                ("app", "app-name"),
                ("msgid", "msgid"),
                ("procid", "procid"),
                ("host", "hostname"),
                ("version", "protocol-version"),
                ("msg", "msg"),
                ("input", "inputname"),
            )
        ),
        'property(outname="at" name="timereported" dateFormat="rfc3339" format="jsonf")',
        "}",
        f'action(type="omfile" file="{found.written}" template="understood")',
    ]
    if tls:
        anybody = 'StreamDriver.AuthMode="anon"'
        lines[0] = (
            f'global(workDirectory="{folder}" maxMessageSize="16k" DefaultNetstreamDriver="gtls" '
            f'DefaultNetstreamDriverCAFile="{folder}/ca.pem" DefaultNetstreamDriverCertFile="{folder}/server.pem" '
            f'DefaultNetstreamDriverKeyFile="{folder}/server.key")'
        )
        lines[3:4] = [
            f'input(type="imtcp" port="{found.tcp}" StreamDriver.Name="ptcp" StreamDriver.Mode="0")',
            f'input(type="imtcp" port="{found.tls}" StreamDriver.Name="gtls" StreamDriver.Mode="1" {anybody})',
        ]
    return "\n".join(lines) + "\n"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody has at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def certificates(folder: Path) -> None:
    """An authority, and a server ``localhost`` that it vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("authority", "localhost")]
    now = datetime.now(UTC)
    for number, name in enumerate(("ca", "server")):
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[number])
            .issuer_name(names[0])
            .public_key(keys[number].public_key())
            .serial_number(number + 1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=number == 0, path_length=None), critical=True)
        )
        if number:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        made = builder.sign(keys[0], hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        keys[1].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
