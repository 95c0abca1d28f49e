"""What a capture is like, and how much can be judged by it: the answers of ``zertap info`` and ``zertap.info``.

Containers, interfaces, times and cuts are counted by the capture's reader, connections by the engine; here the numbers
are put together, and into words where a person should do something about them (``advice``). What each
key means stands beside its type, for the page about them.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from zertap._native import FLAG_BITS, LINK_TYPES, Source
from zertap.errors import CaptureDamaged, CaptureUnreadable, ZertapError
from zertap.pipeline import Reading, Request, Watch
from zertap.protection import Protection, protection_column

SCHEMA: Final = "zertap.capture/1"
"""Name and version of the object; the version grows when a key is removed, renamed or changes its meaning."""

SILENCE: Final = 60.0
"""Seconds without a packet that count as a silence, unless something else is asked for."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One place where packets were captured; a pcap has one for each file header."""

    link_type: Annotated[int, "Number in the LINKTYPE registry."]
    is_read: Annotated[bool, "Frames of this link type are read."]
    snap_length: Annotated[int | None, "Most octets kept of a packet, as the file says; `null` for no limit."]
    time_resolution: Annotated[str, "Smallest step of its times, in seconds: `10^-6`."]
    packets: Annotated[int, "Packets."]
    captured_bytes: Annotated[int, "Octets captured."]
    wire_bytes: Annotated[int, "Octets on the wire."]
    cut: Annotated[int, "Packets of which not all was captured."]
    kept_of_cut: Annotated[int | None, "Most octets kept of a packet that was cut: the snap length in effect."]


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch of time without a packet."""

    packet: Annotated[int, "Number of the packet that ended it."]
    start: Annotated[str, "When it began."]
    seconds: Annotated[float, "How long it lasted."]


@dataclass(frozen=True, slots=True)
class StepsBack:
    """Steps of the clock back in time, from one packet to the next."""

    count: Annotated[int, "How many."]
    largest_seconds: Annotated[float, "The largest."]
    packet: Annotated[int | None, "Number of the packet behind it."]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why connections could not be judged."""

    reason: Annotated[str, "One word."]
    connections: Annotated[int, "How many; each has one reason."]
    meaning: Annotated[str, "The same in plain words."]


@dataclass(frozen=True, slots=True)
class CaptureInfo:
    """What a capture is like, and what of it can be judged."""

    schema: Annotated[str, "Name and version of this object."]
    file: Annotated[str, "The capture."]
    container: Annotated[str, "`pcap` or `pcapng`."]
    compression: Annotated[str | None, "`gzip`, `zstd` or `null`."]
    byte_order: Annotated[str, "`big` or `little`: of the file header, or of the first section."]
    interfaces: Annotated[tuple[Interface, ...], "The interfaces, in the order of their descriptions."]
    damage: Annotated[str | None, "Where and why the file could not be read to its end; all before it counts here."]
    packets: Annotated[int, "Packets."]
    first: Annotated[str | None, "The earliest time of a packet."]
    last: Annotated[str | None, "The latest time of a packet."]
    span: Annotated[float | None, "Seconds between them."]
    silences: Annotated[int, "Stretches without a packet, of the length asked for (`--silence`, 60 seconds)."]
    silent_seconds: Annotated[float, "How long they lasted together."]
    longest_silences: Annotated[tuple[Silence, ...], "The longest of them, at most ten, the longest first."]
    steps_back: Annotated[StepsBack, "Steps of the clock back in time."]
    untimed: Annotated[int, "Packets without a usable time."]
    cut: Annotated[int, "Packets of which not all was captured (snap length)."]
    segments: Annotated[int, "TCP segments."]
    skipped: Annotated[dict[str, int], "Packets that gave no TCP segment, by reason."]
    connections: Annotated[int, "TCP connections."]
    one_sided: Annotated[int, "Connections of which only one direction was captured."]
    midstream: Annotated[int, "Connections whose beginning was not captured."]
    with_gaps: Annotated[int, "Connections in which packets are missing; those with cuts aside."]
    with_cuts: Annotated[int, "Connections with segments cut by the snap length."]
    verdicts: Annotated[dict[str, int], "Connections by verdict."]
    judged: Annotated[int, "Connections with a verdict other than `undetermined` and `unmonitored`."]
    doubts: Annotated[tuple[Doubt, ...], "Why the others could not be judged."]
    advice: Annotated[tuple[str, ...], "What would make the next capture better."]

    def to_dict(self) -> dict[str, Any]:
        """The object that ``--format jsonl`` writes."""
        return asdict(self)


