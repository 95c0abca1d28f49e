"""How TLS connections end: before the handshake, in its middle, after it, and in data in clear."""

from __future__ import annotations

import signal
import time

from lab import facts, openssl, peer
from lab.identity import issue
from lab.network import Network
from lab.openssl import NAME
from lab.peer import CLIENT_TLS, SERVER_TLS, events
from lab.scenario import Row, scenario

PY = ("CPython",)
BOTH = ("OpenSSL", "CPython")
HELLO = f"hello={NAME}"
V12 = "max=1.2"


def ended(reason: str, side: str, **tls: object) -> Row:
    """A handshake that nobody refused in words."""
    return facts.tls_row({"sni": NAME, "alerts": [], **tls}, verdict="failed", reason=reason, gave_up=side)


@scenario("tls-hello-then-client-reset", "ClientHello, then the client resets", cases=("TLS-41",), programs=PY)
def client_reset(lab: Network) -> list[Row]:
    peer.listen(lab, "eof")
    peer.connect(lab, HELLO, "sleep=0.2", "rst")
    return [ended("reset", "client")]


@scenario("tls-hello-then-client-fin", "ClientHello, then the client closes", cases=("TLS-41",), programs=PY)
def client_fin(lab: Network) -> list[Row]:
    peer.listen(lab, "eof", "close")
    peer.connect(lab, HELLO, "sleep=0.2", "close")
    return [ended("closed", "client")]


@scenario("tls-hello-then-server-reset", "ClientHello, then the server resets", cases=("TLS-41",), programs=PY)
def server_reset(lab: Network) -> list[Row]:
    peer.listen(lab, "hear", "sleep=0.2", "rst")
    peer.connect(lab, HELLO, "eof", "close")
    return [ended("reset", "server")]


@scenario("tls-hello-then-server-fin", "ClientHello, then the server closes", cases=("TLS-41",), programs=PY)
def server_fin(lab: Network) -> list[Row]:
    peer.listen(lab, "hear", "sleep=0.2", "close")
    peer.connect(lab, HELLO, "eof", "close")
    return [ended("closed", "server")]


