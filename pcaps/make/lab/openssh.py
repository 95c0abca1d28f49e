"""``sshd`` and ``ssh`` as scenarios use them."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from .identity import HOME
from .network import SERVER4, Network, Program, run_text

PORT = 22


@cache
def key(kind: str, bits: int = 0, purpose: str = "host") -> Path:
    """A throw-away SSH key pair; the public half is beside it with ``.pub``."""
    path = HOME / f"ssh-{purpose}-{kind}-{bits}"
    run_text(["ssh-keygen", "-q", "-t", kind, *(["-b", str(bits)] if bits else []), "-N", "", "-C", "", "-f", path])
    return path


def server(lab: Network, *options: str, host_keys: tuple[str, ...] = ("ed25519",), port: int = PORT) -> Program:
    """A server that lets the client's test key in as the user who runs the laboratory."""
    Path("/run/sshd").mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(dir=HOME))
    (home / "sshd_config").touch()
    known = home / "authorized_keys"
    known.write_text(key("ed25519", purpose="user").with_suffix(".pub").read_text())
    lines = [f"AuthorizedKeysFile={known}", "StrictModes=no", "UsePAM=no", "PermitRootLogin=yes", *options]
    chosen = [part for kind in host_keys for part in ("-h", str(key(kind)))]
    flags = [part for line in lines for part in ("-o", line)]
    return lab.spawn(
        lab.server,
        "/usr/sbin/sshd",
        "-D",
        "-e",
        "-f",
        home / "sshd_config",
        "-p",
        str(port),
        *chosen,
        *flags,
        listens=port,
    )


def client(
    lab: Network,
    *options: str,
    command: str = "echo hello",
    address: str = SERVER4,
    port: int = PORT,
    identity: Path | None = None,
) -> str:
    """One login; returns all that ``ssh -vv`` printed."""
    # For ssh the first value of an option counts.
    lines = [
        *options,
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "GlobalKnownHostsFile=/dev/null",
        "IdentitiesOnly=yes",
        "BatchMode=yes",
    ]
    flags = [part for line in lines for part in ("-o", line)]
    who = identity or key("ed25519", purpose="user")
    program = lab.spawn(
        lab.client, "ssh", "-F", "none", "-vv", "-p", str(port), "-i", who, *flags, f"root@{address}", command
    )
    program.wait()
    return program.output()
