"""TLS 1.2: full and abbreviated handshakes of OpenSSL, and what the parties may refuse."""

from __future__ import annotations

from lab import facts, openssl
from lab.identity import HOME, authority, issue
from lab.network import LabError, Network
from lab.openssl import NAME, expect, expect_not
from lab.scenario import Row, scenario

SSL = ("OpenSSL",)
ONE_TWO = "-tls1_2"


def visible(text: str, *, alpn: str | None = None, **certificate: object) -> facts.Facts:
    """Facts of a TLS 1.2 session as s_client reports it, SNI and server certificate included."""
    who = issue(NAME) if not certificate else certificate["identity"]
    session = facts.openssl_client(text)
    shown = None if session["resumed"] else facts.leaf(who)  # type: ignore[arg-type]
    return {**session, "sni": NAME, "alpn": alpn, "server_certificate": shown}


@scenario(
    "tls12-full",
    "TLS 1.2, ECDHE-RSA with AES-256-GCM, server certificate and ALPN in clear",
    cases=("TLS-08",),
    programs=SSL,
)
def full(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_TWO, "-alpn", "h2,http/1.1")
    text = openssl.client(lab, "-alpn", "http/1.1")
    expect(text, "ALPN protocol: http/1.1")
    return [facts.tls_row(visible(text, alpn="http/1.1"))]


@scenario(
    "tls12-resumed-id",
    "TLS 1.2, full, then resumed by session id (tickets off)",
    cases=("TLS-08", "TLS-09"),
    programs=SSL,
)
def resumed_by_id(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_TWO, "-no_ticket")
    return _twice(lab, "id")


@scenario(
    "tls12-resumed-ticket",
    "TLS 1.2, full with NewSessionTicket, then resumed by the ticket",
    cases=("TLS-08", "TLS-10"),
    programs=SSL,
)
def resumed_by_ticket(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_TWO)
    return _twice(lab, "ticket")


def _twice(lab: Network, how: str) -> list[Row]:
    session = HOME / f"session-{how}.pem"
    first = openssl.client(lab, ONE_TWO, "-sess_out", session)
    second = openssl.client(lab, ONE_TWO, "-sess_in", session)
    (expect if how == "ticket" else expect_not)(first, "TLS session ticket:")
    expect(second, "Reused, TLSv1.2")
    return [facts.tls_row(visible(first)), facts.tls_row(visible(second))]


@scenario(
    "tls12-ticket-refused",
    "TLS 1.2, a ticket that another server made is refused: full handshake",
    cases=("TLS-10",),
    programs=SSL,
)
def ticket_refused(lab: Network) -> list[Row]:
    session = HOME / "session-refused.pem"
    first = openssl.server(lab, ONE_TWO)
    one = openssl.client(lab, ONE_TWO, "-sess_out", session)
    first.process.kill()
    first.wait()
    openssl.server(lab, ONE_TWO)
    two = openssl.client(lab, ONE_TWO, "-sess_in", session)
    expect(two, "New, TLSv1.2")
    return [facts.tls_row(visible(one)), facts.tls_row(visible(two))]


@scenario(
    "tls12-no-common-cipher",
    "TLS 1.2, no cipher suite in common: fatal handshake_failure from the server",
    cases=("TLS-19",),
    programs=SSL,
)
def no_common_cipher(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_TWO, "-cipher", "ECDHE-RSA-AES256-GCM-SHA384")
    text = openssl.client(lab, ONE_TWO, "-cipher", "ECDHE-RSA-AES128-GCM-SHA256")
    expect(text, "SSL alert number 40")
    return [facts.refused("server", "handshake_failure", sni=NAME)]


@scenario(
    "tls12-unknown-ca",
    "TLS 1.2, the client does not trust the server's authority: fatal unknown_ca from the client",
    cases=("TLS-19", "TLS-22"),
    programs=SSL,
)
def unknown_ca(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_TWO)
    stranger = authority("another authority")
    text = openssl.client(lab, "-verify_return_error", trust=stranger.certificate)
    expect(text, r">>> TLS 1.2, Alert \[length 0002\], fatal unknown_ca")
    return [
        facts.refused("client", "unknown_ca", sni=NAME, version="TLSv1.2", server_certificate=facts.leaf(issue(NAME)))
    ]


@scenario(
    "tls12-client-certificate",
    "TLS 1.2, client certificate asked for, sent and accepted; both certificates in clear",
    cases=("TLS-08",),
    programs=SSL,
)
def client_certificate(lab: Network) -> list[Row]:
    who = issue("client.zertap.test", "ec")
    openssl.server(lab, ONE_TWO, "-Verify", "1", "-verify_return_error", "-CAfile", authority().certificate)
    text = openssl.client(lab, "-cert", who.certificate, "-key", who.key)
    expect(text, r">>> TLS 1.2, Handshake \[length \w+\], CertificateVerify")
    return [facts.tls_row({**visible(text), "client_certificate": facts.leaf(who)})]


def _refusing_server(lab: Network, version: str) -> None:
    openssl.server(lab, version, "-Verify", "1", "-verify_return_error", "-CAfile", authority().certificate)


@scenario(
    "tls12-client-certificate-missing",
    "TLS 1.2, the server requires a client certificate and gets none: handshake_failure",
    cases=("TLS-19", "TLS-21"),
    programs=SSL,
)
def client_certificate_missing(lab: Network) -> list[Row]:
    _refusing_server(lab, ONE_TWO)
    text = openssl.client(lab)
    expect(text, "SSL alert number 40")
    return [
        facts.refused(
            "server",
            "handshake_failure",
            sni=NAME,
            version="TLSv1.2",
            server_certificate=facts.leaf(issue(NAME)),
            client_certificate=None,
        )
    ]


@scenario(
    "tls12-client-certificate-untrusted",
    "TLS 1.2, the server does not trust the client's authority: unknown_ca after the client's Finished",
    cases=("TLS-21",),
    programs=SSL,
)
def client_certificate_untrusted(lab: Network) -> list[Row]:
    who = issue("stranger.zertap.test", by=authority("another authority"))
    _refusing_server(lab, ONE_TWO)
    text = openssl.client(lab, "-cert", who.certificate, "-key", who.key)
    expect(text, "SSL alert number 48")
    return [
        facts.refused(
            "server",
            "unknown_ca",
            sni=NAME,
            version="TLSv1.2",
            server_certificate=facts.leaf(issue(NAME)),
            client_certificate=facts.leaf(who),
        )
    ]


@scenario(
    "tls12-renegotiation",
    "TLS 1.2, the client renegotiates on the live connection: no new event",
    cases=("TLS-27",),
    programs=SSL,
)
def renegotiation(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_TWO, "-client_renegotiation", echo=False)
    text = openssl.client(lab, say=(b"before\n", b"R\n", b"after\n"))
    expect(text, "RENEGOTIATING")
    if text.count("ClientHello") < 2:
        raise LabError("no second ClientHello")
    return [facts.tls_row(visible(text))]


@scenario(
    "tls12-long-certificate",
    "TLS 1.2, a server certificate longer than three segments",
    cases=("TLS-01", "TLS-43"),
    programs=SSL,
)
def long_certificate(lab: Network) -> list[Row]:
    who = issue("long.zertap.test", filler=150)
    openssl.server(lab, ONE_TWO, identity=who)
    return [facts.tls_row(visible(openssl.client(lab), identity=who))]
