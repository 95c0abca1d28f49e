"""One connection for each kind of version, suite, key exchange and certificate that OpenSSL can speak."""

from __future__ import annotations

from pathlib import Path

from lab import facts, openssl
from lab.identity import HOME, Identity, authority, issue
from lab.network import LabError, Network, run_text
from lab.openssl import NAME, expect
from lab.scenario import Row, scenario

SSL = ("OpenSSL",)
WEAK = "@SECLEVEL=0"


def _visible(text: str, who: Identity | None, sni: str = NAME) -> Row:
    shown = facts.leaf(who) if who else None
    return facts.tls_row({**facts.openssl_client(text), "sni": sni, "alpn": None, "server_certificate": shown})


def _suite(
    name: str,
    shows: str,
    suite: str,
    *options: str,
    certificate: str | None = "rsa",
    version: str = "-tls1_2",
    both: tuple[str, ...] = (),
    cases: tuple[str, ...] = ("TLS-08",),
    differs: tuple[str, ...] = (),
) -> None:
    """Registers a scenario in which both sides allow one suite alone."""

    @scenario(name, shows, cases=cases, programs=SSL, differs=differs)
    def play(lab: Network) -> list[Row]:
        who = issue(NAME, certificate) if certificate else None
        bare = () if who else ("-nocert",)
        openssl.server(lab, version, "-cipher", suite + ":" + WEAK, *bare, *both, identity=who)
        text = openssl.client(lab, version, "-cipher", suite + ":" + WEAK, *both, *options)
        expect(text, f"New, [^,]+, Cipher is {suite}")
        return [_visible(text, who)]


_suite(
    "tls10-full",
    "TLS 1.0, ECDHE-RSA with AES-256-CBC",
    "ECDHE-RSA-AES256-SHA",
    version="-tls1",
    cases=("TLS-08", "TLS-32"),
)
_suite(
    "tls11-full",
    "TLS 1.1, DHE-RSA with AES-128-CBC",
    "DHE-RSA-AES128-SHA",
    version="-tls1_1",
    cases=("TLS-08", "TLS-32"),
)
_suite("tls12-rsa-exchange", "TLS 1.2, RSA key exchange: no forward secrecy, no group", "AES256-GCM-SHA384")
_suite("tls12-dhe", "TLS 1.2, DHE-RSA with AES-256-GCM", "DHE-RSA-AES256-GCM-SHA384")
_suite("tls12-ccm8", "TLS 1.2, ECDHE-ECDSA with AES-128-CCM_8", "ECDHE-ECDSA-AES128-CCM8", certificate="ec")
_suite(
    "tls12-chacha20", "TLS 1.2, ECDHE-ECDSA with ChaCha20-Poly1305", "ECDHE-ECDSA-CHACHA20-POLY1305", certificate="ec"
)
_suite("tls12-null", "TLS 1.2, NULL encryption: integrity only", "ECDHE-RSA-NULL-SHA", cases=("TLS-48",))
_suite(
    "tls12-anonymous-dh",
    "TLS 1.2, anonymous DH: no certificate at all",
    "ADH-AES256-GCM-SHA384",
    certificate=None,
    cases=("TLS-43", "TLS-48"),
)
_suite(
    "tls12-anonymous-ecdh", "TLS 1.2, anonymous ECDH", "AECDH-AES256-SHA", certificate=None, cases=("TLS-43", "TLS-48")
)
_suite(
    "tls12-psk",
    "TLS 1.2, pre-shared key alone: no certificate, no group",
    "PSK-AES256-GCM-SHA384",
    certificate=None,
    both=("-psk", "0badcafe0badcafe"),
    cases=("TLS-43",),
)
_suite(
    "tls12-ecdhe-psk",
    "TLS 1.2, pre-shared key with ECDHE",
    "ECDHE-PSK-CHACHA20-POLY1305",
    certificate=None,
    both=("-psk", "0badcafe0badcafe"),
    cases=("TLS-43",),
    differs=("tls.group_id: tshark 4.0 does not read the ServerKeyExchange of ECDHE_PSK",),
)


