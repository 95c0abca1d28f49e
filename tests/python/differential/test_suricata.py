"""Our EVE events beside Suricata's own of the same captures, key by key.

Where they differ for a reason, the reason stands in ``ARGUED``; what stands there and never happens fails too.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from differential import suricata
from zertap.pipeline import Reading, Request
from zertap.plans import Plans
from zertap.shapes import EVE

ROOT = Path(__file__).parents[3]
EVERY = sorted((ROOT / "pcaps" / "captures").glob("*.pcap*"))
SPECIAL = {"tap-cut-packets.pcap", "tls12-psk.pcap", "tls12-no-common-alpn.pcap", "tls13-stateless-cookie.pcap"}
CAPTURES = [
    ROOT / "pcaps" / "tour.pcap",
    *(path for at, path in enumerate(EVERY) if at % 4 == 0 or path.name in SPECIAL),
]
"""A fourth of our captures, and those that show what is argued; ``ZERTAP_EVERY_CAPTURE`` compares them all."""
if os.environ.get("ZERTAP_EVERY_CAPTURE"):
    CAPTURES = [CAPTURES[0], *EVERY]
Event = dict[str, Any]
Difference = tuple[str, Any, Any]
COMMON = ("src_ip", "src_port", "dest_ip", "dest_port", "proto", "community_id")


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value inside with its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else key)
    else:
        yield path, value


def ours(capture: Path) -> list[Event]:
    """Our events, with all that EVE has a place for."""
    plans = Plans(EVE.fields(("fingerprints", "community_id", "sha1")))
    reading = Reading([str(capture)], Request(fingerprints=True), lambda _: None)
    return [event for part in reading for row in plans.objects(part) for event in EVE.objects(row)]


def by_ends(events: list[Event]) -> dict[tuple[Any, ...], Event]:
    """TLS and SSH events by kind and ends; the last of several, which is the connection that lasted."""
    return {
        (each["event_type"], *sorted([(each["src_ip"], each["src_port"]), (each["dest_ip"], each["dest_port"])])): each
        for each in events
        if each["event_type"] in {"tls", "ssh"}
    }


def differences(mine: Event, theirs: Event) -> Iterator[Difference]:
    """Each key of Suricata's that has another value, or none, in ours."""
    kind = theirs["event_type"]
    known = dict(flat(mine))
    for key, value in flat({kind: theirs[kind], **{name: theirs.get(name) for name in COMMON}}):
        if known.get(key) != value:
            yield key, known.get(key), value


def no_answer(mine: Event, difference: Difference) -> bool:
    key, value, _ = difference
    return key == "tls.version" and value == "UNDETERMINED" and mine["zertap"]["verdict"] != "protected"


def cut(mine: Event, difference: Difference) -> bool:
    key, _, value = difference
    return key == "tls.version" and value == "UNDETERMINED" and "truncated" in mine["zertap"].get("flags", ())


def no_certificate(mine: Event, difference: Difference) -> bool:
    suite = mine["zertap"].get("cipher", "")
    return difference == ("tls.session_resumed", None, True) and ("_anon_" in suite or "PSK" in suite)


ARGUED: dict[str, tuple[Callable[[Event, Difference], bool], str]] = {
    "no answer": (no_answer, "no ServerHello settled a version; Suricata tells that of a hello, an alert or a retry"),
    "cut": (cut, "Suricata reads no hello that the capture cut"),
    "no certificate": (no_certificate, "a full handshake without a certificate looks resumed to Suricata"),
}
"""Differences that are right: what they are, and why."""


def argued(mine: Event, difference: Difference) -> str | None:
    """Why this difference is right, if it is."""
    holds = (name for name, (test, _) in ARGUED.items() if test(mine, difference))
    return next(holds, None)


needs_suricata = pytest.mark.skipif(
    suricata.program() is None, reason="suricata is not installed (or name it by ZERTAP_SURICATA)"
)


@needs_suricata
def test_suricata_says_the_same_or_the_difference_is_argued(tmp_path: Path) -> None:
    used: Counter[str] = Counter()
    compared, wrong = 0, []
    for capture in CAPTURES:
        mine, theirs = by_ends(ours(capture)), by_ends(suricata.events(capture, tmp_path))
        for ends in mine.keys() & theirs.keys():
            compared += 1
            for each in differences(mine[ends], theirs[ends]):
                reason = argued(mine[ends], each)
                used.update([reason] if reason else [])
                wrong += [] if reason else [(capture.name, *each)]
    print(f"{compared} events compared; argued: {dict(used)}")
    assert compared > 30
    assert not wrong, "\n".join(map(str, wrong))
    assert not set(ARGUED) - set(used), "argued, but never met"
