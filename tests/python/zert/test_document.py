"""The documentation page is what the layouts say."""

from pathlib import Path

from zertap.zert.codes import ENUMERATIONS, Confidence
from zertap.zert.decode_page import page
from zertap.zert.document import document, layout_rows
from zertap.zert.layouts import DETAIL, SUMMARY, Shape

PAGE = Path(__file__).resolve().parents[3] / "docs" / "records.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == document(), "run: python -m zertap.zert.document > docs/records.md"


def test_every_field_and_its_source_is_on_the_page() -> None:
    page = PAGE.read_text()
    for subtype in (DETAIL, SUMMARY):
        for _, field in layout_rows(subtype):
            assert f"| {field.offset} | {field.length} | {field.kind.value} | `{field.name}` |" in page
            assert field.source


def test_every_code_that_is_not_sourced_is_listed() -> None:
    unsure = PAGE.read_text().split("## Not sourced")[1].split("##")[0]
    for name, codes in ENUMERATIONS.items():
        if any(code.confidence < Confidence.SOURCED for code in codes.values()):
            assert f"`{name}`" in unsure


def test_an_older_shape_has_fewer_rows() -> None:
    now, then = (sum(1 for _ in layout_rows(SUMMARY, shape)) for shape in (Shape.Z32, Shape.V2R3))
    assert now > then


def test_the_page_about_decoding_is_up_to_date() -> None:
    assert PAGE.with_name("decode.md").read_text() == page(), "run: python -m zertap.zert.decode_page > docs/decode.md"
