"""The event grammar: every STATE sequence of EDGE_CASES, and relations that hold for any life."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zertap.zert.events import LAST, OPEN, SHOWN, TIMER, EventType, Pattern, events, slots, taught

S = 1_000_000_000
T0 = 1_700_000_000 * S
MINUTE = 60.0

History = list[tuple[str, float]]


def told(history: History, end: float, *, ended: bool = True, terminate: bool = False) -> list[str]:
    """Events as ``type protocol[!] @seconds``; ``!`` marks a failed handshake."""
    milestones = [(phase, T0 + int(at * S)) for phase, at in history]
    found = events(T0, milestones, T0 + int(end * S), ended=ended, terminate_at_eof=terminate)
    return [f"{int(e.type)} {e.protocol}{'!' * e.failed} @{(e.at - T0) / S:g}" for e in found]


TLS: History = [("TLS_BEGUN", 0.1), ("TLS_COMPLETE", 0.2)]
LATE: History = [("TLS_BEGUN", 1), ("TLS_COMPLETE", 15)]

SEQUENCES: list[tuple[str, History, float, list[str]]] = [
    ("STATE-01 protected, long", TLS, 60, ["1 TLS @10", "3 TLS @60"]),
    ("STATE-01 SSH", [("SSH_BEGUN", 0), ("SSH_COMPLETE", 1)], 60, ["1 SSH @10", "3 SSH @60"]),
    ("STATE-02 plaintext, long", [("CLEAR", 0.1)], 60, ["1 none @10", "3 none @60"]),
    ("STATE-03 protected, short", TLS, 9.99, ["4 TLS @9.99"]),
    ("STATE-03 plaintext, short", [("CLEAR", 0.1)], 3, ["4 none @3"]),
    ("STATE-03 failed, short", [("TLS_BEGUN", 0), ("TLS_FAILED", 1)], 3, ["4 TLS! @3"]),
    ("STATE-03 in progress, short", [("TLS_BEGUN", 0)], 3, ["4 TLS! @3"]),
    ("STATE-04 completes late", LATE, 60, ["1 TLS @15", "3 TLS @60"]),
    ("STATE-04 fails late", [("TLS_BEGUN", 1), ("TLS_FAILED", 15)], 60, ["1 TLS! @15", "3 TLS! @60"]),
    ("STATE-04 ends in progress", [("SSH_BEGUN", 1)], 15, ["1 SSH! @15", "3 SSH! @15"]),
    (
        "STATE-06 clear after event 1",
        [*TLS, ("TLS_THEN_CLEAR", 20)],
        60,
        ["1 TLS @10", "2 none @20", "3 none @60"],
    ),
    ("STATE-07 clear before", [*TLS, ("TLS_THEN_CLEAR", 2)], 5, ["1 TLS @2", "2 none @2", "3 none @5"]),
    (
        "STATE-07 clear before, long",
        [*TLS, ("TLS_THEN_CLEAR", 2)],
        60,
        ["1 TLS @2", "2 none @2", "3 none @60"],
    ),
    ("STATE-08 silent, short", [], 3, ["4 none @3"]),
    ("STATE-08 silent, long", [], 60, ["1 none @10", "3 none @60"]),
    ("STATE-09 clear, TLS before", [("CLEAR", 0), *TLS], 60, ["1 TLS @10", "3 TLS @60"]),
    ("STATE-09 clear, TLS before, short", [("CLEAR", 0), *TLS], 5, ["4 TLS @5"]),
    (
        "STATE-09 clear, TLS after",
        [("CLEAR", 0), ("TLS_BEGUN", 30), ("TLS_COMPLETE", 31)],
        60,
        ["1 none @10", "2 TLS @31", "3 TLS @60"],
    ),
    (
        "STATE-12 silent, then TLS",
        [("TLS_BEGUN", 30), ("TLS_COMPLETE", 31)],
        60,
        ["1 none @10", "2 TLS @31", "3 TLS @60"],
    ),
    ("STATE-13 failed, stays open", [("TLS_BEGUN", 0), ("TLS_FAILED", 1)], 60, ["1 TLS! @10", "3 TLS! @60"]),
    (
        "STATE-13 a second attempt clears nothing",
        [("TLS_BEGUN", 0), ("TLS_FAILED", 1), ("TLS_BEGUN", 20), ("TLS_COMPLETE", 21)],
        60,
        ["1 TLS! @10", "3 TLS! @60"],
    ),
    ("STATE-14 older than we are", [("UNSEEN", 0)], 60, []),
    (
        "STATE-18 none, then failed",
        [("TLS_BEGUN", 30), ("TLS_FAILED", 31)],
        60,
        ["1 none @10", "2 TLS! @31", "3 TLS! @60"],
    ),
    (
        "STATE-18 none, then ends in progress",
        [("TLS_BEGUN", 30)],
        60,
        ["1 none @10", "2 TLS! @60", "3 TLS! @60"],
    ),
    (
        "STATE-19 completes at the timer",
        [("TLS_BEGUN", 1), ("TLS_COMPLETE", 10)],
        60,
        ["1 TLS @10", "3 TLS @60"],
    ),
    (
        "STATE-19 begins at the timer",
        [("TLS_BEGUN", 10), ("TLS_COMPLETE", 11)],
        12,
        ["1 none @10", "2 TLS @11", "3 TLS @12"],
    ),
    ("STATE-19 ends at the timer", TLS, 10, ["1 TLS @10", "3 TLS @10"]),
    ("lost octets look like failed", [("TLS_BEGUN", 0), ("TLS_LOST", 20)], 20, ["1 TLS! @20", "3 TLS! @20"]),
    (
        "provisional counts as protected",
        [("TLS_BEGUN", 0), ("TLS_PROVISIONAL", 1)],
        60,
        ["1 TLS @10", "3 TLS @60"],
    ),
    (
        "provisional, then refused before the timer",
        [("TLS_BEGUN", 0), ("TLS_PROVISIONAL", 1), ("TLS_FAILED", 1.5)],
        2,
        ["4 TLS! @2"],
    ),
    (
        "provisional at the timer, then complete: no change",
        [("TLS_BEGUN", 0), ("TLS_PROVISIONAL", 1), ("TLS_COMPLETE", 12)],
        60,
        ["1 TLS @10", "3 TLS @60"],
    ),
]


@pytest.mark.parametrize(("name", "history", "end", "expected"), SEQUENCES, ids=[s[0] for s in SEQUENCES])
def test_the_sequence_is_exact(name: str, history: History, end: float, expected: list[str]) -> None:
    assert told(history, end) == expected, name


def test_state_05_closing_alerts_and_idling_change_nothing() -> None:
    """The end of TLS alone is no milestone: the history is that of STATE-01 and STATE-03."""
    assert told(TLS, 9) == ["4 TLS @9"]
    assert told(TLS, 600) == ["1 TLS @10", "3 TLS @600"]


def test_state_08_an_attempt_that_was_never_established_has_no_event() -> None:
    assert events(None, [], T0, ended=True) == ()


OPEN_ENDS: list[tuple[str, History, float, list[str], list[str]]] = [
    ("protected, before the timer", TLS, 3, ["1 TLS @3"], ["4 TLS @3"]),
    ("protected, after it", TLS, 30, ["1 TLS @10"], ["1 TLS @10", "3 TLS @30"]),
    ("silent", [], 3, ["1 none @3"], ["4 none @3"]),
    ("failed", [("TLS_BEGUN", 0), ("TLS_FAILED", 1)], 3, ["1 TLS! @3"], ["4 TLS! @3"]),
    ("in progress", [("TLS_BEGUN", 0)], 3, [], ["4 TLS! @3"]),
    ("in progress, after the timer", [("TLS_BEGUN", 0)], 30, [], ["1 TLS! @30", "3 TLS! @30"]),
    (
        "in progress, after event 1",
        [("TLS_BEGUN", 20)],
        30,
        ["1 none @10"],
        ["1 none @10", "2 TLS! @30", "3 TLS! @30"],
    ),
    (
        "ended in clear",
        [*TLS, ("TLS_THEN_CLEAR", 2)],
        3,
        ["1 TLS @2", "2 none @2"],
        ["1 TLS @2", "2 none @2", "3 none @3"],
    ),
]


@pytest.mark.parametrize(("name", "history", "end", "reported", "closed"), OPEN_ENDS, ids=[s[0] for s in OPEN_ENDS])
def test_state_10_end_of_input(name: str, history: History, end: float, reported: list[str], closed: list[str]) -> None:
    assert told(history, end, ended=False) == reported, name
    assert told(history, end, ended=False, terminate=True) == closed, name


def test_state_11_life_is_never_negative() -> None:
    assert told([("CLEAR", -5)], -3) == ["4 none @0"]


def test_state_16_state_17_are_events_of_no_history() -> None:
    kinds = {int(kind) for kind in EventType}
    assert kinds == {1, 2, 3, 4, 5, 6, 7}
    made = {int(slot.type) for history in map(tuple, ([], TLS, LATE)) for slot in slots(pattern(history, 60))}
    assert made <= {1, 2, 3, 4}


def pattern(history: tuple[tuple[str, float], ...], end: float, *, ended: bool = True) -> Pattern:
    return Pattern(tuple((phase, at >= 10) for phase, at in history), True, ended, end >= 10)


def test_a_pattern_names_slots_and_not_times() -> None:
    found = slots(pattern((("CLEAR", 0), ("TLS_BEGUN", 30), ("TLS_COMPLETE", 31)), 60))
    assert [(int(s.type), s.slot, s.shown) for s in found] == [
        (1, TIMER, ("none", False)),
        (2, 2, ("TLS", False)),
        (3, LAST, ("TLS", False)),
    ]


def test_a_pattern_can_be_told_in_plain_values() -> None:
    assert taught(pattern((("SSH_BEGUN", 0), ("SSH_FAILED", 2)), 5)) == ((4, LAST, "SSH", True),)


def test_an_attempt_has_no_slots() -> None:
    assert slots(Pattern((), established=False)) == ()


PHASES = st.sampled_from(sorted(SHOWN) + sorted(OPEN))
LIVES = st.lists(st.tuples(PHASES, st.floats(min_value=0, max_value=30)), max_size=8).map(
    lambda found: sorted(found, key=lambda milestone: milestone[1])
)


@given(LIVES, st.floats(min_value=0, max_value=20))
def test_any_ended_life_is_1_changes_3_or_4_alone(history: History, beyond: float) -> None:
    end = (history[-1][1] if history else 0.0) + beyond
    found = events(T0, [(p, T0 + int(at * S)) for p, at in history], T0 + int(end * S), ended=True)
    kinds = [int(event.type) for event in found]
    assert kinds == [4] or (kinds[0] == 1 and kinds[-1] == 3 and set(kinds[1:-1]) <= {2})
    assert [event.at for event in found] == sorted(event.at for event in found)
    assert kinds != [4] or int(end * S) < 10 * S


@given(LIVES, st.floats(min_value=0, max_value=20))
def test_every_change_changes_something(history: History, beyond: float) -> None:
    end = (history[-1][1] if history else 0.0) + beyond
    found = events(T0, [(p, T0 + int(at * S)) for p, at in history], T0 + int(end * S), ended=True)
    for before, event in zip(found, found[1:], strict=False):
        same = (before.protocol, before.failed) == (event.protocol, event.failed)
        assert same == (event.type is not EventType.CHANGE)


@given(LIVES, st.floats(min_value=0, max_value=20))
def test_what_was_reported_of_an_open_life_stays_true_when_it_is_closed(history: History, beyond: float) -> None:
    end = (history[-1][1] if history else 0.0) + beyond
    placed = [(p, T0 + int(at * S)) for p, at in history]
    open_ = [e for e in events(T0, placed, T0 + int(end * S), ended=False) if e.at < T0 + int(end * S)]
    closed = events(T0, placed, T0 + int(end * S), ended=True)
    assert list(closed[: len(open_)]) == open_
