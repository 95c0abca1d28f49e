"""What is read without the parser is what the parser reads."""

import inspect
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from functools import wraps
from typing import Any, Literal, get_args, get_origin

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.main import get_command

from zertap.cli import program
from zertap.cli.commands import COMMANDS, load, named
from zertap.cli.declared import Parameter, parameters
from zertap.cli.plain import reading

CALLS: list[dict[str, Any]] = []


def noting(words: str) -> Callable[..., Any]:
    """A command that only notes with what it is called."""

    @wraps(load(words))
    def note(**given: Any) -> int:
        CALLS.append(given)
        return 0

    return note


with pytest.MonkeyPatch.context() as patched:
    patched.setattr(program, "load", noting)
    PROGRAM: Any = get_command(program.app())


def parsed(words: str, rest: list[str]) -> dict[str, Any] | None:
    """The arguments with which the parser calls a command; none where it complains."""
    CALLS.clear()
    with suppress(typer.TyperException, typer.Exit):
        PROGRAM.main(args=[*words.split(), *rest], prog_name="zertap", standalone_mode=False)
    return CALLS[0] if CALLS else None


def called(command: Callable[..., Any], found: dict[str, Any]) -> dict[str, Any]:
    """The arguments with the defaults of those that are not given."""
    signature = inspect.signature(command)
    defaults = {name: each.default for name, each in signature.parameters.items() if each.default is not each.empty}
    return defaults | found


def values(parameter: Parameter) -> st.SearchStrategy[str]:
    """Words for one parameter, right and wrong."""
    wrong = st.sampled_from(["", "-", "--", "-1", "x", "1.5", "1e3", "007", " 7", "1_0", "-x", "٣", "inf", "nan"])
    kind = parameter.kind
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind)) | wrong
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from([each.value for each in kind] + [each.value.upper() for each in kind]) | wrong
    if kind in (int, float):
        return st.integers(-5, 100_000).map(str) | st.floats(0, 1e6).map(str) | wrong
    return st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8) | wrong


@st.composite
def lines(draw: st.DrawFn, command: Callable[..., Any]) -> list[str]:
    """Command lines of a command: options in any spelling, their values, loose words."""
    known = list(parameters(command))
    line = list[str]()
    for each in draw(st.lists(st.sampled_from(known), max_size=6)):
        value = draw(values(each))
        spellings = list(each.spellings)
        if not each.declared.is_option:
            line.append(value)
            continue
        word, truth = draw(st.sampled_from(spellings))
        joined = draw(st.integers(0, 3)) == 0
        line += [f"{word}={value}"] if joined else [word] if truth is not None else [word, value]
    for each in known:
        if each.is_needed and draw(st.integers(0, 3)):
            word = next((word for word, _ in each.spellings), "")
            line += [word, draw(values(each))] if each.declared.is_option else [draw(values(each))]
    return line


@pytest.mark.parametrize("words", COMMANDS)
@settings(deadline=None)
@given(st.data())
def test_plain_reading_is_the_parsers_reading(words: str, data: st.DataObject) -> None:
    command = load(words)
    line = data.draw(lines(command))
    plain = reading(command, line)
    if plain is not None:
        assert called(command, plain) == parsed(words, line)


@pytest.mark.parametrize(
    "line",
    [
        "observe a.pcap b.pcap --format jsonl -o x --workers 2 --where tls.version --fail-on failed",
        "observe - --chain --offers --mode=zert --community-id-seed 5",
        "records a.pcap -o x --summary --interval 30m --local 10.0.0.0/8 --local fd00::/8 --no-switches",
        "decode x.smf -f csv --readable",
        "layout --subtype 11 --shape 3.2",
        "config show --format toml",
        "config check x",
        "explain a.pcap -c 5",
        "info a.pcap --silence 2.5",
        "subscribe x --no-current --count 5",
        "tap eth0 eth1 --no-promiscuous --rotate-every 60 --rows last",
        "bench --rounds 2",
        "bench a.pcap",
    ],
)
def test_usual_lines_are_plain(line: str) -> None:
    words, rest = named(line.split()) or ("", [])
    found = reading(load(words), rest)
    assert found is not None
    assert called(load(words), found) == parsed(words, rest)


def test_no_command_and_half_a_command_are_none() -> None:
    assert [named(line.split()) for line in ("", "config", "config nothing", "nothing", "--version")] == [None] * 5
