"""What sessions went through, by interval: the part of aggregation that several machines can share.

A ledger is a sum. Adding two of them adds their counters session by session, takes the later facts, the earlier
beginning and the later end; so the order in which partial ledgers come together, and how rows were divided among
them, makes no difference.
"""

from collections.abc import Mapping

from zertap.values import dataclass, field
from zertap.zert.sessions import Counts, Latest, Session


@dataclass(frozen=True, slots=True)
class Change:
    """What one session went through in one interval."""

    counts: Counts
    latest: Latest = field(default_factory=Latest)

    def __add__(self, other: "Change") -> "Change":
        return Change(self.counts + other.counts, self.latest.later(other.latest))


Changes = Mapping[Session, Change]
"""What all sessions went through in one interval."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Changes by number of the interval. ``began`` and ``ended``: nanoseconds since 1970, ``None`` without rows."""

    began: int | None = None
    ended: int | None = None
    intervals: Mapping[int, Changes] = field(default_factory=dict)

    def __add__(self, other: "Ledger") -> "Ledger":
        numbers = self.intervals.keys() | other.intervals.keys()
        return Ledger(
            min((at for at in (self.began, other.began) if at is not None), default=None),
            max((at for at in (self.ended, other.ended) if at is not None), default=None),
            {each: added(self.intervals.get(each, {}), other.intervals.get(each, {})) for each in numbers},
        )


def added(one: Changes, other: Changes) -> Changes:
    """The changes of two parts of one interval."""
    total = dict(one)
    for session, change in other.items():
        before = total.get(session)
        total[session] = change if before is None else before + change
    return total
