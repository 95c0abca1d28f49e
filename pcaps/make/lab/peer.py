"""Two ends that do exactly what a scenario writes down (``programs/peer.py``)."""

from __future__ import annotations

from pathlib import Path

from . import facts
from .identity import authority, issue
from .network import SERVER4, Network, Program
from .openssl import NAME, expect

SCRIPT = Path(__file__).resolve().parents[1] / "programs" / "peer.py"
CLIENT_TLS = "tls-client=" + NAME + ",{authority}"
SERVER_TLS = "tls-server={certificate},{key}"


def listen(lab: Network, *verbs: str, port: int = 443, address: str = SERVER4) -> Program:
    """A peer that waits for one connection."""
    return lab.spawn(lab.server, "python3", SCRIPT, "listen", address, str(port), *map(_filled, verbs), listens=port)


def connect(lab: Network, *verbs: str, port: int = 443, address: str = SERVER4, finish: bool = True) -> Program:
    """A peer that connects; with *finish*, returns once it has done all its verbs."""
    program = lab.spawn(lab.client, "python3", SCRIPT, "connect", address, str(port), *map(_filled, verbs))
    if finish:
        program.wait(60)
        expect(program.output(), "done")
    return program


def _filled(verb: str) -> str:
    who = issue(NAME)
    return verb.format(authority=authority().certificate, certificate=who.certificate, key=who.key)


def session(text: str) -> facts.Facts:
    """What CPython says it negotiated. It does not tell the group."""
    said = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    shown = facts.leaf(issue(NAME)) if said["version"] != "TLSv1.3" else None
    return {
        **facts.version(said["version"]),
        **facts.suite(said["cipher"]),
        "resumed": False,
        "sni": NAME,
        "server_certificate": shown,
    }


def events(*words: str) -> list[facts.Facts]:
    """``"1 TLS"``, ``"2 none"``, ``"3 TLS failed"`` as the schema's events, without their times."""
    made = []
    for word in words:
        number, protocol, *failed = word.split()
        made.append({"type": int(number), "protocol": protocol, "failed": bool(failed)})
    return made
