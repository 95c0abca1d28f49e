"""What a scenario is: a function that lets real programs talk, and says what must be read off the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .network import Network
from .recorder import Recording

Row = dict[str, Any]
Play = Callable[[Network], list[Row]]
Finish = Callable[[Path, Path], None]


@dataclass(frozen=True)
class Scenario:
    """One capture of ours and where it comes from."""

    name: str
    shows: str
    cases: tuple[str, ...]
    programs: tuple[str, ...]
    script: str
    play: Play
    recording: Recording
    suffix: str
    finish: Finish | None
    differs: tuple[str, ...]
    judge_raw: bool


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    name: str,
    shows: str,
    *,
    cases: tuple[str, ...],
    programs: tuple[str, ...],
    recording: Recording | None = None,
    suffix: str = ".pcap",
    finish: Finish | None = None,
    differs: tuple[str, ...] = (),
    judge_raw: bool = False,
) -> Callable[[Play], Play]:
    """Registers a scenario.

    *cases*: identifiers of the behaviour catalogue. *finish*: turns tcpdump's file into the kept one.
    *differs*: keys in which tshark is known to be wrong, each with its reason after a colon.
    *judge_raw*: tshark cannot tell the kept file's connections apart and reads tcpdump's file.
    """

    def keep(play: Play) -> Play:
        if name in SCENARIOS:
            raise ValueError(f"two scenarios are called {name}")
        script = "make/scenarios/" + Path(play.__code__.co_filename).name
        SCENARIOS[name] = Scenario(
            name, shows, cases, programs, script, play, recording or Recording(), suffix, finish, differs, judge_raw
        )
        return play

    return keep
