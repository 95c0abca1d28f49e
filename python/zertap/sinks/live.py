"""The view of a live tap on a terminal: verdicts a second, what was lost, the newest failures. Drawn again and again.

Everything from a packet is printed as plain text with its control characters as escapes, as in the table.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table as Grid
from rich.text import Text

from zertap.connection import Connection, endpoint
from zertap.ledger import Outlet
from zertap.plans import Part, Plans
from zertap.schema import BY_PATH
from zertap.sinks.table import SHOWN, STYLES, plain, refusal_of, titled

NEWEST = 12
"""Failures shown."""
SPAN = 10
"""Seconds over which a rate is shown beside that of the last second."""
BETWEEN = 0.5
"""Seconds from one drawing to the next."""


class View:
    """Draws on *console*; ``counts`` tells the native counts, ``title`` what is tapped."""

    def __init__(self, console: Console, title: str, counts: Callable[[], Mapping[str, Any]]) -> None:
        self.outlet = Outlet("terminal", "verdicts")
        self._title, self._counts = title, counts
        self._totals: Counter[str] = Counter()
        self._seconds: deque[Counter[str]] = deque([Counter()], maxlen=SPAN + 1)
        self._failures: deque[tuple[str, ...]] = deque(maxlen=NEWEST)
        self._plans = Plans([BY_PATH[path] for path in SHOWN])
        self._began = self._second = time.monotonic()
        self._drawn = 0.0
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._live.start()

    def take(self, part: Part, decided: Iterable[tuple[int, str]]) -> None:
        """Counts verdicts that were reached, by row and word, and draws if it is time."""
        failed = []
        for row, verdict in decided:
            self._totals[verdict] += 1
            self._seconds[-1][verdict] += 1
            self.outlet.taken += 1
            if verdict == "failed":
                failed.append(row)
        for facts in self._plans.objects(part, failed[-NEWEST:]) if failed else ():
            self._failures.appendleft(_failure(Connection(facts)))
        self.draw()

    def draw(self, *, now: bool = False) -> None:
        """Draws, if the last time is long enough ago."""
        moment = time.monotonic()
        for _ in range(min(int(moment - self._second), SPAN + 1)):
            self._seconds.append(Counter())
        self._second += int(moment - self._second)
        if now or moment - self._drawn >= BETWEEN:
            self._drawn = moment
            self._live.update(Group(*self._blocks()), refresh=True)
            self.outlet.written = self.outlet.taken

    def close(self) -> None:
        """The last drawing stays."""
        self.draw(now=True)
        self._live.stop()

    def _blocks(self) -> Iterable[Any]:
        yield self._verdicts()
        yield self._interfaces()
        if self._failures:
            failures = titled("Newest failures")
            for name in ("Time", "Client", "Server", "Protocol", "Gave up", "Why"):
                failures.add_column(name, overflow="fold")
            for cells in self._failures:
                failures.add_row(*(plain(cell) for cell in cells))
            yield failures

    def _verdicts(self) -> Grid:
        table = titled(f"{self._title}: {time.monotonic() - self._began:,.0f} s, Ctrl-C ends")
        table.add_column("Verdict")
        for name in ("Last second", f"Each second, {SPAN} s", "Connections"):
            table.add_column(name, justify="right")
        whole = list(self._seconds)[:-1] or [Counter[str]()]
        for word, style in STYLES.items():
            rate = sum(second[word] for second in whole) / len(whole)
            table.add_row(Text(word, style), f"{whole[-1][word]:,}", f"{rate:,.1f}", f"{self._totals[word]:,}")
        return table

    def _interfaces(self) -> Grid:
        counts = self._counts()
        table = titled("Frames")
        table.add_column("Interface")
        for name in ("Read", "Dropped by the kernel", "Dropped by the interface", "Lost here"):
            table.add_column(name, justify="right")
        for number, each in enumerate(counts["interfaces"]):
            lost_here = f"{counts['lost_here']:,}" if not number else ""
            cells = [plain(each["name"]), Text(f"{each['read']:,}")]
            cells += [_loss(each["dropped_by_kernel"]), _loss(each["dropped_by_interface"]), Text(lost_here)]
            table.add_row(*cells)
        return table


def _loss(count: int) -> Text:
    return Text(f"{count:,}", "bold red" if count else "")


def _failure(connection: Connection) -> tuple[str, ...]:
    at, refusal = datetime.now().astimezone().strftime("%H:%M:%S"), refusal_of(connection)
    client = endpoint(connection.client_ip, connection.client_port)
    return at, client, refusal.server, refusal.protocol, refusal.gave_up, refusal.why
