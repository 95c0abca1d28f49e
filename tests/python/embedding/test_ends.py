"""Ends of segments by name: a tap remembers texts of late, and reads each as what it says."""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import pytest

import zertap

CONNECTIONS = 700
"""More than are remembered, and their texts come to lie where others lay."""


def _rows(end: Callable[[int], Any]) -> list[tuple[Any, ...]]:
    tap = zertap.Tap()
    for number in range(CONNECTIONS):
        client, server = 0x0A000000 + number * 7, 0xC0000200 + number % 3
        tap.push_segment(number, (end(client), 1000), (end(server), 443), 99, 0, 2)
        tap.push_segment(number, (end(server), 443), (end(client), 1000), 499, 100, 18)
        tap.push_segment(number, (end(client), 1000), (end(server), 443), 100, 500, 16, b"GET / HTTP/1.1\r\n\r\n")
    tap.finish()
    return sorted((each.client_ip, each.server_ip, each.bytes_client, each.verdict) for each in tap.drain())


def test_texts_made_anew_for_each_segment_name_the_same_ends_as_octets() -> None:
    rows = _rows(lambda number: str(IPv4Address(number)))
    assert rows == _rows(lambda number: number.to_bytes(4))
    assert len({row[0] for row in rows}) == CONNECTIONS


def test_texts_used_again_name_the_same_ends_as_octets() -> None:
    texts: dict[int, str] = {}
    assert _rows(lambda number: texts.setdefault(number, str(IPv4Address(number)))) == _rows(
        lambda number: number.to_bytes(4)
    )


def test_a_text_that_is_no_address_is_refused_each_time() -> None:
    tap, text = zertap.Tap(), "192.0.2.256"
    for _ in range(2):
        with pytest.raises(zertap.Usage, match="no IP address"):
            tap.push_segment(0, (text, 1), ("192.0.2.1", 2), 0, 0, 2)
