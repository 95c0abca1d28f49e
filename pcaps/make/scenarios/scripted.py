"""Failures that no program makes of itself: one end is a script of a few octets, the other a real program."""

from __future__ import annotations

from lab import facts, openssh, openssl, peer
from lab.network import Network
from lab.openssl import NAME, expect
from lab.scenario import Row, scenario

HELLO = f"hello={NAME}"


@scenario(
    "tls-hello-then-close-notify",
    "A script takes its ClientHello back by close_notify, a warning: failed all the same",
    cases=("TLS-20",),
    programs=("CPython",),
)
def close_notify(lab: Network) -> list[Row]:
    peer.listen(lab, "hear", "hear", "eof", "close")
    peer.connect(lab, HELLO, "sleep=0.2", "say=\\x15\\x03\\x01\\x00\\x02\\x01\\x00", "sleep=0.2", "close")
    alerts = [facts.alert("client", "warning", "close_notify")]
    return [facts.tls_row({"sni": NAME, "alerts": alerts}, verdict="failed", reason="alert", gave_up="client")]


@scenario(
    "tls-hello-after-warning",
    "A script warns by user_canceled behind its hello and goes on: the warning alone fails nothing; then it closes",
    cases=("TLS-20", "TLS-41"),
    programs=("CPython",),
)
def user_canceled(lab: Network) -> list[Row]:
    peer.listen(lab, "hear", "hear", "eof", "close")
    peer.connect(lab, HELLO, "sleep=0.2", "say=\\x15\\x03\\x01\\x00\\x02\\x01\\x5a", "sleep=0.2", "close")
    alerts = [facts.alert("client", "warning", "user_canceled")]
    return [facts.tls_row({"sni": NAME, "alerts": alerts}, verdict="failed", reason="closed", gave_up="client")]


@scenario(
    "tls-record-too-long",
    "OpenSSL's client is answered by a record header of 65535 octets",
    cases=("TLS-35",),
    programs=("OpenSSL", "CPython"),
)
def too_long(lab: Network) -> list[Row]:
    peer.listen(lab, "hear", "say=\\x16\\x03\\x03\\xff\\xffxxxxxxxxxxxxxxxx", "eof", "close")
    text = openssl.client(lab, say=())
    expect(text, "length too long|wrong version|excessive|too large")
    row = facts.tls_row({"sni": NAME}, verdict="failed", gave_up="server")
    del row["reason"]
    return [row]


@scenario(
    "ssh-bad-length",
    "OpenSSH's client is sent a packet of 2 GiB in clear: Bad packet length",
    cases=("SSH-11", "A6"),
    programs=("OpenSSH client", "CPython"),
)
def bad_length(lab: Network) -> list[Row]:
    banner = "say=SSH-2.0-script\\r\\n"
    peer.listen(
        lab, banner, "hear", "say=\\x7f\\xff\\xff\\xffxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "eof", "close", port=22
    )
    text = openssh.client(lab)
    expect(text, "Bad packet length")
    return [facts.ssh_row({"server_banner": "SSH-2.0-script"}, verdict="failed", reason="bad_length", gave_up="server")]


@scenario(
    "ssh-banner-without-end",
    "A server's identification line of 9000 octets has no end; OpenSSH's client leaves",
    cases=("SSH-04", "A6"),
    programs=("OpenSSH client", "CPython"),
    differs=(),
)
def endless_banner(lab: Network) -> list[Row]:
    peer.listen(lab, "say=SSH-2.0-" + "x" * 9000, "eof", "close", port=22)
    text = openssh.client(lab)
    expect(text, "anner|onnection closed|identification")
    return [facts.ssh_row({}, verdict="failed", reason="banner_too_long", gave_up="server")]


@scenario(
    "ssh-lines-before-banner",
    "A server says three lines before its banner and closes before its KEXINIT",
    cases=("SSH-02", "A6"),
    programs=("OpenSSH client", "CPython"),
)
def lines(lab: Network) -> list[Row]:
    peer.listen(lab, "say=welcome\\r\\nto\\r\\nnowhere\\r\\nSSH-2.0-script\\r\\n", "hear", "close", port=22)
    text = openssh.client(lab)
    expect(text, "remote software version script")
    row = facts.ssh_row({}, verdict="failed", flags_include=["lines_before_banner"])
    del row["reason"], row["gave_up"]
    return [row]