def info(path: str | os.PathLike[str], *, silence: float = SILENCE) -> CaptureInfo:
    """What the capture at *path* is like, and what of it can be judged; ``-`` is standard input.

    ``silence``: so many seconds without a packet are a silence. Damage is told in ``damage``. Raises
    ``CaptureUnreadable``.
    """
    found, faults = survey(os.fspath(path), silence)
    if found is None:
        raise faults[0]
    return found


def survey(path: str, silence: float, watch: Watch | None = None) -> tuple[CaptureInfo | None, list[ZertapError]]:
    """The same for a command: nothing is raised; what went wrong comes beside what was read, if anything was."""
    faults: list[ZertapError] = []
    reading = Reading([path], Request(silence=silence), faults.append, watch)
    rows: Counter[tuple[int, int]] = Counter()
    for part in reading:
        rows.update(zip(protection_column(part.batch), part.batch.column("flags"), strict=True))
    if reading.source is None:
        return None, faults or [CaptureUnreadable("nothing was read", path)]
    return _put_together(reading.source, reading.counters, rows, faults), faults


def _put_together(
    source: Source, counters: Counter[str], rows: Counter[tuple[int, int]], faults: list[ZertapError]
) -> CaptureInfo:
    facts = {**_file_facts(source, faults), **_engine_facts(counters), **_connection_facts(rows)}
    plain = CaptureInfo(**facts, advice=())
    return CaptureInfo(**facts, advice=tuple(_advice(plain)))


def _file_facts(source: Source, faults: Iterable[ZertapError]) -> dict[str, Any]:
    about, counted = source.info(), source.tally()
    assert counted is not None
    interfaces = _interfaces(about["interfaces"], counted["interfaces"])
    first, last = counted["times"] or (None, None)
    count, largest, packet = counted["steps_back"]
    damage = next((each for each in faults if isinstance(each, CaptureDamaged)), None)
    return {
        "schema": SCHEMA,
        "file": source.name,
        **{key: about[key] for key in ("container", "compression", "byte_order")},
        "interfaces": interfaces,
        "damage": damage and f"offset {damage.offset}: {damage.reason}",
        "packets": counted["packets"],
        "first": _rfc3339(first),
        "last": _rfc3339(last),
        "span": None if first is None else (last - first) / 1e9,
        "silences": counted["silences"],
        "silent_seconds": counted["silent_ns"] / 1e9,
        "longest_silences": tuple(
            Silence(number, _rfc3339(start) or "", length / 1e9)
            for number, start, length in counted["longest_silences"]
        ),
        "steps_back": StepsBack(count, largest / 1e9, packet or None),
        "untimed": counted["untimed"],
        "cut": sum(each.cut for each in interfaces),
    }


def _interfaces(described: list[dict[str, Any]], counted: list[dict[str, int]]) -> tuple[Interface, ...]:
    nothing = {"packets": 0, "captured_bytes": 0, "wire_bytes": 0, "cut": 0, "kept_of_cut": 0}
    counted = counted + [nothing] * (len(described) - len(counted))
    return tuple(_interface(one, other) for one, other in zip(described, counted, strict=True))


def _interface(described: dict[str, Any], counted: dict[str, int]) -> Interface:
    base, exponent = described["time_resolution"]
    return Interface(
        link_type=described["link_type"],
        is_read=described["link_type"] in LINK_TYPES,
        snap_length=described["snap_length"] or None,
        time_resolution=f"{base}^{exponent}",
        **{**counted, "kept_of_cut": counted["kept_of_cut"] or None},  # type: ignore[arg-type]
    )


def _engine_facts(counters: Counter[str]) -> dict[str, Any]:
    skipped = {name.removeprefix("skipped_"): count for name, count in counters.items() if count}
    return {
        "segments": counters["segments"],
        "skipped": {name: count for name, count in skipped.items() if f"skipped_{name}" in counters},
    }


