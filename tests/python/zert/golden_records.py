"""Golden records: one for each event type and combination of sections, as octets with the name of each field.

``python golden_records.py`` writes ``golden/*.txt`` anew; a change there is reviewed field by field. The
test reads the octets alone, so a listing's words cannot hide a wrong octet.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cases import SSH_2, TLS_12, TLS_13, connection, event
from zertap.smf.fields import Field, address_octets
from zertap.smf.layout import Layout
from zertap.zert.codec import Record, encode
from zertap.zert.codes import Codes, Confidence
from zertap.zert.events import EventType
from zertap.zert.facts import Side
from zertap.zert.layouts import DETAIL, HEADER, SUMMARY, Section, Shape, sections, self_defining_section
from zertap.zert.mapping import Settings, SystemNames, detail_record, header, ident, switch_record
from zertap.zert.records import DetailRecord, DistinguishedName, IpFilter, IpsecSection
from zertap.zert.records_summary import (
    MICROSECOND,
    SummaryCommon,
    SummaryIpsec,
    SummaryRecord,
    SummarySsh,
    SummaryTls,
)

FOLDER = Path(__file__).parent / "golden"
NAMES = SystemNames(system="SYS1", sysplex="PLEX1", stack="TCPIP", address_space="TCPIP", asid=0x4D, smf_id="SYS1")
PLAIN = Settings(NAMES)
RECALLED = Settings(NAMES, codes=Codes(Confidence.RECALLED))
OLD = Settings(NAMES, shape=Shape.V2R3)
MIDDLE = Settings(NAMES, shape=Shape.V2R5)
AT = event(EventType.INITIATION).at
SESSION = bytes.fromhex("AABBCCDD")

IPSEC = IpsecSection(
    ike_tunnel_id=17,
    ike_major=2,
    ike_rule="RULE[1]",
    ike_local=address_octets("192.0.2.7"),
    ike_remote=address_octets("10.1.1.1"),
    ike_local_auth=4,
    ike_remote_auth=2,
    ike_message_authentication=1,
    ike_encryption=0x12,
    ike_group=0x13,
    ike_prf=2,
    ike_lifetime=480,
    local_certificate_serial_length=2,
    local_certificate_serial=b"\1\2".ljust(20, b"\0"),
    local_certificate_time_type=1,
    local_certificate_time="301231235959Z",
    local_certificate_key_type=5,
    local_certificate_key_bits=256,
    tunnel_id=18,
    tunnel_type=2,
    tunnel_state=1,
    encapsulation=2,
    auth_protocol=50,
    encryption=0x13,
    pfs_group=0x0E,
    lifetime=240,
    vpn_life=1440,
)
NAMES_OF_IPSEC = (DistinguishedName(1, "CN=here"), DistinguishedName(4, "CN=Their CA"))
EVERY_NAME = tuple(DistinguishedName(kind, f"CN=name {kind}") for kind in range(1, 13))
FILTER = IpFilter(out_action=2, in_action=2, out_rule="Out^Rule", out_rule_extension=".1", in_rule="InRule")
SESSION_COUNTERS = SummaryCommon(
    interval=1_800_000_000 * MICROSECOND,
    event=1,
    flags=0x40,
    protocols=0x80,
    ip_protocol=6,
    server_address=address_octets("192.0.2.7"),
    client_address=address_octets("10.1.1.1"),
    server_port_first=443,
    server_port_last=443,
    session_id="T-0123456789ABCDEF0123456789ABCDEF01234567",
    initial_connections=3,
    initial_in_bytes=5_000_000_000,
    final_connections=9,
    final_partial=1,
    final_short=4,
    final_active=2,
    final_in_bytes=6_000_000_000,
    final_out_bytes=7,
    final_in_segments=8,
    final_out_segments=9,
)


def records() -> Iterator[tuple[str, Record, Shape]]:
    """Every golden record: its name, itself, the shape it is written in."""
    tls, ssh, kind = connection(TLS_12, session_id=SESSION), connection(ssh=SSH_2), EventType
    new, old = Shape.Z32, Shape.V2R3
    yield "1-none", detail_record(connection(), event(kind.INITIATION), PLAIN), new
    yield "1-tls12", detail_record(tls, event(kind.INITIATION, "TLS"), PLAIN), new
    yield "1-tls12-recalled", detail_record(tls, event(kind.INITIATION, "TLS"), RECALLED), new
    yield "1-tls13", detail_record(connection(TLS_13), event(kind.INITIATION, "TLS"), PLAIN), new
    yield "1-ssh", detail_record(ssh, event(kind.INITIATION, "SSH"), PLAIN), new
    yield "1-tls-failed", detail_record(tls, event(kind.INITIATION, "TLS", failed=True), PLAIN), new
    yield "2-none", detail_record(tls, event(kind.CHANGE, after=20), PLAIN), new
    yield (
        "3-ssh-client-side",
        detail_record(ssh, event(kind.TERMINATION, "SSH", after=90_000), PLAIN, Side.CLIENT),
        new,
    )
    six = connection(TLS_13, client="2001:db8::1", server="2001:db8::2", reset=True)
    yield "3-tls13-ipv6-reset", detail_record(six, event(kind.TERMINATION, "TLS", after=60), PLAIN), new
    yield (
        "4-ssh-failed",
        detail_record(ssh, event(kind.SHORT_TERMINATION, "SSH", failed=True, after=1), PLAIN),
        new,
    )
    yield "5-enabled", switch_record(kind.ENABLED, AT, PLAIN), new
    yield "6-disabled", switch_record(kind.DISABLED, AT, PLAIN), new
    yield "7-tls13", detail_record(connection(TLS_13), event(kind.ENFORCEMENT, "TLS"), PLAIN), new
    yield "1-tls12-v2r3", detail_record(tls, event(kind.INITIATION, "TLS"), OLD), old
    every = detail_record(tls, event(kind.INITIATION, "TLS"), RECALLED)
    every = replace(
        every, ip_filter=FILTER, ipsec=IPSEC, ssh=detail_record(ssh, event(kind.INITIATION, "SSH"), PLAIN).ssh
    )
    names = (*every.names, DistinguishedName(1, "CN=ipsec local"))
    yield "1-every-section", replace(every, names=names, enforcement=(bytes(range(8)),)), new
    yield from older(replace(every, common=replace(every.common, flags=0), names=names, enforcement=(bytes(range(8)),)))
    tunnel = replace(every.common, event=3, protocols=0x20, flags=0, ip_protocol=17, local_port=12_000)
    tunnel = replace(tunnel, end_time=every.header.time, end_date=every.header.date)
    yield "3-ipsec-filter", replace(every, common=tunnel, tls=None, ssh=None, names=NAMES_OF_IPSEC), new
    yield from every_event()
    yield "3-every-name", replace(detail_record(tls, event(kind.TERMINATION, "TLS"), PLAIN), names=EVERY_NAME), new
    yield from summaries()


LATER = {1: 10, 2: 20, 3: 60, 4: 1, 7: 10}
"""Seconds after the connection's establishment, by event type."""

