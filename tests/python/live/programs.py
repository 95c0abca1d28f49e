"""Real traffic between the two namespaces: OpenSSL's and OpenSSH's own programs."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from live.places import Places, run, within

SERVER = "10.77.0.2"


def certificate(folder: Path) -> tuple[str, str]:
    """A key and a certificate that signs itself."""
    key, leaf = str(folder / "key.pem"), str(folder / "leaf.pem")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=live.test"]
    subprocess.run([*make, "-keyout", key, "-out", leaf], check=True, capture_output=True)
    return key, leaf


@contextmanager
def tls_server(pair: Places, folder: Path, port: int = 4433) -> Iterator[None]:
    """``openssl s_server`` there."""
    key, leaf = certificate(folder)
    command = ["openssl", "s_server", "-quiet", "-accept", str(port), "-key", key, "-cert", leaf]
    # It sends what it reads, and closes when there is no more.
    server = within(pair.there, *command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        listening(pair, port)
        yield
    finally:
        server.kill()
        server.communicate()


def tls(pair: Places, *options: str, port: int = 4433, stay: float = 0.1) -> None:
    """One connection from here."""
    talk = (
        f"(echo hello; sleep {stay}) | openssl s_client -quiet -no_ign_eof -connect {SERVER}:{port} {' '.join(options)}"
    )
    run(pair.here, ["sh", "-c", talk])


@contextmanager
def ssh_server(pair: Places, folder: Path, port: int = 2222) -> Iterator[list[str]]:
    """``sshd`` there; yields the command of a client that it lets in."""
    Path("/run/sshd").mkdir(exist_ok=True)
    host, user = folder / "host", folder / "user"
    for key in (host, user):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    settings = f"Port {port}\nListenAddress {SERVER}\nHostKey {host}\nAuthorizedKeysFile {user}.pub\nStrictModes no\n"
    (folder / "sshd_config").write_text(settings + "UsePAM no\nPidFile none\nPermitRootLogin yes\n")
    server = within(pair.there, "/usr/sbin/sshd", "-D", "-f", str(folder / "sshd_config"), stderr=subprocess.DEVNULL)
    known = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    try:
        listening(pair, port)
        yield ["ssh", "-F", "none", "-i", str(user), "-p", str(port), *known, f"root@{SERVER}"]
    finally:
        server.kill()
        server.wait()


def listening(pair: Places, port: int) -> None:
    """Waits until somebody listens there, without a connection that a tap would see."""
    deadline = time.monotonic() + 10
    while f":{port} " not in run(pair.there, ["ss", "-Hltn"]).stdout:
        assert time.monotonic() < deadline, f"nobody listens on port {port}"
        time.sleep(0.05)


@contextmanager
def tcpdump(pair: Places, path: Path) -> Iterator[None]:
    """The same frames in a file."""
    command = ["tcpdump", "-q", "-U", "-i", pair.near, "--time-stamp-precision=nano", "-w", str(path)]
    dump = within(pair.here, *command, stderr=subprocess.PIPE)
    assert dump.stderr
    while b"listening on" not in dump.stderr.readline():
        assert dump.poll() is None
    try:
        yield
        time.sleep(1.2)
    finally:
        dump.terminate()
        dump.communicate()
