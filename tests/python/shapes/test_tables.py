"""The mapping tables: every name is one that the other tool publishes, every source one of our schema."""

import inspect
from pathlib import Path

import pytest

from zertap import _native
from zertap.schema import TYPES
from zertap.shapes import SHAPES, Line, Record, Shape
from zertap.shapes.base import field_of

DATA = Path(__file__).parents[2] / "data" / "shapes"
RECORDS = [(shape, record) for shape in SHAPES.values() for record in shape.records]
LINES = [(shape, record, line) for shape, record in RECORDS for line in record.lines]


def published(shape: Shape, record: Record) -> set[str]:
    """The names that the other tool knows for this record."""
    lines = [line.partition(": ") for line in (DATA / f"{shape.name}.txt").read_text().splitlines()]
    return {name for head, _, names in lines if head in {record.name, "common"} for name in names.split()}


def named(case: object) -> str | None:
    return getattr(case, "target", getattr(case, "name", None))


@pytest.mark.parametrize(("shape", "record"), RECORDS, ids=named)
def test_every_name_is_published_or_ours(shape: Shape, record: Record) -> None:
    theirs = published(shape, record)
    unknown = [
        line.target for line in record.lines if line.target not in theirs and not line.target.startswith("zertap.")
    ]
    assert theirs
    assert not unknown


@pytest.mark.parametrize(("shape", "record"), RECORDS, ids=named)
def test_no_place_is_filled_twice_and_none_lies_inside_another(shape: Shape, record: Record) -> None:
    targets = [line.target for line in record.lines]
    assert len(set(targets)) == len(targets)
    if shape.nested:
        assert not [one for one in targets for other in targets if other.startswith(f"{one}.")]


@pytest.mark.parametrize(("shape", "record", "line"), LINES, ids=named)
def test_a_line_takes_what_the_schema_has_and_says_how(shape: Shape, record: Record, line: Line) -> None:
    for source in line.sources:
        field, part = field_of(source)
        assert field.type in TYPES and field.source in _native.SOURCES
        assert not part or part in {each.name for each in field.parts}
        assert (
            record.protocol is None or "." not in field.path or shape.name == "ecs" or field.path[:3] == record.protocol
        )
    if line.make is None:
        assert len(line.sources) == 1
    else:
        assert len(inspect.signature(line.make).parameters) == len(line.sources)
        assert line.make.__doc__ and line.make.__doc__.strip().endswith(".")


@pytest.mark.parametrize("shape", SHAPES.values(), ids=named)
def test_what_was_not_asked_for_is_not_asked_of_the_engine(shape: Shape) -> None:
    assert not [field.path for field in shape.fields(()) if field.needs]
    assert {field.needs for field in shape.fields(["fingerprints", "community_id", "sha1"])} >= {"fingerprints"}
