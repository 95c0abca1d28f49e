"""IBM's code values: what a number in a record means, and which number a negotiated fact has.

The values stand in ``codes.csv`` beside this file, each with how well it is known:

- ``sourced``: read in a document;
- ``likely``: recalled, and agreeing with a second, independent thing (an order, a wire value);
- ``recalled``: memory alone.

``Codes`` turns a fact into a code at a chosen confidence. A fact without a code at that confidence is
Unknown (zero); nothing is ever invented, and the true name stays in every other output. Reading is not so
strict: ``label`` knows every value.

Two cautions. IBM's panels name a CFB cipher that the recalled list of ciphers lacks, so ``likely`` codes of
``ENC_ALG`` after the place where it belongs may be off by one. TLS 1.3 key exchange, SHA-2 message
authentication beyond the recalled list, curve25519 and post-quantum SSH key exchange and Ed25519 keys have
no known code.

Facts are spelt as the engine's registry spells them: bulk cipher, MAC and hash names, (exchange,
authentication, export) of a suite, SSH names as negotiated, object identifiers of signatures, key kinds of
certificates.
"""

import csv
from collections.abc import Hashable, Mapping
from enum import IntEnum
from pkgutil import get_data
from typing import NamedTuple

from zertap.zert.code_facts import FACTS

UNKNOWN = 0


class Confidence(IntEnum):
    """How well a code is known."""

    RECALLED = 0
    LIKELY = 1
    SOURCED = 2


class Code(NamedTuple):
    """One value of one enumeration."""

    enumeration: str
    value: int
    label: str
    confidence: Confidence
    since: str
    origin: str


def _load() -> dict[str, dict[int, Code]]:
    found: dict[str, dict[int, Code]] = {}
    octets = get_data("zertap.zert", "codes.csv")
    assert octets is not None
    levels = {level.name.lower(): level for level in Confidence}
    columns, *rows = csv.reader(octets.decode().splitlines())
    assert columns == ["enumeration", "code", "label", "confidence", "since", "origin"]
    for enumeration, code, text, confidence, since, origin in rows:
        value = int(code, 16)
        made = Code(enumeration, value, text, levels[confidence], since, origin)
        found.setdefault(enumeration, {})[value] = made
    return found


ENUMERATIONS: Mapping[str, Mapping[int, Code]] = _load()
"""Every known value: enumeration, then code."""

BIT_SETS = frozenset(
    {
        "FLAGS_11",
        "FLAGS_12",
        "IPSEC_TUN_FLAGS",
        "SEC_FLAGS",
        "SEC_PROTOS",
        "SMF119FLG",
        "SSH_CRYPTO_FLAGS",
        "SSH_FLAGS",
        "TLS_CRYPTO_FLAGS",
    }
)
"""Enumerations whose values are bits that may stand together."""


def label(enumeration: str, value: int) -> str | None:
    """What *value* means; None when no source says. Bits that stand together are joined with commas."""
    known = ENUMERATIONS.get(enumeration, {})
    if value in known:
        return known[value].label
    if enumeration not in BIT_SETS or value == 0:
        return None
    words = [code.label for bits, code in known.items() if bits and value & bits]
    return ", ".join(words) or None


class Codes:
    """Codes of facts, as far as they are known with at least this confidence."""

    def __init__(self, confidence: Confidence = Confidence.LIKELY) -> None:
        self.confidence = confidence
        self._known = {
            name: {fact: value for fact, value in facts.items() if ENUMERATIONS[name][value].confidence >= confidence}
            for name, facts in FACTS.items()
        }

    def of(self, enumeration: str, fact: Hashable) -> int:
        """The code of *fact*; Unknown when it has none, or none known well enough."""
        return self._known[enumeration].get(fact, UNKNOWN)

    def allows(self, enumeration: str, value: int) -> bool:
        """Whether *value* itself is known well enough to be written."""
        code = ENUMERATIONS[enumeration].get(value)
        return code is not None and code.confidence >= self.confidence
