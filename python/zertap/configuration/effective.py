"""The configuration in effect: for every key a value, and where it comes from.

An option of the command line beats the file, the file beats the default. What the other rooms need is made from it in
``builds``.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from zertap.configuration.keys import BY_NAME, KEYS, Key
from zertap.configuration.read import read_file, read_text
from zertap.errors import Usage

DEFAULT: Final = "default"
"""The origin of a value that nobody gave."""


class Setting(NamedTuple):
    """One value in effect. ``origin``: ``default``, ``FILE:LINE`` or the option's name."""

    value: Any
    origin: str


class Configuration(Mapping[str, Any]):
    """Every key's value in effect, by the key's name. Frozen."""

    def __init__(self, settings: Mapping[str, Setting], file: str | None = None) -> None:
        self._settings = dict(settings)
        self.file = file
        """The file that was read."""

    def __getitem__(self, name: str) -> Any:
        return self._settings[name].value

    def __iter__(self) -> Any:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

    def origin(self, name: str) -> str:
        """Where the value of a key comes from."""
        return self._settings[name].origin

    def place(self, name: str) -> str:
        """A key with the origin of its value, for a complaint."""
        return f"{name} ({self.origin(name)})"

    def overridden(self, values: Iterable[tuple[str, Any, str]]) -> "Configuration":
        """The same with other *values*: (key, the option's value as text or as a file has it, the option).

        ``None`` overrides nothing. Raises ``Usage``.
        """
        settings = dict(self._settings)
        for name, value, option in values:
            if value is not None:
                settings[name] = Setting(_taken(BY_NAME[name], value, option), option)
        return Configuration(settings, self.file)

    def keeping(self, names: Iterable[str], other: "Configuration") -> "Configuration":
        """The same, but with the settings that *other* has for these keys."""
        kept = {name: Setting(other[name], other.origin(name)) for name in names}
        return Configuration({**self._settings, **kept}, self.file)

    def changes(self, other: "Configuration") -> tuple[str, ...]:
        """The keys whose values differ in *other*, in the order of the list."""
        return tuple(key.name for key in KEYS if self[key.name] != other[key.name])


def defaults() -> Configuration:
    """The configuration without any file."""
    return Configuration({key.name: Setting(key.default, DEFAULT) for key in KEYS})


def load(path: str | None) -> Configuration:
    """The configuration of the file at *path*; the defaults if there is none. Raises ``Usage``."""
    return defaults() if path is None else _with(read_file(path), path)


def parse(text: str, path: str = "configuration") -> Configuration:
    """The configuration that a file with this *text* gives. Raises ``Usage``."""
    return _with(read_text(text, path), path)


def _with(given: Mapping[str, Any], path: str) -> Configuration:
    settings = {key.name: Setting(key.default, DEFAULT) for key in KEYS}
    for name, (value, line) in given.items():
        settings[name] = Setting(value, path if line is None else f"{path}:{line}")
    return Configuration(settings, path)


def _taken(key: Key, value: Any, option: str) -> Any:
    try:
        return key.kind.taken(value) if isinstance(value, str) else key.kind.read(value)
    except ValueError as error:
        raise Usage(f"{option}: {error}") from None
