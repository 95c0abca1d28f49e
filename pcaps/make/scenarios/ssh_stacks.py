"""SSH spoken by other programs. What was agreed is told by the OpenSSH at the other end, where there is one."""

from __future__ import annotations

import re
from pathlib import Path

from lab import facts, openssh
from lab.book import PYTHON
from lab.identity import HOME
from lab.network import SERVER4, Network, Program, run_text
from lab.openssl import expect
from lab.scenario import Row, scenario

PROGRAMS = Path(__file__).resolve().parents[1] / "programs"
LOUD = "LogLevel=DEBUG2"


def _library_server(lab: Network, library: str, *options: str) -> Program:
    known = HOME / "authorized-library"
    known.write_text(openssh.key("ed25519", purpose="user").with_suffix(".pub").read_text())
    return lab.spawn(
        lab.server,
        PYTHON,
        PROGRAMS / "ssh_server.py",
        library,
        "22",
        openssh.key("ed25519"),
        known,
        *options,
        listens=22,
    )


def _library_client(lab: Network, library: str, *options: str) -> str:
    user = openssh.key("ed25519", purpose="user")
    program = lab.spawn(lab.client, PYTHON, PROGRAMS / "ssh_client.py", library, SERVER4, "22", user, *options)
    program.wait()
    return program.output()


def _told_by_server(server: Program) -> facts.Facts:
    told = facts.openssh(server.output(), by="server")
    told.pop("host_key_fingerprint", None)
    return told


@scenario(
    "ssh-dropbear-server",
    "OpenSSH's client and dropbear's server",
    cases=("SSH-01",),
    programs=("OpenSSH client", "dropbear"),
)
def dropbear_server(lab: Network) -> list[Row]:
    host = HOME / "dropbear-host"
    if not host.exists():
        run_text(["dropbearkey", "-t", "ed25519", "-f", host])
    lab.spawn(lab.server, "dropbear", "-F", "-E", "-r", host, "-p", "22", listens=22)
    # dropbear reads the user's own authorized_keys, which is not ours to touch: the login is refused, the transport stands.
    text = openssh.client(lab)
    expect(text, "SSH2_MSG_NEWKEYS received")
    return [facts.ssh_row(facts.openssh(text))]


@scenario(
    "ssh-dropbear-client",
    "dropbear's client and OpenSSH's server",
    cases=("SSH-01", "SSH-07"),
    programs=("OpenSSH server", "dropbear"),
)
def dropbear_client(lab: Network) -> list[Row]:
    server = openssh.server(lab, LOUD)
    user = HOME / "dropbear-user"
    if not user.exists():
        run_text(["dropbearconvert", "openssh", "dropbear", openssh.key("ed25519", purpose="user"), user])
    lab.spawn(lab.client, "dbclient", "-y", "-y", "-i", user, f"root@{SERVER4}", "echo hello").wait()
    expect(server.output(), "Accepted publickey")
    return [facts.ssh_row(_told_by_server(server))]


@scenario("ssh-plink", "PuTTY's plink and OpenSSH's server", cases=("SSH-01",), programs=("OpenSSH server", "PuTTY"))
def plink(lab: Network) -> list[Row]:
    server = openssh.server(lab, LOUD)
    text = _plink(lab)
    expect(text, "hello")
    return [facts.ssh_row(_told_by_server(server))]


def _plink(lab: Network) -> str:
    user = openssh.key("ed25519", purpose="user")
    putty = HOME / "putty-user.ppk"
    if not putty.exists():
        run_text(["puttygen", user, "-O", "private", "-o", putty])
    found = run_text(["ssh-keygen", "-l", "-f", openssh.key("ed25519").with_suffix(".pub")]).split()[1]
    program = lab.spawn(
        lab.client,
        "plink",
        "-batch",
        "-v",
        "-ssh",
        "-i",
        putty,
        "-hostkey",
        found,
        f"root@{SERVER4}",
        "echo hello",
        env={"HOME": str(HOME)},
    )
    program.wait()
    return program.output()


@scenario(
    "ssh-plink-no-common-mac",
    "PuTTY's plink and a server with no MAC in common",
    cases=("SSH-13",),
    programs=("OpenSSH server", "PuTTY"),
)
def plink_nothing(lab: Network) -> list[Row]:
    openssh.server(lab, LOUD, "Ciphers=aes256-ctr", "MACs=umac-128@openssh.com")
    text = _plink(lab)
    expect(text, "does not correspond to any supported algorithm")
    return [
        facts.ssh_row(
            {"version": 2}, verdict="failed", reason="no_common_algorithm", gave_up=facts.WHOEVER_CLOSED_FIRST
        )
    ]


