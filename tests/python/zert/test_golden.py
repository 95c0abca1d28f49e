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


@pytest.mark.parametrize("name", [name for name, (_, shape) in CASES.items() if shape is Shape.V2R3])
def test_old_shapes_are_recognised(name: str) -> None:
    record: Record = decode(golden(name))
    assert record.shape is Shape.V2R3
