"""Why our rows differ from the oracle's where they do on purpose: ``argued.toml``, read and matched.

An argument is about one row of one capture, or about a *kind* of difference that the same cause brings about many
times. A kind says exactly which words and circumstances it covers, so that nothing else hides behind it.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parent / "argued.toml"

CLASSES = {
    "expected": "a known weakness of the oracle, which counts as agreement",
    "oracle_misreads": "the packets show otherwise",
    "oracle_blind": "the oracle could not see what decides",
    "other_rule": "our rule is another than the oracle's definition",
    "not_read": "a kind of file that is not read here",
}
"""What sort of reason an argument is."""


@dataclass(slots=True)
class Difference:
    """One point on which a row of ours and the oracle's disagree; ``why`` is the argument where there is one.

    ``stream`` is -1 for a row of ours that the oracle has not. ``because`` is why the oracle calls its row soft.
    """

    file: str
    stream: int
    grade: str
    what: str
    oracle: object
    ours: object
    flags: list[str] = field(default_factory=list)
    because: list[str] = field(default_factory=list)
    why: Argument | None = None

    def __str__(self) -> str:
        told = f"{self.file} #{self.stream}: {self.what}: oracle {self.oracle}, ours {self.ours}"
        return (
            told
            + (f" {self.flags}" if self.flags else "")
            + (f" [{self.why.sort}: {self.why.reason}]" if self.why else "")
        )


@dataclass(frozen=True, slots=True)
class Argument:
    """A reason, and what sort of reason it is (a key of ``CLASSES``)."""

    sort: str
    reason: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A cause that makes many rows differ alike; all that it names must hold."""

    name: str
    argument: Argument
    what: str
    oracle: tuple[str, ...]
    ours: tuple[str, ...]
    because: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @classmethod
    def read(cls, told: dict[str, Any]) -> Kind:
        """One ``[[kind]]`` table."""
        lists = {key: tuple(told.get(key, ())) for key in ("oracle", "ours", "because", "flags", "files")}
        return cls(told["name"], Argument(told["class"], told["reason"]), told["what"], **lists)

    def covers(self, difference: Difference) -> bool:
        """Whether the difference is of this kind. Firm rows are never argued by kind."""
        return (
            difference.grade != "firm"
            and difference.what == self.what
            and str(difference.oracle) in self.oracle
            and str(difference.ours) in self.ours
            and (not self.because or any(word in told for word in self.because for told in difference.because))
            and (not self.flags or bool(set(self.flags) & set(difference.flags)))
            and (not self.files or difference.file in self.files)
        )


@dataclass(slots=True)
class Arguments:
    """All arguments, and which of them were needed."""

    single: dict[tuple[str, int, str], Argument] = field(default_factory=dict)
    kinds: list[Kind] = field(default_factory=list)
    used: Counter[object] = field(default_factory=Counter)

    @classmethod
    def load(cls) -> Arguments:
        """What ``argued.toml`` says."""
        told = tomllib.loads(TABLE.read_text())
        single = {
            (entry["file"], stream, what): Argument(entry["class"], entry["reason"])
            for entry in told["argued"]
            for stream in entry["streams"]
            for what in entry["what"]
        }
        return cls(single, [Kind.read(entry) for entry in told["kind"]])

    def why(self, difference: Difference) -> Argument | None:
        """The argument for a difference, if there is one."""
        key = (difference.file, difference.stream, difference.what)
        if key in self.single:
            self.used[key] += 1
            return self.single[key]
        for kind in self.kinds:
            if kind.covers(difference):
                self.used[kind.name] += 1
                return kind.argument
        return None

    def stale(self) -> list[str]:
        """Entries that nothing needed."""
        entries: list[object] = [*self.single, *(kind.name for kind in self.kinds)]
        return [str(entry) for entry in entries if entry not in self.used]
