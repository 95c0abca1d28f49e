"""Ledgers add up: in any order, in any grouping, however the rows were dealt out."""

from hypothesis import given
from hypothesis import strategies as st

from aggregation import MINUTE, TOUR, batches, gathered, sets
from zertap.aggregate import Book, Change, Interval, Ledger
from zertap.zert.events import NOTHING, Shown
from zertap.zert.facts import CertificateFacts, Side, SshFacts, TlsFacts
from zertap.zert.sessions import Counts, Latest, Session

numbers = st.integers(-5, 2**40)
sessions = st.builds(
    Session,
    server=st.sampled_from(["192.0.2.1", "2001:db8::1"]),
    client=st.just("192.0.2.9"),
    first_port=st.just(443),
    last_port=st.just(443),
    local=st.sampled_from(Side),
    shown=st.sampled_from([NOTHING, Shown("TLS", False), Shown("TLS", True)]),
)
serials = st.binary(max_size=2).map(lambda serial: TlsFacts(server_certificate=CertificateFacts(serial=serial)))
latest = st.builds(Latest, st.integers(0, 3), st.one_of(st.none(), serials, st.just(SshFacts())))
changes = st.builds(Change, st.builds(Counts, *[numbers] * 8), latest)
moments = st.one_of(st.none(), st.integers(0, 10**18))
ledgers = st.builds(
    Ledger, moments, moments, st.dictionaries(st.integers(0, 3), st.dictionaries(sessions, changes, max_size=3))
)


@given(ledgers, ledgers, ledgers)
def test_the_grouping_makes_no_difference(one: Ledger, two: Ledger, three: Ledger) -> None:
    assert (one + two) + three == one + (two + three)


@given(ledgers, ledgers)
def test_the_order_makes_no_difference(one: Ledger, two: Ledger) -> None:
    assert one + two == two + one


@given(ledgers)
def test_an_empty_ledger_changes_nothing(ledger: Ledger) -> None:
    assert ledger + Ledger() == ledger


@given(st.lists(st.integers(0, 2), min_size=200, max_size=200), st.sampled_from([1, 30]))
def test_rows_dealt_out_to_several_machines_add_up_to_the_whole(dealt: list[int], minutes: int) -> None:
    """Single rows, even of one connection, in any hands: no machine needs what another one saw."""
    interval = Interval(minutes * MINUTE)
    rows = [(batch, range(row, row + 1)) for batch in batches(TOUR) for row in range(len(batch))]
    hands = [[], [], []]  # type: list[list[tuple[object, range]]]
    for index, row in enumerate(rows):
        hands[dealt[index % len(dealt)]].append(row)
    whole = gathered(rows, interval)
    shared = sum((gathered(hand, interval) for hand in hands), Ledger())  # type: ignore[arg-type]
    assert shared.intervals == whole.intervals
    assert shared.ended == whole.ended


def test_a_whole_ledger_gives_the_sets_that_were_given_on_the_way() -> None:
    interval = Interval(MINUTE)
    ledger = gathered([(batch, range(len(batch))) for batch in batches(TOUR)], interval)
    assert list(Book(interval).enter(ledger)) == sets(batches(TOUR), interval)
    assert len(ledger.intervals) > 1
