"""A bad cable between the namespaces, for captures with loss, repetition and disorder that TCP really repaired."""

from __future__ import annotations

import socket
from pathlib import Path

from .network import Network

SCRIPT = Path(__file__).resolve().parents[1] / "programs" / "bad_cable.py"
CLIENT, SERVER = "10.97.0.1", "10.97.0.2"
NAME = "cable"


def lay(lab: Network, seed: int, *, loss: float = 0.0, repeat: float = 0.0, reorder: float = 0.0) -> None:
    """Joins both namespaces by a second link, ``cable``, with these probabilities for every packet."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for end, space, address in zip(ends, (lab.server, lab.client), (SERVER, CLIENT), strict=True):
        numbers = [str(number) for number in (end.fileno(), seed, loss, repeat, reorder)]
        program = lab.spawn(space, "python3", SCRIPT, NAME, address, *numbers, inherit=(end.fileno(),))
        program.wait_for("ready")
        end.close()
