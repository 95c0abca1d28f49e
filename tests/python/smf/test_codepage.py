"""Code page 1047."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zertap.smf.codepage import SUBSTITUTE, from_ebcdic, to_ebcdic

ALL = bytes(range(256))


def test_every_octet_comes_back() -> None:
    assert to_ebcdic(from_ebcdic(ALL)) == ALL
    assert len(set(from_ebcdic(ALL))) == 256


@pytest.mark.parametrize(
    ("character", "octet"),
    [("[", 0xAD), ("]", 0xBD), ("^", 0x5F), ("¬", 0xB0), ("Ý", 0xBA), ("¨", 0xBB), ("A", 0xC1), ("0", 0xF0)]
    + [
        (" ", 0x40),
        ("|", 0x4F),
        ("!", 0x5A),
        ("\\", 0xE0),
        ("{", 0xC0),
        ("}", 0xD0),
        ("~", 0xA1),
        ("¤", 0x9F),
    ],
)
def test_known_characters_stand_where_1047_has_them(character: str, octet: int) -> None:
    assert to_ebcdic(character) == bytes([octet])
    assert from_ebcdic(bytes([octet])) == character


def test_it_differs_from_037_in_six_places_alone() -> None:
    differing = [o for o in range(256) if from_ebcdic(bytes([o])) != bytes([o]).decode("cp037")]
    assert differing == [0x5F, 0xAD, 0xB0, 0xBA, 0xBB, 0xBD]


@given(st.text(alphabet=st.characters(min_codepoint=0x100)))
def test_characters_outside_it_become_sub(text: str) -> None:
    assert to_ebcdic(text) == bytes([SUBSTITUTE]) * len(text)


def test_only_the_strange_characters_of_a_mixed_text_become_sub() -> None:
    assert to_ebcdic("CN=Ω[1]") == bytes.fromhex("C3D57E3FADF1BD")


@given(st.text(alphabet=st.characters(max_codepoint=0xFF)))
def test_latin_text_comes_back(text: str) -> None:
    assert from_ebcdic(to_ebcdic(text)) == text


def test_it_agrees_with_the_system_converter() -> None:
    if shutil.which("iconv") is None:
        pytest.skip("iconv is not installed")
    run = subprocess.run(["iconv", "-f", "IBM1047", "-t", "UTF-8"], input=ALL, capture_output=True, check=False)
    if run.returncode:
        pytest.skip("iconv does not know IBM1047")
    assert from_ebcdic(ALL) == run.stdout.decode()