@scenario(
    "ssh-paramiko-client",
    "paramiko's client and OpenSSH's server",
    cases=("SSH-01",),
    programs=("OpenSSH server", "paramiko"),
)
def paramiko_client(lab: Network) -> list[Row]:
    server = openssh.server(lab, LOUD)
    expect(_library_client(lab, "paramiko"), "hello")
    return [facts.ssh_row(_told_by_server(server))]


@scenario(
    "ssh-paramiko-server",
    "OpenSSH's client and paramiko's server",
    cases=("SSH-01",),
    programs=("OpenSSH client", "paramiko"),
)
def paramiko_server(lab: Network) -> list[Row]:
    _library_server(lab, "paramiko")
    text = openssh.client(lab)
    expect(text, "Authenticated to")
    return [facts.ssh_row(facts.openssh(text))]


@scenario(
    "ssh-asyncssh-client",
    "asyncssh's client and OpenSSH's server",
    cases=("SSH-01",),
    programs=("OpenSSH server", "asyncssh"),
)
def asyncssh_client(lab: Network) -> list[Row]:
    server = openssh.server(lab, LOUD)
    expect(_library_client(lab, "asyncssh"), "hello")
    return [facts.ssh_row(_told_by_server(server))]


@scenario(
    "ssh-asyncssh-server",
    "OpenSSH's client and asyncssh's server",
    cases=("SSH-01",),
    programs=("OpenSSH client", "asyncssh"),
)
def asyncssh_server(lab: Network) -> list[Row]:
    _library_server(lab, "asyncssh")
    text = openssh.client(lab)
    expect(text, "Authenticated to")
    return [facts.ssh_row(facts.openssh(text))]


def _both_libraries(lab: Network, library: str, kex: str, option: str) -> Row:
    """Both ends allow one key exchange method, so that is what they agreed on if a command ran."""
    _library_server(lab, library, f"{option}={kex}")
    expect(_library_client(lab, library, f"{option}={kex}"), "hello")
    return facts.ssh_row({"version": 2, "kex": kex, "host_key": "ssh-ed25519"})


@scenario(
    "ssh-mlkem-paramiko",
    "mlkem768x25519-sha256 between two paramiko programs",
    cases=("SSH-12",),
    programs=("paramiko",),
)
def mlkem_paramiko(lab: Network) -> list[Row]:
    return [_both_libraries(lab, "paramiko", "mlkem768x25519-sha256", "kex")]


@scenario(
    "ssh-mlkem-asyncssh",
    "mlkem768x25519-sha256 between two asyncssh programs",
    cases=("SSH-12",),
    programs=("asyncssh",),
)
def mlkem_asyncssh(lab: Network) -> list[Row]:
    return [_both_libraries(lab, "asyncssh", "mlkem768x25519-sha256", "kex_algs")]


@scenario(
    "ssh-client-preference",
    "The client's order decides: aes192-ctr and hmac-sha2-512, although the server prefers others",
    cases=("SSH-08",),
    programs=("OpenSSH server", "asyncssh"),
)
def cbc_and_mac(lab: Network) -> list[Row]:
    server = openssh.server(lab, LOUD, "Ciphers=aes256-cbc,aes192-ctr", "MACs=hmac-sha1,hmac-sha2-512")
    text = _library_client(lab, "asyncssh", "encryption_algs=aes192-ctr,aes256-cbc", "mac_algs=hmac-sha2-512,hmac-sha1")
    expect(text, "hello")
    return [facts.ssh_row(_told_by_server(server))]


@scenario(
    "ssh-disconnect-no-common-kex",
    "asyncssh finds no common key exchange method and says so: DISCONNECT in clear",
    cases=("SSH-13",),
    programs=("OpenSSH server", "asyncssh"),
)
def disconnect(lab: Network) -> list[Row]:
    openssh.server(lab, LOUD, "KexAlgorithms=sntrup761x25519-sha512@openssh.com")
    text = _library_client(lab, "asyncssh", "kex_algs=curve25519-sha256")
    expect(text, "KeyExchangeFailed")
    return [facts.ssh_row({"version": 2}, verdict="failed", reason="no_common_algorithm", gave_up="client")]


@scenario(
    "ssh-disconnect-host-key",
    "asyncssh does not know the host key: DISCONNECT in clear before its NEWKEYS",
    cases=("SSH-13", "A6"),
    programs=("OpenSSH server", "asyncssh"),
)
def disconnect_host_key(lab: Network) -> list[Row]:
    server = openssh.server(lab, LOUD)
    text = _library_client(lab, "asyncssh", "known=no")
    expect(text, "HostKeyNotVerifiable")
    told = _told_by_server(server)
    if not re.search("[Dd]isconnect", server.output()):
        raise openssh_error(server.output())
    return [facts.ssh_row(told, verdict="failed", reason="disconnect", gave_up="client")]


def openssh_error(text: str) -> Exception:
    """The server heard no DISCONNECT."""
    return RuntimeError(text[-1500:])
