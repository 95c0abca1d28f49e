"""TLS 1.3: everything after the ServerHello is hidden, so these captures prove what lengths tell."""

from __future__ import annotations

import signal
import time

from lab import facts, openssl
from lab.book import PYTHON
from lab.identity import HOME, authority, issue
from lab.network import SERVER4, LabError, Network
from lab.openssl import NAME, expect
from lab.scenario import Row, scenario

SSL = ("OpenSSL",)
ONE_THREE = "-tls1_3"
PROGRAMS = __file__.replace("scenarios/tls13.py", "programs")


def hidden(text: str, *, sni: str | None = NAME) -> facts.Facts:
    """Facts of a TLS 1.3 session as s_client reports it; certificates and ALPN are not on the wire."""
    return {**facts.openssl_client(text), "sni": sni, "alpn": None, "server_certificate": None}


@scenario(
    "tls13-full", "TLS 1.3, full handshake, some data, close_notify", cases=("TLS-11", "TLS-13", "TLS-14"), programs=SSL
)
def full(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE)
    return [facts.tls_row(hidden(openssl.client(lab)))]


@scenario(
    "tls13-hello-retry",
    "TLS 1.3, HelloRetryRequest: the client guessed x25519, the server wants secp384r1",
    cases=("TLS-12",),
    programs=SSL,
)
def hello_retry(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE, "-groups", "P-384")
    text = openssl.client(lab, "-groups", "X25519:P-384")
    if text.count(">>> TLS 1.3, Handshake") < 2 or text.count("ClientHello") != 2:
        raise LabError(f"no HelloRetryRequest:\n{text}")
    row = facts.tls_row(hidden(text))
    row["tls"].update(facts.group("P-384"))
    return [row]


@scenario(
    "tls13-resumed",
    "TLS 1.3, full, then resumed by the ticket (pre_shared_key with key exchange)",
    cases=("TLS-11", "TLS-17"),
    programs=SSL,
)
def resumed(lab: Network) -> list[Row]:
    session = HOME / "session-13.pem"
    openssl.server(lab, ONE_THREE)
    first = openssl.client(lab, "-sess_out", session)
    second = openssl.client(lab, "-sess_in", session)
    expect(second, "Reused, TLSv1.3")
    rows = [facts.tls_row(hidden(first)), facts.tls_row(hidden(second))]
    rows[1]["tls"].update(facts.group("X25519"))
    return rows


@scenario(
    "tls13-mlkem",
    "TLS 1.3, X25519MLKEM768: the ClientHello spans two segments of an Ethernet",
    cases=("TLS-01", "TLS-04", "TLS-11"),
    programs=("pyOpenSSL",),
)
def mlkem(lab: Network) -> list[Row]:
    said = pyopenssl(lab, [], [])
    return [facts.tls_row(said)]


@scenario(
    "tls13-mlkem-p256",
    "TLS 1.3, SecP256r1MLKEM768 between two newer OpenSSLs",
    cases=("TLS-01", "TLS-11"),
    programs=("pyOpenSSL",),
)
def mlkem_p256(lab: Network) -> list[Row]:
    return [facts.tls_row(pyopenssl(lab, [], [], group="SecP256r1MLKEM768"))]


@scenario(
    "tls13-mlkem-p384",
    "TLS 1.3, SecP384r1MLKEM1024 between two newer OpenSSLs: hellos of two segments each way",
    cases=("TLS-01", "TLS-11"),
    programs=("pyOpenSSL",),
)
def mlkem_p384(lab: Network) -> list[Row]:
    return [facts.tls_row(pyopenssl(lab, [], [], group="SecP384r1MLKEM1024"))]


@scenario(
    "tls13-mlkem-pure", "TLS 1.3, MLKEM768 alone, without a curve", cases=("TLS-01", "TLS-11"), programs=("pyOpenSSL",)
)
def mlkem_pure(lab: Network) -> list[Row]:
    return [facts.tls_row(pyopenssl(lab, [], [], group="MLKEM768"))]


