"""Whose socket an end of a connection is, and how the fields of z/OS name him."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

_NAME = 8
"""Characters of a job name or user id."""


class Owner(Protocol):
    """Whose socket an end of a connection is."""

    @property
    def process(self) -> str | None:
        """The name of the process."""

    @property
    def user(self) -> str:
        """Its user."""


Owners = Callable[[int], tuple[Owner | None, Owner | None]]
"""The owners of client's and server's socket, by the note of a row."""


class Names(NamedTuple):
    """An owner in a record: both in upper case, cut to their fields; empty where nobody knows."""

    job_name: str = ""
    user_id: str = ""


def names(owner: Owner | None) -> Names:
    """Those of an owner."""
    return Names() if owner is None else Names(_name(owner.process or ""), _name(owner.user))


def _name(text: str) -> str:
    return text.upper()[:_NAME]
