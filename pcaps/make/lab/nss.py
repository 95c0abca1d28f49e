"""NSS's ``selfserv`` and ``tstclnt``: the one stack here that still speaks SSLv3 and RC4."""

from __future__ import annotations

import re
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from . import facts
from .identity import HOME, Identity, issue
from .network import SERVER4, LabError, Network, Program, run_text
from .openssl import NAME, PORT


@cache
def database() -> Path:
    """A certificate database with the server's identity under the name ``server``."""
    folder = Path(tempfile.mkdtemp(dir=HOME))
    who = identity()
    run_text(["certutil", "-N", "-d", folder, "--empty-password"])
    bundle = folder / "server.p12"
    run_text(
        [
            "openssl",
            "pkcs12",
            "-export",
            "-in",
            who.certificate,
            "-inkey",
            who.key,
            "-name",
            "server",
            "-passout",
            "pass:",
            "-out",
            bundle,
        ]
    )
    run_text(["pk12util", "-i", bundle, "-d", folder, "-W", "", "-K", ""])
    return folder


def identity() -> Identity:
    """The server's identity."""
    return issue(NAME)


def server(lab: Network, *options: str) -> Program:
    """A web server that says what each client negotiated."""
    return lab.spawn(
        lab.server,
        "selfserv",
        "-d",
        database(),
        "-n",
        "server",
        "-p",
        str(PORT),
        "-w",
        "",
        "-v",
        *options,
        listens=PORT,
    )


def client(lab: Network, *options: str, name: str = NAME, bare: bool = True) -> str:
    """One request; returns what tstclnt printed. The server's certificate is not verified."""
    where = ["-D"] if bare else ["-d", str(database()), "-w", ""]
    program = lab.spawn(lab.client, "tstclnt", "-h", SERVER4, "-p", str(PORT), *where, "-o", "-a", name, *options)
    time.sleep(0.4)
    with suppress(BrokenPipeError):
        program.say(b"GET / HTTP/1.0\r\n\r\n")
    limit = time.monotonic() + 2
    while program.process.poll() is None and "EOF" not in program.output() and time.monotonic() < limit:
        time.sleep(0.05)
    # selfserv keeps the connection; tstclnt waits for its end, so its own end closes it.
    program.process.terminate()
    program.wait()
    return program.output()


def session(log: str, suite: str, expected: str) -> facts.Facts:
    """The session selfserv reports; its only allowed suite is *suite*, which *expected* recognises in NSS's words."""
    found = re.search(r"SSL version (\d\.\d) using ([^\n]+)", log)
    if not found or not re.search(expected, found[2]):
        raise LabError(f"NSS did not agree on {suite}:\n{log}")
    version = {"3.0": "SSLv3", "3.1": "TLSv1.0", "3.2": "TLSv1.1", "3.3": "TLSv1.2", "3.4": "TLSv1.3"}[found[1]]
    return {"version": version, **facts.suite(suite), "resumed": False, "sni": NAME}
