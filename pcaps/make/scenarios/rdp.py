"""Remote desktop between FreeRDP and xrdp: TLS agreed in the X.224 connection, or the protocol's own security."""

from __future__ import annotations

import re

from lab import facts, servers
from lab.identity import issue
from lab.network import SERVER4, Network, Program
from lab.openssl import expect
from lab.scenario import Row, scenario

PROGRAMS = ("FreeRDP", "xrdp")


def _call(lab: Network, layer: str) -> Program:
    server = servers.xrdp(lab, layer)
    # Without a display FreeRDP would leave before it speaks.
    lab.spawn(lab.client, "Xvfb", ":77", "-screen", "0", "640x480x16", "-nolisten", "tcp").process.poll()
    argv = ["xfreerdp", f"/v:{SERVER4}", "/u:guest", "/p:secret", "/cert:ignore", f"/sec:{layer}", "/log-level:DEBUG"]
    client = lab.spawn(lab.client, *argv, env={"DISPLAY": ":77", "HOME": str(servers.folder(lab))})
    server.wait_for("TLS connection established" if layer == "tls" else "Non-TLS connection established", 15)
    client.process.kill()
    client.wait()
    return server


@scenario(
    "rdp-xrdp",
    "RDP, TLS agreed in the X.224 connection, TLS 1.2",
    cases=("TLS-40", "STATE-09"),
    programs=PROGRAMS,
    differs=tuple(
        f"tls.{key}: tshark does not go on from X.224 to TLS" for key in ("version", "cipher", "server_certificate")
    ),
)
def tls(lab: Network) -> list[Row]:
    said = _call(lab, "tls").output()
    told = re.search(r"TLS connection established .*?(TLSv1\.\d) with cipher (\S+)", said)
    expect(said, "TLS connection established")
    assert told, said
    session = {
        **facts.version(told[1]),
        **facts.suite(told[2]),
        "resumed": False,
        "server_certificate": facts.leaf(issue("server.zertap.test")),
    }
    return [facts.tls_row(session, upgrade="rdp", flags_include=["upgraded"], mode_zert=facts.CLEAR_IN_ZERT)]


@scenario("rdp-xrdp-own-security", "RDP with its own security layer: no TLS", cases=("TLS-40",), programs=PROGRAMS)
def own(lab: Network) -> list[Row]:
    _call(lab, "rdp")
    return [facts.plain_row(upgrade=None)]
