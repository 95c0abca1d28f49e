"""The same protocols spoken by other libraries: GnuTLS, NSS, and the OpenSSL inside pyOpenSSL."""

from __future__ import annotations

import time
from pathlib import Path

from lab import facts, nss, openssl
from lab.book import PYTHON
from lab.identity import authority, issue
from lab.network import SERVER4, Network, Program
from lab.openssl import NAME, expect
from lab.scenario import Row, scenario

GNU = ("GnuTLS",)
NSS = ("NSS",)
PRIORITY = "NORMAL:-VERS-ALL:+VERS-TLS{version}:-CIPHER-ALL:+{cipher}:-GROUP-ALL:+GROUP-{group}"
CLIENT = Path(__file__).resolve().parents[1] / "programs" / "pyopenssl_client.py"


def gnutls_server(lab: Network, priority: str, *options: str | Path) -> Program:
    """GnuTLS's own server, echoing."""
    who = issue(NAME)
    return lab.spawn(
        lab.server,
        "gnutls-serv",
        "--port",
        "443",
        "--x509certfile",
        who.certificate,
        "--x509keyfile",
        who.key,
        "--priority",
        priority,
        "--echo",
        *options,
        listens=443,
    )


def gnutls_client(
    lab: Network, priority: str, *options: str | Path, say: bytes = b"hello\n", trust: Path | None = None
) -> str:
    """One connection of gnutls-cli."""
    program = lab.spawn(
        lab.client,
        "gnutls-cli",
        "-p",
        "443",
        SERVER4,
        "--sni-hostname",
        NAME,
        "--verify-hostname",
        NAME,
        "--x509cafile",
        trust or authority().certificate,
        "--priority",
        priority,
        *options,
    )
    try:
        time.sleep(0.4)
        program.say(say)
        time.sleep(0.4)
        program.hang_up()
    except BrokenPipeError:
        pass
    program.wait()
    return program.output()


def _gnu(text: str, suite: str, **more: object) -> facts.Facts:
    return {**facts.gnutls(text), **facts.suite(suite), "resumed": False, "sni": NAME, **more}


def _priority(version: str, cipher: str, group: str) -> str:
    return PRIORITY.format(version=version, cipher=cipher, group=group)


