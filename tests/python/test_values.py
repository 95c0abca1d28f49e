"""Values are what the standard library would have made of the same class."""

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from functools import partial
from typing import Any

import pytest

from zertap import values
from zertap.ledger import Ledger
from zertap.zert.mapping import Settings
from zertap.zert.records import Common, DetailRecord, Header
from zertap.zert.sessions import Counts, Session, SessionSummary

CLASSES = (Common, Counts, DetailRecord, Header, Ledger, Session, SessionSummary, Settings)
OPTIONS: list[dict[str, bool]] = [
    {"frozen": frozen, "slots": slots, "eq": eq}
    for frozen in (False, True)
    for slots in (False, True)
    for eq in (True, False)
]


def pair(**options: bool) -> tuple[type[Any], type[Any]]:
    """One class made twice: here, and by the standard library."""
    made = []
    for module in (values, dataclasses):

        class Made:
            """A value."""

            first: int
            second: str = "x"
            hidden: int = module.field(default=0, repr=False)
            beside: int = module.field(default=0, compare=False)
            several: list[int] = module.field(default_factory=list)

            @property
            def doubled(self) -> int:
                return self.first * 2

        made.append(module.dataclass(**options)(Made))
    return made[0], made[1]


def told(make: Any) -> object:
    """What comes of it; of an exception its class."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001  whatever it is, both must raise it
        return type(error)


CALLS: tuple[tuple[Any, Any], ...] = (
    ((1,), {}),
    ((), {"first": 1}),
    ((1, "y"), {"hidden": 3, "several": [4]}),
    ((1, "y", 2, 3, [5]), {}),
    ((), {}),
    ((1, "y", 2, 3, [5], 6), {}),
    ((1,), {"first": 1}),
    ((1, "y", 2, 3, [5]), {"first": 1}),
    ((1,), {"unknown": 1}),
    ((1, "y", 2, 3), {"unknown": 1}),
)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_value_is_made_and_shown_as_by_the_standard_library(options: dict[str, bool], call: Any) -> None:
    positional, named = call

    def result(cls: type[Any]) -> object:
        made = cls(*positional, **named)
        return repr(made), made.hidden, made.several, made.doubled

    ours, theirs = (told(partial(result, cls)) for cls in pair(**options))
    assert ours == theirs


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_values_are_compared_changed_and_copied_as_those_of_the_standard_library(options: dict[str, bool]) -> None:
    def results(cls: type[Any]) -> list[object]:
        one, same, other = cls(1, several=()), cls(1, beside=5, several=()), cls(2, several=())
        return [
            one == same,
            one == other,
            one == (1, "x"),
            told(lambda: hash(one) == hash(same)),
            told(lambda: setattr(one, "first", 3)),
            told(lambda: delattr(one, "second")),
            isinstance(told(lambda: setattr(same, "unknown", 3)), type),  # the standard library stumbles over slots
            repr(dataclasses.replace(other, second="z")),
            repr(copy.copy(other)),
            repr(copy.deepcopy(other)),
            dataclasses.asdict(other),
            dataclasses.is_dataclass(cls),
            [(each.name, each.repr, each.compare) for each in dataclasses.fields(cls)],
            str(inspect.signature(cls)),
            cls.__match_args__,
            getattr(cls, "__slots__", None),
        ]

    ours, theirs = pair(**options)
    assert results(ours) == results(theirs)


@pytest.mark.parametrize("cls", CLASSES)
def test_classes_know_their_fields(cls: Any) -> None:
    assert tuple(each.name for each in dataclasses.fields(cls)) == tuple(cls.__annotations__)
    assert list(inspect.signature(cls).parameters) == list(cls.__annotations__)


def test_replace_changes_what_it_is_told_to() -> None:
    header = Header(flags=1, system_id="A")
    assert values.replace(header, flags=2) == Header(flags=2, system_id="A")
    with pytest.raises(TypeError, match="unexpected keyword argument 'nothing'"):
        values.replace(header, nothing=1)  # type: ignore[call-arg]


def test_a_frozen_value_of_slots_can_be_pickled() -> None:
    record = DetailRecord(common=Common(event=3), shape=DetailRecord().shape)
    assert pickle.loads(pickle.dumps(record)) == record  # noqa: S301  our own octets


def test_a_missing_value_is_named() -> None:
    with pytest.raises(TypeError, match="SessionSummary: missing a required argument: 'session'"):
        SessionSummary()  # type: ignore[call-arg]


def test_nothing_is_compiled_for_them() -> None:
    program = "import sys, zertap.zert.records; sys.exit('dataclasses' in sys.modules or 'inspect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
