"""Real conversations over a bad cable: what TCP repaired, the observer must repair as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lab import cable, facts, openssh, openssl
from lab.identity import issue
from lab.network import LabError, Network, run_text
from lab.openssl import NAME
from lab.recorder import Recording
from lab.scenario import Finish, Row, scenario


def _bad(seed: int, side: str, **how: float) -> Recording:
    def lay(lab: Network) -> None:
        cable.lay(lab, seed, **how)

    return Recording(interface=cable.NAME, before=lay, side=side, options=("-B", "4096"))


def _proven(what: str) -> Finish:
    """Keeps a capture only if tshark finds in it what the cable was to do."""

    def keep(raw: Path, made: Path) -> None:
        if not run_text(["tshark", "-n", "-r", raw, "-Y", f"tcp.analysis.{what}"]):
            raise LabError(f"the cable did its worst in vain, no {what}: try again")
        raw.rename(made)

    return keep


def _tls12(lab: Network) -> Row:
    who = issue("long.zertap.test", filler=150)
    openssl.server(lab, "-tls1_2", identity=who)
    text = openssl.client(lab, address=cable.SERVER, say=(b"hello\n",) * 4)
    return facts.tls_row(
        {**facts.openssl_client(text), "sni": NAME, "alpn": None, "server_certificate": facts.leaf(who)}
    )


def _tls13(lab: Network) -> Row:
    openssl.server(lab, "-tls1_3", identity=issue("long.zertap.test", filler=150))
    text = openssl.client(lab, address=cable.SERVER, say=(b"hello\n",) * 4)
    return facts.tls_row({**facts.openssl_client(text), "sni": NAME, "alpn": None, "server_certificate": None})


def _ssh(lab: Network) -> Row:
    openssh.server(lab)
    text = openssh.client(lab, address=cable.SERVER)
    openssl.expect(text, "Authenticated to")
    return facts.ssh_row(facts.openssh(text))


def _over(
    name: str,
    shows: str,
    play: Callable[[Network], Row],
    program: tuple[str, ...],
    seed: int,
    side: str = "server",
    **how: float,
) -> None:
    @scenario(
        name,
        shows,
        cases=("TCP-02", "TCP-03"),
        programs=program,
        recording=_bad(seed, side, **how),
        finish=_proven("out_of_order" if "reorder" in how else "retransmission"),
    )
    def over(lab: Network) -> list[Row]:
        return [play(lab)]


SSL = ("OpenSSL",)
SSH = ("OpenSSH client", "OpenSSH server")
_over("disorder-tls12", "TLS 1.2 with packets out of order", _tls12, SSL, 1, "client", reorder=0.6)
_over(
    "disorder-tls13",
    "TLS 1.3 with packets out of order and repeated",
    _tls13,
    SSL,
    2,
    "client",
    reorder=0.5,
    repeat=0.4,
)
_over("disorder-ssh", "SSH with packets out of order", _ssh, SSH, 3, "client", reorder=0.9)
_over(
    "loss-tls12", "TLS 1.2 with lost packets that TCP sends again; the tap is at the server", _tls12, SSL, 4, loss=0.15
)
_over("loss-tls13", "TLS 1.3 with lost and repeated packets", _tls13, SSL, 5, loss=0.15, repeat=0.2)
_over("loss-ssh", "SSH with lost packets and disorder", _ssh, SSH, 6, loss=0.08, reorder=0.3)
