"""Files: what they give, and every complaint in one line with file, line, key and reason."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zertap.configuration import load, parse
from zertap.configuration.read import lines_of
from zertap.errors import Usage


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[globalconfig]\nzert = 1", "line 2: globalconfig.zert: 1 is neither true nor false"),
        ("[globalconfig]\nzert = {aggregation = true}", 'line 2: globalconfig.zert: {"aggregation": true} is neither'),
        ('[globalconfig]\nintval = "7m"', "line 2: globalconfig.intval: the interval `7m` does not divide a day"),
        ('[globalconfig]\nintval = "25h"', "line 2: globalconfig.intval: the interval `25h` is not 1 to 24 hours"),
        ("[globalconfig]\nintval = 5", "line 2: globalconfig.intval: 5 is not a text"),
        ('[globalconfig]\n\nsyncval = "24:00"', "line 3: globalconfig.syncval: not a time of day: `24:00`"),
        ("[smf]\nintval = 0", "line 2: smf.intval: 0 is not in the range 1 to 60"),
        ("[smf]\nintval = 25", "line 2: smf.intval: 25 does not divide 60"),
        ("[smf]\nintval = 2.5", "line 2: smf.intval: 2.5 is not a whole number"),
        ("[smf]\nintval = true", "line 2: smf.intval: true is not a whole number"),
        ('[system]\nsystem = "TOOLONGNAME"', 'line 2: system.system: "TOOLONGNAME" is longer than 8 characters'),
        ('[system]\nsystem = "Zürich"', 'line 2: system.system: "Z\\u00fcrich" has characters other than printable'),
        ("[network]\nlocal = ['nowhere']", "line 2: network.local: 'nowhere' does not appear to be an IPv4 or IPv6"),
        ("[network]\nlocal = '10.0.0.0/8'", 'line 2: network.local: "10.0.0.0/8" is not a list'),
        ("[network]\nlocal = [10]", "line 2: network.local: 10 is not a text"),
        ("[network]\nftp_data_ports = '9-7'", "line 2: network.ftp_data_ports: not a range of ports: `9-7`"),
        ("[observer]\nmode = 'half'", 'line 2: observer.mode: "half" is not one of full, zert'),
        ("[netmonitor]\nmode = '0999'", 'line 2: netmonitor.mode: "0999" is no permission: for example `0660`'),
        ("[netmonitor]\nmode = 600", "line 2: netmonitor.mode: 600 is not a text"),
        ("[smfconfig]\nzertdetails = true", "line 2: smfconfig.zertdetails: no such key: did you mean `smfconfig.zert"),
        ("[gloablconfig]\nzert = true", "line 2: gloablconfig.zert: no such table: did you mean `globalconfig`?"),
        ("[gloablconfig]", "line 1: gloablconfig: no such table: did you mean `globalconfig`?"),
        ("[globalconfig]\nmax_connections = 7", "no such key: did you mean `limits.max_connections`?"),
        ("zert = true", "line 1: zert: no such key: did you mean `globalconfig.zert`?"),
        ("x.y.z = 1", "line 1: x.y.z: no such table"),
        ("[[smfconfig]]\nzertdetail = true", "smfconfig: no such key"),
        ("[globalconfig]\nzert = tru", "line 2: Invalid value"),
        ("[globalconfig]\nzert = true\nzert = false\n\n", "line 3: Cannot overwrite a value"),
        ("[globalconfig", "Expected ']' at the end of a table declaration"),
    ],
)
def test_a_complaint_names_file_line_key_and_reason(text: str, complaint: str) -> None:
    with pytest.raises(Usage) as error:
        parse(text, "z.toml")
    line = str(error.value)
    assert line.startswith("z.toml: ")
    assert complaint in line
    assert "\n" not in line


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Usage, match=r"absent\.toml: No such file"):
        load(str(tmp_path / "absent.toml"))
    (tmp_path / "latin.toml").write_bytes(b"# \xe4")
    with pytest.raises(Usage, match=r"latin\.toml: offset 2: not UTF-8"):
        load(str(tmp_path / "latin.toml"))


def test_an_empty_file_gives_the_defaults() -> None:
    assert dict(parse("")) == dict(parse("[globalconfig]\n[limits]\n")) == dict(load(None))


def test_dotted_and_inline_keys_are_keys_too() -> None:
    one, other = parse("smf.intval = 15"), parse("smf = { intval = 15 }")
    assert one["smf.intval"] == other["smf.intval"] == 15
    assert (one.origin("smf.intval"), other.origin("smf.intval")) == ("configuration:1", "configuration:1")


def test_lines_are_found_in_any_spelling() -> None:
    text = '# note\n[ globalconfig ]\n"zert" = true\n\n  intval="1h"\n[smf]\nintval = 15 # as SMF\n'
    found = lines_of(text)
    assert (found["globalconfig.zert"], found["globalconfig.intval"], found["smf.intval"]) == (3, 5, 7)


@given(st.text(max_size=200))
def test_any_text_is_a_configuration_or_one_complaint(text: str) -> None:
    try:
        parse(text, "z.toml")
    except Usage as error:
        assert str(error).startswith("z.toml: ")
        assert len(str(error).splitlines()) == 1
