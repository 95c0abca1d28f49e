"""EBCDIC code page 1047, the one in which z/OS UNIX and Communications Server write text.

The standard library has its neighbour 037 only. The two differ in six places: the brackets, the circumflex,
the not sign, Y with acute and the diaeresis stand elsewhere. Both map all 256 octets one to one onto
Latin-1, so every octet has a character and reading never fails; a character outside Latin-1 is written as
SUB (X'3F').

Source: IBM code page 1047 (Latin-1 open systems), code page 037 (CECP USA).
"""

from functools import lru_cache

SUBSTITUTE = 0x3F
"""EBCDIC SUB: what stands for a character that the code page lacks."""

# Octet in 1047 -> octet at which 037 has the same character.
_MOVED = {0x5F: 0xB0, 0xAD: 0xBA, 0xB0: 0x5F, 0xBA: 0xAD, 0xBB: 0xBD, 0xBD: 0xBB}

_CHARACTERS = bytes(_MOVED.get(octet, octet) for octet in range(256)).decode("cp037")
_TO_LATIN = _CHARACTERS.encode("latin-1")
_FROM_LATIN = bytes(_TO_LATIN.index(octet) for octet in range(256))
_LATIN_SUBSTITUTE = chr(_TO_LATIN[SUBSTITUTE])


def to_ebcdic(text: str) -> bytes:
    """*text* in code page 1047, one octet a character; characters outside it become SUB.

    Raises: nothing.
    """
    try:
        latin = text.encode("latin-1")
    except UnicodeEncodeError:
        latin = "".join(c if c <= "\xff" else _LATIN_SUBSTITUTE for c in text).encode("latin-1")
    return latin.translate(_FROM_LATIN)


@lru_cache(maxsize=16_384)
def field_octets(text: str, length: int) -> bytes:
    """*text* in code page 1047, padded with blanks to *length*; longer text is not cut."""
    return to_ebcdic(text).ljust(length, b"\x40")


@lru_cache(maxsize=16_384)
def field_text(octets: bytes) -> str:
    """The text of a field without its padding."""
    return from_ebcdic(octets.rstrip(b"\x40"))


def from_ebcdic(octets: bytes) -> str:
    """The text that *octets* spell in code page 1047, one character an octet.

    Raises: nothing; every octet has a character.
    """
    return octets.translate(_TO_LATIN).decode("latin-1")
