"""Golden records of each release's form and of rarer sections, reviewed field by field.

What a record says is read by the second reader, which knows the reference table alone. Every field that is not zero or
blank is named here with the value that a person expects, so nothing else may be there.
"""

from typing import Any

import pytest

from golden_review import (
    CONNECTION,
    END,
    EVERY_SECTION,
    FILTER,
    IDENT,
    IPSEC,
    SHORT,
    SSH,
    TLS,
    Rows,
    header,
    octets_of,
    said,
)
from zertap.zert.codec import decode
from zertap.zert.layouts import Shape
from zertap.zert.records import DetailRecord

REVIEWED: dict[str, tuple[Shape, int, dict[str, Any]]] = {
    "1-tls12-v2r3": (
        Shape.V2R3,
        84 + 64 + 128 + 168 + 21,
        {"COMMON": {"Event_Type": 1, "SecProtos": 0x80} | CONNECTION, "TLS": TLS, "DN": [(5, "CN=www[1].example")]},
    ),
    "1-tls12-v2r5": (
        Shape.V2R5,
        92 + 64 + 128 + 168 + 21,
        {"COMMON": {"Event_Type": 1, "SecProtos": 0x80} | CONNECTION, "TLS": TLS, "DN": [(5, "CN=www[1].example")]},
    ),
    "1-ssh-v2r3": (
        Shape.V2R3,
        84 + 64 + 128 + 284,
        {"COMMON": {"Event_Type": 1, "SecProtos": 0x40} | CONNECTION, "SSH": SSH},
    ),
    "4-tls-failed-v2r3": (Shape.V2R3, 84 + 64 + 128, {"COMMON": SHORT}),
    "4-ssh-failed-v2r5": (Shape.V2R5, 92 + 64 + 128, {"COMMON": SHORT}),
    "5-enabled-v2r3": (Shape.V2R3, 84 + 64 + 128, {"COMMON": {"Event_Type": 5}}),
    "1-every-section-v2r3": (Shape.V2R3, 84 + 64 + 128 + 100 + 168 + 284 + 236 + 70, EVERY_SECTION),
    "1-every-section-v2r5": (Shape.V2R5, 92 + 64 + 128 + 100 + 168 + 284 + 236 + 70 + 8, EVERY_SECTION),
    "3-ipsec-filter": (
        Shape.Z32,
        92 + 64 + 128 + 100 + 236 + 26,
        {
            "COMMON": {"Event_Type": 3, "SecProtos": 0x20} | CONNECTION | END | {"IPProto": 17, "LPort": 12_000},
            "IPFILTER": FILTER,
            "IPSEC": IPSEC,
            "DN": [(1, "CN=here"), (4, "CN=Their CA")],
        },
    ),
    "3-every-name": (
        Shape.Z32,
        92 + 64 + 128 + 168 + 9 * 13 + 3 * 14,
        {
            "COMMON": {"Event_Type": 3, "SecProtos": 0x80, "Flags": 0x10} | CONNECTION | END,
            "TLS": TLS,
            "DN": [(kind, f"CN=name {kind}") for kind in range(1, 13)],
        },
    ),
}


@pytest.mark.parametrize("name", REVIEWED)
def test_a_golden_record_says_this_and_nothing_else(name: str, layout_rows: Rows) -> None:
    shape, length, expected = REVIEWED[name]
    octets = octets_of(name)
    assert len(octets) == length
    assert int.from_bytes(octets[24:26]) == (7 if shape is Shape.V2R3 else 8), "triplets"
    assert said(octets, layout_rows) == {"SMF_HEADER": header(length), "IDENT": IDENT} | expected


@pytest.mark.parametrize("name", REVIEWED)
def test_its_form_is_recognised(name: str) -> None:
    shape, _, _ = REVIEWED[name]
    told = decode(octets_of(name)).shape
    assert told is shape


def test_the_enforcement_section_is_kept_as_it_is() -> None:
    """Its layout is not public: eight triplets from V2R5 on, and none before."""
    kept = {name: decode(octets_of(name)) for name in REVIEWED if name.startswith("1-every-section")}
    assert {name: record.enforcement for name, record in kept.items() if isinstance(record, DetailRecord)} == {
        "1-every-section-v2r3": (),
        "1-every-section-v2r5": (bytes(range(8)),),
    }
