"""TLS and SSH through proxies: HTTP CONNECT, SOCKS 4 and 5, PROXY headers; granted, refused, and in a hurry."""

from __future__ import annotations

import re

from lab import facts, openssh, openssl, peer, servers
from lab.identity import authority, issue
from lab.network import SERVER4, Network
from lab.openssl import NAME, expect
from lab.peer import CLIENT_TLS
from lab.recorder import Recording
from lab.scenario import Row, scenario
from scenarios.upgrades_servers import blind, row

CASES = ("TLS-40", "STATE-09")
# What mode zert says of SSH in a tunnel: it has no flag for it.
CLEAR_SSH: facts.Facts = {"verdict": "plaintext", "protocol": "none", "upgrade": None, "ssh": None, "flags_include": []}
SOCKS_PORT = 1080
TO_LOOPBACK = Recording(filter="tcp port 3128 or tcp port 1080")


def _curl(lab: Network, *options: str, to: str = "127.0.0.1") -> facts.Facts:
    """What curl says of a TLS session with the server behind a proxy."""
    argv = ["curl", "-sv", "--no-alpn", "--cacert", str(authority().certificate), *options]
    done = lab.spawn(lab.client, *argv, "--connect-to", f"{NAME}:443:{to}:443", f"https://{NAME}/")
    done.wait()
    said = re.search(r"SSL connection using (\S+) / (\S+)", done.output())
    expect(done.output(), "SSL connection using .*\n(.*\n)*.*200")
    assert said
    return {**facts.version(said[1]), **facts.suite(said[2]), "resumed": False}