PROTECTIONS = [("none", "none", False), ("tls12", "TLS", False), ("tls-failed", "TLS", True)]
PROTECTIONS += [("ssh", "SSH", False), ("ssh-failed", "SSH", True)]


def every_event() -> Iterator[tuple[str, Record, Shape]]:
    """Every event of a connection with every protection that it may show; those above stand there alone."""
    shown = {"none": connection(), "TLS": connection(TLS_12, session_id=SESSION), "SSH": connection(ssh=SSH_2)}
    for kind, after in LATER.items():
        for word, protocol, failed in PROTECTIONS:
            if (kind, word) not in _ABOVE:
                each = event(EventType(kind), protocol, failed=failed, after=after)
                yield f"{kind}-{word}", detail_record(shown[protocol], each, PLAIN), Shape.Z32
    for kind in (1, 2, 3):
        record = detail_record(shown["none"], event(EventType(kind), after=LATER[kind]), PLAIN)
        common = replace(record.common, protocols=0x20)
        yield f"{kind}-ipsec", replace(record, common=common, ipsec=IPSEC, names=NAMES_OF_IPSEC), Shape.Z32
    record = detail_record(shown["TLS"], event(EventType.INITIATION, "TLS"), PLAIN)
    common = replace(record.common, protocols=0xA0)
    names = (*record.names, *NAMES_OF_IPSEC)
    yield "1-tls12-ipsec", replace(record, common=common, ipsec=IPSEC, names=names), Shape.Z32
    record = detail_record(shown["none"], event(EventType.ENFORCEMENT), PLAIN)
    yield "7-none-enforcement", replace(record, enforcement=(bytes(range(8)),)), Shape.Z32


_ABOVE = {(1, "none"), (1, "tls12"), (1, "tls-failed"), (1, "ssh"), (2, "none"), (4, "ssh-failed")}


def older(every: DetailRecord) -> Iterator[tuple[str, Record, Shape]]:
    """Golden records in the forms of earlier releases."""
    tls, ssh, kind = connection(TLS_12, session_id=SESSION), connection(ssh=SSH_2), EventType
    old, middle = Shape.V2R3, Shape.V2R5
    yield "1-every-section-v2r3", every, old
    yield "1-every-section-v2r5", every, middle
    yield "1-tls12-v2r5", detail_record(tls, event(kind.INITIATION, "TLS"), MIDDLE), middle
    yield "1-ssh-v2r3", detail_record(ssh, event(kind.INITIATION, "SSH"), OLD), old
    yield "4-tls-failed-v2r3", detail_record(tls, event(kind.SHORT_TERMINATION, "TLS", failed=True), OLD), old
    yield "4-ssh-failed-v2r5", detail_record(ssh, event(kind.SHORT_TERMINATION, "SSH", failed=True), MIDDLE), middle
    yield "5-enabled-v2r3", switch_record(kind.ENABLED, AT, OLD), old


