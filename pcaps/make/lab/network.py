"""Two network namespaces joined by one Ethernet cable (veth) of MTU 1500.

Loopback would hide what a tap sees: its MTU is 65536, so no hello would ever span two segments.
Segmentation offload is switched off for the same reason. Programs started here are ended here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

CLIENT4, SERVER4 = "10.99.0.1", "10.99.0.2"
CLIENT6, SERVER6 = "fd00:99::1", "fd00:99::2"
PATIENCE = 20.0


class LabError(RuntimeError):
    """A program did not do what its scenario says it does."""


@dataclass
class Program:
    """One running program of a scenario, with everything it printed."""

    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        """All it has printed so far, standard output and error together."""
        return self.log.read_text(errors="replace")

    def say(self, text: bytes) -> None:
        """Writes to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def hang_up(self) -> None:
        """Closes its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def wait(self, seconds: float = PATIENCE) -> int:
        """Waits for its end; returns the exit status."""
        return self.process.wait(seconds)

    def wait_for(self, text: str, seconds: float = PATIENCE) -> None:
        """Waits until it has printed *text*."""
        limit = time.monotonic() + seconds
        while text not in self.output():
            if time.monotonic() > limit:
                raise LabError(f"no {text!r} in the output of {self.process.args!r}:\n{self.output()}")
            time.sleep(0.02)


@dataclass
class Network:
    """The namespaces, and the programs that live in them."""

    tag: str = field(default_factory=lambda: f"zt{os.getpid() % 100000}")
    programs: list[Program] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    @property
    def client(self) -> str:
        """Name of the namespace that connects."""
        return f"{self.tag}c"

    @property
    def server(self) -> str:
        """Name of the namespace that listens; captures are taken there."""
        return f"{self.tag}s"

    def __enter__(self) -> Self:
        self.logs = Path(tempfile.mkdtemp(prefix="zertap-lab-"))
        ip = "ip"
        _do(ip, "link", "add", f"{self.tag}a", "type", "veth", "peer", "name", f"{self.tag}b")
        for space, link, v4, v6 in (
            (self.client, f"{self.tag}a", CLIENT4, CLIENT6),
            (self.server, f"{self.tag}b", SERVER4, SERVER6),
        ):
            _do(ip, "netns", "add", space)
            _do(ip, "link", "set", link, "netns", space, "name", "wire")
            _do(ip, "-n", space, "address", "add", f"{v4}/24", "dev", "wire")
            _do(ip, "-n", space, "address", "add", f"{v6}/64", "dev", "wire", "nodad")
            _do(ip, "-n", space, "link", "set", "lo", "up")
            _do(ip, "-n", space, "link", "set", "wire", "mtu", "1500", "up")
            offload = ["ethtool", "-K", "wire", "tso", "off", "gso", "off", "gro", "off", "tx", "off", "rx", "off"]
            _do(ip, "netns", "exec", space, *offload)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_programs()
        for space in (self.client, self.server):
            subprocess.run(["ip", "netns", "del", space], check=False)
        for folder in (self.logs, *self.folders):
            shutil.rmtree(folder, ignore_errors=True)

    def spawn(
        self,
        space: str,
        *argv: str | Path,
        listens: int | None = None,
        env: dict[str, str] | None = None,
        inherit: tuple[int, ...] = (),
    ) -> Program:
        """Starts a program in a namespace; with *listens*, returns once that TCP port listens."""
        log = self.logs / f"{len(self.programs)}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                ["ip", "netns", "exec", space, *map(str, argv)],
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                pass_fds=inherit,
            )
        program = Program(process, log)
        self.programs.append(program)
        if listens is not None:
            self._await_port(space, listens, program)
        return program

    def _await_port(self, space: str, port: int, program: Program) -> None:
        limit = time.monotonic() + PATIENCE
        query = ["ip", "netns", "exec", space, "ss", "-Hltn", f"sport = :{port}"]
        while not subprocess.run(query, capture_output=True, check=True).stdout.strip():
            if time.monotonic() > limit or program.process.poll() is not None:
                raise LabError(f"nothing listens on {port}: {program.process.args!r}\n{program.output()}")
            time.sleep(0.02)

    def end_programs(self) -> None:
        """Ends what is still running, by its own process number."""
        for program in self.programs:
            if program.process.poll() is None:
                program.process.kill()
            program.process.wait()
        self.programs.clear()


def _do(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)


def run_text(argv: Sequence[str | Path], **more: object) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run([str(a) for a in argv], check=False, capture_output=True, text=True, **more)  # type: ignore[call-overload]
    if done.returncode:
        raise LabError(f"{argv!r} failed: {done.stderr}")
    return str(done.stdout)
