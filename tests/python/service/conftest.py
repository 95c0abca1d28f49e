"""No test leaves a socket open."""

from collections.abc import Iterator

import pytest

from service_support import ByHand


@pytest.fixture(autouse=True)
def hung_up() -> Iterator[None]:
    yield
    for each in ByHand.all:
        each.close()
    ByHand.all.clear()
