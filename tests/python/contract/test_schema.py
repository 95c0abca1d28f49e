"""The schema is the one home of field names: everything else that knows them is compared with it here."""

import importlib.util
import typing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from zertap import _native
from zertap.connection import Connection, Fact, Moment, Nested, SshView, TlsView, View
from zertap.schema import BY_PATH, EVERY_FIELD, FIELDS, GROUPS, NEEDS, TYPES, Field, fields_with

DOCS = Path(__file__).parents[3] / "docs"
PYTHON = {
    "u64": int,
    "f64": float,
    "bool": bool,
    "text": str,
    "words": list[str],
    "list": list[dict[str, Any]],
    "object": dict[str, Any],
}


def attributes(view: type[View]) -> dict[str, Any]:
    return {name: each for name, each in vars(view).items() if isinstance(each, Fact)}


def promised(view: type[View], name: str) -> Any:
    """The type that the view promises for *name*, without ``None``."""
    hint = typing.get_type_hints(view)[name]
    (inner,) = typing.get_args(hint)
    choices = [each for each in typing.get_args(inner) if each is not type(None)]
    return choices[0] if choices and typing.get_origin(inner) not in (list, dict) else inner


def test_paths_are_unique_and_every_type_is_known() -> None:
    assert len(BY_PATH) == len(EVERY_FIELD)
    assert {field.type for field in EVERY_FIELD} <= set(TYPES)


def test_the_fields_of_every_output_are_those_that_need_nothing() -> None:
    assert tuple(field for field in EVERY_FIELD if field.needs is None) == FIELDS == fields_with()
    assert {field.needs for field in EVERY_FIELD} == {None, *NEEDS}
    assert fields_with(*NEEDS) == EVERY_FIELD


def test_nested_fields_stand_together() -> None:
    groups = [field.path.split(".")[0] for field in EVERY_FIELD if "." in field.path]
    assert set(groups) == set(GROUPS)
    assert groups == sorted(groups, key=GROUPS.index)


def test_views_have_exactly_the_fields_of_the_schema() -> None:
    top = [name for name, each in attributes(Connection).items() if not isinstance(each, Nested)]
    nested = [f"tls.{name}" for name in attributes(TlsView)] + [f"ssh.{name}" for name in attributes(SshView)]
    assert {*top, *nested} == set(BY_PATH)


@pytest.mark.parametrize("field", EVERY_FIELD, ids=lambda field: field.path)
def test_a_view_promises_the_type_that_the_schema_names(field: Field) -> None:
    group, _, name = field.path.rpartition(".")
    view = {"": Connection, "tls": TlsView, "ssh": SshView}[group]
    if field.type == "time":
        assert isinstance(vars(view)[name], Moment)
        assert typing.get_args(Moment.__orig_bases__[0]) == (datetime | None,)  # type: ignore[attr-defined]
    else:
        expected = PYTHON[field.type]
        assert promised(view, name) in (expected, dict[str, str] if expected == dict[str, Any] else expected)
    assert vars(view)[name].__doc__ == field.doc


@pytest.mark.parametrize("field", [each for each in EVERY_FIELD if each.source[0] != "="], ids=lambda field: field.path)
def test_the_engine_has_a_source_of_that_type_for_every_field(field: Field) -> None:
    assert _native.SOURCES[field.source] == field.type


def test_every_source_of_the_engine_has_a_field_or_is_its_own_affair() -> None:
    own = {"established", "packet", "phase", "protocol_client"}
    assert set(_native.SOURCES) - own == {field.source for field in EVERY_FIELD if field.source[0] != "="}


@pytest.mark.parametrize("name", ["schema", "shapes", "info"])
def test_a_generated_page_is_current(name: str) -> None:
    spec = importlib.util.spec_from_file_location(f"{name}_page", DOCS / f"{name}_page.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == module.page(), f"run: python docs/{name}_page.py"