def pyopenssl(lab: Network, serve: list[str], connect: list[str], group: str | None = None) -> facts.Facts:
    """One connection between two pyOpenSSL programs, with *group* alone; what the client says of it."""
    who = issue(NAME)
    env = {}
    if group:
        # pyOpenSSL cannot choose groups; the library's own configuration can.
        config = lab.logs / "openssl.cnf"
        config.write_text(
            f"openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = own\n[own]\nGroups = {group}\n"
        )
        env["OPENSSL_CONF"] = str(config)
    identity = (who.certificate, who.key, "443")
    lab.spawn(lab.server, PYTHON, f"{PROGRAMS}/pyopenssl_server.py", *identity, *serve, listens=443, env=env)
    ends = (SERVER4, "443", NAME, authority().certificate)
    done = lab.spawn(lab.client, PYTHON, f"{PROGRAMS}/pyopenssl_client.py", *ends, *connect, env=env)
    done.wait()
    said = dict(line.split("=", 1) for line in done.output().splitlines() if "=" in line)
    openssl.expect(done.output(), "version=")
    hidden_certificate = said["version"] == "TLSv1.3"
    return {
        **facts.version(said["version"]),
        **facts.suite(said["cipher"]),
        **facts.group(said["group"]),
        "resumed": False,
        "sni": NAME,
        "alpn": None,
        "server_certificate": None if hidden_certificate else facts.leaf(who),
    }


def refused_certificate(text: str) -> Row:
    """The server refused the client's certificate after the client's Finished."""
    return facts.tls_row(
        {**hidden(text), "client_certificate": None},
        verdict="failed",
        reason="client_certificate_refused",
        gave_up="server",
    )


def _demanding_server(lab: Network) -> None:
    openssl.server(lab, ONE_THREE, "-Verify", "1", "-verify_return_error", "-CAfile", authority().certificate)


@scenario(
    "tls13-client-certificate-missing",
    "TLS 1.3, client certificate required, the client has none: refused after its Finished",
    cases=("TLS-16",),
    programs=SSL,
)
def client_certificate_missing(lab: Network) -> list[Row]:
    _demanding_server(lab)
    text = openssl.client(lab)
    expect(text, "SSL alert number 116")
    return [refused_certificate(text)]


@scenario(
    "tls13-client-certificate-untrusted",
    "TLS 1.3, client certificate of an unknown authority: refused after the client's Finished",
    cases=("TLS-16",),
    programs=SSL,
)
def client_certificate_untrusted(lab: Network) -> list[Row]:
    who = issue("stranger.zertap.test", by=authority("another authority"))
    _demanding_server(lab)
    text = openssl.client(lab, "-cert", who.certificate, "-key", who.key)
    expect(text, "SSL alert number 48")
    return [refused_certificate(text)]


@scenario(
    "tls13-client-certificate",
    "TLS 1.3, client certificate sent and accepted; tickets follow",
    cases=("TLS-14", "TLS-16"),
    programs=SSL,
)
def client_certificate(lab: Network) -> list[Row]:
    who = issue("client.zertap.test", "ec")
    _demanding_server(lab)
    text = openssl.client(lab, "-cert", who.certificate, "-key", who.key)
    expect(text, r">>> TLS 1.3, Handshake \[length \w+\], CertificateVerify")
    return [facts.tls_row({**hidden(text), "client_certificate": None})]


@scenario(
    "tls-no-common-version",
    "The client speaks TLS 1.3 alone, the server 1.2 alone: fatal protocol_version from the server",
    cases=("TLS-19",),
    programs=SSL,
)
def no_common_version(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_2")
    text = openssl.client(lab, ONE_THREE)
    expect(text, "SSL alert number 70")
    tls = {"sni": NAME, "alerts": [facts.alert("server", "fatal", "protocol_version")]}
    return [facts.tls_row(tls, verdict="failed", reason="alert", gave_up="server")]


@scenario(
    "tls13-unknown-ca",
    "TLS 1.3, the client does not trust the server's authority: OpenSSL alerts in clear although the server already encrypts",
    cases=("TLS-15", "TLS-19"),
    programs=SSL,
)
def unknown_ca(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE)
    stranger = authority("another authority")
    text = openssl.client(lab, "-verify_return_error", trust=stranger.certificate)
    expect(text, r">>> TLS 1.3, Alert \[length 0002\], fatal unknown_ca")
    alerts = [facts.alert("client", "fatal", "unknown_ca")]
    share = {"version": "TLSv1.3", "sni": NAME, "server_certificate": None, "alerts": alerts, **facts.group("X25519")}
    return [facts.tls_row(share, verdict="failed", reason="alert", gave_up="client")]


@scenario(
    "tls-in-progress",
    "The server's kernel accepts, the server never answers the ClientHello, the capture stops",
    cases=("TLS-42",),
    programs=SSL,
)
def in_progress(lab: Network) -> list[Row]:
    sleeping = openssl.server(lab)
    sleeping.process.send_signal(signal.SIGSTOP)
    running = openssl.start(lab)
    running.wait_for("ClientHello")
    time.sleep(0.3)
    return [facts.tls_row({"sni": NAME}, verdict="in_progress")]
