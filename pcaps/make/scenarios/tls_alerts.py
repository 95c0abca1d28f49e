"""Every alert in clear that two OpenSSL programs can be brought to send."""

from __future__ import annotations

from pathlib import Path

from lab import facts, openssl
from lab.identity import HOME, authority, issue
from lab.network import Network, run_text
from lab.openssl import NAME, expect
from lab.scenario import Row, scenario

SSL = ("OpenSSL",)
ONE_TWO = "-tls1_2"


def _bad_certificate(name: str, shows: str, who: dict[str, object], number: int, word: str, *options: str) -> None:
    @scenario(name, shows, cases=("TLS-19", "TLS-22"), programs=SSL)
    def play(lab: Network) -> list[Row]:
        identity = issue(NAME, "ec", **who)
        openssl.server(lab, ONE_TWO, identity=identity)
        text = openssl.client(lab, "-verify_return_error", *options)
        expect(text, rf">>> TLS 1.2, Alert \[length 0002\], fatal {word}\n    02 {number:02x}")
        return [facts.refused("client", word, sni=NAME, version="TLSv1.2", server_certificate=facts.leaf(identity))]


_bad_certificate(
    "tls12-certificate-expired",
    "TLS 1.2, the server's certificate has expired: certificate_expired from the client",
    {"until": "20210101000000Z"},
    45,
    "certificate_expired",
)
_bad_certificate(
    "tls12-certificate-for-clients",
    "TLS 1.2, the server's certificate is for clients only: unsupported_certificate from the client",
    {"purpose": "clientAuth"},
    43,
    "unsupported_certificate",
)
_bad_certificate(
    "tls12-wrong-name",
    "TLS 1.2, the server's certificate is for another name: bad_certificate from the client",
    {},
    42,
    "bad_certificate",
    "-verify_hostname",
    "other.zertap.test",
)


@scenario(
    "tls12-psk-wrong",
    "TLS 1.2, the pre-shared keys differ: bad_record_mac from the server after the client's Finished",
    cases=("TLS-19", "TLS-21"),
    programs=SSL,
)
def psk_wrong(lab: Network) -> list[Row]:
    suite = ("-cipher", "PSK-AES256-GCM-SHA384")
    openssl.server(lab, ONE_TWO, "-nocert", *suite, "-psk", "0badcafe")
    text = openssl.client(lab, ONE_TWO, *suite, "-psk", "deadbeef")
    expect(text, "SSL alert number 20")
    return [
        facts.refused("server", "bad_record_mac", sni=NAME, version="TLSv1.2", cipher="00A9", server_certificate=None)
    ]


@scenario(
    "tls12-no-common-alpn",
    "TLS 1.2, no application protocol in common: no_application_protocol from the server",
    cases=("TLS-19",),
    programs=SSL,
)
def no_common_alpn(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_TWO, "-alpn", "h2")
    text = openssl.client(lab, "-alpn", "imap")
    expect(text, "SSL alert number 120")
    return [facts.refused("server", "no_application_protocol", sni=NAME)]


@scenario(
    "tls-inappropriate-fallback",
    "A client falls back to 1.2 although the server speaks 1.3: inappropriate_fallback",
    cases=("TLS-19",),
    programs=SSL,
)
def fallback(lab: Network) -> list[Row]:
    openssl.server(lab)
    text = openssl.client(lab, ONE_TWO, "-fallback_scsv")
    expect(text, "SSL alert number 86")
    return [facts.refused("server", "inappropriate_fallback", sni=NAME)]


def _named_server(lab: Network, *options: str) -> None:
    second = issue("second.zertap.test", "ec")
    openssl.server(
        lab, ONE_TWO, "-servername", "second.zertap.test", "-cert2", second.certificate, "-key2", second.key, *options
    )


@scenario(
    "tls12-unrecognized-name",
    "TLS 1.2, the server does not serve that name: fatal unrecognized_name",
    cases=("TLS-19",),
    programs=SSL,
)
def unrecognized_name(lab: Network) -> list[Row]:
    _named_server(lab, "-servername_fatal")
    text = openssl.client(lab)
    expect(text, "SSL alert number 112")
    return [facts.refused("server", "unrecognized_name", sni=NAME)]


