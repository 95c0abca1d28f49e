"""``programs/rustls-peer`` as scenarios use it: built when first needed, outside the repository and its workspace."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from pathlib import Path

from . import facts
from .identity import authority, issue
from .network import SERVER4, LabError, Network, Program
from .openssl import NAME

SOURCE = Path(__file__).resolve().parents[1] / "programs" / "rustls-peer"
BUILT = Path("/tmp/zertap-rustls-peer")


@cache
def program() -> Path:
    """The binary."""
    subprocess.run(["cargo", "build", "-q"], cwd=SOURCE, env={**os.environ, "CARGO_TARGET_DIR": str(BUILT)}, check=True)
    return BUILT / "debug" / "rustls-peer"


def server(lab: Network, *options: str) -> Program:
    """An echoing server on port 443."""
    who = issue(NAME)
    argv = [program(), "server", f"{SERVER4}:443", who.certificate, who.key, *options]
    return lab.spawn(lab.server, *argv, listens=443)


def client(lab: Network, *options: str, trust: Path | None = None) -> str:
    """One connection, or two; returns what was printed."""
    argv = [program(), "client", f"{SERVER4}:443", NAME, trust or authority().certificate, *options]
    done = lab.spawn(lab.client, *argv)
    done.wait()
    return done.output()


def session(text: str, n: int = 0) -> facts.Facts:
    """The *n*-th session that a program reports."""
    found = re.findall(r"version=(\S+)\ncipher=(\S+)\ngroup=(\S+)\nkind=(\S+)", text)
    if len(found) <= n:
        raise LabError(f"rustls made no session:\n{text}")
    version, suite, group, kind = found[n]
    named = re.fullmatch(r"Some\((\w+)\)", group)
    shown = facts.leaf(issue(NAME)) if version == "TLSv1_2" and kind != "Resumed" else None
    return {
        **facts.version(version.replace("_", ".")),
        **facts.suite(suite.replace("TLS13_", "TLS_")),
        **facts.group(named[1] if named else None),
        "resumed": kind == "Resumed",
        "sni": NAME,
        "alpn": None,
        "server_certificate": shown,
    }
