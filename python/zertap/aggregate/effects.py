"""What one row does to the sessions of its connection, by nothing but the row's kind and its history.

The theory. A connection belongs to the session that its latest zERT event shows; it comes to its first one with
event 1 or 4, as no record says anything of it before. From then on it passes octets and segments on to that session
with every row, as many as the row says came since the previous one; what came before event 1 or 4 is taken from the
row's totals, so rows that came too early to count have lost nothing. A change moves it: the session left keeps what
came until then, and both have had it for a part of its life only. Each connection counts once in a session, also
when it comes back to it. Events 1 and 3 make it active there and end that; an eviction ends it too, for nobody
watches the connection any more, while one that is open at the end of input stays active.

Which events came before a row, and which come with it, follows from the history's pattern and from how many
milestones the previous row had. There are few kinds of rows among millions, so each is worked out once.
"""

from operator import attrgetter
from typing import NamedTuple

from zertap.values import dataclass
from zertap.zert.events import LAST, NOTHING, TIMER, EventType, Pattern, Shown, Slot, slots
from zertap.zert.layouts import Shape


class Posting(NamedTuple):
    """What a row does to the session of one protection. ``traffic``: the row's octets and segments are its."""

    shown: Shown
    connections: int
    partial: int
    short: int
    active: int
    traffic: bool


class Effects(NamedTuple):
    """All that a row does. ``totals``: its traffic is that since the connection's start, else since its last row."""

    postings: tuple[Posting, ...]
    totals: bool


def effects(kind: str, pattern: Pattern, told: int, shape: Shape = Shape.Z32) -> Effects | None:
    """What a row of this *kind* does, whose connection's previous row had *told* milestones; ``None``: nothing."""
    earlier, here = _split(kind, pattern, told)
    passage = _Passage(shape)
    for slot in earlier:
        passage.remember(slot)
    passage.carry()
    for slot in here:
        passage.happen(slot)
    if kind == "evicted":
        passage.forget()
    return passage.effects()


def _split(kind: str, pattern: Pattern, told: int) -> tuple[list[Slot], list[Slot]]:
    """The events before a row, and those at it."""
    if kind == "moved":
        # Written in the midst of a life: what would be at its end is not yet; nor the timer, unless it went before.
        pattern = pattern._replace(ended=False, past_timer=pattern.milestones[-1][1])
        live = [slot for slot in slots(pattern) if slot.slot != LAST]
        return [slot for slot in live if slot.slot < told], [slot for slot in live if slot.slot >= told]
    every = slots(pattern)
    if kind in ("interval", "opened"):
        # No event: what a boundary passes on is traffic.
        return [slot for slot in every if slot.slot != LAST], []
    if kind == "due":
        return _divided([slot for slot in every if slot.slot != LAST], TIMER)
    return _divided(list(every), LAST)


def _divided(every: list[Slot], here: int) -> tuple[list[Slot], list[Slot]]:
    return [slot for slot in every if slot.slot != here], [slot for slot in every if slot.slot == here]


@dataclass(slots=True)
class _Sum:
    """A posting in the making."""

    connections: int = 0
    partial: int = 0
    short: int = 0
    active: int = 0
    traffic: bool = False


_counted = attrgetter(*_Sum.__match_args__)


class _Passage:
    """A connection on its way through sessions."""

    def __init__(self, shape: Shape) -> None:
        self._knows_failures = shape.knows_failures
        self._seen: list[Shown] = []
        self._now: Shown | None = None
        self._sums: dict[Shown, _Sum] = {}
        self._totals = False

    def remember(self, slot: Slot) -> None:
        """An event that earlier rows have counted."""
        self._enter(self._shown(slot))

    def carry(self) -> None:
        """The traffic since the previous row belongs to where the connection was."""
        if self._now is not None:
            self._of(self._now).traffic = True

    def happen(self, slot: Slot) -> None:
        """An event at this very row."""
        shown = self._shown(slot)
        if slot.type is EventType.TERMINATION:
            self.forget()
        elif self._now is None:
            self._begin(shown, short=slot.type is EventType.SHORT_TERMINATION)
        elif shown != self._now:
            self._change(self._now, shown)

    def forget(self) -> None:
        """The connection is active no more."""
        if self._now is not None:
            self._of(self._now).active -= 1

    def effects(self) -> Effects | None:
        """What came of it; sessions to which nothing happens are left out."""
        found = [(shown, _counted(each)) for shown, each in self._sums.items()]
        postings = tuple(Posting(shown, *each) for shown, each in found if any(each))
        return Effects(postings, self._totals) if postings else None

    def _begin(self, shown: Shown, *, short: bool) -> None:
        self._sums[shown] = _Sum(connections=1, short=int(short), active=int(not short), traffic=True)
        self._totals = True
        self._enter(shown)

    def _change(self, left: Shown, entered: Shown) -> None:
        of_left, of_entered = self._of(left), self._of(entered)
        of_left.active -= 1
        of_entered.active += 1
        if len(self._seen) == 1:
            of_left.partial += 1
        if entered not in self._seen:
            of_entered.connections += 1
            of_entered.partial += 1
        self._enter(entered)

    def _enter(self, shown: Shown) -> None:
        self._now = shown
        if shown not in self._seen:
            self._seen.append(shown)

    def _of(self, shown: Shown) -> _Sum:
        return self._sums.setdefault(shown, _Sum())

    def _shown(self, slot: Slot) -> Shown:
        """Before 3.2 nothing tells of failures."""
        return NOTHING if slot.shown.failed and not self._knows_failures else slot.shown