@scenario(
    "tls12-client-leaves",
    "TLS 1.2, the client reads the server's flight and closes without a word",
    cases=("TLS-22",),
    programs=BOTH,
)
def leaves_12(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_2")
    peer.connect(lab, HELLO, "sleep=0.3", "hear", "fin", "eof", "close")
    row = ended("closed", "client", version="TLSv1.2", server_certificate=facts.leaf(issue(NAME)))
    # The server answers the FIN with a decode_error; whether it is still listed is not for this row to say.
    del row["tls"]["alerts"]
    return [row]


@scenario(
    "tls12-client-resets", "TLS 1.2, the client reads the server's flight and resets", cases=("TLS-22",), programs=BOTH
)
def resets_12(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_2")
    peer.connect(lab, HELLO, "sleep=0.3", "hear", "rst")
    return [ended("reset", "client", version="TLSv1.2", server_certificate=facts.leaf(issue(NAME)))]


@scenario(
    "tls13-client-leaves",
    "TLS 1.3, the client reads the server's flight and closes without a word",
    cases=("TLS-15",),
    programs=BOTH,
)
def leaves_13(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3")
    peer.connect(lab, HELLO, "sleep=0.3", "hear", "fin", "eof", "close")
    return [ended("closed", "client", version="TLSv1.3", server_certificate=None)]


@scenario(
    "tls13-client-resets", "TLS 1.3, the client reads the server's flight and resets", cases=("TLS-15",), programs=BOTH
)
def resets_13(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3")
    peer.connect(lab, HELLO, "sleep=0.3", "hear", "rst")
    return [ended("reset", "client", version="TLSv1.3", server_certificate=None)]


@scenario(
    "tls12-in-progress",
    "TLS 1.2, the server's flight is out, the client is silent, the capture stops",
    cases=("TLS-42",),
    programs=BOTH,
)
def in_progress_12(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_2")
    peer.connect(lab, HELLO, "hear", "sleep=60", finish=False)
    time.sleep(0.7)
    tls = {"version": "TLSv1.2", "sni": NAME, "server_certificate": facts.leaf(issue(NAME))}
    return [facts.tls_row(tls, verdict="in_progress")]


@scenario(
    "tls13-in-progress",
    "TLS 1.3, the server's flight is out, the client is silent, the capture stops",
    cases=("TLS-42",),
    programs=BOTH,
)
def in_progress_13(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3")
    peer.connect(lab, HELLO, "hear", "sleep=60", finish=False)
    time.sleep(0.7)
    return [facts.tls_row({"version": "TLSv1.3", "sni": NAME, "server_certificate": None}, verdict="in_progress")]


@scenario(
    "tls-hello-in-two-halves",
    "The ClientHello comes in two halves, the first of 3 octets; the client closes after the server's flight",
    cases=("TLS-01", "TLS-04", "TLS-15"),
    programs=BOTH,
)
def halves(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3")
    peer.connect(lab, f"part={NAME},3", "sleep=0.5", "rest", "sleep=0.3", "hear", "fin", "eof", "close")
    return [ended("closed", "client", version="TLSv1.3", server_certificate=None)]


def _pair(lab: Network, server: list[str], client: list[str], *versions: str) -> facts.Facts:
    peer.listen(lab, *versions, SERVER_TLS, *server)
    done = peer.connect(lab, *versions, CLIENT_TLS, *client)
    return peer.session(done.output())


CLEAR_SERVER = ["hear-line", "say=ok\\n", "unwrap", "hear-line", "say=in clear\\n", "eof", "close"]
CLEAR_CLIENT = ["say=secret\\n", "hear-line", "unwrap", "say=now in clear\\n", "hear-line", "close"]


@scenario(
    "tls12-then-clear",
    "TLS 1.2, both sides close_notify, then go on in clear on the same connection (the shape of FTP's CCC)",
    cases=("TLS-25", "STATE-07"),
    programs=PY,
)
def then_clear_12(lab: Network) -> list[Row]:
    tls = _pair(lab, CLEAR_SERVER, CLEAR_CLIENT, V12)
    return [facts.tls_row(tls, verdict="ended_clear", events=events("1 TLS", "2 none", "3 none"))]


@scenario(
    "tls13-then-clear",
    "TLS 1.3, both sides close_notify, then go on in clear",
    cases=("TLS-25", "STATE-07"),
    programs=PY,
)
def then_clear_13(lab: Network) -> list[Row]:
    tls = _pair(lab, CLEAR_SERVER, CLEAR_CLIENT)
    return [facts.tls_row(tls, verdict="ended_clear", events=events("1 TLS", "2 none", "3 none"))]


@scenario(
    "tls12-then-clear-late", "TLS 1.2 for 11 s, close_notify, then in clear", cases=("TLS-25", "STATE-06"), programs=PY
)
def then_clear_late(lab: Network) -> list[Row]:
    client = [*CLEAR_CLIENT[:2], "sleep=11", *CLEAR_CLIENT[2:]]
    tls = _pair(lab, CLEAR_SERVER, client, V12)
    return [facts.tls_row(tls, verdict="ended_clear", events=events("1 TLS", "2 none", "3 none"))]


@scenario(
    "tls12-ended-then-idle",
    "TLS 1.2, both sides close_notify, silence for 2 s, FIN: still protected",
    cases=("TLS-26", "STATE-05"),
    programs=PY,
)
def then_idle(lab: Network) -> list[Row]:
    tls = _pair(lab, ["hear-line", "unwrap", "eof", "close"], ["say=secret\\n", "unwrap", "sleep=2", "close"], V12)
    return [facts.tls_row(tls, events=events("4 TLS"))]


@scenario(
    "tls13-then-reset", "TLS 1.3, data both ways, then the client resets", cases=("TLS-24", "STATE-03"), programs=PY
)
def then_reset(lab: Network) -> list[Row]:
    tls = _pair(lab, ["hear-line", "say=ok\\n", "eof"], ["say=secret\\n", "hear-line", "sleep=0.2", "rst"])
    return [facts.tls_row(tls, events=events("4 TLS"))]


@scenario("tls12-no-data", "TLS 1.2, handshake, then close_notify at once", cases=("TLS-24",), programs=("OpenSSL",))
def no_data(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_2")
    text = openssl.client(lab, say=())
    return [facts.tls_row({**facts.openssl_client(text), "sni": NAME, "server_certificate": facts.leaf(issue(NAME))})]


@scenario("tls13-long", "TLS 1.3 for 11 s: initiation and termination", cases=("STATE-01",), programs=PY)
def long(lab: Network) -> list[Row]:
    tls = _pair(
        lab, ["hear-line", "hear-line", "unwrap", "close"], ["say=one\\n", "sleep=11", "say=two\\n", "unwrap", "close"]
    )
    return [facts.tls_row(tls, events=events("1 TLS", "3 TLS"))]


@scenario(
    "tls13-late-start", "Silence for 11 s, then TLS 1.3 as the first thing to flow", cases=("STATE-12",), programs=PY
)
def late_start(lab: Network) -> list[Row]:
    peer.listen(lab, SERVER_TLS, "hear-line", "unwrap", "close")
    done = peer.connect(lab, "sleep=11", CLIENT_TLS, "say=late\\n", "unwrap", "close")
    return [facts.tls_row(peer.session(done.output()), events=events("1 none", "2 TLS", "3 TLS"))]


@scenario(
    "tls13-slow-server",
    "The server answers the ClientHello after 11 s: one initiation, at completion",
    cases=("STATE-04",),
    programs=("OpenSSL",),
)
def slow_server(lab: Network) -> list[Row]:
    server = openssl.server(lab, "-tls1_3")
    server.process.send_signal(signal.SIGSTOP)
    running = openssl.start(lab)
    running.wait_for("ClientHello")
    time.sleep(11)
    server.process.send_signal(signal.SIGCONT)
    running.wait_for("New Session Ticket")
    running.hang_up()
    running.wait()
    tls = {**facts.openssl_client(running.output()), "sni": NAME, "alpn": None, "server_certificate": None}
    return [facts.tls_row(tls, events=events("1 TLS", "3 TLS"))]


@scenario(
    "tls12-failed-stays-open",
    "TLS 1.2, refused by an alert; the client keeps its side open for 11 s",
    cases=("STATE-13",),
    programs=BOTH,
)
def failed_open(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")
    peer.connect(lab, HELLO, "sleep=11", "eof", "close")
    tls = {"sni": NAME, "alerts": [facts.alert("server", "fatal", "handshake_failure")]}
    return [
        facts.tls_row(
            tls, verdict="failed", reason="alert", gave_up="server", events=events("1 TLS failed", "3 TLS failed")
        )
    ]


@scenario(
    "tls13-client-is-tcp-server",
    "The TCP server acts as the TLS client (callbacks, FTP active data)",
    cases=("TLS-07",),
    programs=PY,
)
def reversed_roles(lab: Network) -> list[Row]:
    listening = peer.listen(lab, CLIENT_TLS, "say=called back\\n", "unwrap", "close")
    peer.connect(lab, SERVER_TLS, "hear-line", "unwrap", "close")
    listening.wait()
    return [facts.tls_row(peer.session(listening.output()))]


@scenario(
    "tls13-hello-retry-abandoned",
    "TLS 1.3, HelloRetryRequest, and the second ClientHello never comes: the client resets",
    cases=("TLS-12",),
    programs=BOTH,
)
def retry_abandoned(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3", "-groups", "P-384")
    peer.connect(lab, HELLO, "sleep=0.3", "hear", "rst")
    return [ended("reset", "client")]
