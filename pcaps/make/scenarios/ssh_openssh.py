"""SSH as OpenSSH speaks it: what is agreed, and what happens when nothing can be agreed."""

from __future__ import annotations

import time

from lab import facts, openssh, peer
from lab.network import SERVER6, LabError, Network
from lab.openssl import expect
from lab.scenario import Row, scenario

SSH = ("OpenSSH client", "OpenSSH server")


@scenario(
    "ssh-openssh",
    "SSH with OpenSSH's defaults on both sides: sntrup761 key exchange, chacha20-poly1305",
    cases=("SSH-01", "SSH-06", "SSH-09", "SSH-12"),
    programs=SSH,
)
def established(lab: Network) -> list[Row]:
    openssh.server(lab)
    text = openssh.client(lab)
    expect(text, "Authenticated to")
    return [facts.ssh_row(facts.openssh(text))]


def _chosen(
    name: str, shows: str, *options: str, host_key: str = "ed25519", cases: tuple[str, ...] = ("SSH-01", "SSH-08")
) -> None:
    """Registers a scenario in which the client allows certain algorithms alone."""

    @scenario(name, shows, cases=cases, programs=SSH)
    def play(lab: Network) -> list[Row]:
        openssh.server(lab, host_keys=(host_key,))
        text = openssh.client(lab, *options)
        expect(text, "Authenticated to")
        for option in options:
            expect(text, "debug1: kex: .*" + option.partition("=")[2].removesuffix(",none"))
        return [facts.ssh_row(facts.openssh(text))]


_chosen(
    "ssh-curve25519-gcm",
    "SSH, curve25519-sha256 and aes256-gcm: the MAC is implicit",
    "KexAlgorithms=curve25519-sha256",
    "Ciphers=aes256-gcm@openssh.com",
    cases=("SSH-09",),
)
_chosen(
    "ssh-group14-ctr-etm",
    "SSH, diffie-hellman-group14-sha256, aes128-ctr, encrypt-then-MAC",
    "KexAlgorithms=diffie-hellman-group14-sha256",
    "Ciphers=aes128-ctr",
    "MACs=hmac-sha2-256-etm@openssh.com",
    cases=("SSH-08", "SSH-10"),
)
_chosen(
    "ssh-group-exchange",
    "SSH, Diffie-Hellman group exchange (messages 30 to 34), aes256-ctr, hmac-sha2-512",
    "KexAlgorithms=diffie-hellman-group-exchange-sha256",
    "Ciphers=aes256-ctr",
    "MACs=hmac-sha2-512",
    cases=("SSH-12",),
)
_chosen(
    "ssh-ecdsa-nistp256",
    "SSH, ecdh-sha2-nistp256 with an ECDSA host key",
    "KexAlgorithms=ecdh-sha2-nistp256",
    host_key="ecdsa",
    cases=("SSH-08", "SSH-12"),
)
_chosen(
    "ssh-rsa-host-key",
    "SSH, RSA host key, signed by rsa-sha2-512",
    "HostKeyAlgorithms=rsa-sha2-512",
    host_key="rsa",
    cases=("SSH-23",),
)


@scenario("ssh-compression", "SSH, compression zlib@openssh.com agreed", cases=("SSH-20",), programs=SSH)
def compression(lab: Network) -> list[Row]:
    openssh.server(lab)
    text = openssh.client(lab, "Compression=yes")
    expect(text, "compression: zlib@openssh.com")
    return [facts.ssh_row(facts.openssh(text))]


@scenario(
    "ssh-auth-refused",
    "SSH, the key exchange completes, the user's key is refused: protected all the same",
    cases=("SSH-15",),
    programs=SSH,
)
def auth_refused(lab: Network) -> list[Row]:
    openssh.server(lab)
    text = openssh.client(lab, identity=openssh.key("ed25519", purpose="stranger"))
    expect(text, "Permission denied")
    return [facts.ssh_row(facts.openssh(text))]


@scenario("ssh-ipv6", "SSH over IPv6 with OpenSSH's defaults", cases=("SSH-01",), programs=SSH)
def over_ipv6(lab: Network) -> list[Row]:
    openssh.server(lab)
    text = openssh.client(lab, address=SERVER6)
    expect(text, "Authenticated to")
    return [facts.ssh_row(facts.openssh(text))]


@scenario("ssh-rekey", "SSH, the client asks for new keys after some data: invisible", cases=("SSH-19",), programs=SSH)
def rekey(lab: Network) -> list[Row]:
    openssh.server(lab)
    text = openssh.client(lab, "RekeyLimit=1K", command="head -c 2500 /dev/zero; sleep 0.3; echo; sleep 0.3; echo")
    expect(text, "rekey")
    if text.count("SSH2_MSG_NEWKEYS received") < 2:
        raise LabError("no second key exchange")
    return [facts.ssh_row(facts.openssh(text))]


