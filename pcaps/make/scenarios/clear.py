"""Connections without TLS or SSH, and TLS that meets something else."""

from __future__ import annotations

from lab import facts, openssh, openssl, peer
from lab.network import SERVER4, Network
from lab.openssl import expect
from lab.peer import CLIENT_TLS, SERVER_TLS, events
from lab.scenario import Row, scenario


def web_server(lab: Network, port: int = 80) -> None:
    """Python's own web server, on an empty folder."""
    folder = lab.logs / "www"
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text("hello\n")
    lab.spawn(lab.server, "python3", "-m", "http.server", "-d", folder, str(port), listens=port)


@scenario(
    "http-clear",
    "Plain HTTP: curl fetches a page from Python's http.server",
    cases=("A3",),
    programs=("curl", "CPython"),
)
def http(lab: Network) -> list[Row]:
    web_server(lab)
    done = lab.spawn(lab.client, "curl", "-sv", f"http://{SERVER4}/index.html")
    done.wait()
    expect(done.output(), "< HTTP/1.0 200 OK")
    return [facts.plain_row()]


@scenario(
    "tls-meets-http",
    "A TLS client calls a web server without TLS: answered by HTTP 400",
    cases=("TLS-38",),
    programs=("curl", "CPython"),
)
def tls_meets_http(lab: Network) -> list[Row]:
    web_server(lab, 443)
    done = lab.spawn(lab.client, "curl", "-sv", "--http0.9", f"https://{SERVER4}/")
    done.wait()
    expect(done.output(), "wrong version number")
    return [facts.tls_row({"sni": None}, verdict="failed", reason="peer_not_tls", gave_up="server")]


@scenario(
    "http-meets-tls",
    "curl speaks HTTP to a TLS server, which closes without a word",
    cases=("TLS-39",),
    programs=("curl", "OpenSSL"),
)
def http_meets_tls(lab: Network) -> list[Row]:
    server = openssl.server(lab)
    lab.spawn(lab.client, "curl", "-sv", f"http://{SERVER4}:443/").wait()
    expect(server.output(), "http request|wrong version number")
    return [facts.plain_row()]


@scenario("refused", "Nobody listens: SYN, RST", cases=("A2", "STATE-08"), programs=("curl",))
def refused(lab: Network) -> list[Row]:
    done = lab.spawn(lab.client, "curl", "-sv", f"http://{SERVER4}/")
    done.wait()
    expect(done.output(), "Connection refused")
    return [facts.plain_row("no_traffic", flags_include=["never_established"])]


@scenario(
    "no-data", "A connection that is opened and closed without one octet", cases=("STATE-08",), programs=("CPython",)
)
def no_data(lab: Network) -> list[Row]:
    peer.listen(lab, "eof", "close", port=80)
    peer.connect(lab, "sleep=0.3", "close", port=80)
    return [facts.plain_row("no_traffic", events=events("4 none"))]


@scenario(
    "clear-long",
    "Clear data for 11 s: initiation and termination without protection",
    cases=("STATE-02",),
    programs=("CPython",),
)
def clear_long(lab: Network) -> list[Row]:
    peer.listen(lab, "hear-line", "hear-line", "say=bye\\n", "eof", "close", port=7777)
    peer.connect(lab, "say=hello\\n", "sleep=11", "say=still in clear\\n", "hear-line", "close", port=7777)
    return [facts.plain_row(events=events("1 none", "3 none"))]


@scenario(
    "clear-then-tls",
    "The server greets in clear, then TLS 1.3 starts on the same connection without a protocol that we name",
    cases=("TLS-40", "STATE-09"),
    programs=("CPython",),
)
def clear_then_tls(lab: Network) -> list[Row]:
    peer.listen(lab, "say=GO AHEAD\\n", SERVER_TLS, "hear-line", "unwrap", "close", port=7777)
    done = peer.connect(lab, "hear-line", "sleep=0.2", CLIENT_TLS, "say=hello\\n", "unwrap", "close", port=7777)
    return [facts.tls_row(peer.session(done.output()), flags_include=["upgraded"], mode_zert=facts.CLEAR_IN_ZERT)]


@scenario(
    "ssh-meets-tls",
    "An SSH client calls a TLS server, which closes without a word",
    cases=("SSH-14",),
    programs=("OpenSSH client", "OpenSSL"),
)
def ssh_meets_tls(lab: Network) -> list[Row]:
    openssl.server(lab, port=2222)
    text = openssh.client(lab, port=2222)
    said = facts.openssh(text)
    return [
        facts.ssh_row({"client_banner": said["client_banner"]}, verdict="failed", reason="closed", gave_up="server")
    ]


@scenario(
    "tls-meets-ssh",
    "A TLS client calls an SSH server, whose banner comes first",
    cases=("SSH-14",),
    programs=("OpenSSH server", "CPython"),
)
def tls_meets_ssh(lab: Network) -> list[Row]:
    server = openssh.server(lab)
    peer.connect(lab, "sleep=0.4", f"hello={openssl.NAME}", "eof", "close", port=22)
    expect(server.output(), "invalid format|Bad protocol version")
    return [facts.ssh_row({}, verdict="failed", reason="peer_not_ssh", gave_up="client")]
