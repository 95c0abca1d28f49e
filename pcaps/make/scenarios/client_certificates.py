"""A client certificate that is required and not sent, or of an unknown authority: library by library, where it is new."""

from __future__ import annotations

import re
from pathlib import Path

from lab import facts, nss, openssl
from lab.book import PYTHON
from lab.identity import Identity, authority, issue
from lab.network import LabError, Network, Program
from lab.openssl import NAME, expect
from lab.scenario import Row, scenario
from lab.tshark import ALERTS
from scenarios.tls_stacks import _priority, gnutls_client, gnutls_server

SERVER = Path(__file__).resolve().parents[1] / "programs" / "pyopenssl_server.py"


def _stranger() -> Identity:
    return issue("stranger.zertap.test", by=authority("another authority"))


def _refused_12(description: str | None = None) -> Row:
    alerts = {} if description is None else {"alerts": [facts.alert("server", "fatal", description)]}
    tls = {"version": "TLSv1.2", "sni": NAME, "server_certificate": facts.leaf(issue(NAME)), **alerts}
    return facts.tls_row(tls, verdict="failed", reason="alert", gave_up="server")


def _refused_13() -> Row:
    tls = {"version": "TLSv1.3", "sni": NAME, "server_certificate": None, "client_certificate": None}
    return facts.tls_row(tls, verdict="failed", reason="client_certificate_refused", gave_up="server")


def _gnutls(name: str, shows: str, *, missing: bool) -> None:
    @scenario(name, shows, cases=("TLS-19", "TLS-21"), programs=("GnuTLS",))
    def play(lab: Network) -> list[Row]:
        priority = _priority("1.2", "AES-128-GCM", "X25519") + ":-KX-ALL:+ECDHE-RSA"
        trusted = ("--x509cafile", authority().certificate)
        gnutls_server(lab, priority, "--require-client-cert", "--verify-client-cert", *trusted)
        who = _stranger()
        files = () if missing else ("--x509certfile", who.certificate, "--x509keyfile", who.key)
        text = gnutls_client(lab, priority, *files)
        said = re.search(r"Received alert \[(\d+)\]", text)
        if not said:
            raise LabError(f"no alert:\n{text}")
        # For a stranger gnutls-serv alerts twice, and the client reads the first.
        return [_refused_12(ALERTS[int(said[1])] if missing else None)]


_gnutls(
    "gnutls-tls12-client-certificate-missing",
    "GnuTLS on both sides, TLS 1.2: a required client certificate is not sent",
    missing=True,
)
_gnutls(
    "gnutls-tls12-client-certificate-untrusted",
    "GnuTLS on both sides, TLS 1.2: a client certificate of an unknown authority is refused",
    missing=False,
)


@scenario(
    "nss-tls12-client-certificate-missing",
    "TLS 1.2 between NSS programs: a required client certificate is not sent",
    cases=("TLS-19", "TLS-21"),
    programs=("NSS",),
)
def nss_12(lab: Network) -> list[Row]:
    server = nss.server(lab, "-V", "tls1.2:tls1.2", "-c", ":C02F", "-r", "-r")
    nss.client(lab, "-V", "tls1.2:tls1.2", "-c", ":C02F")
    expect(server.output(), "SSL_ERROR_NO_CERTIFICATE|certificate")
    return [_refused_12()]


def _newer_server(lab: Network, version: str) -> Program:
    who = issue(NAME)
    argv = [PYTHON, SERVER, who.certificate, who.key, "443", f"require={authority().certificate}", f"version={version}"]
    return lab.spawn(lab.server, *argv, listens=443)


def _newer(name: str, shows: str, version: str, *, missing: bool) -> None:
    cases = ("TLS-16",) if version == "1.3" else ("TLS-19", "TLS-21")

    @scenario(name, shows, cases=cases, programs=("pyOpenSSL", "OpenSSL"))
    def play(lab: Network) -> list[Row]:
        server = _newer_server(lab, version)
        who = _stranger()
        files = () if missing else ("-cert", who.certificate, "-key", who.key)
        text = openssl.client(lab, *files)
        expect(server.output(), "refused")
        said = re.search(r"sslv3 alert ([a-z ]+):|alert ([a-z ]+):", text)
        if version == "1.3":
            return [_refused_13()]
        if not said:
            raise LabError(f"no alert:\n{text}")
        name = (said[1] or said[2]).replace("unknown ca", "unknown_ca").replace(" ", "_")
        return [_refused_12(name)]


_newer(
    "pyopenssl-tls12-client-certificate-missing",
    "TLS 1.2, a newer OpenSSL requires a client certificate and gets none",
    "1.2",
    missing=True,
)
_newer(
    "pyopenssl-tls12-client-certificate-untrusted",
    "TLS 1.2, a newer OpenSSL refuses a client certificate of an unknown authority",
    "1.2",
    missing=False,
)
_newer(
    "pyopenssl-tls13-client-certificate-missing",
    "TLS 1.3, a newer OpenSSL requires a client certificate and gets none",
    "1.3",
    missing=True,
)
_newer(
    "pyopenssl-tls13-client-certificate-untrusted",
    "TLS 1.3, a newer OpenSSL refuses a client certificate of an unknown authority",
    "1.3",
    missing=False,
)
