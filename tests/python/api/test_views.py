"""A connection that sees its row says what one made of the row's JSON object says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import zertap
from zertap.connection import Connection, SshView, TlsView, View

CAPTURES = sorted((Path(__file__).parents[3] / "pcaps" / "captures").glob("*.pcap*"))

ALL = {"fingerprints": True, "community_id": 1, "offers": True}


def attributes(view: type[View]) -> Iterator[str]:
    return (name for name, each in vars(view).items() if hasattr(each, "__get__") and not name.startswith("_"))


NAMES: dict[type[View], tuple[str, ...]] = {view: tuple(attributes(view)) for view in (Connection, TlsView, SshView)}


def same(seen: View, given: View) -> None:
    """Every attribute, and the views of groups in the same way."""
    assert type(seen) is type(given)
    for name in NAMES[type(given)]:
        one, other = getattr(seen, name), getattr(given, name)
        if isinstance(other, View):
            same(one, other)
        else:
            assert (one, type(one)) == (other, type(other)), name


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "options", [{}, {"fingerprints": True, "community_id": 1, "offers": True}], ids=["usual", "all"]
)
def test_every_attribute_of_a_row_is_that_of_its_object(capture: Path, options: dict[str, object]) -> None:
    for seen in zertap.observe(capture, **options):  # type: ignore[arg-type]
        same(seen, Connection(seen.to_dict()))
        assert seen == Connection(seen.to_dict())


def test_nobody_is_named_by_a_view(tmp_path: Path) -> None:
    disguise = zertap.Pseudonyms("plain", bytes(32), keep_names=False)
    for capture in CAPTURES[::5]:
        for seen in zertap.observe(capture, pseudonyms=disguise):
            same(seen, Connection(seen.to_dict()))
            assert seen.tls is None or seen.tls.sni is None


def test_a_view_outlives_what_it_was_made_of() -> None:
    (first, *_) = zertap.observe(CAPTURES[0])
    assert first.verdict
    assert first.to_dict()["verdict"] == first.verdict


def test_attributes_are_described() -> None:
    assert Connection.verdict.__doc__
    assert Connection.verdict.name == "verdict"
