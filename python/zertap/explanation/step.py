"""One step of an explanation, and the steps of a connection from the engine's journal and its row.

The engine says what was shown (a word, numbers, lengths); here it is put beside what it meant: the verdict after a
phase moved, and the zERT events of the row at the packets that brought them about.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from zertap.explanation.words import Row, say, say_event
from zertap.protection import TABLE
from zertap.zert.events import LAST, TIMER, Slot

_NANO = 1_000_000_000
_OWN = ("what", "file", "packet", "last_packet", "at", "last_at", "from", "count", "octets")


@dataclass(frozen=True, slots=True)
class Step:
    """What one packet, or a run of alike ones, showed.

    ``packet`` and ``last_packet`` count from 1 in the capture; for a step that time brought about (``what`` is ``due``)
    it is the packet before which the time had passed. ``at`` and ``last_at``: nanoseconds since 1970. ``octets`` counts
    what the step speaks of (a message, records, data), all together. ``details`` holds what this kind of step adds.
    """

    packet: int
    last_packet: int
    at: int
    last_at: int
    sender: str | None
    """``client``, ``server``, or none where time passed or both sides are meant."""
    what: str
    text: str
    """The same in words."""
    count: int = 1
    octets: int = 0
    verdict: str | None = None
    """The verdict from here on, where this step moved the state."""
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The step as a JSON object."""
        return {
            "what": self.what,
            "packet": self.packet,
            "last_packet": self.last_packet,
            "at": rfc3339(self.at),
            "last_at": rfc3339(self.last_at),
            "from": self.sender,
            "count": self.count,
            "octets": self.octets,
            **self.details,
            "verdict": self.verdict,
            "text": self.text,
        }


def steps_of(
    journal: Sequence[dict[str, Any]], row: Row, slots: Sequence[Slot], milestones: Sequence[str]
) -> list[Step]:
    """The steps of a connection, in order of packets, with the zERT events of *row* behind what brought each.

    *slots* are its events as its pattern of *milestones* (phase names) gives them, in the row's own order.
    """
    waiting = [_event(slot, event) for slot, event in zip(slots, row["events"], strict=True)]
    places = [_place(slot, journal, milestones) for slot in slots]
    steps: list[Step] = []
    for number, entry in enumerate(journal):
        here = [_at(event, entry) for event, place in zip(waiting, places, strict=True) if place == number]
        step = [_step(entry, row)]
        steps += here + step if entry["what"] == "ended" else step + here
    return steps


def _place(slot: Slot, journal: Sequence[dict[str, Any]], milestones: Sequence[str]) -> int:
    """Number of the entry that brought the event of *slot* about; the last one where none shows it."""
    wanted = {TIMER: "due", LAST: "ended"}.get(slot.slot)
    for number, entry in enumerate(journal):
        if entry["what"] == wanted or (wanted is None and _reaches(entry, milestones[slot.slot])):
            return number
    return len(journal) - 1


def _reaches(entry: dict[str, Any], milestone: str) -> bool:
    """A handshake that is complete but for the server's word counts as complete from then on."""
    reached = {milestone, "TLS_PROVISIONAL"} if milestone == "TLS_COMPLETE" else {milestone}
    return entry["what"] == "moved" and entry["phase"] in reached


def _step(entry: dict[str, Any], row: Row) -> Step:
    verdict = TABLE[entry["phase"]][0].word if entry["what"] == "moved" else None
    return Step(
        packet=entry["packet"],
        last_packet=entry["last_packet"],
        at=entry["at"],
        last_at=entry["last_at"],
        sender=entry["from"],
        what=entry["what"],
        text=say(entry, row),
        count=entry["count"],
        octets=entry["octets"],
        verdict=verdict,
        details={name: value for name, value in entry.items() if name not in _OWN},
    )


def _event(slot: Slot, event: dict[str, Any]) -> Step:
    details = {"event": event["type"], "protocol": event["protocol"], "failed": event["failed"]}
    at = _nanoseconds(event["at"])
    return Step(0, 0, at, at, sender=None, what="zert_event", text=say_event(slot), details=details)


def _at(event: Step, entry: dict[str, Any]) -> Step:
    return replace(event, packet=entry["last_packet"], last_packet=entry["last_packet"])


def _nanoseconds(text: str) -> int:
    """The inverse of ``rfc3339``."""
    return int(datetime.fromisoformat(f"{text[:19]}+00:00").timestamp()) * _NANO + int(text[20:29])


def rfc3339(nanoseconds: int) -> str:
    """A time as every output writes it: UTC, nine digits behind the second."""
    whole = datetime.fromtimestamp(nanoseconds // _NANO, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{nanoseconds % _NANO:09}Z"
