"""FTP between curl and ProFTPD: the control connection by AUTH TLS, data connections of their own, CCC (RFC 4217)."""

from __future__ import annotations

import re

from lab import facts, servers
from lab.identity import authority, issue
from lab.network import SERVER4, Network
from lab.openssl import NAME, expect
from lab.peer import events
from lab.scenario import Row, scenario
from scenarios.upgrades_servers import blind

CASES = ("TLS-40", "STATE-09")
PROGRAMS = ("curl", "ProFTPD")
BLIND = blind("curl asks by AUTH SSL, and tshark follows AUTH TLS alone", "server_certificate")


def _fetch(lab: Network, *options: str) -> list[facts.Facts]:
    """One file over TLS; what curl says of the two handshakes."""
    servers.proftpd(lab)
    argv = ["curl", "-sv", "--ssl-reqd", "--cacert", str(authority().certificate), "--resolve", f"{NAME}:21:{SERVER4}"]
    done = lab.spawn(lab.client, *argv, *options, f"ftp://guest:secret@{NAME}/hello.txt")
    done.wait()
    expect(done.output(), "226 Transfer complete")
    said = re.findall(r"SSL connection using (\S+) / (\S+)", done.output())
    assert len(said) == 2, done.output()
    return [{**facts.version(version), **facts.suite(suite)} for version, suite in said]


def _control(tls: facts.Facts, **more: object) -> Row:
    """The control connection: a full handshake after clear commands."""
    tls = {**tls, "resumed": False, "sni": NAME, "alpn": None, "server_certificate": facts.leaf(issue(NAME))}
    return facts.tls_row(tls, upgrade="ftp", flags_include=["upgraded"], **{"mode_zert": facts.CLEAR_IN_ZERT, **more})


def _data(tls: facts.Facts) -> Row:
    """A data connection begins with TLS. Whether it resumed the control connection's session is not claimed."""
    row = facts.tls_row(tls, upgrade=None)
    del row["handshake_type"]
    return row


@scenario(
    "ftp-data-passive",
    "FTP over TLS, passive: control connection upgraded, the data connection begins with TLS",
    cases=CASES,
    programs=PROGRAMS,
    differs=BLIND,
)
def passive(lab: Network) -> list[Row]:
    control, data = _fetch(lab)
    return [_control(control), _data(data)]


ACTIVE = f"""import ftplib, ssl
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
ftp = ftplib.FTP_TLS("{SERVER4}", context=context)
ftp.set_pasv(False)
ftp.login("guest", "secret")
ftp.prot_p()
data, _ = ftp.ntransfercmd("RETR hello.txt")
print(ftp.sock.version(), ftp.sock.cipher()[0], data.version(), data.cipher()[0], data.recv(100))
data.unwrap()
data.close()
ftp.voidresp()
ftp.quit()
"""


@scenario(
    "ftp-data-active",
    "FTP over TLS, active: the server opens the data connection and the client sends the ClientHello on it",
    cases=(*CASES, "TLS-07"),
    programs=("CPython", "ProFTPD"),
)
def active(lab: Network) -> list[Row]:
    servers.proftpd(lab)
    client = lab.spawn(lab.client, "python3", "-c", ACTIVE)
    client.wait()
    expect(client.output(), "b'hello")
    version, suite, data_version, data_suite, _ = client.output().split(maxsplit=4)
    control = _control({**facts.version(version), **facts.suite(suite)})
    control["tls"]["sni"] = None
    return [control, _data({**facts.version(data_version), **facts.suite(data_suite)})]


@scenario(
    "ftp-ccc",
    "FTP, CCC: the control connection leaves TLS after the login and goes on in clear; data stay protected",
    cases=(*CASES, "TLS-25", "STATE-07"),
    programs=PROGRAMS,
    differs=BLIND,
)
def clear_control(lab: Network) -> list[Row]:
    control, data = _fetch(lab, "--ftp-ssl-ccc-mode", "active")
    told = events("1 TLS", "2 none", "3 none")
    zert = {**facts.CLEAR_IN_ZERT, "events": events("4 none")}
    return [_control(control, verdict="ended_clear", events=told, mode_zert=zert), _data(data)]
