"""``openssl s_server`` and ``s_client`` as scenarios use them."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

from .identity import Identity, authority, issue
from .network import SERVER4, LabError, Network, Program

NAME = "server.zertap.test"
PORT = 443


def server(
    lab: Network, *options: str | Path, identity: Identity | None = None, port: int = PORT, echo: bool = True
) -> Program:
    """A server that sends every line back reversed."""
    who = identity or issue(NAME)
    files: list[str | Path] = [] if "-nocert" in options else ["-cert", who.certificate, "-key", who.key]
    return lab.spawn(
        lab.server,
        "openssl",
        "s_server",
        "-accept",
        str(port),
        *files,
        *(["-rev"] if echo else []),
        *options,
        listens=port,
    )


def client(
    lab: Network,
    *options: str | Path,
    say: Sequence[bytes] = (b"hello\n",),
    address: str = SERVER4,
    port: int = PORT,
    name: str | None = NAME,
    pause: float = 0.25,
    trust: Path | None = None,
) -> str:
    """One connection; says each of *say*, waits, then closes. Returns all that s_client printed."""
    program = start(lab, *options, address=address, port=port, name=name, trust=trust)
    try:
        for text in say:
            time.sleep(pause)
            program.say(text)
        time.sleep(pause)
        program.hang_up()
    except BrokenPipeError:
        pass
    program.wait()
    return program.output()


def start(
    lab: Network,
    *options: str | Path,
    address: str = SERVER4,
    port: int = PORT,
    name: str | None = NAME,
    trust: Path | None = None,
) -> Program:
    """A client that is left running."""
    host = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    sni = ["-servername", name] if name else ["-noservername"]
    ca: list[str | Path] = ["-CAfile", trust or authority().certificate]
    return lab.spawn(lab.client, "openssl", "s_client", "-connect", host, *sni, *ca, "-msg", *options)


def expect(text: str, pattern: str) -> None:
    """The program must have said this: the proof that the scenario is what it claims to be."""
    if not re.search(pattern, text):
        raise LabError(f"nothing like {pattern!r} in:\n{gist(text)}")


def expect_not(text: str, pattern: str) -> None:
    """The program must not have said this."""
    if re.search(pattern, text):
        raise LabError(f"{pattern!r} in:\n{gist(text)}")


def gist(text: str) -> str:
    """The end of a program's output without its hexadecimal dumps, for a person to read."""
    lines = [
        line
        for line in text.splitlines()
        if not re.match(r"\s+([0-9a-f]{2} ?)+$|[A-Za-z0-9+/=]{40,}$|.*(Master-Key|PSK:)|    00", line)
    ]
    return "\n".join(lines[-60:])
