"""Rows of the engine for the tests of aggregation."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from zertap._native import EventBatch, Source, Tap
from zertap.aggregate import Aggregation, Gatherer, Interval, Ledger, Places, Set
from zertap.rows import SUMMARY_ROWS
from zertap.zert.sessions import Counts, Session

CAPTURES = sorted((Path(__file__).parents[2] / "pcaps" / "captures").iterdir())
TOUR = Path(__file__).parents[2] / "pcaps" / "tour.pcap"
MINUTE = 60 * 1_000_000_000


@cache
def batches(capture: Path, at_once: int = 4096, interval: Interval | None = None) -> Sequence[EventBatch]:
    """The rows of a capture, fetched when about this many wait."""
    each = interval or Interval()
    tap, source = Tap({"rows": set(SUMMARY_ROWS), "interval_ns": (each.length, each.sync)}), Source(str(capture))
    found = []
    while tap.pump(source, at_once):
        found.append(tap.drain())
    tap.finish()
    return [*found, tap.drain()]


def sets(parts: Iterable[EventBatch], interval: Interval | None = None, places: Places | None = None) -> list[Set]:
    """All sets of the rows, the last one too."""
    aggregation = Aggregation(interval or Interval(), places or Places())
    found = [each for batch in parts for each in aggregation.add(batch, range(len(batch)))]
    last = aggregation.close()
    return found + [last] if last else found


def gathered(pieces: Iterable[tuple[EventBatch, range]], interval: Interval | None = None) -> Ledger:
    """The ledger of pieces of rows."""
    gatherer = Gatherer(interval or Interval(), Places())
    ledgers = [ledger for batch, rows in pieces for ledger in gatherer.add(batch, rows)]
    return sum([*ledgers, gatherer.close()], Ledger())


def totals(found: Iterable[Set]) -> dict[Session, Counts]:
    """What every session went through over all sets, from End less Init."""
    total: dict[Session, Counts] = {}
    for each in found:
        for summary in each.summaries:
            added = total.get(summary.session, Counts()) + summary.final
            total[summary.session] = added + negative(summary.initial)
    return total


def negative(counts: Counts) -> Counts:
    return Counts(*(-getattr(counts, name) for name in Counts.__match_args__))
