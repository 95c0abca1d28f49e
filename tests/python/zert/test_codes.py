"""Code values: the same as the reference, and never more sure than it."""

import re

import pytest

from zertap.zert.code_facts import FACTS
from zertap.zert.codes import ENUMERATIONS, UNKNOWN, Codes, Confidence, label

Rows = list[dict[str, str]]
NOT_IN_RECORDS = {
    "SESSION_ID_PREFIX",
    "TMI_RECORD_ID",
    "TMI_TERM_CODE",
    "PROFILE_SMF119_TYPES",
    "PROFILE_NETMON_SERVICES",
    "PROFILE_ZERT",
    "TLS_PROVIDER",
    "SSH_PROVIDER",
    "SSH_COMP",
}


def reference(rows: Rows) -> dict[tuple[str, int], dict[str, str]]:
    return {
        (row["enum"], int(row["code_hex"].strip('"'), 16)): row
        for row in rows
        if row["enum"] not in NOT_IN_RECORDS and re.fullmatch('"?[0-9A-F]+"?', row["code_hex"])
    }


def test_our_values_are_the_reference_values(value_rows: Rows) -> None:
    ours = {(name, value) for name, values in ENUMERATIONS.items() for value in values}
    assert ours == set(reference(value_rows))


def test_each_value_is_known_as_well_as_the_reference_says(value_rows: Rows) -> None:
    rows = reference(value_rows)
    for name, values in ENUMERATIONS.items():
        for value, code in values.items():
            assert code.confidence.name.lower() == rows[name, value]["confidence"], (name, value)


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def test_our_labels_say_what_the_reference_says(value_rows: Rows) -> None:
    """Labels of algorithms share every word with the reference text: a slip of one line would show."""
    rows = reference(value_rows)
    for name in (
        "ENC_ALG",
        "MSG_AUTH",
        "TLS_KEX",
        "SSH_KEX",
        "CERT_SIGN",
        "CERT_ENC",
        "CERT_DIGEST",
        "KEY_TYPE",
    ):
        for value, code in ENUMERATIONS[name].items():
            if (name, value) == ("MSG_AUTH", 1):
                continue
            assert words(code.label) <= words(rows[name, value]["meaning"]), (name, value)


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_leads_to_a_known_value(name: str) -> None:
    assert set(FACTS[name].values()) <= set(ENUMERATIONS[name])


FACT_LABELS = {
    "AES-128-GCM": "AES GCM 128",
    "AES-256-CCM-8": "AES CCM8 256",
    "ChaCha20-Poly1305": "ChaCha20 Poly1305",
    "3DES-CBC": "3DES",
    "aes256-ctr": "AES CTR 256",
    "arcfour": "ARCFOUR",
    "twofish-cbc": "TwoFish CBC",
    "NULL": "none",
}


def test_ciphers_lead_to_the_label_of_their_own_kind() -> None:
    """Every cipher fact and its label agree in algorithm, key length and mode."""
    for fact, value in FACTS["ENC_ALG"].items():
        text = ENUMERATIONS["ENC_ALG"][value].label
        if fact in FACT_LABELS:
            assert text == FACT_LABELS[fact]
        assert isinstance(fact, str)
        for mode in ("GCM", "CCM", "CTR"):
            assert (mode in fact.upper()) == (mode in text), (fact, text)
        length = re.search(r"(128|192|256)", text)
        if length and re.search(r"(128|192|256)", fact):
            assert length[0] in fact, (fact, text)


def test_recalled_codes_are_unknown_by_default_and_given_on_request() -> None:
    fact = ("ECDHE", "RSA", False)
    assert Codes().of("TLS_KEX", fact) == UNKNOWN
    assert Codes(Confidence.RECALLED).of("TLS_KEX", fact) == 0x14


def test_likely_codes_are_given_by_default_and_unknown_to_the_strictest() -> None:
    assert Codes().of("ENC_ALG", "AES-128-GCM") == 0x12
    assert Codes(Confidence.SOURCED).of("ENC_ALG", "AES-128-GCM") == UNKNOWN
    assert Codes(Confidence.SOURCED).of("ENC_ALG", "3DES-CBC") == 4
    assert Codes(Confidence.SOURCED).of("TLS_VERSION", 0x0304) == UNKNOWN


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("SSH_KEX", "curve25519-sha256"),
        ("SSH_KEX", "mlkem768x25519-sha256"),
        ("SSH_KEY_TYPE", "ssh-ed25519"),
        ("KEY_TYPE", "ed25519"),
        ("CERT_SIGN", "1.3.101.112"),
        ("TLS_KEX", ("TLS13", "TLS13", False)),
        ("ENC_ALG", "AEGIS-256"),
        ("TLS_VERSION", 0x7F1C),
    ],
)
def test_what_has_no_code_is_unknown_at_any_confidence(name: str, fact: object) -> None:
    assert Codes(Confidence.RECALLED).of(name, fact) == UNKNOWN


def test_labels_of_flags_are_joined() -> None:
    assert label("FLAGS_11", 0x90) == "IPv6, local is server"
    assert label("SEC_PROTOS", 0xC0) == "TLS, SSH"
    assert label("SEC_PROTOS", 0) == "none"
    assert label("FLAGS_11", 0) is None


def test_a_value_without_source_has_no_label() -> None:
    assert label("ENC_ALG", 0x7777) is None
    assert label("NO_SUCH", 1) is None
