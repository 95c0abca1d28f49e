"""Reads the usual command line: what is plainly right. Whatever else it may be is for the whole parser (``program``).

It complains of nothing: a line that is not plainly right has no reading here. A test holds what it does read equal to
what the parser reads.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from zertap.cli.declared import Parameter, parameters

_WHOLE = re.compile(r"[0-9]{1,15}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)


class _Unclear(Exception):
    """Not plainly right."""


def reading(command: Callable[..., Any], words: Sequence[str]) -> dict[str, Any] | None:
    """The arguments with which *words* call *command*; ``None``: ask the parser."""
    try:
        return _Reading(parameters(command)).of(words)
    except _Unclear:
        return None


class _Reading:
    def __init__(self, known: Iterable[Parameter]) -> None:
        self._options: dict[str, tuple[Parameter, bool | None]] = {}
        self._arguments: list[Parameter] = []
        self._needed: list[str] = []
        for each in known:
            if each.is_needed:
                self._needed.append(each.name)
            if not each.declared.is_option:
                self._arguments.append(each)
                continue
            for spelling, truth in each.spellings:
                self._options[spelling] = (each, truth)
        self._found: dict[str, Any] = {}

    def of(self, words: Sequence[str]) -> dict[str, Any]:
        rest, loose = list(reversed(words)), list[str]()
        while rest:
            word = rest.pop()
            if word.startswith("-") and word != "-":
                self._option(word, rest)
            else:
                loose.append(word)
        self._place(loose)
        if any(name not in self._found for name in self._needed):
            raise _Unclear
        return self._found

    def _option(self, word: str, rest: list[str]) -> None:
        name, given, value = word.partition("=") if word.startswith("--") else (word, "", "")
        parameter, truth = self._options.get(name) or _unclear()
        if truth is None:
            self._put(parameter, value if given else rest.pop() if rest else _unclear())
        elif given or parameter.name in self._found:
            raise _Unclear
        else:
            self._found[parameter.name] = truth

    def _place(self, loose: list[str]) -> None:
        """Words without an option: the last argument may take all that are left."""
        for each in self._arguments:
            taken = len(loose) if each.is_list else 1
            for word in loose[:taken]:
                self._put(each, word)
            del loose[:taken]
        if loose:
            raise _Unclear

    def _put(self, parameter: Parameter, text: str) -> None:
        if not text or (text.startswith("-") and text != "-"):
            raise _Unclear
        value = _value(parameter, text)
        if parameter.is_list:
            self._found.setdefault(parameter.name, []).append(value)
        elif parameter.name in self._found:
            raise _Unclear
        else:
            self._found[parameter.name] = value


def _value(parameter: Parameter, text: str) -> Any:
    kind, facts = parameter.kind, parameter.declared.facts
    if kind is str:
        return text
    if get_origin(kind) is Literal:
        return text if text in get_args(kind) else _unclear()
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next((each for each in kind if each.value == text), None) or _unclear()
    shape = {int: _WHOLE, float: _DECIMAL}.get(kind)
    if shape is None or not shape.fullmatch(text):
        raise _Unclear
    number = kind(text)
    least, most = facts.get("min"), facts.get("max")
    if (least is not None and number < least) or (most is not None and number > most):
        raise _Unclear
    return number


def _unclear() -> Any:
    raise _Unclear
