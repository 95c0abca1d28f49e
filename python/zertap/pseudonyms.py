"""Pseudonyms of addresses: which kind, under which key, and where the key is kept.

The engine puts them in the place of addresses before anything is written, so every output, and every identity made of
addresses (``uid``, Community ID, a flow's number), holds pseudonyms. How they are made stands in the door
(``pseudonym.rs``): ``prefix`` is Crypto-PAn, ``plain`` keeps nothing of the network's shape.
"""

import os
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from zertap._native import pseudonym
from zertap.errors import Usage
from zertap.values import dataclass, field

if TYPE_CHECKING:
    from pathlib import Path

Manner = Literal["prefix", "plain"]

KEY_OCTETS: Final = 32
NEW: Final = "new:"
"""What a file's name begins with where the key is to be made."""


def _random() -> bytes:
    from secrets import token_bytes  # brings much, and is for one moment

    return token_bytes(KEY_OCTETS)


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Manner and key; the same key gives the same pseudonyms in every run. Without a key: a random one, used once.

    ``keep_names``: server names and what else names somebody stay in the output. The key is never shown.
    """

    manner: Manner = "prefix"
    key: bytes = field(default_factory=_random, repr=False)
    keep_names: bool = True

    @classmethod
    def read(cls, manner: Manner, key_file: str | os.PathLike[str] | None, *, keep_names: bool = True) -> Self:
        """With the key in *key_file*: 64 hexadecimal digits; ``new:FILE`` makes it. Raises ``Usage``."""
        if key_file is None:
            return cls(manner, keep_names=keep_names)
        from pathlib import Path  # only where a key has a file

        name = os.fspath(key_file)
        key = _make(Path(name.removeprefix(NEW))) if name.startswith(NEW) else _read(Path(name))
        return cls(manner, key, keep_names)

    def config(self) -> dict[str, Any]:
        """The engine's settings."""
        return {"pseudonyms": (self.manner, self.key), "nameless": not self.keep_names}

    def of(self, address: str) -> str:
        """The pseudonym of one *address*. Raises ``Usage`` for a key of another length."""
        return pseudonym(self.manner, self.key, address)


def _make(path: "Path") -> bytes:
    """A new key in a new file that only its owner reads: overwriting one would orphan what was shared under it."""
    key = _random()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{key.hex()}\n")
    except FileExistsError:
        raise Usage(f"the key file `{path}` exists: to use its key, name it without `{NEW}`") from None
    except OSError as error:
        raise Usage(f"the key file `{path}` cannot be written: {error.strerror}") from None
    return key


def _read(path: "Path") -> bytes:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise Usage(f"the key file `{path}` cannot be read: {reason} (make one: `{NEW}{path}`)") from None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_OCTETS:
        raise Usage(f"the key file `{path}` does not hold {2 * KEY_OCTETS} hexadecimal digits")
    return key
