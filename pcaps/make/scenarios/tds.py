"""MS-TDS: FreeTDS's tsql and a server of a few lines, since none is packaged; TLS inside PRELOGIN packets."""

from __future__ import annotations

from pathlib import Path

from lab import facts, openssl, servers
from lab.identity import issue
from lab.network import SERVER4, Network
from lab.openssl import NAME, expect
from lab.peer import events
from lab.scenario import Row, scenario

SERVER = Path(__file__).resolve().parents[1] / "programs" / "tds_server.py"
PROGRAMS = ("FreeTDS", "CPython")
# Mode zert sees clear packets; the wrapped hello is at no segment's start, so there is no flag either.
CLEAR: facts.Facts = {**facts.CLEAR_IN_ZERT, "reason": None, "gave_up": None, "flags_include": []}


def _talk(lab: Network, mode: str, wish: str) -> str:
    """One login by tsql; returns what the server said."""
    who = issue(NAME)
    server = lab.spawn(lab.server, "python3", SERVER, who.certificate, who.key, "1433", mode, listens=1433)
    home = servers.folder(lab)
    (home / "freetds.conf").write_text(
        f"[here]\n  host = {SERVER4}\n  port = 1433\n  tds version = 7.3\n  encryption = {wish}\n"
    )
    client = lab.spawn(
        lab.client, "tsql", "-S", "here", "-U", "guest", "-P", "secret", env={"FREETDSCONF": str(home / "freetds.conf")}
    )
    client.hang_up()
    client.wait()
    expect(client.output(), "Login failed|connection failed")
    server.wait()
    expect(server.output(), "done")
    return server.output()


def _session(said: str) -> facts.Facts:
    told = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    return {
        **facts.version(told["version"]),
        **facts.suite(told["cipher"]),
        "resumed": False,
        "server_certificate": facts.leaf(issue(NAME)),
    }


@scenario(
    "tds-encrypted",
    "MS-TDS 7.3, encryption required: TLS 1.2 inside PRELOGIN packets, then records of their own",
    cases=("TLS-40",),
    programs=PROGRAMS,
)
def encrypted(lab: Network) -> list[Row]:
    tls = _session(_talk(lab, "on", "require"))
    return [facts.tls_row(tls, upgrade="tds", flags_include=["upgraded"], mode_zert=CLEAR)]


@scenario(
    "tds-login-only",
    "MS-TDS 7.3, encryption off: the login alone is encrypted, its answer is in clear",
    cases=("TLS-40", "TLS-25", "STATE-07"),
    programs=PROGRAMS,
)
def login_only(lab: Network) -> list[Row]:
    tls = _session(_talk(lab, "off", "request"))
    clear = {**CLEAR, "events": events("4 none")}
    return [
        facts.tls_row(
            tls,
            verdict="ended_clear",
            upgrade="tds",
            flags_include=["upgraded"],
            events=events("1 TLS", "2 none", "3 none"),
            mode_zert=clear,
        )
    ]


@scenario(
    "tds-not-encrypted", "MS-TDS 7.3, the server has no encryption: all in clear", cases=("TLS-40",), programs=PROGRAMS
)
def not_encrypted(lab: Network) -> list[Row]:
    _talk(lab, "not-supported", "request")
    return [facts.plain_row(upgrade=None)]


@scenario(
    "tds-8",
    "MS-TDS 8.0 begins with TLS 1.3 and the protocol name tds/8.0: no upgrade",
    cases=("TLS-11",),
    programs=("OpenSSL",),
)
def tds_8(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3", "-alpn", "tds/8.0")
    text = openssl.client(lab, "-alpn", "tds/8.0")
    expect(text, "ALPN protocol: tds/8.0")
    tls = {**facts.openssl_client(text), "sni": NAME, "alpn": None, "server_certificate": None}
    return [facts.tls_row(tls, upgrade=None)]
