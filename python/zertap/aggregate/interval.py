"""Recording intervals: which moments are their boundaries.

As on z/OS an interval is 1 to 24 hours with a synchronisation value (the time of day of one of the boundaries), or a
number of minutes as of SMF, which divides a day. Hours that divide a day have the same boundaries every day; others are
counted from 1970 on, at the synchronisation value of its first day. All in UTC: what a file shows does not depend on
where or when it is read.
"""

import re

from zertap.errors import Usage
from zertap.values import dataclass

_MINUTE = 60 * 1_000_000_000
_HOURS = 24
_DAY = _HOURS * 60 * _MINUTE


@dataclass(frozen=True, slots=True)
class Interval:
    """Equal intervals. ``length`` and ``sync`` (a boundary, since midnight) in nanoseconds."""

    length: int = 60 * _MINUTE
    sync: int = 0

    def number(self, at: int) -> int:
        """Number of the interval that holds the instant *at* (nanoseconds since 1970); a boundary begins one."""
        return (at - self.sync) // self.length

    def start(self, number: int) -> int:
        """The first instant of an interval."""
        return self.sync + number * self.length


def parse_interval(length: str, sync: str = "00:00") -> Interval:
    """``30m`` or ``1h`` with ``hh:mm``. Raises ``Usage``."""
    return Interval(_length(length), _time_of_day(sync))


def _length(text: str) -> int:
    found = re.fullmatch(r"(\d{1,4})([hm])", text)
    if found is None:
        raise Usage(f"not an interval: `{text}`: hours or minutes, for example `1h` or `30m`")
    number = int(found[1])
    if found[2] == "h":
        if not 1 <= number <= _HOURS:
            raise Usage(f"the interval `{text}` is not 1 to {_HOURS} hours")
        return number * 60 * _MINUTE
    if number == 0 or _DAY % (number * _MINUTE):
        raise Usage(f"the interval `{text}` does not divide a day")
    return number * _MINUTE


def _time_of_day(text: str) -> int:
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text)
    if found is None:
        raise Usage(f"not a time of day: `{text}`: hh:mm, for example `00:30`")
    return (int(found[1]) * 60 + int(found[2])) * _MINUTE