@scenario(
    "ssh-host-key-unknown",
    "SSH, the client does not know the host key and closes before its NEWKEYS; the server's is out already",
    cases=("SSH-01", "A6"),
    programs=SSH,
)
def host_key_unknown(lab: Network) -> list[Row]:
    openssh.server(lab)
    text = openssh.client(lab, "StrictHostKeyChecking=yes")
    expect(text, "Host key verification failed")
    return [facts.ssh_row(facts.openssh(text), verdict="failed", reason="closed", gave_up="client")]


@scenario(
    "ssh-banner-only",
    "The client hears the server's banner and leaves: a scan",
    cases=("SSH-05",),
    programs=("OpenSSH server", "CPython"),
)
def banner_only(lab: Network) -> list[Row]:
    openssh.server(lab)
    peer.connect(lab, "hear", "close", port=22)
    return [facts.ssh_row({"client_banner": None}, verdict="failed", reason="closed", gave_up="client")]


@scenario(
    "ssh-in-progress",
    "Banners and the server's KEXINIT are out, the client is silent, the capture stops",
    cases=("SSH-05", "A9"),
    programs=("OpenSSH server", "CPython"),
)
def in_progress(lab: Network) -> list[Row]:
    openssh.server(lab)
    peer.connect(lab, "hear-line", "say=SSH-2.0-silent client\\r\\n", "sleep=60", port=22, finish=False)
    time.sleep(0.7)
    return [facts.ssh_row({"version": 2, "client_banner": "SSH-2.0-silent client"}, verdict="in_progress")]


@scenario(
    "ssh-version-1-client",
    "A client of SSH 1.5 meets a server of SSH 2: refused by a clear line and closed",
    cases=("SSH-17",),
    programs=("OpenSSH server", "CPython"),
)
def old_client(lab: Network) -> list[Row]:
    server = openssh.server(lab)
    peer.connect(lab, "hear-line", "say=SSH-1.5-old client\\n", "eof", "close", port=22)
    expect(server.output(), "Protocol major versions differ")
    # Which side is said to have given up, and by which word, is left to the observer.
    return [
        {
            key: value
            for key, value in facts.ssh_row({"client_banner": "SSH-1.5-old client"}, verdict="failed").items()
            if key not in ("reason", "gave_up")
        }
    ]


@scenario(
    "ssh-no-common-kex",
    "SSH without a common key exchange method: one side closes, no DISCONNECT is seen",
    cases=("SSH-13",),
    programs=SSH,
)
def no_common_kex(lab: Network) -> list[Row]:
    return [
        _nothing_in_common(
            lab, "KexAlgorithms", "curve25519-sha256", "diffie-hellman-group14-sha256", "key exchange method"
        )
    ]


def _nothing_in_common(lab: Network, option: str, served: str, wanted: str, what: str, *more: str) -> Row:
    """Both sides offer one algorithm, and not the same."""
    openssh.server(lab, f"{option}={served}", *more)
    text = openssh.client(lab, f"{option}={wanted}", *more)
    expect(text, f"Unable to negotiate.*no matching {what}")
    said = {
        key: value for key, value in facts.openssh(text).items() if key in ("version", "server_banner", "client_banner")
    }
    return facts.ssh_row(said, verdict="failed", reason="no_common_algorithm", gave_up=facts.WHOEVER_CLOSED_FIRST)


@scenario("ssh-no-common-host-key", "SSH without a common host key algorithm", cases=("SSH-13",), programs=SSH)
def no_common_host_key(lab: Network) -> list[Row]:
    return [_nothing_in_common(lab, "HostKeyAlgorithms", "ssh-ed25519", "rsa-sha2-512", "host key type")]


@scenario("ssh-no-common-cipher", "SSH without a common cipher", cases=("SSH-13",), programs=SSH)
def no_common_cipher(lab: Network) -> list[Row]:
    return [_nothing_in_common(lab, "Ciphers", "aes256-gcm@openssh.com", "aes128-ctr", "cipher")]


@scenario("ssh-no-common-mac", "SSH without a common MAC", cases=("SSH-13",), programs=SSH)
def no_common_mac(lab: Network) -> list[Row]:
    return [_nothing_in_common(lab, "MACs", "hmac-sha2-256", "hmac-sha2-512", "MAC", "Ciphers=aes128-ctr")]
