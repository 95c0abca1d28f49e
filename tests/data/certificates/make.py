"""Makes the certificates of this folder, and what OpenSSL says of each.

Run: ``python make.py`` with ``cryptography`` (50 or later, for ML-DSA) and the ``openssl`` command. Keys are made, used
and dropped; only certificates are written. What OpenSSL cannot read (ML-DSA before 3.5) is asked of ``cryptography``.
"""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier

HERE = Path(__file__).parent
UTC = dt.UTC
PLAIN = x509.Name(
    [x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"), x509.NameAttribute(NameOID.COMMON_NAME, "plain.example")]
)
AWKWARD = x509.Name(
    [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, " edges "),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "#hash"),
        x509.NameAttribute(NameOID.LOCALITY_NAME, "Zürich"),
        x509.NameAttribute(NameOID.COMMON_NAME, 'a,b+c"d\\e;f<g>h=i#j'),
    ]
)
TYPES = x509.Name(
    [
        x509.RelativeDistinguishedName(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, "Łódź", _type=_ASN1Type.BMPString),
                x509.NameAttribute(NameOID.USER_ID, "u1"),
            ]
        ),
        x509.RelativeDistinguishedName([x509.NameAttribute(ObjectIdentifier("1.3.6.1.4.1.99999.1"), "secret garden")]),
        x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.EMAIL_ADDRESS, "a@example.org")]),
        x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "example")]),
    ]
)


def certificate(
    key: Any,
    subject: x509.Name,
    issuer: x509.Name,
    *,
    serial: int = 4096,
    until: dt.datetime = dt.datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC),
    digest: hashes.HashAlgorithm | None = None,
    **how: Any,
) -> x509.Certificate:
    """A certificate for *key*, signed by itself."""
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=serial,
        not_valid_before=dt.datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC),
        not_valid_after=until,
    )
    return builder.sign(key, digest, **how)


def told(name: str, cert: x509.Certificate) -> str:
    """The facts that the test compares, one ``word=value`` a line, as OpenSSL tells them."""
    der = cert.public_bytes(serialization.Encoding.DER)

    def ask(*words: str) -> str:
        command = ["openssl", "x509", "-inform", "DER", "-noout", "-nameopt", "RFC2253,utf8,-esc_msb", *words]
        return subprocess.run(command, input=der, capture_output=True, check=True).stdout.decode().rstrip("\n")

    text = ask("-text")
    key_line = next((line.strip() for line in text.splitlines() if "Public-Key: (" in line), "(0")
    return "\n".join(
        [
            ask("-serial"),
            ask("-subject"),
            ask("-issuer"),
            f"not_before={int(cert.not_valid_before_utc.timestamp())}",
            f"not_after={int(cert.not_valid_after_utc.timestamp())}",
            "sha256=" + ask("-fingerprint", "-sha256").split("=")[1].replace(":", "").lower(),
            "signature_oid=" + cert.signature_algorithm_oid.dotted_string,
            "openssl_key_bits=" + key_line.split("(")[1].split(" ")[0],
        ]
    )


def main() -> None:
    """Writes every certificate and its text."""
    rsa_key = rsa.generate_private_key(65537, 2048)
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), padding.PSS.DIGEST_LENGTH)
    odd_key = rsa.generate_private_key(65537, 1025)  # noqa: S505  (an odd size is the point)
    made = {
        "rsa-2048": certificate(rsa_key, AWKWARD, PLAIN, digest=hashes.SHA256()),
        "rsa-1025-sha512": certificate(odd_key, PLAIN, PLAIN, digest=hashes.SHA512()),
        "rsa-signed-pss": certificate(rsa_key, PLAIN, TYPES, digest=hashes.SHA384(), rsa_padding=pss),
        "ec-p256-long-serial": certificate(
            ec.generate_private_key(ec.SECP256R1()),
            TYPES,
            AWKWARD,
            serial=(0x7F << 152) | 0xABCDEF,
            digest=hashes.SHA256(),
        ),
        "ec-p521-generalized": certificate(
            ec.generate_private_key(ec.SECP521R1()),
            PLAIN,
            PLAIN,
            serial=0xFF00,
            until=dt.datetime(2061, 3, 4, 5, 6, 7, tzinfo=UTC),
            digest=hashes.SHA512(),
        ),
        "ed25519-no-subject": certificate(ed25519.Ed25519PrivateKey.generate(), x509.Name([]), PLAIN),
        "ed448": certificate(ed448.Ed448PrivateKey.generate(), PLAIN, PLAIN),
        "dsa-2048": certificate(dsa.generate_private_key(2048), PLAIN, PLAIN, digest=hashes.SHA256()),
        "ml-dsa-65": certificate(mldsa.MLDSA65PrivateKey.generate(), PLAIN, PLAIN),
    }
    for name, cert in made.items():
        (HERE / f"{name}.der").write_bytes(cert.public_bytes(serialization.Encoding.DER))
        (HERE / f"{name}.txt").write_text(told(name, cert) + "\n", encoding="utf-8")
    pss_key()


def pss_key() -> None:
    """A certificate whose key itself is restricted to RSA-PSS, which only OpenSSL makes."""
    make = "openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048"
    key = subprocess.run(make.split(), capture_output=True, check=True).stdout
    command = [
        "openssl",
        "req",
        "-x509",
        "-new",
        "-key",
        "/dev/stdin",
        "-sha256",
        "-days",
        "9000",
        "-subj",
        "/CN=pss",
        "-outform",
        "DER",
    ]
    der = subprocess.run(command, input=key, capture_output=True, check=True).stdout
    (HERE / "rsa-pss-key.der").write_bytes(der)
    (HERE / "rsa-pss-key.txt").write_text(
        told("rsa-pss-key", x509.load_der_x509_certificate(der)) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
