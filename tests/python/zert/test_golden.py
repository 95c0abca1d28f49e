"""Golden records: octets that were reviewed, and must not change by accident."""

import pytest

import golden_records
import independent
from zertap.zert.codec import Record, decode, encode
from zertap.zert.layouts import Shape
from zertap.zert.readable import from_json, to_json

CASES = {name: (record, shape) for name, record, shape in golden_records.records()}


def golden(name: str) -> bytes:
    return golden_records.octets_of((golden_records.FOLDER / f"{name}.txt").read_text())


@pytest.mark.parametrize("name", CASES)
def test_the_octets_are_those_that_were_reviewed(name: str) -> None:
    record, shape = CASES[name]
    assert encode(record, shape).hex() == golden(name).hex()


@pytest.mark.parametrize("name", CASES)
def test_the_reviewed_octets_are_read_and_written_again(name: str) -> None:
    octets = golden(name)
    record = decode(octets)
    assert encode(record, CASES[name][1]) == octets
    assert from_json(to_json(record)) == record


def test_every_listing_has_its_record() -> None:
    assert {path.stem for path in golden_records.FOLDER.glob("*.txt")} == set(CASES)


def test_every_event_type_and_section_is_among_them() -> None:
    details = [r for r, _ in CASES.values() if hasattr(r, "enforcement")]
    assert {r.common.event for r in details} == {1, 2, 3, 4, 5, 6, 7}
    for attribute in ("ip_filter", "tls", "ssh", "ipsec", "names", "enforcement"):
        assert any(getattr(r, attribute) for r in details), attribute


def test_one_record_by_hand(layout_rows: list[dict[str, str]]) -> None:
    """What a person expects of the failed TLS handshake, field by field, through the second reader."""
    found = independent.read(golden("1-tls-failed"), layout_rows)
    header, common, tls = (found[name] for name in ("SMF_HEADER", "COMMON", "TLS"))
    assert isinstance(header, dict)
    assert isinstance(common, dict)
    assert isinstance(tls, dict)
    assert (header["SMF119LEN"], header["SMF119RTY"], header["SMF119STY"]) == (92 + 64 + 128 + 168, 119, 11)
    assert header["SMF119DTE"] == 0x0126325F
    assert header["SMF119TME"] == ((13 * 60 + 24) * 60 + 15) * 100 + 67
    assert header["SMF119SID"] == bytes.fromhex("E2E8E2F1")
    assert (common["SMF119SC_SAEvent_Type"], common["SMF119SC_SASecProtos"]) == (1, 0x80)
    assert (common["SMF119SC_SAFlags"], common["SMF119SC_SAIPProto"]) == (0x10, 6)
    assert common["SMF119SC_SARIP"] == bytes([10, 1, 1, 1]) + bytes(12)
    assert common["SMF119SC_SALIP"] == bytes([192, 0, 2, 7]) + bytes(12)
    assert (common["SMF119SC_SARPort"], common["SMF119SC_SALPort"]) == (40_001, 443)
    assert (common["SMF119SC_SAEDate"], common["SMF119SC_SAETime"]) == (0, 0)
    kept = {"SMF119SC_TLS_Source", "SMF119SC_TLS_Handshake_Type", "SMF119SC_TLS_Protocol_Provider"}
    kept.add("SMF119SC_TLS_Neg_Cipher")
    assert tls["SMF119SC_TLS_Source"] == 1
    assert tls["SMF119SC_TLS_Handshake_Type"] == 3
    assert tls["SMF119SC_TLS_Protocol_Provider"] == bytes.fromhex("D682A28599A581A3899695") + b"\x40" * 5
    assert tls["SMF119SC_TLS_Neg_Cipher"] == bytes.fromhex("C6C6C6C6C6C6")
    blanked = (value for name, value in tls.items() if name not in kept)
    assert all(not value or not (value if isinstance(value, bytes) else b"\1").strip(b"\x40\0") for value in blanked)


Said = dict[str, int | str]
"""Fields by name: numbers, octets in hexadecimal, text."""