@scenario(
    "tls12-encrypt-then-mac",
    "TLS 1.2, AES-CBC with encrypt_then_mac and extended_master_secret agreed",
    cases=("TLS-54",),
    programs=SSL,
)
def encrypt_then_mac(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_2")
    text = openssl.client(lab, "-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384", "-tlsextdebug")
    expect(text, 'TLS server extension "encrypt-then-mac"')
    expect(text, 'TLS server extension "extended master secret"')
    row = _visible(text, issue(NAME))
    row["tls"] |= {"encrypt_then_mac": True, "extended_master_secret": True}
    return [row]


@scenario(
    "tls12-max-fragment-length",
    "TLS 1.2, max_fragment_length 512 agreed: the certificate comes in several records",
    cases=("TLS-02", "TLS-44"),
    programs=SSL,
)
def fragments(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_2")
    text = openssl.client(lab, "-tls1_2", "-maxfraglen", "512", "-tlsextdebug")
    expect(text, 'TLS server extension "max fragment length"')
    return [_visible(text, issue(NAME))]


@scenario("tls12-ed25519", "TLS 1.2, Ed25519 server certificate", cases=("TLS-08",), programs=SSL)
def ed25519(lab: Network) -> list[Row]:
    return [
        _with_certificate(
            lab,
            issue("ed25519.zertap.test", "ed25519"),
            "Server public key is 253|ED25519|Peer signature type: Ed25519",
        )
    ]


@scenario("tls12-rsa-pss", "TLS 1.2, server certificate with an RSA-PSS key", cases=("TLS-08",), programs=SSL)
def rsa_pss(lab: Network) -> list[Row]:
    return [_with_certificate(lab, issue("pss.zertap.test", "rsapss"), "Peer signature type: RSA-PSS")]


@scenario(
    "tls12-serial-20", "TLS 1.2, server certificate with a serial number of 20 octets", cases=("TLS-08",), programs=SSL
)
def long_serial(lab: Network) -> list[Row]:
    return [_with_certificate(lab, issue("serial.zertap.test", "ec", serial_octets=20), "Verification: OK")]


@scenario(
    "tls12-year-2051",
    "TLS 1.2, server certificate valid until 2051: notAfter is GeneralizedTime",
    cases=("TLS-08",),
    programs=SSL,
)
def year_2051(lab: Network) -> list[Row]:
    return [_with_certificate(lab, issue("far.zertap.test", "ec", until="20510203040506Z"), "Verification: OK")]


def _with_certificate(lab: Network, who: Identity, proof: str) -> Row:
    openssl.server(lab, "-tls1_2", identity=who)
    text = openssl.client(lab)
    expect(text, proof)
    return _visible(text, who)


def _suite13(name: str, shows: str, suite: str, number: str) -> None:
    @scenario(name, shows, cases=("TLS-14",), programs=SSL)
    def play(lab: Network) -> list[Row]:
        openssl.server(lab, "-tls1_3", "-ciphersuites", suite)
        text = openssl.client(lab, "-tls1_3", "-ciphersuites", suite)
        expect(text, f"New, TLSv1.3, Cipher is {suite}")
        row = _visible(text, None)
        if row["tls"]["cipher"] != number:
            raise LabError(f"{suite} is {row['tls']['cipher']}")
        return [row]


_suite13("tls13-aes128", "TLS 1.3, AES-128-GCM: Finished record of 53 octets", "TLS_AES_128_GCM_SHA256", "1301")
_suite13("tls13-chacha20", "TLS 1.3, ChaCha20-Poly1305", "TLS_CHACHA20_POLY1305_SHA256", "1303")
_suite13(
    "tls13-ccm8", "TLS 1.3, AES-128-CCM_8: tag of 8 octets, alert record of 11", "TLS_AES_128_CCM_8_SHA256", "1305"
)


@scenario(
    "tls12-ocsp-staple",
    "TLS 1.2, a CertificateStatus message between Certificate and ServerKeyExchange",
    cases=("TLS-43",),
    programs=SSL,
)
def ocsp_staple(lab: Network) -> list[Row]:
    who = issue("stapled.zertap.test", "ec")
    openssl.server(lab, "-tls1_2", "-status_file", _staple(who), identity=who)
    text = openssl.client(lab, "-status")
    expect(text, "OCSP Response Status: successful")
    expect(text, r"<<< TLS 1.2, Handshake \[length \w+\], CertificateStatus")
    return [_visible(text, who)]


def _staple(who: Identity) -> Path:
    """An OCSP response that calls the certificate good."""
    signer, folder = authority(), HOME / "ocsp"
    folder.mkdir(exist_ok=True)
    index, response = folder / "index.txt", folder / "response.der"
    serial = who.facts()["serial"]
    index.write_text(f"V\t401231235959Z\t\t{serial}\tunknown\t/CN={who.name}\n")
    keys: list[str | Path] = ["-rsigner", signer.certificate, "-rkey", signer.key, "-CA", signer.certificate]
    asked: list[str | Path] = ["-issuer", signer.certificate, "-cert", who.certificate, "-ndays", "30"]
    run_text(["openssl", "ocsp", "-index", index, *keys, *asked, "-respout", response])
    return response