@scenario(
    "tls12-unrecognized-name-warning",
    "TLS 1.2, unrecognized_name as a warning: the handshake goes on and completes",
    cases=("TLS-20",),
    programs=SSL,
)
def unrecognized_name_warning(lab: Network) -> list[Row]:
    _named_server(lab)
    text = openssl.client(lab)
    expect(text, r"<<< TLS 1.\d, Alert \[length 0002\], warning unrecognized_name")
    alerts = [facts.alert("server", "warning", "unrecognized_name")]
    return [
        facts.tls_row(
            {**facts.openssl_client(text), "sni": NAME, "alerts": alerts, "server_certificate": facts.leaf(issue(NAME))}
        )
    ]


@scenario(
    "tls10-refused",
    "A client of TLS 1.0 alone: protocol_version from the server",
    cases=("TLS-19", "TLS-32"),
    programs=SSL,
)
def too_old(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_TWO)
    text = openssl.client(lab, "-tls1", "-cipher", "ALL:@SECLEVEL=0")
    expect(text, "SSL alert number 70")
    return [facts.refused("server", "protocol_version", sni=NAME)]


@scenario(
    "tls11-server-refused",
    "The server answers TLS 1.1, the client wants 1.2: protocol_version from the client",
    cases=("TLS-19", "TLS-32"),
    programs=SSL,
)
def server_too_old(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    text = openssl.client(lab, ONE_TWO)
    expect(text, r">>> .*Alert \[length 0002\], fatal protocol_version")
    return [facts.refused("client", "protocol_version", sni=NAME)]


@scenario(
    "tls12-dh-too-small",
    "TLS 1.2, DHE with 1024 bits: the client refuses after the ServerKeyExchange",
    cases=("TLS-19", "TLS-22"),
    programs=SSL,
)
def dh_too_small(lab: Network) -> list[Row]:
    parameters = HOME / "dh1024.pem"
    if not parameters.exists():
        run_text(["openssl", "dhparam", "-out", parameters, "1024"])
    openssl.server(lab, ONE_TWO, "-cipher", "DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0", "-dhparam", parameters)
    text = openssl.client(lab, ONE_TWO, "-cipher", "DHE-RSA-AES256-GCM-SHA384")
    expect(text, "dh key too small")
    expect(text, r">>> TLS 1.2, Alert \[length 0002\], fatal handshake_failure")
    return [
        facts.refused(
            "client",
            "handshake_failure",
            sni=NAME,
            version="TLSv1.2",
            cipher="009F",
            server_certificate=facts.leaf(issue(NAME)),
        )
    ]


@scenario(
    "tls12-certificate-revoked",
    "TLS 1.2, the client's revocation list names the server's certificate: certificate_revoked",
    cases=("TLS-19", "TLS-22"),
    programs=SSL,
)
def revoked(lab: Network) -> list[Row]:
    identity = issue("revoked.zertap.test", "ec")
    bundle = _revocation_list(identity.facts()["serial"])
    openssl.server(lab, ONE_TWO, identity=identity)
    text = openssl.client(lab, "-verify_return_error", "-crl_check", trust=bundle)
    expect(text, r">>> TLS 1.2, Alert \[length 0002\], fatal certificate_revoked")
    return [
        facts.refused(
            "client", "certificate_revoked", sni=NAME, version="TLSv1.2", server_certificate=facts.leaf(identity)
        )
    ]


def _revocation_list(serial: object) -> Path:
    signer, folder = authority(), HOME / "revoked"
    folder.mkdir(exist_ok=True)
    (folder / "index.txt").write_text(f"R\t991231235959Z\t261101000000Z\t{serial}\tunknown\t/CN=revoked\n")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index.txt\ndefault_md=sha256\ndefault_crl_days=30\n"
    )
    listed, bundle = folder / "crl.pem", folder / "bundle.pem"
    run_text(
        [
            "openssl",
            "ca",
            "-config",
            folder / "ca.cnf",
            "-gencrl",
            "-cert",
            signer.certificate,
            "-keyfile",
            signer.key,
            "-out",
            listed,
        ]
    )
    bundle.write_text(signer.certificate.read_text() + listed.read_text())
    return bundle
