"""What single rows do to sessions, told as lives of connections."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from zertap.aggregate.effects import Effects, Posting, effects
from zertap.zert.events import NOTHING, Pattern, Shown
from zertap.zert.layouts import Shape

TLS, FAILED = Shown("TLS", False), Shown("TLS", True)
BEGUN, COMPLETE, CLEAR, FAILURE = ("TLS_BEGUN", "TLS_COMPLETE", "TLS_THEN_CLEAR", "TLS_FAILED")


def life(*phases: str, late: frozenset[str] = frozenset(), ended: bool = True, long: bool = False) -> Pattern:
    return Pattern(tuple((phase, phase in late) for phase in phases), True, ended, long)


def test_a_short_connection_counts_once_with_all_its_traffic() -> None:
    found = effects("closed", life(BEGUN, COMPLETE), 2)
    assert found == Effects((Posting(TLS, 1, 0, 1, 0, True),), totals=True)


def test_milestones_before_the_first_event_do_nothing() -> None:
    assert effects("moved", life(BEGUN, ended=False), 0) is None
    assert effects("moved", life(BEGUN, COMPLETE, ended=False), 1) is None


def test_at_ten_seconds_a_connection_becomes_active_with_all_that_came_before() -> None:
    found = effects("due", life(BEGUN, COMPLETE, ended=False, long=True), 2)
    assert found == Effects((Posting(TLS, 1, 0, 0, 1, True),), totals=True)


def test_its_end_passes_on_what_came_since() -> None:
    found = effects("closed", life(BEGUN, COMPLETE, long=True), 2)
    assert found == Effects((Posting(TLS, 0, 0, 0, -1, True),), totals=False)


def test_a_milestone_that_the_timer_completes_waits_for_the_timers_row() -> None:
    """The engine writes the milestone first and then the row of the timer, which alone has the event."""
    assert effects("moved", life(BEGUN, COMPLETE, ended=False, long=True), 1) is None


def test_a_late_handshake_makes_both_sessions_partial() -> None:
    late = frozenset({BEGUN, COMPLETE})
    found = effects("moved", life(BEGUN, COMPLETE, late=late, ended=False, long=True), 1)
    assert found == Effects((Posting(NOTHING, 0, 1, 0, -1, True), Posting(TLS, 1, 1, 0, 1, False)), totals=False)


def test_clear_data_before_the_timer_counts_in_both_sessions_at_once() -> None:
    found = effects("moved", life(BEGUN, COMPLETE, CLEAR, ended=False), 2)
    assert found == Effects((Posting(TLS, 1, 1, 0, 0, True), Posting(NOTHING, 1, 1, 0, 1, False)), totals=True)


def test_two_milestones_told_by_one_row_are_both_counted() -> None:
    """Data in clear in the very segment that completed a late handshake: events 2 and 2 at one row."""
    late = frozenset({BEGUN, COMPLETE, CLEAR})
    found = effects("moved", life(BEGUN, COMPLETE, CLEAR, late=late, ended=False, long=True), 1)
    assert found is not None
    assert {posting.shown: posting[1:4] for posting in found.postings} == {NOTHING: (0, 1, 0), TLS: (1, 1, 0)}


def test_a_connection_that_comes_back_to_a_session_counts_there_once() -> None:
    late = frozenset({BEGUN, COMPLETE, CLEAR})
    found = effects("moved", life(BEGUN, COMPLETE, CLEAR, late=late, ended=False, long=True), 2)
    assert found == Effects((Posting(TLS, 0, 0, 0, -1, True), Posting(NOTHING, 0, 0, 0, 1, False)), totals=False)


def test_a_handshake_cut_short_by_the_end_is_a_failure() -> None:
    assert effects("reset", life(BEGUN), 1) == Effects((Posting(FAILED, 1, 0, 1, 0, True),), totals=True)


def test_a_handshake_in_progress_at_the_end_of_input_counts_nowhere() -> None:
    assert effects("unfinished", life(BEGUN, ended=False, long=True), 1) is None


def test_open_at_the_end_of_input_stays_active_and_evicted_does_not() -> None:
    pattern = life(BEGUN, COMPLETE, ended=False)
    assert effects("unfinished", pattern, 2) == Effects((Posting(TLS, 1, 0, 0, 1, True),), totals=True)
    assert effects("evicted", pattern, 2) == Effects((Posting(TLS, 1, 0, 0, 0, True),), totals=True)


def test_what_has_no_records_counts_nowhere() -> None:
    assert effects("closed", Pattern((), established=False), 0) is None
    assert effects("closed", life("UNSEEN", long=True), 0) is None


def test_before_3_2_a_failure_is_no_protection() -> None:
    found = effects("closed", life(BEGUN, FAILURE), 2, Shape.V2R3)
    assert found == Effects((Posting(NOTHING, 1, 0, 1, 0, True),), totals=True)
    late = frozenset({BEGUN, FAILURE})
    after = effects("moved", life(BEGUN, FAILURE, late=late, ended=False, long=True), 1, Shape.V2R5)
    assert after == Effects((Posting(NOTHING, 0, 0, 0, 0, True),), totals=False)


ENDINGS = ((), (FAILURE,), (COMPLETE,), (COMPLETE, CLEAR))


@given(st.sampled_from(ENDINGS), st.integers(0, 4), st.booleans(), st.sampled_from(list(Shape)))
def test_over_a_whole_life_active_comes_to_nothing_and_each_session_counts_once(
    ending: tuple[str, ...], popped: int, begins: bool, shape: Shape
) -> None:
    """Every row of a life in turn: a milestone each, the timer before the *popped*-th, then the end."""
    phases = (BEGUN, *ending) if begins else ()
    timer = min(popped, len(phases))
    milestones = tuple((phase, index >= timer) for index, phase in enumerate(phases))
    rows = [("moved", milestones[: index + 1], index) for index in range(len(milestones))]
    rows.insert(timer, ("due", milestones[:timer], timer))
    found = [effects(kind, Pattern(so_far, True, False, True), told, shape) for kind, so_far, told in rows]
    found.append(effects("closed", Pattern(milestones, True, True, True), len(milestones), shape))
    postings = [posting for each in found if each for posting in each.postings]
    connections = {shown: 0 for shown, *_ in postings}
    active = dict(connections)
    for posting in postings:
        connections[posting.shown] += posting.connections
        active[posting.shown] += posting.active
    assert set(connections.values()) == {1}
    assert set(active.values()) == {0}
    partial = sum(posting.partial for posting in postings)
    assert partial == (0 if len(connections) == 1 else len(connections))
    traffic = [[p.shown for p in each.postings if p.traffic] for each in found if each]
    assert all(len(one) == 1 for one in traffic), "each octet belongs to one session"
    totals = [each.totals for each in found if each]
    assert totals[0]
    assert not any(after for _, after in pairwise(totals)), "what came before the first event is taken once"
