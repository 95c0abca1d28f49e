"""Golden records of every event type with every combination of sections, reviewed field by field."""

from typing import Any

import pytest

import golden_records
from golden_review import (
    CONNECTION,
    DATE,
    END,
    ESTABLISHED,
    EVERY_SECTION,
    IDENT,
    IPSEC,
    PEERS,
    SSH,
    START,
    TLS,
    TRAFFIC,
    Rows,
    Said,
    header,
    octets_of,
    said,
)
from test_golden_shapes import REVIEWED as REVIEWED_SHAPES

NAMES = [(5, "CN=www[1].example")]
NAMES_OF_IPSEC = [(1, "CN=here"), (4, "CN=Their CA")]
PROVIDER = "Observation"
TLS_13: Said = {
    "Prot_Ver": 0x0304,
    "Source": 1,
    "Handshake_Type": 2,
    "Handshake_Role": 2,
    "Protocol_Provider": PROVIDER,
    "Neg_Cipher": "1302",
    "CS_Enc_Alg": 0x13,
    "CS_Msg_Auth": 1,
}
TLS_FAILED: Said = {"Source": 1, "Handshake_Type": 3, "Protocol_Provider": PROVIDER, "Neg_Cipher": "FFFFFF"}
SSH_FAILED: Said = {"Source": 1, "Flags": 0x80, "Protocol_Provider": PROVIDER}
SHOWN: dict[str, tuple[int, dict[str, Any]]] = {
    "none": (0x00, {}),
    "tls12": (0x80, {"TLS": TLS, "DN": NAMES}),
    "tls-failed": (0x80, {"TLS": TLS_FAILED}),
    "ssh": (0x40, {"SSH": SSH}),
    "ssh-failed": (0x40, {"SSH": SSH_FAILED}),
    "ipsec": (0x20, {"IPSEC": IPSEC, "DN": NAMES_OF_IPSEC}),
    "tls13": (0x80, {"TLS": TLS_13}),
    "tls12-ipsec": (0xA0, {"TLS": TLS, "IPSEC": IPSEC, "DN": NAMES + NAMES_OF_IPSEC}),
    "none-enforcement": (0x00, {}),
}
"""Bits of the protocols, and the sections with what they say."""

SIZES = {"IDENT": 64, "COMMON": 128, "TLS": 168, "SSH": 284, "IPSEC": 236}
SECONDS = {1: 10, 2: 20, 3: 60, 4: 1, 7: 10}
"""From the connection's establishment to each event."""

EVENTS = [f"{kind}-{word}" for kind in (1, 2, 3, 4, 7) for word in ("none", "tls12", "tls-failed", "ssh", "ssh-failed")]
EVENTS += ["1-ipsec", "2-ipsec", "3-ipsec", "1-tls12-ipsec", "1-tls13", "7-tls13", "7-none-enforcement"]


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_says_this_and_nothing_else(name: str, layout_rows: Rows) -> None:
    kind, protection = int(name[0]), name[2:]
    protocols, sections = SHOWN[protection]
    at = ESTABLISHED + 100 * SECONDS[kind]
    common = {"Event_Type": kind, "SecProtos": protocols, "Flags": 0x10} | CONNECTION
    common = {field: value for field, value in common.items() if value}
    ended = {"ETime": at, "EDate": DATE} if kind in (3, 4) else {}
    names = sum(4 + len(text) for _, text in sections.get("DN", []))
    length = 92 + sum(SIZES[each] for each in ("IDENT", "COMMON", *sections) if each != "DN") + names
    length += 8 if protection == "none-enforcement" else 0
    octets = octets_of(name)
    assert len(octets) == length
    expected = {"SMF_HEADER": header(length, time=at), "IDENT": IDENT, "COMMON": common | ended}
    assert said(octets, layout_rows) == expected | sections


OTHERS: dict[str, tuple[int, int, dict[str, Any]]] = {
    "1-tls12-recalled": (
        ESTABLISHED + 1000,
        DATE,
        {
            "COMMON": {"Event_Type": 1, "SecProtos": 0x80, "Flags": 0x10} | CONNECTION,
            "TLS": TLS | {"CS_Kex_Alg": 0x14, "CCert_Signature_Method": 0x0C},
            "DN": [(5, "CN=www[1].example"), (6, "CN=Root"), (7, "CN=me"), (8, "CN=Root")],
        },
    ),
    "3-ssh-client-side": (
        ESTABLISHED + 100 * (90_000 - 86_400),
        DATE + 0x10,
        {
            "COMMON": {
                "Event_Type": 3,
                "SecProtos": 0x40,
                "Flags": 0x08,
                "IPProto": 6,
                "RIP": PEERS["LIP"],
                "LIP": PEERS["RIP"],
                "RPort": 443,
                "LPort": 40_001,
                "ConnID": 7,
                "InBytes": 200_000,
                "OutBytes": 1_000,
                "InSegDG": 150,
                "OutSegDG": 12,
                "ETime": ESTABLISHED + 100 * (90_000 - 86_400),
                "EDate": DATE + 0x10,
            }
            | START,
            "SSH": SSH
            | {"CryptoFlags": 0x40, "In_Enc_Alg": 0x0C, "In_Msg_Auth": 3, "Out_Enc_Alg": 0x11, "Out_Msg_Auth": 4},
        },
    ),
    "3-tls13-ipv6-reset": (
        ESTABLISHED + 6000,
        DATE,
        {
            "COMMON": {"Event_Type": 3, "SecProtos": 0x80, "Flags": 0x80 | 0x20 | 0x10}
            | {"IPProto": 6, "RPort": 40_001, "LPort": 443, "ConnID": 7}
            | {"RIP": "20010DB8" + "00" * 11 + "01", "LIP": "20010DB8" + "00" * 11 + "02"}
            | {"ETime": ESTABLISHED + 6000, "EDate": DATE}
            | START
            | TRAFFIC,
            "TLS": TLS_13,
        },
    ),
    "5-enabled": (ESTABLISHED + 1000, DATE, {"COMMON": {"Event_Type": 5}}),
    "6-disabled": (ESTABLISHED + 1000, DATE, {"COMMON": {"Event_Type": 6}}),
    "1-every-section": (
        ESTABLISHED + 1000,
        DATE,
        EVERY_SECTION | {"COMMON": {"Event_Type": 1, "SecProtos": 0x80, "Flags": 0x10} | CONNECTION},
    ),
}
"""When it was written, and what it says."""


@pytest.mark.parametrize("name", OTHERS)
def test_another_record_says_this_and_nothing_else(name: str, layout_rows: Rows) -> None:
    time, day, expected = OTHERS[name]
    octets = octets_of(name)
    found = said(octets, layout_rows)
    assert found == {"SMF_HEADER": header(len(octets), time=time, day=day), "IDENT": IDENT} | expected


def test_every_golden_record_of_a_connection_was_reviewed() -> None:
    """Those of summaries are in ``test_golden.py``."""
    details = {name for name, _, _ in golden_records.records() if not name.startswith("summary")}
    assert details == {*EVENTS, *OTHERS, *REVIEWED_SHAPES}


def test_the_end_of_an_event_is_its_own_moment() -> None:
    """Ends of the shapes are ten seconds after the establishment, as are their records."""
    assert END == {"ETime": ESTABLISHED + 1000, "EDate": DATE}
