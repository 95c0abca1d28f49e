"""The list of keys hangs together, and the page is what it says."""

from pathlib import Path

import pytest
from typer.main import get_command

from zertap.cli import app
from zertap.configuration import KEYS, Key, defaults, parse
from zertap.configuration.builds import TAP_KEYS, record_settings
from zertap.configuration.keys import BY_NAME, SHOWN_BY_IBM, TABLES
from zertap.configuration.page import EXAMPLE, page
from zertap.zert.codec import encode_detail
from zertap.zert.codes import ENUMERATIONS
from zertap.zert.events import EventType
from zertap.zert.mapping import Settings, switch_record

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_what_is_written_of_a_value_is_read_as_that_value(key: Key) -> None:
    table, _, last = key.name.partition(".")
    found = parse(f"[{table}]\n{last} = {key.kind.toml(key.default)}")
    assert found[key.name] == key.default
    assert found.origin(key.name) == "configuration:2"


def test_names_are_unique_and_tables_stand_together() -> None:
    assert len(BY_NAME) == len(KEYS)
    tables = [key.table for key in KEYS]
    assert list(dict.fromkeys(tables)) == list(TABLES)
    assert tables == sorted(tables, key=list(TABLES).index)


def test_labels_that_ibm_shows_are_ours() -> None:
    labels = [key.label for key in KEYS]
    assert all(labels.count(label) == 1 for label in SHOWN_BY_IBM)


def test_every_option_of_the_list_exists() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    known = {option for name in ("observe", "records") for each in commands[name].params for option in each.opts}
    assert {key.option for key in KEYS if key.option} <= known


def test_the_page_is_what_the_list_says() -> None:
    written = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m zertap.configuration.page > docs/configuration.md"
    for key in KEYS:
        assert f"| `{key.name.partition('.')[2]}` | {key.kind.form} |" in written


def test_the_example_of_the_page_is_sound() -> None:
    assert parse(EXAMPLE)["globalconfig.intval"] == "SMF"


def test_without_a_file_records_are_made_as_the_library_makes_them() -> None:
    found, known = record_settings(defaults()), Settings()
    assert (found.names, found.shape, found.header_offset) == (known.names, known.shape, known.header_offset)
    every = [(name, code) for name, codes in ENUMERATIONS.items() for code in codes]
    assert all(found.codes.allows(*each) == known.codes.allows(*each) for each in every)


def test_names_reach_the_record() -> None:
    text = '[system]\nsystem = "SYS1"\nsysplex = "PLEX1"\nstack = "TCPIP"\nsmf_id = "SY1"\nasid = 77'
    octets = encode_detail(switch_record(EventType.ENABLED, 10**18, record_settings(parse(text))))
    assert octets[14:18] == "SY1 ".encode("cp037")
    assert octets[92 : 92 + 24] == "SYS1    PLEX1   TCPIP   ".encode("cp037")
    assert octets[92 + 58 : 92 + 60] == b"\x00\x4d"


def test_an_engine_keeps_what_makes_it_what_it_is() -> None:
    assert set(TAP_KEYS) == {
        "observer.mode",
        "observer.offers",
        "observer.ignore_vlan",
        "observer.verify_checksums",
        *(key.name for key in KEYS if key.table == "limits"),
        *("globalconfig.intval", "globalconfig.syncval", "smf.intval", "smf.syncval"),
    }
