"""Throw-away keys and certificates, made at run time outside the repository and never kept."""

from __future__ import annotations

import atexit
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .network import run_text

HOME = Path(tempfile.mkdtemp(prefix="zertap-keys-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
KEYS = {
    "rsa": ["-newkey", "rsa:2048"],
    "ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "ed25519": ["-newkey", "ed25519"],
    "rsapss": ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"],
}


@dataclass(frozen=True)
class Identity:
    """A certificate, its key, and the file of the authority that signed it."""

    name: str
    certificate: Path
    key: Path
    authority: Path

    def facts(self) -> dict[str, object]:
        """What ``openssl x509`` says of the certificate, in the words of the connection schema."""
        text = run_text(
            [
                "openssl",
                "x509",
                "-in",
                self.certificate,
                "-noout",
                "-serial",
                "-startdate",
                "-enddate",
                "-dateopt",
                "iso_8601",
                "-subject",
                "-issuer",
                "-nameopt",
                "RFC2253",
                "-fingerprint",
                "-sha256",
            ]
        )
        said = dict(line.split("=", 1) for line in text.splitlines())
        until = said["notAfter"].replace(" ", "T")
        return {
            "serial": said["serial"],
            "not_before": said["notBefore"].replace(" ", "T"),
            "not_after": until,
            "not_after_type": "generalized" if until >= "2050" else "utc",
            "subject": said["subject"],
            "issuer": said["issuer"],
            "sha256": said["sha256 Fingerprint"].replace(":", "").lower(),
        }


@cache
def authority(name: str = "zertap test authority") -> Identity:
    """A self-signed authority."""
    stem = HOME / name.replace(" ", "-")
    certificate, key = stem.with_suffix(".ca.pem"), stem.with_suffix(".ca.key")
    run_text(
        [
            "openssl",
            "req",
            "-x509",
            *KEYS["ec"],
            "-nodes",
            "-keyout",
            key,
            "-out",
            certificate,
            "-days",
            "730",
            "-subj",
            f"/O=zertap/CN={name}",
        ]
    )
    return Identity(name, certificate, key, certificate)


@cache
def issue(
    name: str,
    kind: str = "rsa",
    *,
    by: Identity | None = None,
    serial_octets: int = 16,
    days: int = 365,
    until: str | None = None,
    sign: tuple[str, ...] = (),
    filler: int = 0,
    purpose: str | None = None,
) -> Identity:
    """A certificate for *name*.

    *until*: notAfter as YYYYMMDDhhmmssZ instead of *days*. *filler*: so many further alternative names,
    to make it longer than one segment. *purpose*: extendedKeyUsage.
    """
    signer = by or authority()
    stem = HOME / f"{name}-{kind}-{secrets.token_hex(4)}"
    request, key, certificate, extensions = (
        stem.with_name(stem.name + end) for end in (".csr", ".key", ".pem", ".ext")
    )
    run_text(
        ["openssl", "req", *KEYS[kind], "-nodes", "-keyout", key, "-out", request, "-subj", f"/O=zertap/CN={name}"]
    )
    # First octet 0x10-0x7f: the number has exactly so many octets in DER.
    serial = f"{secrets.randbelow(0x70) + 0x10:02X}" + secrets.token_hex(serial_octets - 1).upper()
    names = ",".join([f"DNS:{name}"] + [f"DNS:filler-{n:03}.{name}" for n in range(filler)])
    usage = f"extendedKeyUsage={purpose}\n" if purpose else ""
    extensions.write_text(f"subjectAltName={names}\n{usage}")
    if until:
        _sign_until(signer, request, certificate, serial, until, extensions)
    else:
        run_text(
            [
                "openssl",
                "x509",
                "-req",
                "-in",
                request,
                "-CA",
                signer.certificate,
                "-CAkey",
                signer.key,
                "-days",
                str(days),
                "-set_serial",
                f"0x{serial}",
                "-extfile",
                extensions,
                "-out",
                certificate,
                *sign,
            ]
        )
    return Identity(name, certificate, key, signer.certificate)


def _sign_until(signer: Identity, request: Path, certificate: Path, serial: str, until: str, extensions: Path) -> None:
    """``openssl x509`` of version 3.0 cannot set notAfter; ``openssl ca`` can."""
    home = Path(tempfile.mkdtemp(dir=HOME))
    (home / "index.txt").touch()
    (home / "serial").write_text(serial + "\n")
    config = home / "ca.cnf"
    config.write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={home}/index.txt\nserial={home}/serial\nnew_certs_dir={home}\n"
        "default_md=sha256\npolicy=p\n[p]\norganizationName=optional\ncommonName=supplied\n"
    )
    run_text(
        [
            "openssl",
            "ca",
            "-config",
            config,
            "-batch",
            "-notext",
            "-cert",
            signer.certificate,
            "-keyfile",
            signer.key,
            "-in",
            request,
            "-out",
            certificate,
            "-startdate",
            "20200101000000Z",
            "-enddate",
            until,
            "-extfile",
            extensions,
        ]
    )
