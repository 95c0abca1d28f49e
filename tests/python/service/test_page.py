"""The pages about services and outlets say what the code does."""

import re
from pathlib import Path

import pytest

from zertap.ledger import Outlet
from zertap.service.page import page

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_is_what_the_layouts_give() -> None:
    written = (DOCS / "services.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m zertap.service.page > docs/services.md"


def test_sizes_of_messages_are_those_of_the_manual() -> None:
    sizes = [int(each) for each in re.findall(r"^(\d+) octets with the header", page(), re.MULTILINE)]
    assert sizes == [32, 64, 48, 40]


def test_every_metric_has_its_line_on_the_page() -> None:
    pytest.importorskip("prometheus_client", reason="the extra `metrics` is not installed")
    from prometheus_client import Metric

    from zertap.sinks.metrics import Metrics

    endpoint = Metrics("127.0.0.1", 0)
    endpoint.outlets.append(Outlet("x", "rows"))
    families: list[Metric] = list(endpoint.collect())
    endpoint.close()
    shown = {f"{each.name}_total" if each.type == "counter" else each.name for each in families} - {"zertap_build"}
    text = (DOCS / "outlets.md").read_text(encoding="utf-8").split("| metric |")[1]
    told = set()
    for line in re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE):
        first, *rest = re.findall(r"`([a-z_]+)`", line)
        stem = re.sub(r"_[a-z]+_total$", "", first)
        told |= {first, *(each if each.startswith("zertap") else stem + each for each in rest)}
    assert shown == told - {"zertap_build_info"}