def summaries() -> Iterator[tuple[str, Record, Shape]]:
    """The golden summaries."""
    base = SummaryRecord(header(AT, PLAIN), replace(ident(NAMES), reason=0x80), SESSION_COUNTERS)
    tls = SummaryTls(source=1, version=0x0303, cipher="C02F", encryption=0x12, server_certificate_key_type=2)
    tls = replace(tls, server_certificate_serial_length=1, server_certificate_serial=b"\7".ljust(20, b"\0"))
    tls = replace(tls, server_certificate_time_type=1, server_certificate_time="271231235959Z")
    failed = replace(SESSION_COUNTERS, initial_failed=2, final_failed=5)
    ssh = SummarySsh(
        source=1, version=2, crypto_flags=0x80, in_encryption=0x11, server_key_type=2, server_key_bits=3072
    )
    clear = replace(SESSION_COUNTERS, protocols=0, session_id="C-" + "0" * 40)
    yield "summary-none", replace(base, common=clear), Shape.Z32
    yield "summary-tls", replace(base, tls=tls, names=(DistinguishedName(5, "CN=a"),)), Shape.Z32
    yield "summary-tls-v2r3", replace(base, tls=tls), Shape.V2R3
    yield (
        "summary-tls-failed",
        replace(base, common=failed, tls=SummaryTls(source=1, cipher="FFFFFF")),
        Shape.Z32,
    )
    yield "summary-ssh", replace(base, common=replace(SESSION_COUNTERS, protocols=0x40), ssh=ssh), Shape.Z32
    ipsec = SummaryIpsec(
        ike_major=1, ike_local=address_octets("192.0.2.7"), encapsulation=1, auth_protocol=51, encryption=4
    )
    yield (
        "summary-ipsec",
        replace(base, common=replace(SESSION_COUNTERS, protocols=0x20), ipsec=ipsec),
        Shape.Z32,
    )
    yield "summary-enabled", SummaryRecord(base.header, ident(NAMES), SummaryCommon(event=2)), Shape.Z32
    yield "summary-disabled", SummaryRecord(base.header, ident(NAMES), SummaryCommon(event=3)), Shape.Z32
    yield "summary-last-of-end", replace(base, ident=replace(ident(NAMES), reason=0x20), common=clear), Shape.Z32
    shut = replace(clear, server_port_first=50_000, server_port_last=50_100, user_id="*FTPUSR*")
    yield "summary-one-of-shutdown", replace(base, ident=replace(ident(NAMES), reason=0x50), common=shut), Shape.Z32
    six = replace(
        clear,
        flags=0xA0,
        server_address=address_octets("2001:db8::7"),
        client_address=address_octets("2001:db8::1"),
        initial_connections=0xFFFF_FFFF,
        final_out_bytes=0xFFFF_FFFF_FFFF_FFFF,
    )
    yield "summary-ipv6-client-side", replace(base, ident=replace(ident(NAMES), reason=0xC0), common=six), Shape.Z32
    peers = replace(SESSION_COUNTERS, flags=0, protocols=0x20, ip_protocol=17, session_id="I-" + "0" * 40)
    peers = replace(peers, server_port_first=12_000, server_port_last=12_000)
    yield "summary-enterprise-extender", replace(base, common=peers, ipsec=ipsec), Shape.Z32


def listing(record: Record, shape: Shape) -> str:
    """The record's octets, one field a line: offset, octets, name."""
    octets, subtype = encode(record, shape), DETAIL if isinstance(record, DetailRecord) else SUMMARY
    lines = [*_lines(octets, 0, HEADER), *_lines(octets, 0, self_defining_section(subtype, shape))]
    at = 28
    for section in sections(subtype, shape):
        offset, length, number = (int.from_bytes(octets[at + a : at + b]) for a, b in ((0, 4), (4, 6), (6, 8)))
        at += 8
        if number:
            lines += ["", f"# {section.name}", *_section(octets, section, offset, length)]
    return "\n".join(lines) + "\n"


def _section(octets: bytes, section: Section, offset: int, length: int) -> list[str]:
    if section.layout is not None and not section.several:
        return _lines(octets, offset, section.layout)
    return [_line(octets, offset, length, f"{section.name} ({length} octets)")]


def _lines(octets: bytes, base: int, layout: Layout) -> list[str]:
    return [_line(octets, base + field.offset, field.length, _words(field)) for field in layout.lines]


def _line(octets: bytes, at: int, length: int, name: str) -> str:
    return f"{at:04d}  {octets[at : at + length].hex().upper()}  {name}"


def _words(field: Field) -> str:
    return f"{field.name} (+{field.offset})"


def octets_of(listed: str) -> bytes:
    """The octets of a listing."""
    lines = (line.split("  ") for line in listed.splitlines() if line and not line.startswith("#"))
    return b"".join(bytes.fromhex(octets) for _, octets, _ in lines)


if __name__ == "__main__":
    for name, record, shape in records():
        (FOLDER / f"{name}.txt").write_text(listing(record, shape))
