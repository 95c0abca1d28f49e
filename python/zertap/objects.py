"""JSON objects read from lines; what reads them is loaded by whoever asks: who only writes rows needs no reader."""

from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def reader() -> Callable[[bytes], dict[str, Any]]:
    """Reads one JSON object."""
    from msgspec.json import Decoder

    return Decoder(dict[str, Any]).decode
