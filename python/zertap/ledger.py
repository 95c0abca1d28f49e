"""The account of a run: where every frame, every connection and every row went. It must balance.

Two who count apart must come to the same sums: readers count the frames that they hand over, taps those that they get
and the connections that they open; ``Reading`` counts the rows that it fetches, ``Selection`` those that it sees, each
sink those that it is given and those that reached the operating system.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from zertap._native import Source, Tap
from zertap.errors import LedgerMismatch
from zertap.values import dataclass, field

_SKIPPED = "skipped_"
_FATES = ("ended", "live", "evicted", "unmonitored", "never_established")


@dataclass(slots=True)
class Outlet:
    """What one output was given, in rows or records, and how much of it certainly reached the operating system."""

    name: str
    thing: str
    taken: int = 0
    written: int = 0
    lost: int = 0
    """Dropped on the way, because waiting would have held the run up; told and counted, no failure."""

    @property
    def unwritten(self) -> int:
        """Given, and neither written nor lost."""
        return self.taken - self.written - self.lost


@dataclass(slots=True)
class Ledger:
    """One run's account, summed over its inputs."""

    frames_read: int = 0
    """Frames that the captures' readers handed over."""
    frames: int = 0
    """Frames and segments that the taps got."""
    decoded: int = 0
    """Of these, TCP segments."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Of these, skipped, by reason."""
    opened: int = 0
    """Connections and attempts."""
    fates: Counter[str] = field(default_factory=Counter)
    """What became of them: ended, live, evicted, unmonitored, never_established."""
    rows: int = 0
    """Rows that the taps wrote."""
    rows_waiting: int = 0
    """Of these, never fetched, because the run was broken off."""
    rows_fetched: int = 0
    """Of these, fetched."""
    rows_seen: int | None = None
    """Of the fetched, those that went to the selection; none if there was no selection."""
    rows_selected: int = 0
    """Of these, chosen to go out."""
    outlets: list[Outlet] = field(default_factory=list)
    """The outputs."""

    def read(self, source: Source) -> None:
        """*source* has been read as far as it will be."""
        self.frames_read += source.packets

    def close(self, tap: Tap) -> None:
        """Nothing more comes from *tap*."""
        told = tap.ledger()
        self.frames += told["frames"]
        self.decoded += told["segments"]
        skipped = {name: count for name, count in tap.counters().items() if name.startswith(_SKIPPED) and count}
        self.skipped.update({name.removeprefix(_SKIPPED): count for name, count in skipped.items()})
        self.opened += told["opened"]
        self.fates.update({fate: told[fate] for fate in _FATES})
        self.rows += told["rows"]
        self.rows_waiting += told["rows_waiting"]

    def imbalances(self) -> list[str]:
        """The sums that do not come out; none, or something is wrong with the program."""
        return [f"{name}: {whole} are not {parts}" for name, whole, parts in self._sums() if whole != parts]

    def check(self) -> None:
        """Raises ``LedgerMismatch`` if a sum does not come out."""
        if wrong := self.imbalances():
            raise LedgerMismatch(f"the account does not balance: {'; '.join(wrong)}")

    def to_dict(self) -> dict[str, Any]:
        """The account in plain values."""
        return {
            "frames": {
                "read": self.frames_read,
                "decoded": self.decoded,
                "skipped": dict(sorted(self.skipped.items())),
            },
            "connections": {"opened": self.opened, **{fate: self.fates[fate] for fate in _FATES}},
            "rows": {"written": self.rows, "fetched": self.rows_fetched, "selected": self.rows_selected},
            "outputs": [
                {
                    "name": each.name,
                    "of": each.thing,
                    "taken": each.taken,
                    "written": each.written,
                    "lost": each.lost,
                }
                for each in self.outlets
            ],
            "balanced": not self.imbalances(),
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _sums(self) -> Iterator[tuple[str, int, int]]:
        yield "frames read and frames taken", self.frames_read, self.frames
        yield "frames", self.frames, self.decoded + self.skipped.total()
        yield "connections", self.opened, self.fates.total()
        yield "rows", self.rows, self.rows_fetched + self.rows_waiting
        if self.rows_seen is not None and not self._broken_off():
            yield "rows fetched and rows seen", self.rows_fetched, self.rows_seen
        for each in self.outlets:
            if each.thing == "rows" and not self._broken_off():
                yield f"rows given to {each.name}", self.rows_selected, each.taken
            if not self._broken_off():
                yield f"{each.thing} written to {each.name}", each.taken, each.written + each.lost

    def _broken_off(self) -> bool:
        """An output failed: what it was given and could not write is told, not missed."""
        return any(each.unwritten for each in self.outlets) or self.rows_waiting > 0

    def _lines(self) -> Iterator[str]:
        skipped = ", ".join(f"{reason} {count}" for reason, count in sorted(self.skipped.items()))
        yield f"frames: {self.frames_read} read = {self.decoded} decoded + {self.skipped.total()} skipped" + (
            f" ({skipped})" if skipped else ""
        )
        fates = " + ".join(f"{self.fates[fate]} {fate.replace('_', ' ')}" for fate in _FATES)
        yield f"connections: {self.opened} opened = {fates}"
        yield f"rows: {self.rows} written, {self.rows_fetched} fetched, {self.rows_selected} selected"
        for each in self.outlets:
            lost = f" + {each.lost} lost" if each.lost else ""
            yield (
                f"{each.name}: {each.taken} {each.thing} = {each.written} written{lost} + {each.unwritten} not written"
            )
