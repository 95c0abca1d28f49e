"""Turns what the programs themselves print into the words of the connection schema."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from .identity import Identity
from .network import LabError, run_text

Facts = dict[str, Any]

# What programs call a group -> its name and number in IANA's "TLS Supported Groups".
GROUPS = {
    "x25519": ("x25519", 29),
    "X25519": ("x25519", 29),
    "X448": ("x448", 30),
    "x448": ("x448", 30),
    "P-256": ("secp256r1", 23),
    "prime256v1": ("secp256r1", 23),
    "secp256r1": ("secp256r1", 23),
    "SECP256R1": ("secp256r1", 23),
    "P-384": ("secp384r1", 24),
    "secp384r1": ("secp384r1", 24),
    "SECP384R1": ("secp384r1", 24),
    "P-521": ("secp521r1", 25),
    "secp521r1": ("secp521r1", 25),
    "SECP521R1": ("secp521r1", 25),
    "ffdhe2048": ("ffdhe2048", 256),
    "FFDHE2048": ("ffdhe2048", 256),
    "ffdhe3072": ("ffdhe3072", 257),
    "MLKEM512": ("MLKEM512", 512),
    "MLKEM768": ("MLKEM768", 513),
    "MLKEM1024": ("MLKEM1024", 514),
    "SecP256r1MLKEM768": ("SecP256r1MLKEM768", 4587),
    "X25519MLKEM768": ("X25519MLKEM768", 4588),
    "SecP384r1MLKEM1024": ("SecP384r1MLKEM1024", 4589),
}
VERSIONS = {
    "SSLv3": "SSLv3",
    "TLSv1": "TLSv1.0",
    "TLSv1.0": "TLSv1.0",
    "TLSv1.1": "TLSv1.1",
    "TLSv1.2": "TLSv1.2",
    "TLSv1.3": "TLSv1.3",
}

ONE_THREE = ":".join(
    f"TLS_{name}_SHA{bits}"
    for name, bits in (
        ("AES_256_GCM", 384),
        ("AES_128_GCM", 256),
        ("CHACHA20_POLY1305", 256),
        ("AES_128_CCM", 256),
        ("AES_128_CCM_8", 256),
    )
)


@cache
def suites() -> dict[str, tuple[str, str]]:
    """OpenSSL's name and IANA's name of a suite -> its number as hexadecimal digits, and IANA's name."""
    table: dict[str, tuple[str, str]] = {}
    text = run_text(
        ["openssl", "ciphers", "-V", "-stdname", "-ciphersuites", ONE_THREE, "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]
    )
    for high, low, standard, name in re.findall(r"0x(..),0x(..) - (\S+) +- (\S+)", text):
        table[name] = table[standard] = (high + low, standard)
    return table


def suite(name: str) -> Facts:
    """``cipher`` and ``cipher_name`` of a suite that a program named."""
    if name not in suites():
        raise LabError(f"a suite that nobody knows: {name}")
    number, standard = suites()[name]
    return {"cipher": number, "cipher_name": standard}


def group(name: str | None) -> Facts:
    """``group`` and ``group_id`` of a group that a program named; ``None``: the handshake had none."""
    if name is None:
        return {"group": None, "group_id": None}
    iana, number = GROUPS[name]
    return {"group": iana, "group_id": number}


def version(name: str) -> Facts:
    """``version`` as the schema writes it."""
    return {"version": VERSIONS[name]}


def openssl_client(text: str, n: int = 0) -> Facts:
    """The *n*-th session that ``openssl s_client`` (not ``-brief``) reports."""
    found = re.findall(r"^(New|Reused), (\S+), Cipher is (\S+)$", text, re.MULTILINE)
    protocols = re.findall(r"^ +Protocol +: (\S+)$", text, re.MULTILINE)
    if len(found) <= n or found[n][2] == "(NONE)":
        raise LabError(f"s_client made no session:\n{text}")
    fresh, spoken, cipher = found[n]
    spoken = protocols[0] if protocols and spoken != "TLSv1.3" else spoken
    return {
        **version(spoken),
        **suite(cipher),
        "resumed": fresh == "Reused",
        **_openssl_group(text, spoken, cipher, resumed=fresh == "Reused"),
    }


def _openssl_group(text: str, spoken: str, cipher: str, *, resumed: bool) -> Facts:
    temporary = re.search(
        r"^(?:Server Temp Key|Peer Temp Key|Negotiated TLS1.3 group): (?:ECDH, )?([\w-]+)", text, re.MULTILINE
    )
    if spoken == "TLSv1.3":
        return group(temporary[1]) if temporary else {}
    if resumed or not cipher.startswith(("ECDHE", "AECDH")):
        return {} if "DH" in cipher and not resumed else group(None)
    return group(temporary[1]) if temporary else {}


def gnutls(text: str) -> Facts:
    """The session that ``gnutls-cli`` or ``gnutls-serv`` describes in its ``Description`` line."""
    found = re.search(r"Description: \((TLS[\d.]+|SSL[\d.]+)(?:-X\.509)?\)-(.*)$", text, re.MULTILINE)
    if not found:
        raise LabError(f"gnutls made no session:\n{text}")
    exchange = re.search(r"ECDHE-([A-Z0-9]+)|(FFDHE\d+)", found[2])
    named = next((g for g in exchange.groups() if g), None) if exchange else None
    return {
        "version": found[1].replace("TLS", "TLSv").replace("SSL3.0", "SSLv3"),
        **(group(named.replace("X25519", "x25519")) if named else {}),
    }


def leaf(identity: Identity) -> Facts:
    """``server_certificate`` where the wire shows it."""
    return identity.facts()


def alert(sender: str, level: str, description: str) -> Facts:
    """One alert in clear."""
    return {"from": sender, "level": level, "description": description, "encrypted": False}


# What mode zert says of a connection whose handshake follows data in clear.
CLEAR_IN_ZERT: Facts = {
    "verdict": "plaintext",
    "protocol": "none",
    "handshake_type": None,
    "upgrade": None,
    "tls": None,
    "flags_include": ["midstream_tls"],
}
# In place of a side in ``gave_up``: both programs noticed on their own, and the capture shows who closed first.
WHOEVER_CLOSED_FIRST = "whoever closed first"


def tls_row(
    tls: Facts,
    *,
    verdict: str = "protected",
    reason: str | None = None,
    gave_up: str | None = None,
    handshake_type: int | None = None,
    **more: Any,
) -> Facts:
    """One connection that began a TLS handshake."""
    if handshake_type is None and verdict in ("protected", "ended_clear"):
        handshake_type = 2 if tls.get("resumed") else 1
    if verdict == "failed":
        handshake_type = 3
    return {
        "verdict": verdict,
        "protocol": "tls",
        "reason": reason,
        "gave_up": gave_up,
        "handshake_type": handshake_type,
        "tls": tls,
        **more,
    }


def refused(side: str, description: str, *, sni: str | None, **tls: Any) -> Facts:
    """A handshake that a fatal alert in clear ended."""
    alerts = [alert(side, "fatal", description)]
    return tls_row({"sni": sni, "alerts": alerts, **tls}, verdict="failed", reason="alert", gave_up=side)


def plain_row(verdict: str = "plaintext", **more: Any) -> Facts:
    """One connection without a handshake."""
    return {"verdict": verdict, "protocol": "none", "reason": None, "gave_up": None, "handshake_type": None, **more}


def ssh_row(
    ssh: Facts, *, verdict: str = "protected", reason: str | None = None, gave_up: str | None = None, **more: Any
) -> Facts:
    """One connection that began an SSH handshake; ``handshake_type`` is a word of TLS."""
    return {"verdict": verdict, "protocol": "ssh", "reason": reason, "gave_up": gave_up, "ssh": ssh, **more}


def openssh(text: str, *, by: str = "client") -> Facts:
    """The algorithms that ``ssh -vv``, or *by* ``server`` ``sshd`` at LogLevel DEBUG2, reports."""
    own, peer = ("client", "server") if by == "client" else ("server", "client")
    facts: Facts = {"version": 2}
    for key, pattern in (
        (f"{peer}_banner", r"Remote protocol version 2\.0, remote software version (.*)"),
        (f"{own}_banner", r"Local version string (\S.*)"),
        ("kex", r"kex: algorithm: (\S+)"),
        ("host_key", r"kex: host key algorithm: (\S+)"),
        ("host_key_fingerprint", r"Server host key: \S+ (SHA256:\S+)"),
    ):
        found = re.search(r"debug1: " + pattern, text)
        if found:
            facts[key] = found[1].strip().removesuffix(" [preauth]")
    if f"{peer}_banner" in facts:
        facts[f"{peer}_banner"] = "SSH-2.0-" + facts[f"{peer}_banner"]
    for way, key in (("client->server", "c2s"), ("server->client", "s2c")):
        found = re.search(rf"kex: {way} cipher: (\S+) MAC: (\S+) compression: (\S+)", text)
        if found:
            mac = "implicit" if found[2] == "<implicit>" else found[2]
            facts |= {f"cipher_{key}": found[1], f"mac_{key}": mac, f"compression_{key}": found[3]}
    return facts
