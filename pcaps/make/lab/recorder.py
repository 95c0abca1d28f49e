"""Records a scenario with tcpdump, or with dumpcap where one recording spans two interfaces."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .network import LabError, Network, Program


@dataclass(frozen=True)
class Recording:
    """How a scenario wants to be recorded."""

    interface: str = "wire"
    filter: str = "tcp"
    options: tuple[str, ...] = ()
    also: str | None = None
    side: str = "server"
    before: Callable[[Network], None] | None = None


class Recorder:
    """One running tcpdump; what it wrote is complete after ``stop``."""

    def __init__(self, network: Network, target: Path, how: Recording) -> None:
        self._program: Program = (
            self._dumpcap(network, target, how) if how.also else self._tcpdump(network, target, how)
        )

    @staticmethod
    def _dumpcap(network: Network, target: Path, how: Recording) -> Program:
        interfaces = [part for name in (how.interface, how.also) for part in ("-i", name, "-f", how.filter)]
        target.touch()
        program = network.spawn(network.server, "dumpcap", *map(str, interfaces), *how.options, "-w", target)
        program.wait_for("File: ")
        time.sleep(0.3)
        return program

    @staticmethod
    def _tcpdump(network: Network, target: Path, how: Recording) -> Program:
        program = network.spawn(
            network.server if how.side == "server" else network.client,
            "tcpdump",
            "-i",
            how.interface,
            "-U",
            "--immediate-mode",
            "-Z",
            "root",
            "-s",
            "0",
            "-n",
            *how.options,
            "-w",
            target,
            how.filter,
        )
        program.wait_for("listening on")
        return program

    def stop(self, settle: float = 0.4) -> None:
        """Waits *settle* seconds for the last packets, then ends the recording."""
        time.sleep(settle)
        self._program.process.send_signal(signal.SIGINT)
        self._program.wait()
        said = self._program.output()
        lost = re.search(r"(\d+) packets? dropped by kernel", said)
        by_dumpcap = re.findall(r"received/dropped on interface '[^']+': \d+/(\d+)", said)
        if any(int(count) for count in ([lost[1]] if lost else by_dumpcap or ["1"])):
            raise LabError(f"packets were dropped: {self._program.output()}")
