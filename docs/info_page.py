"""Writes ``docs/info.md`` from ``zertap.survey``; a test compares the two. Run: ``python docs/info_page.py``."""

import typing
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from zertap.survey import SCHEMA, CaptureInfo

PAGE = Path(__file__).parent / "info.md"

HEAD = f"""# What a capture is like

<!-- Written by docs/info_page.py from python/zertap/survey.py: change it there. -->

`zertap info CAPTURE...` shows what a capture is like and how much of it can be judged; `--format jsonl` writes one
object a capture with the keys below, `zertap.info(path)` returns the same as a dataclass. Version: `{SCHEMA}`. A
damaged capture is shown as far as it could be read, with exit status 4.
"""

WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def page() -> str:
    """The whole page."""
    return HEAD + _table(CaptureInfo) + "".join(f"\n`{name}`\n{_table(part)}" for name, part in _parts())


def _parts() -> list[tuple[str, type]]:
    """The objects inside, by the key that holds them."""
    found = []
    for name, hint in typing.get_type_hints(CaptureInfo).items():
        inner = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint
        if is_dataclass(inner) and isinstance(inner, type):
            found.append((name, inner))
    return found


def _table(kind: Any) -> str:
    hints = typing.get_type_hints(kind, include_extras=True).items()
    rows = "".join(f"| `{name}` | {_word(hint.__origin__)} | {hint.__metadata__[0]} |\n" for name, hint in hints)
    return f"\n| key | type | meaning |\n|---|---|---|\n{rows}"


def _word(hint: Any) -> str:
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)[0]
        return f"list of {'objects' if is_dataclass(inner) else 'texts'}"
    choices = [each for each in typing.get_args(hint) if each is not type(None)]
    if typing.get_origin(hint) is dict or is_dataclass(hint):
        return "object"
    return WORDS[choices[0] if choices else hint]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