IDENT: Said = {
    "SMF119TI_SYSName": "SYS1",
    "SMF119TI_SysplexName": "PLEX1",
    "SMF119TI_Stack": "TCPIP",
    "SMF119TI_Comp": "STACK",
    "SMF119TI_ASName": "TCPIP",
    "SMF119TI_ASID": 0x4D,
}
COUNTERS: Said = {
    "IntervalDuration": 1_800_000_000 << 12,
    "Event_Type": 1,
    "Flags": 0x40,
    "SecProtos": 0x80,
    "IPProto": 6,
    "SrvIP": "c0000207" + "00" * 12,
    "CltIP": "0a010101" + "00" * 12,
    "SrvPortStart": 443,
    "SrvPortEnd": 443,
    "SessionID": "T-0123456789ABCDEF0123456789ABCDEF01234567",
    "InitLifeConnCnt": 3,
    "InitLifeInBytes": 5_000_000_000,
    "EndLifeConnCnt": 9,
    "EndLifePartialConnCnt": 1,
    "EndLifeShortConnCnt": 4,
    "EndActiveConnCnt": 2,
    "EndLifeInBytes": 6_000_000_000,
    "EndLifeOutBytes": 7,
    "EndLifeInSegDG": 8,
    "EndLifeOutSegDG": 9,
}
CLEAR: Said = COUNTERS | {"SecProtos": 0, "SessionID": "C-" + "0" * 40}
TLS_SUMMARY: Said = {"Source": 1, "Prot_Ver": 0x0303, "Neg_Cipher": "C02F", "CS_Enc_Alg": 0x12, "SCert_Key_Type": 2}
CERTIFICATE: Said = {"SCert_Serial_Len": 1, "SCert_Serial": "07" + "00" * 19, "SCert_Time_Type": 1}
IPSEC: Said = {
    "IKEMajVer": 1,
    "IKETunLclEndpt": "c0000207" + "00" * 12,
    "EncapMode": 1,
    "AuthProto": 51,
    "EncAlg": 4,
}
BY_HAND: dict[str, tuple[int, dict[str, Said]]] = {
    "summary-none": (0x80, {"COMMON": CLEAR}),
    "summary-tls": (
        0x80,
        {"COMMON": COUNTERS, "TLS": TLS_SUMMARY | CERTIFICATE | {"SCert_Time": "271231235959Z"}},
    ),
    "summary-tls-v2r3": (0x80, {"COMMON": COUNTERS, "TLS": TLS_SUMMARY}),
    "summary-tls-failed": (
        0x80,
        {
            "COMMON": COUNTERS | {"InitFailedHsConnCnt": 2, "EndFailedHsConnCnt": 5},
            "TLS": {"Source": 1, "Neg_Cipher": "FFFFFF"},
        },
    ),
    "summary-ssh": (
        0x80,
        {
            "COMMON": COUNTERS | {"SecProtos": 0x40},
            "SSH": {
                "Source": 1,
                "Prot_Ver": 2,
                "CryptoFlags": 0x80,
                "In_Enc_Alg": 0x11,
                "SKey_Type": 2,
                "SKey_Len": 3072,
            },
        },
    ),
    "summary-ipsec": (0x80, {"COMMON": COUNTERS | {"SecProtos": 0x20}, "IPSEC": IPSEC}),
    "summary-enabled": (0x08, {"COMMON": {"Event_Type": 2}}),
    "summary-disabled": (0x08, {"COMMON": {"Event_Type": 3}}),
    "summary-last-of-end": (0x20, {"COMMON": CLEAR}),
    "summary-one-of-shutdown": (
        0x50,
        {"COMMON": CLEAR | {"SrvPortStart": 50_000, "SrvPortEnd": 50_100, "UserID": "*FTPUSR*"}},
    ),
    "summary-ipv6-client-side": (
        0xC0,
        {
            "COMMON": CLEAR
            | {
                "Flags": 0xA0,
                "SrvIP": "20010db8" + "00" * 11 + "07",
                "CltIP": "20010db8" + "00" * 11 + "01",
                "InitLifeConnCnt": 0xFFFF_FFFF,
                "EndLifeOutBytes": 0xFFFF_FFFF_FFFF_FFFF,
            }
        },
    ),
    "summary-enterprise-extender": (
        0x80,
        {
            "COMMON": COUNTERS
            | {
                "Flags": 0,
                "SecProtos": 0x20,
                "IPProto": 17,
                "SrvPortStart": 12_000,
                "SrvPortEnd": 12_000,
                "SessionID": "I-" + "0" * 40,
            },
            "IPSEC": IPSEC,
        },
    ),
}
"""Reason octet, and of each section those fields that are neither zero nor blank, without their prefix."""


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("summary")])
def test_every_summary_by_hand(layout_rows: list[dict[str, str]], name: str) -> None:
    """Every field of every kind of summary, through the second reader."""
    reason, expected = BY_HAND[name]
    found = independent.read(golden(name), layout_rows)
    header, names = found.pop("SMF_HEADER"), found.pop("DN", [])
    assert isinstance(header, dict)
    assert (header["SMF119RTY"], header["SMF119STY"], header["SMF119LEN"]) == (119, 12, len(golden(name)))
    assert len(names) == (name == "summary-tls")
    prefixes = {"IDENT": "", "COMMON": "SMF119SS_SA", "TLS": "SMF119SS_TLS_", "SSH": "SMF119SS_SSH_"}
    wanted: dict[str, Said] = {"IDENT": IDENT | {"SMF119TI_Reason": reason}, **expected}
    assert found.keys() == wanted.keys()
    for section, fields in wanted.items():
        prefix = prefixes.get(section, "SMF119SS_IPSec_")
        said = {field.removeprefix(prefix): value for field, value in found[section].items()}  # type: ignore[union-attr]
        assert fields.keys() <= said.keys()
        for field, value in said.items():
            assert value in _forms(fields.get(field, 0), value), (section, field)


def _forms(expected: int | str, value: int | bytes) -> tuple[int | bytes, ...]:
    """What may stand in a field: a number; octets in hexadecimal; text, blank to the end; nothing."""
    if isinstance(value, int) or isinstance(expected, int):
        length = 0 if isinstance(value, int) else len(value)
        return (expected, bytes(length), b"\x40" * length) if expected == 0 else (expected,)  # type: ignore[return-value]
    octets = bytes.fromhex(expected) if len(expected) == 2 * len(value) else b""
    return (octets, expected.encode("cp037").ljust(len(value), b"\x40"))


@pytest.mark.parametrize("name", [name for name, (_, shape) in CASES.items() if shape is Shape.V2R3])
def test_old_shapes_are_recognised(name: str) -> None:
    record: Record = decode(golden(name))
    assert record.shape is Shape.V2R3