def _connection_facts(rows: Counter[tuple[int, int]]) -> dict[str, Any]:
    verdicts: Counter[Protection] = Counter()
    flags: Counter[str] = Counter()
    doubts: Counter[str] = Counter()
    for (verdict, bits), count in rows.items():
        words = {word for word, bit in FLAG_BITS.items() if bits >> bit & 1}
        verdicts[Protection(verdict)] += count
        if "truncated" in words:
            words.discard("gap")  # what the snap length cut off is missing too, but was not lost
        flags.update(dict.fromkeys(words, count))
        if Protection(verdict) in UNJUDGED:
            doubts[next((word for word in DOUBTS if word in words), OTHER)] += count
    return {
        "connections": verdicts.total(),
        "one_sided": flags["one_sided"],
        "midstream": flags["midstream"],
        "with_gaps": flags["gap"],
        "with_cuts": flags["truncated"],
        "verdicts": {each.word: verdicts[each] for each in Protection if verdicts[each]},
        "judged": sum(count for verdict, count in verdicts.items() if verdict not in UNJUDGED),
        "doubts": tuple(Doubt(word, doubts[word], meaning) for word, meaning in _MEANINGS.items() if doubts[word]),
    }


UNJUDGED: Final = (Protection.UNMONITORED, Protection.UNDETERMINED)
"""The verdicts that say nothing about protection."""

DOUBTS: Final = {
    "truncated": "packets were cut by the snap length",
    "one_sided": "only one direction was captured",
    "gap": "packets are missing from the capture",
    "midstream": "it began before the capture did",
    "evicted": "more connections at once than are kept",
}
"""Flags that explain why a connection could not be judged, the strongest first."""

OTHER: Final = "unknown"
_MEANINGS: Final = {**DOUBTS, OTHER: "what would decide it is not in the capture"}


def _advice(about: CaptureInfo) -> Iterator[str]:
    """What a person should know or do, the most important first."""
    yield from (advise(about) for applies, advise in _RULES if applies(about))


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} connections ({part / max(whole, 1):.0%})"


def _kept(about: CaptureInfo) -> int:
    return max(each.kept_of_cut or 0 for each in about.interfaces)


def _unread_links(about: CaptureInfo) -> list[int]:
    return sorted({each.link_type for each in about.interfaces if not each.is_read and each.packets})


_Rule = tuple[Callable[[CaptureInfo], object], Callable[[CaptureInfo], str]]
_MANY: Final = 0.1
_STEP_SECONDS: Final = 0.001

_RULES: Final[tuple[_Rule, ...]] = (
    (lambda it: it.damage, lambda it: f"the file breaks off ({it.damage}): copy it again, or end the capture properly"),
    (lambda it: not it.packets, lambda _: "no packet: was the filter right, and the interface?"),
    (
        _unread_links,
        lambda it: f"link type {', '.join(map(str, _unread_links(it)))} is not read: capture on another interface",
    ),
    (
        lambda it: it.packets and not it.segments and not _unread_links(it),
        lambda _: "no TCP segment: only TLS and SSH over TCP are looked at, neither QUIC nor IPsec",
    ),
    (
        lambda it: it.cut,
        lambda it: (
            f"packets are cut at {_kept(it)} octets, which cuts hellos and certificates "
            f"in {_share(it.with_cuts, it.connections)}: capture with snap length 0 (`-s 0`)"
        ),
    ),
    (
        lambda it: it.one_sided > _MANY * it.connections,
        lambda it: (
            f"{_share(it.one_sided, it.connections)} show one direction only: mirror both "
            "directions to the capture, or capture on one of the hosts"
        ),
    ),
    (
        lambda it: it.midstream > _MANY * it.connections,
        lambda it: (
            f"{_share(it.midstream, it.connections)} began before the capture: begin it earlier, or "
            "give the file before it too (`--chain`)"
        ),
    ),
    (
        lambda it: it.with_gaps,
        lambda it: (
            f"packets are missing in {_share(it.with_gaps, it.connections)}: the capture dropped "
            "them; a larger buffer (`-B`) or a narrower filter helps"
        ),
    ),
    (
        lambda it: it.steps_back.largest_seconds > _STEP_SECONDS,
        lambda it: (
            f"the clock steps back by up to {it.steps_back.largest_seconds:g} s (packet {it.steps_back.packet}): "
            "durations and the order of packets are unsure; were captures joined without merging them by time?"
        ),
    ),
    (lambda it: it.untimed, lambda it: f"packets without a usable time, {it.untimed:,}: durations are unsure"),
    (
        lambda it: it.skipped.get("esp"),
        lambda it: f"packets of IPsec ESP, {it.skipped['esp']:,}: what is inside cannot be seen here",
    ),
)
"""When an advice applies, and what it says."""


def _rfc3339(nanoseconds: int | None) -> str | None:
    if nanoseconds is None:
        return None
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
