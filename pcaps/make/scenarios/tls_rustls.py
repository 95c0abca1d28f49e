"""rustls as client and server, alone and against OpenSSL."""

from __future__ import annotations

from lab import facts, openssl, rustls
from lab.identity import authority, issue
from lab.network import Network
from lab.openssl import NAME, expect
from lab.scenario import Row, scenario

RUSTLS = ("rustls",)
BOTH = ("rustls", "OpenSSL")


@scenario("rustls-tls13", "rustls on both sides, TLS 1.3", cases=("TLS-11", "TLS-14"), programs=RUSTLS)
def tls13(lab: Network) -> list[Row]:
    rustls.server(lab)
    return [facts.tls_row(rustls.session(rustls.client(lab)))]


@scenario("rustls-tls12", "rustls on both sides, TLS 1.2", cases=("TLS-08",), programs=RUSTLS)
def tls12(lab: Network) -> list[Row]:
    rustls.server(lab)
    return [facts.tls_row(rustls.session(rustls.client(lab, "tls12")))]


@scenario(
    "rustls-tls13-resumed",
    "rustls on both sides, TLS 1.3, full, then resumed by ticket",
    cases=("TLS-17",),
    programs=RUSTLS,
)
def resumed(lab: Network) -> list[Row]:
    rustls.server(lab)
    text = rustls.client(lab, "twice")
    rows = [facts.tls_row(rustls.session(text, n)) for n in range(2)]
    assert rows[1]["tls"]["resumed"], text
    return rows


@scenario(
    "rustls-meets-openssl", "rustls's client and OpenSSL's server, TLS 1.3", cases=("TLS-11", "TLS-14"), programs=BOTH
)
def client_of_openssl(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3")
    return [facts.tls_row(rustls.session(rustls.client(lab)))]


@scenario(
    "openssl-meets-rustls", "OpenSSL's client and rustls's server, TLS 1.3", cases=("TLS-11", "TLS-14"), programs=BOTH
)
def server_of_openssl(lab: Network) -> list[Row]:
    server = rustls.server(lab)
    openssl.client(lab)
    return [facts.tls_row(rustls.session(server.output()))]


@scenario(
    "rustls-hello-retry",
    "rustls's client guesses a group that OpenSSL's server does not want: HelloRetryRequest",
    cases=("TLS-12",),
    programs=BOTH,
)
def retry(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3", "-groups", "P-384")
    text = rustls.client(lab)
    expect(text, "kind=FullWithHelloRetryRequest")
    return [facts.tls_row(rustls.session(text))]


def _certificate(name: str, shows: str, version: str, who: str | None) -> None:
    """Registers a scenario of a client certificate: *who* sends one; ``None`` sends none and is refused."""

    @scenario(name, shows, cases=("TLS-16",) if version == "tls13" else ("TLS-19", "TLS-21"), programs=RUSTLS)
    def play(lab: Network) -> list[Row]:
        server = rustls.server(lab, f"ask={authority().certificate}", version)
        trusted = who == "guest"
        shown = (
            issue(f"{who}.zertap.test", "ec", by=authority() if trusted else authority("another authority"))
            if who
            else None
        )
        text = rustls.client(lab, *([f"cert={shown.certificate},{shown.key}"] if shown else []))
        if trusted:
            assert shown
            tls = rustls.session(text)
            clear = version == "tls12"
            return [facts.tls_row({**tls, "client_certificate": facts.leaf(shown) if clear else None})]
        expect(server.output(), "error=")
        expect(text, "error=received fatal alert")
        if version == "tls12":
            return [facts.tls_row({"sni": NAME}, verdict="failed", reason="alert", gave_up="server")]
        tls = {"version": "TLSv1.3", "sni": NAME, "server_certificate": None, "client_certificate": None}
        return [facts.tls_row(tls, verdict="failed", reason="client_certificate_refused", gave_up="server")]


_certificate("rustls-tls12-client-certificate", "rustls, TLS 1.2, client certificate accepted", "tls12", "guest")
_certificate(
    "rustls-tls12-client-certificate-missing",
    "rustls, TLS 1.2, a required client certificate is not sent",
    "tls12",
    None,
)
_certificate(
    "rustls-tls12-client-certificate-untrusted",
    "rustls, TLS 1.2, a client certificate of an unknown authority is refused",
    "tls12",
    "stranger",
)
_certificate("rustls-tls13-client-certificate", "rustls, TLS 1.3, client certificate accepted", "tls13", "guest")
_certificate(
    "rustls-tls13-client-certificate-missing",
    "rustls, TLS 1.3, a required client certificate is not sent",
    "tls13",
    None,
)
_certificate(
    "rustls-tls13-client-certificate-untrusted",
    "rustls, TLS 1.3, a client certificate of an unknown authority is refused",
    "tls13",
    "stranger",
)


@scenario(
    "rustls-tls13-unknown-ca",
    "rustls on both sides, TLS 1.3: the client does not trust the server",
    cases=("TLS-15",),
    programs=RUSTLS,
)
def unknown_ca(lab: Network) -> list[Row]:
    rustls.server(lab)
    text = rustls.client(lab, trust=authority("another authority").certificate)
    expect(text, "error=invalid peer certificate")
    tls = {"version": "TLSv1.3", "sni": NAME, "server_certificate": None}
    return [facts.tls_row(tls, verdict="failed", reason="alert", gave_up="client")]
