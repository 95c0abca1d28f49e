"""Sessions from interval to interval."""

from aggregation import MINUTE
from zertap.aggregate import Book, Change, Interval, Ledger
from zertap.zert.events import NOTHING
from zertap.zert.facts import Side
from zertap.zert.sessions import Counts, Session

SESSION = Session("192.0.2.1", "192.0.2.9", 80, 80, Side.SERVER, NOTHING)
INTERVAL = Interval(MINUTE)


def test_an_interval_begins_with_what_the_one_before_ended_with() -> None:
    book = Book(INTERVAL)
    found = [each for number in (3, 4) for each in book.enter(ledger(number, Counts(connections=2, in_bytes=7)))]
    ((first,), (second,)) = (each.summaries for each in found)
    assert (first.initial, first.final) == (Counts(), Counts(connections=2, in_bytes=7))
    assert (second.initial, second.final) == (first.final, Counts(connections=4, in_bytes=14))


def test_an_active_session_is_written_though_nothing_happened_to_it() -> None:
    book = Book(INTERVAL)
    list(book.enter(ledger(3, Counts(connections=1, active=1))))
    (empty,) = book.enter(Ledger(0, 10**18, {4: {}}))
    (summary,) = empty.summaries
    assert summary.initial == summary.final == Counts(connections=1, active=1)


def test_an_idle_session_is_forgotten_and_begins_anew() -> None:
    book = Book(INTERVAL)
    list(book.enter(ledger(3, Counts(connections=1))))
    (empty,) = book.enter(Ledger(0, 10**18, {4: {}}))
    assert (empty.summaries, len(book)) == ([], 0)
    (again,) = book.enter(ledger(5, Counts(connections=1)))
    assert again.summaries[0].initial == Counts()


def test_the_first_and_the_last_interval_may_be_shorter() -> None:
    changes = {number: {SESSION: Change(Counts(connections=1))} for number in (3, 4, 5)}
    found = list(Book(INTERVAL).enter(Ledger(3 * MINUTE + 5, 5 * MINUTE + 7, changes)))
    assert [(each.start, each.end) for each in found] == [
        (3 * MINUTE + 5, 4 * MINUTE),
        (4 * MINUTE, 5 * MINUTE),
        (5 * MINUTE, 5 * MINUTE + 7),
    ]


def ledger(number: int, counts: Counts) -> Ledger:
    return Ledger(0, 10**18, {number: {SESSION: Change(counts)}})
