"""The same conversations seen through other links, files and taps."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

from lab import facts, openssl, servers
from lab.book import PYTHON
from lab.identity import issue
from lab.network import SERVER4, SERVER6, Network, run_text
from lab.openssl import NAME, expect
from lab.recorder import Recording
from lab.scenario import Finish, Row, scenario

SSL = ("OpenSSL",)
REWRAP = Path(__file__).resolve().parents[1] / "programs" / "rewrap.py"


def _full_12(lab: Network, **client: object) -> facts.Facts:
    openssl.server(lab, "-tls1_2")
    text = openssl.client(lab, "-cipher", "ECDHE-RSA-AES128-GCM-SHA256", **client)  # type: ignore[arg-type]
    return {**facts.openssl_client(text), "sni": NAME, "alpn": None, "server_certificate": facts.leaf(issue(NAME))}


def _seen(
    name: str,
    shows: str,
    case: str,
    *,
    recording: Recording | None = None,
    suffix: str = ".pcap",
    finish: Finish | None = None,
    programs: tuple[str, ...] = (),
    **client: object,
) -> None:
    """Registers a plain TLS 1.2 conversation that is recorded or kept in another way."""

    @scenario(name, shows, cases=(case,), programs=SSL + programs, recording=recording, suffix=suffix, finish=finish)
    def play(lab: Network) -> list[Row]:
        return [facts.tls_row(_full_12(lab, **client))]


def _tool(*argv: str) -> Finish:
    """A command that reads IN and writes OUT."""
    return lambda raw, made: _run([{"IN": str(raw), "OUT": str(made)}.get(part, part) for part in argv])


def _run(argv: list[str]) -> None:
    run_text(argv)


def _twice_tagged(raw: Path, made: Path) -> None:
    inner = raw.with_name("inner.pcap")
    tag = ["tcprewrite", "--enet-vlan=add", "--enet-vlan-cfi=0", "--enet-vlan-pri=0"]
    run_text([*tag, "--enet-vlan-tag=100", f"--infile={raw}", f"--outfile={inner}"])
    run_text([*tag, "--enet-vlan-tag=7", "--enet-vlan-proto=802.1ad", f"--infile={inner}", f"--outfile={made}"])


def _gzip(raw: Path, made: Path) -> None:
    made.write_bytes(gzip.compress(raw.read_bytes(), mtime=0))


def _zstd(raw: Path, made: Path) -> None:
    subprocess.run(["zstd", "-q", raw, "-o", made], check=True)


_seen("link-ipv6", "TLS 1.2 over IPv6", "IP-02", address=SERVER6)
_seen(
    "link-cooked2",
    "Recorded on every interface at once: Linux cooked capture, version 2",
    "IP-05",
    recording=Recording(interface="any"),
)
_seen(
    "link-cooked1",
    "Linux cooked capture, version 1",
    "IP-05",
    recording=Recording(interface="any", options=("-y", "LINUX_SLL")),
)
_seen(
    "link-raw-ip",
    "Raw IP: the Ethernet headers taken off by editcap",
    "IP-05",
    finish=_tool("editcap", "-F", "pcap", "-C", "14", "-L", "-T", "rawip", "IN", "OUT"),
    programs=("editcap",),
)
_seen(
    "link-vlan",
    "802.1Q: tags put on by tcprewrite",
    "IP-05",
    programs=("tcprewrite",),
    finish=lambda raw, made: _run(
        [
            "tcprewrite",
            "--enet-vlan=add",
            "--enet-vlan-tag=100",
            "--enet-vlan-cfi=0",
            "--enet-vlan-pri=0",
            f"--infile={raw}",
            f"--outfile={made}",
        ]
    ),
)
_seen(
    "link-qinq",
    "802.1ad outside 802.1Q: tags put on by tcprewrite",
    "IP-05",
    programs=("tcprewrite",),
    finish=_twice_tagged,
)
# Links that the kernel here does not have: a real conversation, wrapped afterwards.
for _name, _shows, _case, _client in (
    ("link-mpls", "two MPLS labels", "IP-05", {}),
    ("link-pppoe", "PPPoE", "IP-05", {}),
    ("link-gre", "GRE with IP inside", "IP-05", {}),
    ("link-gre-ethernet", "GRE with a key and Ethernet inside", "IP-05", {}),
    ("link-geneve", "Geneve", "IP-05", {}),
    ("link-ip-in-ip", "IP in IP", "IP-05", {}),
    ("link-ip-in-ipv6", "IP in IPv6", "IP-05", {}),
    ("link-ipv6-in-ip", "IPv6 in IP", "IP-05", {"address": SERVER6}),
    ("link-null-little", "BSD loopback (NULL), least octet first", "IP-05", {}),
    ("link-null-big", "BSD loopback (NULL), most octet first", "IP-05", {}),
    ("link-loop", "OpenBSD loopback (LOOP)", "IP-05", {}),
    ("link-raw4", "link type IPV4", "IP-05", {}),
    ("link-raw6", "link type IPV6", "IP-05", {"address": SERVER6}),
    ("link-ah", "an authentication header before TCP", "IP-10", {}),
    (
        "link-extensions",
        "IPv6 with hop-by-hop, routing, fragment and destination headers",
        "IP-02",
        {"address": SERVER6},
    ),
):
    _seen(
        _name,
        f"TLS 1.2 in a frame that scapy made: {_shows}",
        _case,
        finish=_tool(str(PYTHON), str(REWRAP), _name.removeprefix("link-"), "IN", "OUT"),
        programs=("scapy",),
        **_client,
    )


@scenario(
    "link-two-vlans",
    "The same four-tuple on two VLANs at the same time: two connections; tags and the port put on by scapy",
    cases=("IP-07",),
    programs=("OpenSSL", "nginx", "scapy"),
    finish=_tool(str(PYTHON), str(REWRAP), "two-vlans", "IN", "OUT"),
    judge_raw=True,
)
def two_vlans(lab: Network) -> list[Row]:
    servers.nginx(lab, f"{SERVER4}:443 ssl")
    suites = [f"ECDHE-RSA-AES{bits}" for bits in ("128-GCM-SHA256", "256-GCM-SHA384")]
    programs = []
    for suite in suites:
        programs.append(openssl.start(lab, "-tls1_2", "-ign_eof", "-cipher", suite))
        programs[-1].wait_for("Verify return code")
    # Both are open before either speaks, so that only the tag tells them apart.
    rows = []
    for program in programs:
        program.say(b"GET / HTTP/1.0\r\n\r\n")
        program.wait_for("200 OK")
        program.wait()
        tls = {**facts.openssl_client(program.output()), "sni": NAME, "server_certificate": facts.leaf(issue(NAME))}
        rows.append(facts.tls_row(tls))
    return rows


def _mixed(raw: Path, made: Path) -> None:
    """The second connection without its Ethernet headers, on an interface of its own."""
    parts = [raw.with_name(f"part{n}.pcap") for n in range(2)]
    for number, part in enumerate(parts):
        run_text(["tshark", "-r", raw, "-Y", f"tcp.stream=={number}", "-F", "pcap", "-w", part])
    bare = raw.with_name("bare.pcap")
    run_text(["editcap", "-F", "pcap", "-C", "14", "-L", "-T", "rawip", parts[1], bare])
    run_text(["mergecap", "-F", "pcapng", "-w", made, parts[0], bare])


@scenario(
    "file-mixed-links",
    "pcapng with two link types: one connection on Ethernet, one as raw IP, put together by mergecap",
    cases=("FILE-02",),
    programs=("OpenSSL", "editcap"),
    suffix=".pcapng",
    finish=_mixed,
)
def mixed_links(lab: Network) -> list[Row]:
    first = _full_12(lab)
    text = openssl.client(lab, "-cipher", "ECDHE-RSA-AES256-GCM-SHA384")
    second = {**facts.openssl_client(text), "sni": NAME, "alpn": None, "server_certificate": facts.leaf(issue(NAME))}
    return [facts.tls_row(first), facts.tls_row(second)]


_seen("file-nanoseconds", "pcap with nanosecond stamps", "FILE-01", recording=Recording(options=("--nano",)))
_seen(
    "file-pcapng",
    "pcapng, made by editcap",
    "FILE-02",
    suffix=".pcapng",
    finish=_tool("editcap", "-F", "pcapng", "IN", "OUT"),
    programs=("editcap",),
)
_seen("file-gzip", "pcap in gzip", "FILE-12", suffix=".pcap.gz", finish=_gzip)
_seen("file-zstd", "pcap in zstd", "FILE-12", suffix=".pcap.zst", finish=_zstd, programs=("zstd",))


@scenario(
    "file-two-interfaces",
    "pcapng of two interfaces with their own links: one connection on the wire, one on loopback",
    cases=("FILE-02",),
    programs=("OpenSSL", "dumpcap"),
    recording=Recording(also="lo"),
    suffix=".pcapng",
)
def two_interfaces(lab: Network) -> list[Row]:
    first = _full_12(lab)
    inside = lab.spawn(
        lab.server,
        "openssl",
        "s_client",
        "-connect",
        "127.0.0.1:443",
        "-noservername",
        "-cipher",
        "ECDHE-RSA-AES256-GCM-SHA384",
    )
    inside.wait_for("Verify return code")
    inside.hang_up()
    inside.wait()
    second = {
        **facts.openssl_client(inside.output()),
        "sni": None,
        "alpn": None,
        "server_certificate": facts.leaf(issue(NAME)),
    }
    return [facts.tls_row(first), facts.tls_row(second)]


@scenario(
    "loopback",
    "TLS 1.3 on loopback: an MTU of 65536",
    cases=("IP-05",),
    programs=SSL,
    recording=Recording(interface="lo"),
)
def loopback(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3")
    inside = lab.spawn(lab.server, "openssl", "s_client", "-connect", "127.0.0.1:443", "-servername", NAME)
    inside.wait_for("Verify return code")
    inside.say(b"hello\n")
    inside.wait_for("olleh")
    inside.hang_up()
    inside.wait()
    return [
        facts.tls_row({**facts.openssl_client(inside.output()), "sni": NAME, "alpn": None, "server_certificate": None})
    ]


@scenario(
    "link-vxlan",
    "TLS 1.3 inside VXLAN: the inner addresses count",
    cases=("IP-05",),
    programs=SSL,
    recording=Recording(filter="udp port 4789"),
)
def vxlan(lab: Network) -> list[Row]:
    ends = ((lab.client, "10.98.0.1", "10.99.0.2"), (lab.server, "10.98.0.2", "10.99.0.1"))
    for space, inner, remote in ends:
        run_text(
            [
                "ip",
                "-n",
                space,
                "link",
                "add",
                "vx",
                "type",
                "vxlan",
                "id",
                "99",
                "remote",
                remote,
                "dstport",
                "4789",
                "dev",
                "wire",
            ]
        )
        # No IPv6 inside: its neighbour discovery would only add noise.
        run_text(["ip", "netns", "exec", space, "sysctl", "-q", "-w", "net.ipv6.conf.vx.disable_ipv6=1"])
        run_text(["ip", "-n", space, "address", "add", f"{inner}/24", "dev", "vx"])
        run_text(["ip", "-n", space, "link", "set", "vx", "up"])
    openssl.server(lab, "-tls1_3")
    text = openssl.client(lab, address="10.98.0.2")
    return [facts.tls_row({**facts.openssl_client(text), "sni": NAME, "alpn": None, "server_certificate": None})]


@scenario(
    "tap-small-segments",
    "TLS 1.2 in segments of at most 88 octets: hellos and certificate cut anywhere",
    cases=("TLS-01", "TLS-04", "TCP-01"),
    programs=SSL,
)
def small_segments(lab: Network) -> list[Row]:
    for space in (lab.client, lab.server):
        run_text(["ip", "-n", space, "route", "change", "10.99.0.0/24", "dev", "wire", "advmss", "100"])
    return [facts.tls_row(_full_12(lab))]


@scenario(
    "tap-fast-open",
    "TCP Fast Open: the ClientHello travels on the SYN",
    cases=("TCP-09",),
    programs=("curl", "OpenSSL"),
)
def fast_open(lab: Network) -> list[Row]:
    for space in (lab.client, lab.server):
        run_text(["ip", "netns", "exec", space, "sysctl", "-q", "-w", "net.ipv4.tcp_fastopen=1543"])
    openssl.server(lab, "-tls1_3", "-www", echo=False)
    done = lab.spawn(
        lab.client,
        "curl",
        "-skv",
        "--tcp-fastopen",
        "--no-alpn",
        "--resolve",
        f"{NAME}:443:10.99.0.2",
        f"https://{NAME}/",
    )
    done.wait()
    expect(done.output(), "SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384")
    tls = {
        **facts.version("TLSv1.3"),
        **facts.suite("TLS_AES_256_GCM_SHA384"),
        "resumed": False,
        "sni": NAME,
        "server_certificate": None,
    }
    return [facts.tls_row(tls)]


@scenario(
    "tap-server-side-only",
    "TLS 1.2, only what the server sends is recorded",
    cases=("TLS-45", "TCP-07"),
    programs=SSL,
    recording=Recording(filter="tcp and src host 10.99.0.2"),
)
def server_side(lab: Network) -> list[Row]:
    tls = _full_12(lab)
    del tls["sni"], tls["alpn"]
    return [facts.tls_row(tls, flags_include=["one_sided"])]


@scenario(
    "tap-client-side-only",
    "TLS 1.2, only what the client sends is recorded",
    cases=("TLS-45", "TCP-07"),
    programs=SSL,
    recording=Recording(filter="tcp and src host 10.99.0.1"),
)
def client_side(lab: Network) -> list[Row]:
    _full_12(lab)
    row = facts.tls_row({"sni": NAME, "cipher": None, "server_certificate": None}, flags_include=["one_sided"])
    del row["handshake_type"]
    return [row]


@scenario(
    "tap-client-side-only-13",
    "TLS 1.3, only what the client sends is recorded",
    cases=("TLS-45", "TCP-07"),
    programs=SSL,
    recording=Recording(filter="tcp and src host 10.99.0.1"),
)
def client_side_13(lab: Network) -> list[Row]:
    openssl.server(lab, "-tls1_3")
    facts.openssl_client(openssl.client(lab))
    row = facts.tls_row({"sni": NAME, "cipher": None, "server_certificate": None}, flags_include=["one_sided"])
    del row["handshake_type"]
    return [row]


@scenario(
    "tap-cut-packets",
    "TLS 1.2, every packet cut after 400 octets: the certificate's body is gone, the outcome is not",
    cases=("TLS-46", "FILE-09"),
    programs=SSL,
    recording=Recording(options=("-s", "400")),
)
def cut_packets(lab: Network) -> list[Row]:
    tls = _full_12(lab)
    known = {key: tls[key] for key in ("version", "cipher", "cipher_name", "sni")}
    return [facts.tls_row(known, flags_include=["truncated"])]