@scenario(
    "gnutls-tls12",
    "GnuTLS on both sides, TLS 1.2, ECDHE-RSA with AES-128-GCM on secp384r1",
    cases=("TLS-08",),
    programs=GNU,
)
def gnutls_12(lab: Network) -> list[Row]:
    priority = _priority("1.2", "AES-128-GCM", "SECP384R1") + ":-KX-ALL:+ECDHE-RSA"
    gnutls_server(lab, priority, "--disable-client-cert")
    text = gnutls_client(lab, priority)
    expect(text, r"\(AES-128-GCM\)")
    return [
        facts.tls_row(_gnu(text, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", server_certificate=facts.leaf(issue(NAME))))
    ]


@scenario(
    "gnutls-tls13",
    "GnuTLS on both sides, TLS 1.3, a client certificate is asked for and not needed",
    cases=("TLS-14", "TLS-16"),
    programs=GNU,
)
def gnutls_13(lab: Network) -> list[Row]:
    priority = _priority("1.3", "CHACHA20-POLY1305", "X25519")
    gnutls_server(lab, priority)
    text = gnutls_client(lab, priority)
    expect(text, r"\(CHACHA20-POLY1305\)")
    expect(text, "Server has requested a certificate")
    return [facts.tls_row(_gnu(text, "TLS_CHACHA20_POLY1305_SHA256", server_certificate=None, client_certificate=None))]


@scenario(
    "gnutls-tls13-client-certificate-missing",
    "GnuTLS on both sides, TLS 1.3: a required client certificate is not sent; refused after the client's Finished",
    cases=("TLS-16",),
    programs=GNU,
)
def gnutls_refused(lab: Network) -> list[Row]:
    priority = _priority("1.3", "AES-128-GCM", "X25519")
    server = gnutls_server(lab, priority, "--require-client-cert")
    text = gnutls_client(lab, priority)
    expect(text, r"\(AES-128-GCM\)")
    expect(text + server.output(), "ertificate is required|No certificate was found|ertificate required")
    tls = _gnu(text, "TLS_AES_128_GCM_SHA256", server_certificate=None, client_certificate=None)
    return [facts.tls_row(tls, verdict="failed", reason="client_certificate_refused", gave_up="server")]


@scenario(
    "gnutls-tls13-unknown-ca",
    "GnuTLS on both sides, TLS 1.3: the client does not trust the server; its only encrypted records are alerts",
    cases=("TLS-15",),
    programs=GNU,
)
def gnutls_unknown_ca(lab: Network) -> list[Row]:
    priority = _priority("1.3", "AES-128-GCM", "X25519")
    gnutls_server(lab, priority, "--disable-client-cert")
    stranger = authority("another authority")
    text = gnutls_client(lab, priority, trust=stranger.certificate)
    expect(text, "The certificate is NOT trusted")
    tls = {
        **facts.version("TLSv1.3"),
        **facts.suite("TLS_AES_128_GCM_SHA256"),
        **facts.group("X25519"),
        "sni": NAME,
        "server_certificate": None,
    }
    return [facts.tls_row(tls, verdict="failed", reason="alert", gave_up="client")]


@scenario("gnutls-tls12-resumed", "GnuTLS on both sides, TLS 1.2, full, then resumed", cases=("TLS-10",), programs=GNU)
def gnutls_resumed(lab: Network) -> list[Row]:
    priority = _priority("1.2", "AES-256-GCM", "X25519") + ":-KX-ALL:+ECDHE-RSA"
    gnutls_server(lab, priority, "--disable-client-cert")
    text = gnutls_client(lab, priority, "--resume")
    expect(text, "This is a resumed session")
    tls = _gnu(text, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", server_certificate=facts.leaf(issue(NAME)))
    again = {**tls, "resumed": True, "server_certificate": None, **facts.group(None)}
    return [facts.tls_row(tls), facts.tls_row(again)]


@scenario(
    "gnutls-meets-openssl",
    "gnutls-cli refuses OpenSSL's group in its first hello: HelloRetryRequest between two libraries",
    cases=("TLS-12",),
    programs=("GnuTLS", "OpenSSL"),
)
def gnutls_openssl(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3", "-groups", "P-521")
    text = gnutls_client(lab, "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM")
    expect(text, r"ECDHE-SECP521R1")
    return [facts.tls_row(_gnu(text, "TLS_AES_256_GCM_SHA384", server_certificate=None))]


@scenario("ssl3-nss", "SSLv3 between NSS's selfserv and tstclnt, RSA with AES-128-CBC", cases=("TLS-32",), programs=NSS)
def ssl3(lab: Network) -> list[Row]:
    server = nss.server(lab, "-V", "ssl3:ssl3", "-c", "v")
    nss.client(lab, "-V", "ssl3:ssl3", "-c", "v")
    tls = nss.session(server.output(), "TLS_RSA_WITH_AES_128_CBC_SHA", "128-bit AES")
    # SSLv3 has no extensions, hence no server name.
    return [facts.tls_row({**tls, "sni": None, **facts.group(None), "server_certificate": facts.leaf(nss.identity())})]


@scenario("tls10-rc4-nss", "TLS 1.0 between NSS programs with RC4 and MD5", cases=("TLS-48",), programs=NSS)
def rc4(lab: Network) -> list[Row]:
    server = nss.server(lab, "-V", "tls1.0:tls1.0", "-c", "c")
    nss.client(lab, "-V", "tls1.0:tls1.0", "-c", "c")
    log = server.output()
    expect(log, r"SSL version 3\.1 using 128-bit RC4 with 128-bit MD5")
    tls = {
        "version": "TLSv1.0",
        "cipher": "0004",
        "cipher_name": "TLS_RSA_WITH_RC4_128_MD5",
        "resumed": False,
        "sni": NAME,
    }
    return [facts.tls_row({**tls, **facts.group(None), "server_certificate": facts.leaf(nss.identity())})]


@scenario(
    "tls13-ech-grease-nss",
    "TLS 1.3 between NSS programs; the client sends GREASE for Encrypted ClientHello",
    cases=("TLS-29",),
    programs=NSS,
)
def ech_grease(lab: Network) -> list[Row]:
    server = nss.server(lab, "-V", "tls1.3:tls1.3", "-c", ":1301")
    nss.client(lab, "-V", "tls1.3:tls1.3", "-c", ":1301", "-i", "100")
    tls = nss.session(server.output(), "TLS_AES_128_GCM_SHA256", "128-bit AES-GCM")
    return [facts.tls_row({**tls, "sni_is_outer": True, "server_certificate": None}, flags_include=["ech_offered"])]


@scenario(
    "nss-tls13-client-certificate-missing",
    "TLS 1.3 between NSS programs: a required client certificate is not sent",
    cases=("TLS-16",),
    programs=NSS,
)
def nss_refused(lab: Network) -> list[Row]:
    server = nss.server(lab, "-V", "tls1.3:tls1.3", "-c", ":1301", "-r", "-r")
    nss.client(lab, "-V", "tls1.3:tls1.3", "-c", ":1301")
    expect(server.output(), "SSL_ERROR_NO_CERTIFICATE|certificate")
    tls = {
        **facts.version("TLSv1.3"),
        **facts.suite("TLS_AES_128_GCM_SHA256"),
        "resumed": False,
        "sni": NAME,
        "server_certificate": None,
    }
    return [facts.tls_row(tls, verdict="failed", reason="client_certificate_refused", gave_up="server")]


@scenario(
    "ssl3-refused",
    "A client of SSLv3 alone meets a server of today: refused by a fatal alert",
    cases=("TLS-19", "TLS-32"),
    programs=("NSS", "OpenSSL"),
)
def ssl3_refused(lab: Network) -> list[Row]:
    server = openssl.server(lab)
    text = nss.client(lab, "-V", "ssl3:ssl3", "-c", "v")
    expect(server.output(), "version too low")
    expect(text, "SSL_ERROR_NO_CYPHER_OVERLAP")
    alerts = [facts.alert("server", "fatal", "handshake_failure")]
    return [facts.tls_row({"sni": None, "alerts": alerts}, verdict="failed", reason="alert", gave_up="server")]


def _newer_openssl(lab: Network, *server: str) -> facts.Facts:
    openssl.server(lab, *server)
    done = lab.spawn(lab.client, PYTHON, CLIENT, SERVER4, "443", NAME, authority().certificate)
    done.wait()
    expect(done.output(), "version=")
    said = dict(line.split("=", 1) for line in done.output().splitlines() if "=" in line)
    shown = facts.leaf(issue(NAME)) if said["version"] == "TLSv1.2" else None
    return {
        **facts.version(said["version"]),
        **facts.suite(said["cipher"]),
        **facts.group(said["group"]),
        "resumed": False,
        "sni": NAME,
        "server_certificate": shown,
    }


@scenario(
    "tls13-mlkem-not-chosen",
    "TLS 1.3: the client offers X25519MLKEM768 and x25519, an older server takes x25519",
    cases=("TLS-11",),
    programs=("pyOpenSSL", "OpenSSL"),
)
def mlkem_not_chosen(lab: Network) -> list[Row]:
    return [facts.tls_row(_newer_openssl(lab, "-tls1_3"))]


@scenario(
    "tls13-mlkem-hello-retry",
    "TLS 1.3: a hello of two segments is answered by HelloRetryRequest for secp384r1",
    cases=("TLS-12",),
    programs=("pyOpenSSL", "OpenSSL"),
)
def mlkem_retry(lab: Network) -> list[Row]:
    return [facts.tls_row(_newer_openssl(lab, "-tls1_3", "-groups", "P-384"))]


@scenario(
    "tls12-large-hello",
    "TLS 1.2 chosen by the server although the hello of two segments offers 1.3 and ML-KEM",
    cases=("TLS-01", "TLS-08"),
    programs=("pyOpenSSL", "OpenSSL"),
)
def large_hello(lab: Network) -> list[Row]:
    return [facts.tls_row(_newer_openssl(lab, "-tls1_2"))]


@scenario(
    "gnutls-tls13-client-certificate-untrusted",
    "GnuTLS on both sides, TLS 1.3: a client certificate of an unknown authority is refused",
    cases=("TLS-16",),
    programs=GNU,
)
def gnutls_untrusted(lab: Network) -> list[Row]:
    who = issue("stranger.zertap.test", by=authority("another authority"))
    priority = _priority("1.3", "AES-128-GCM", "X25519")
    trusted = ("--x509cafile", authority().certificate)
    gnutls_server(lab, priority, "--require-client-cert", "--verify-client-cert", *trusted)
    text = gnutls_client(lab, priority, "--x509certfile", who.certificate, "--x509keyfile", who.key)
    expect(text, "Successfully sent 1 certificate")
    expect(text, "A TLS fatal alert has been received|fatal alert|Fatal error")
    tls = _gnu(text, "TLS_AES_128_GCM_SHA256", server_certificate=None, client_certificate=None)
    return [facts.tls_row(tls, verdict="failed", reason="client_certificate_refused", gave_up="server")]


@scenario(
    "gnutls-meets-openssl-refused",
    "TLS 1.3, gnutls-cli has no client certificate, OpenSSL's server requires one",
    cases=("TLS-16",),
    programs=("GnuTLS", "OpenSSL"),
)
def gnutls_refused_by_openssl(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3", "-Verify", "1", "-verify_return_error", "-CAfile", authority().certificate)
    text = gnutls_client(lab, _priority("1.3", "AES-256-GCM", "X25519"))
    expect(text, "[Cc]ertificate is required|fatal alert")
    tls = _gnu(text, "TLS_AES_256_GCM_SHA384", server_certificate=None, client_certificate=None)
    return [facts.tls_row(tls, verdict="failed", reason="client_certificate_refused", gave_up="server")]
