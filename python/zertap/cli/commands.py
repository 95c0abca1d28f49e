"""Every command by name, and where it stands: loaded when it is called for."""

from collections.abc import Callable
from importlib import import_module
from typing import Final

from zertap import _native

HELP: Final = """Shows which TCP connections in a capture were protected by TLS or SSH, and how.

Exit status: 0 ok, 1 findings (--fail-on), 2 usage, 3 input unreadable, 4 input damaged (all before it was delivered),
5 output failed, 70 internal error, 71 out of memory, 130 SIGINT, 143 SIGTERM.
"""

COMMANDS: Final = {
    "observe": "observe",
    "explain": "explain",
    "records": "records",
    "decode": "decode",
    "layout": "layout",
    "config show": "config",
    "config check": "config",
    "info": "info",
    "subscribe": "subscribe",
    "tap": "tap",
    "bench": "bench",
}
"""The words of a command -> its file. The function in it is called as the last word."""

GROUPS: Final = {"config": "Shows the configuration in effect, and checks configuration files."}
"""First words that several commands share, and what these are about."""


def load(words: str) -> Callable[..., int]:
    """The function of a command."""
    found: Callable[..., int] = getattr(import_module(f"zertap.cli.{COMMANDS[words]}"), words.rpartition(" ")[2])
    return found


def show_version() -> None:
    """Prints name and version."""
    build = "" if _native.BUILD == "release" else f" ({_native.BUILD} build: slow)"
    print(f"zertap {_native.__version__}{build}")


def named(words: list[str]) -> tuple[str, list[str]] | None:
    """The command that *words* begin with, and the others; ``None`` where they name none."""
    for count in (1, 2):
        name = " ".join(words[:count])
        if name in COMMANDS and len(words) >= count:
            return name, words[count:]
    return None
