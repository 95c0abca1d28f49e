"""What reviewers of golden records expect, and how a record is read for them: by the second reader, which knows the
reference table alone. Only what is neither zero nor blank is said, so nothing else may be there.
"""

from typing import Any

import golden_records
import independent
from zertap.smf.codepage import from_ebcdic

Said = dict[str, Any]

DATE = 0x0126325F
"""Day 325 of 2026: 21 November."""
ESTABLISHED = ((13 * 60 + 24) * 60 + 5) * 100 + 67
TEN_SECONDS_LATER = ESTABLISHED + 1000

IDENT: Said = {"SYSName": "SYS1", "SysplexName": "PLEX1", "Stack": "TCPIP", "Comp": "STACK", "ASName": "TCPIP"}
IDENT |= {"ASID": 0x4D, "Reason": 0x08}
START = {"STime": ESTABLISHED, "SDate": DATE}
END = {"ETime": TEN_SECONDS_LATER, "EDate": DATE}
PEERS = {"RIP": "0A010101" + "00" * 12, "LIP": "C0000207" + "00" * 12, "RPort": 40_001, "LPort": 443, "ConnID": 7}
TRAFFIC = {"InBytes": 1_000, "OutBytes": 200_000, "InSegDG": 12, "OutSegDG": 150}
CONNECTION = {"IPProto": 6} | START | PEERS | TRAFFIC
SERVER_CERTIFICATE = {
    "SCert_Signature_Method": 0x07,
    "SCert_Enc_Method": 0x02,
    "SCert_Digest_Alg": 0x06,
    "SCert_Serial_Len": 2,
    "SCert_Serial": "0A00" + "00" * 18,
    "SCert_Time_Type": 1,
    "SCert_Time": "271231235959Z",
    "SCert_Key_Type": 2,
    "SCert_Key_Len": 2048,
}
CLIENT_CERTIFICATE = {
    "CCert_Enc_Method": 0x04,
    "CCert_Digest_Alg": 0x06,
    "CCert_Serial_Len": 20,
    "CCert_Serial": bytes(range(1, 21)).hex().upper(),
    "CCert_Time_Type": 2,
    "CCert_Time": "20501231235959Z",
    "CCert_Key_Type": 5,
    "CCert_Key_Len": 256,
}
TLS = {
    "Prot_Ver": 0x0303,
    "Source": 1,
    "Handshake_Type": 1,
    "Handshake_Role": 3,
    "Session_ID_Len": 4,
    "Session_ID": "AABBCCDD" + "00" * 28,
    "Protocol_Provider": "Observation",
    "Neg_Cipher": "C02F",
    "CS_Enc_Alg": 0x12,
    "CS_Msg_Auth": 1,
}
TLS |= SERVER_CERTIFICATE | CLIENT_CERTIFICATE
SSH = {
    "Prot_Ver": 2,
    "Source": 1,
    "CryptoFlags": 0x80,
    "Protocol_Provider": "Observation",
    "In_Enc_Alg": 0x11,
    "In_Msg_Auth": 0x04,
    "Kex_Method": 0x06,
    "Out_Enc_Alg": 0x0C,
    "Out_Msg_Auth": 0x03,
    "SKey_Type": 2,
    "SKey_Len": 3072,
    "SKey_FPLen": 32,
    "SKey_FP": bytes(range(32)).hex().upper() + "00" * 32,
}
FILTER = {"OutAct": 2, "InbAct": 2, "OutRuleName": "Out^Rule", "OutRuleExt": ".1", "InRuleName": "InRule"}
IPSEC = {
    "IKETunID": 17,
    "IKEMajVer": 2,
    "IKETunKeyExchRule": "RULE[1]",
    "IKETunLclEndpt": "C0000207" + "00" * 12,
    "IKETunRmtEndpt": "0A010101" + "00" * 12,
    "IKETunLclAuthMeth": 4,
    "IKETunRmtAuthMeth": 2,
    "IKETunAuthAlg": 1,
    "IKETunEncAlg": 0x12,
    "IKETunDHGroup": 0x13,
    "IKETunPseudoRandFunc": 2,
    "IKETunLifetime": 480,
    "LclCert_Serial_Len": 2,
    "LclCert_Serial": "0102" + "00" * 18,
    "LclCert_Time_Type": 1,
    "LclCert_Time": "301231235959Z",
    "LclCert_Key_Type": 5,
    "LclCert_Key_Len": 256,
    "TunID": 18,
    "TunType": 2,
    "TunState": 1,
    "EncapMode": 2,
    "AuthProto": 50,
    "EncAlg": 0x13,
    "PFSGroup": 14,
    "Lifetime": 240,
    "VPNLifeExpire": 1440,
}
EVERY_SECTION = {
    "COMMON": {"Event_Type": 1, "SecProtos": 0x80} | CONNECTION,
    "IPFILTER": FILTER,
    "TLS": TLS | {"CS_Kex_Alg": 0x14, "CCert_Signature_Method": 0x0C},
    "SSH": SSH,
    "IPSEC": IPSEC,
    "DN": [(5, "CN=www[1].example"), (6, "CN=Root"), (7, "CN=me"), (8, "CN=Root"), (1, "CN=ipsec local")],
}
SHORT = {"Event_Type": 4} | CONNECTION | END

Rows = independent.Rows


def header(length: int, *, time: int = TEN_SECONDS_LATER, day: int = DATE) -> Said:
    """The header of a record of subtype 11."""
    return {"LEN": length, "FLG": 0xDE, "RTY": 119, "TME": time, "DTE": day, "SID": "SYS1", "STY": 11}


def said(octets: bytes, rows: Rows) -> dict[str, Any]:
    """All that a record says, by section."""
    return {section: says(section, fields) for section, fields in independent.read(octets, rows).items()}


def octets_of(name: str) -> bytes:
    return golden_records.octets_of((golden_records.FOLDER / f"{name}.txt").read_text())


def says(section: str, fields: Any) -> Any:
    """What is there: short names, texts as text, octets in hexadecimal; without fields that are zero or blank."""
    if isinstance(fields, list):
        return [(each["SMF119SC_DN_Type"], from_ebcdic(each["SMF119SC_DN"])) for each in fields]
    return {short(section, name): shown(name, value) for name, value in fields.items() if holds(value)}


PREFIXES = {"SMF_HEADER": "SMF119", "IDENT": "SMF119TI_", "COMMON": "SMF119SC_SA", "IPFILTER": "SMF119SC_IPFlt_"}
PREFIXES |= {"TLS": "SMF119SC_TLS_", "SSH": "SMF119SC_SSH_", "IPSEC": "SMF119SC_IPSec_"}
OCTETS = ("IP", "Endpt", "Serial", "Session_ID", "_FP")


def short(section: str, name: str) -> str:
    assert name.startswith(PREFIXES[section])
    return name.removeprefix(PREFIXES[section])


def shown(name: str, value: int | bytes) -> int | str:
    if isinstance(value, int):
        return from_ebcdic(value.to_bytes(4)) if name == "SMF119SID" else value
    return value.hex().upper() if name.endswith(OCTETS) else from_ebcdic(value).rstrip()


def holds(value: int | bytes) -> bool:
    return bool(value) if isinstance(value, int) else bool(value.strip(b"\0\x40"))
