"""The events of a history pattern: the engine packs it, ``zert.events`` knows what it means."""

from zertap._native import PHASES, EventBatch
from zertap.zert.events import Pattern, Slot, slots


def pattern_slots(batch: EventBatch, number: int, *, terminate: bool = False) -> tuple[Slot, ...]:
    """The events of one history pattern; with ``terminate`` as if its connection ended where our view of it does."""
    milestones, established, ended, past_timer = batch.pattern(number)
    named = tuple((PHASES[phase], after_timer) for phase, after_timer in milestones)
    return slots(Pattern(named, established, ended or terminate, past_timer))
