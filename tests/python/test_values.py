"""Values behave as the frozen dataclasses do in whose place they stand."""

import copy
import dataclasses
import pickle
import subprocess
import sys
from typing import Any

import pytest

from zertap.values import field, replace, value


@value
class Ours:
    """A value."""

    name: str
    number: int = 7
    several: list[int] = field(default_factory=list)
    silent: bytes = field(default=b"", shown=False)
    beside: int = field(default=0, compare=False)

    @property
    def doubled(self) -> int:
        """Methods stay."""
        return self.number * 2


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    """The same by the library."""

    name: str
    number: int = 7
    several: list[int] = dataclasses.field(default_factory=list)
    silent: bytes = dataclasses.field(default=b"", repr=False)
    beside: int = dataclasses.field(default=0, compare=False)


GIVEN: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    (("a",), {}),
    (("a", 1), {"several": [2]}),
    ((), {"name": "b", "silent": b"x", "beside": 5}),
    (("a", 1, [2], b"x", 5), {}),
]
WRONG: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((1, 2, 3, 4, 5, 6), {}),
    (("a",), {"name": "b"}),
    (("a",), {"other": 1}),
]


@pytest.mark.parametrize(("given", "named"), GIVEN)
def test_they_are_made_shown_and_taken_apart_alike(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    ours, theirs = Ours(*given, **named), Theirs(*given, **named)
    assert repr(ours).removeprefix("Ours") == repr(theirs).removeprefix("Theirs")
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert [each.name for each in dataclasses.fields(ours)] == [each.name for each in dataclasses.fields(theirs)]


@pytest.mark.parametrize(("given", "named"), WRONG)
def test_what_makes_no_value_is_refused(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    for kind in (Ours, Theirs):
        with pytest.raises(TypeError):
            kind(*given, **named)


def test_defaults_are_made_for_each_value() -> None:
    assert Ours("a").several is not Ours("a").several


def test_equality_looks_at_the_fields_that_count() -> None:
    one = Ours("a", 1)
    assert one == Ours("a", 1, beside=9)
    assert one != Ours("a", 2)
    assert one != Ours("a", 1, silent=b"x")
    assert one != object()


def test_a_hash_goes_by_what_is_compared() -> None:
    @value
    class Plain:
        one: int
        other: str = ""

    assert hash(Plain(1)) == hash(Plain(1, "")) != hash(Plain(2))
    assert {Plain(1): "a"}[Plain(1)] == "a"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Ours("a"))


def test_nothing_of_it_changes() -> None:
    one = Ours("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.number = 1  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.number
    assert not hasattr(one, "__dict__")


def test_one_that_may_change_has_no_hash() -> None:
    @value(frozen=False)
    class Open:
        number: int = 0

    one = Open()
    one.number += 1
    assert one == Open(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_a_value_may_be_the_base_of_another() -> None:
    @value(frozen=False)
    class Base:
        one: int = 1
        other: list[int] = field(default_factory=list)

    @value(frozen=False)
    class Whole(Base):
        last: str = "x"

    whole = Whole(2, last="y")
    assert (whole.one, whole.other, whole.last) == (2, [], "y")
    assert repr(whole).endswith("Whole(one=2, other=[], last='y')")
    assert whole == dataclasses.replace(whole) != replace(whole, last="z")
    assert [each.type for each in dataclasses.fields(whole)] == [int, list[int], str]


def test_copies_with_changes_are_the_library_s() -> None:
    one = Ours("a", 1, [2], b"x", 5)
    assert replace(one, number=3) == dataclasses.replace(one, number=3) == Ours("a", 3, [2], b"x", 5)
    assert replace(one, number=3).beside == 5
    with pytest.raises(TypeError):
        replace(one, other=1)


def test_it_goes_through_pickle_and_copy() -> None:
    one = Ours("a", 1, [2], b"x", 5)
    for again in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):  # noqa: S301
        assert (again, again.beside, again.doubled) == (one, 5, 2)


def test_a_start_needs_no_compiler() -> None:
    loaded = "import sys, zertap.cli.records, zertap.sinks.recording; print('dataclasses' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