@scenario(
    "connect-tls",
    "HTTP CONNECT through squid, then TLS 1.3",
    cases=CASES,
    programs=("OpenSSL", "squid"),
    recording=TO_LOOPBACK,
)
def connect_tls(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3")
    servers.squid(lab)
    program = openssl.start(lab, "-proxy", f"{SERVER4}:3128", address="127.0.0.1")
    program.wait_for("Verify return code")
    program.hang_up()
    program.wait()
    return [row(facts.openssl_client(program.output()), "http_connect", version="1.3")]


@scenario(
    "connect-refused",
    "HTTP CONNECT that squid refuses: 403",
    cases=("TLS-40",),
    programs=("curl", "squid"),
    recording=TO_LOOPBACK,
)
def connect_refused(lab: Network) -> list[Row]:
    servers.squid(lab)
    done = lab.spawn(lab.client, "curl", "-sv", "-x", f"http://{SERVER4}:3128", "https://127.0.0.1:9/")
    done.wait()
    expect(done.output(), "403 Forbidden")
    return [facts.plain_row(upgrade=None)]


def _socks_tls(name: str, shows: str, option: str, word: str) -> None:
    @scenario(name, shows, cases=CASES, programs=("curl", "OpenSSL", "Dante"), recording=TO_LOOPBACK)
    def play(lab: Network) -> list[Row]:
        openssl.server(lab, "-tls1_2", "-www", echo=False)
        servers.dante(lab)
        return [row(_curl(lab, option, f"{SERVER4}:{SOCKS_PORT}"), word, version="1.2")]


_socks_tls("socks4-tls", "SOCKS 4 through Dante, then TLS 1.2", "--socks4", "socks4")
_socks_tls("socks5-tls", "SOCKS 5 through Dante, then TLS 1.2", "--socks5", "socks5")


@scenario(
    "socks5-refused",
    "SOCKS 5, Dante's rules refuse the port",
    cases=("TLS-40",),
    programs=("curl", "Dante"),
    recording=TO_LOOPBACK,
)
def socks_refused(lab: Network) -> list[Row]:
    servers.dante(lab)
    done = lab.spawn(lab.client, "curl", "-sv", "--socks5", f"{SERVER4}:{SOCKS_PORT}", "https://127.0.0.1:9/")
    done.wait()
    expect(done.output(), "complete SOCKS5 connection")
    return [facts.plain_row(upgrade=None)]


def _ssh(name: str, shows: str, kind: str, port: int, word: str, program: str, differs: tuple[str, ...] = ()) -> None:
    @scenario(
        name,
        shows,
        cases=("SSH-01", "TLS-40"),
        programs=("OpenSSH client", "OpenSSH server", "netcat", program),
        recording=TO_LOOPBACK,
        differs=differs,
    )
    def play(lab: Network) -> list[Row]:
        openssh.server(lab)
        {"squid": servers.squid, "Dante": servers.dante}[program](lab)
        command = f"ProxyCommand=nc -X {kind} -x {SERVER4}:{port} %h %p"
        text = openssh.client(lab, command, address="127.0.0.1")
        expect(text, "Authenticated to")
        told = facts.openssh(text)
        return [facts.ssh_row(told, upgrade=word, flags_include=["upgraded"], mode_zert=CLEAR_SSH)]


_ssh("connect-ssh", "SSH through squid's HTTP CONNECT", "connect", 3128, "http_connect", "squid")
_ssh("socks4-ssh", "SSH through SOCKS 4", "4", SOCKS_PORT, "socks4", "Dante")
_ssh("socks5-ssh", "SSH through SOCKS 5", "5", SOCKS_PORT, "socks5", "Dante")


@scenario(
    "socks5-in-a-hurry",
    "SOCKS 5 without waiting: methods, request and ClientHello in one go, answered afterwards",
    cases=CASES,
    programs=("CPython", "OpenSSL", "Dante"),
    recording=TO_LOOPBACK,
    differs=blind("tshark takes the hello for a part of the request"),
)
def hurry(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3")
    servers.dante(lab)
    request = "say=\\x05\\x01\\x00\\x05\\x01\\x00\\x01\\x7f\\x00\\x00\\x01\\x01\\xbb"
    # Twelve octets are the proxy's two answers; TLS begins behind them.
    client = peer.connect(lab, request, "hurry=12", CLIENT_TLS, "say=hello\\n", "hear", "close", port=SOCKS_PORT)
    tls = peer.session(client.output())
    # Answers in clear behind the hello: mode zert need not recognise it.
    zert = {**facts.CLEAR_IN_ZERT, "flags_include": []}
    return [facts.tls_row(tls, upgrade="socks5", flags_include=["upgraded"], mode_zert=zert)]


def _proxied_tls(name: str, shows: str, word: str) -> None:
    @scenario(
        name,
        shows,
        cases=CASES,
        programs=("OpenSSL", "HAProxy", "nginx"),
        recording=Recording(filter="tcp port 443"),
    )
    def play(lab: Network) -> list[Row]:
        servers.nginx(lab, f"{SERVER4}:443 ssl proxy_protocol")
        front = f"listen front\n  bind 127.0.0.1:8443\n  server s {SERVER4}:443 {word}"
        servers.haproxy(lab, lab.client, front, listens=8443)
        request = b"GET / HTTP/1.0\r\n\r\n"
        text = openssl.client(lab, "-tls1_2", "-ign_eof", address="127.0.0.1", port=8443, say=(request,), pause=0.7)
        expect(text, "200 OK")
        return [row(facts.openssl_client(text), "proxy", version="1.2")]


_proxied_tls("proxy1-tls", "A PROXY line of HAProxy in front of TLS 1.2 to nginx", "send-proxy")
_proxied_tls("proxy2-tls", "A binary PROXY header of HAProxy in front of TLS 1.2 to nginx", "send-proxy-v2")


def _proxied_ssh(name: str, shows: str, word: str) -> None:
    @scenario(
        name,
        shows,
        cases=("SSH-01", "TLS-40"),
        programs=("OpenSSH client", "OpenSSH server", "HAProxy"),
        recording=Recording(filter="tcp port 2222"),
    )
    def play(lab: Network) -> list[Row]:
        openssh.server(lab)
        back = f"listen back\n  bind {SERVER4}:2222 accept-proxy\n  server s 127.0.0.1:22"
        front = f"listen front\n  bind 127.0.0.1:2200\n  server s {SERVER4}:2222 {word}"
        servers.haproxy(lab, lab.server, back, listens=2222)
        servers.haproxy(lab, lab.client, front, listens=2200)
        text = openssh.client(lab, address="127.0.0.1", port=2200)
        expect(text, "Authenticated to")
        # Mode zert: whether clear octets of the client or the server's banner count first, the rules leave to the order.
        return [facts.ssh_row(facts.openssh(text), upgrade="proxy", flags_include=["upgraded"], mode_zert=None)]


_proxied_ssh("proxy1-ssh", "A PROXY line between two HAProxys in front of SSH", "send-proxy")
_proxied_ssh("proxy2-ssh", "A binary PROXY header between two HAProxys in front of SSH", "send-proxy-v2")


@scenario(
    "connect-smtp-starttls",
    "A tunnel in which another upgrade follows: CONNECT, then SMTP and its STARTTLS; the row names the last",
    cases=CASES,
    programs=("OpenSSL", "squid", "Postfix"),
    recording=TO_LOOPBACK,
    differs=blind("tshark does not follow STARTTLS inside CONNECT", "group_id"),
)
def connect_smtp(lab: Network) -> list[Row]:
    servers.postfix(lab)
    servers.squid(lab)
    program = openssl.start(lab, "-proxy", f"{SERVER4}:3128", "-starttls", "smtp", "-tls1_3", address=SERVER4, port=25)
    program.wait_for("Verify return code")
    program.hang_up()
    program.wait()
    return [row(facts.openssl_client(program.output()), "smtp", version="1.3")]


@scenario(
    "stunnel-between",
    "TLS 1.3 between two stunnels that carry SSH: the tunnel is what is seen",
    cases=("TLS-51",),
    programs=("OpenSSH client", "OpenSSH server", "stunnel"),
    recording=Recording(filter="tcp port 443"),
)
def stunnels(lab: Network) -> list[Row]:
    openssh.server(lab)
    servers.stunnel(lab, lab.server, f"accept = {SERVER4}:443", "connect = 127.0.0.1:22", listens=443)
    far = ("client = yes", "accept = 127.0.0.1:2200", f"connect = {SERVER4}:443", f"sni = {NAME}")
    near = servers.stunnel(lab, lab.client, *far, listens=2200)
    expect(openssh.client(lab, address="127.0.0.1", port=2200), "Authenticated to")
    near.wait_for("TLSv1.3 ciphersuite")
    said = re.search(r"(TLSv1\.3) ciphersuite: (\S+)", near.output())
    assert said
    tls = {**facts.version(said[1]), **facts.suite(said[2]), "resumed": False, "sni": NAME, "server_certificate": None}
    return [facts.tls_row(tls, upgrade=None)]


@scenario(
    "smtp-stunnel",
    "SMTP, STARTTLS granted by stunnel in front of a mail server, TLS 1.2",
    cases=CASES,
    programs=("OpenSSL", "stunnel", "Postfix"),
    recording=Recording(filter="tcp port 587"),
)
def smtp_stunnel(lab: Network) -> list[Row]:
    servers.postfix(lab, tls=False)
    lines = (f"accept = {SERVER4}:587", f"connect = {SERVER4}:25", "protocol = smtp", "sslVersionMax = TLSv1.2")
    servers.stunnel(lab, lab.server, *lines, listens=587)
    text = openssl.client(lab, "-starttls", "smtp", port=587, say=(b"NOOP\r\n",), pause=0.7)
    who = issue(NAME)
    tls = {**facts.openssl_client(text), "sni": NAME, "alpn": None, "server_certificate": facts.leaf(who)}
    return [facts.tls_row(tls, upgrade="smtp", flags_include=["upgraded"], mode_zert=facts.CLEAR_IN_ZERT)]
