"""The account of a live capture: what the kernel received, where every frame, connection and row went.

While it runs the parts are read one after the other, so that only at the end the sums must come out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zertap.ledger import Ledger
from zertap.values import field, value

_FATES = ("ended", "live", "evicted", "unmonitored", "never_established")


@value(frozen=False)
class LiveLedger(Ledger):
    """One capture's account."""

    interfaces: Sequence[Mapping[str, Any]] = ()
    """``name``, ``received``, ``read``, ``dropped_by_kernel``, ``dropped_by_interface`` of each."""
    observed: int = 0
    """Segments that taps observed."""
    unobserved: int = 0
    """Segments that came while discovery was off."""
    lost_here: int = 0
    """Segments that found the queue of their tap full: this program lost them."""
    taps: Sequence[Mapping[str, int]] = field(default_factory=tuple)
    """What each tap counted."""

    @classmethod
    def of(cls, counts: Mapping[str, Any], rows_fetched: int) -> "LiveLedger":
        """The account that the native ``counts`` make."""
        taps = counts["taps"]
        ledger = cls(interfaces=counts["interfaces"], taps=taps, lost_here=counts["lost_here"])
        ledger.frames_read = sum(each["read"] for each in ledger.interfaces)
        ledger.frames, ledger.decoded = counts["frames"], counts["segments"]
        ledger.skipped.update({word: count for word, count in counts["skipped"].items() if count})
        for tap in taps:
            ledger.observed += tap["segments"]
            ledger.unobserved += tap["unobserved"]
            ledger.opened += tap["opened"]
            ledger.rows += tap["rows"]
            ledger.fates.update({fate: tap[fate] for fate in _FATES})
        ledger.rows_waiting, ledger.rows_fetched = counts["rows_waiting"], rows_fetched
        return ledger

    @property
    def received(self) -> int:
        """Frames that passed the filter, by the kernel's count."""
        return sum(each["received"] for each in self.interfaces)

    @property
    def dropped_by_kernel(self) -> int:
        """Of these, dropped because its ring was full."""
        return sum(each["dropped_by_kernel"] for each in self.interfaces)

    @property
    def dropped_by_interface(self) -> int:
        """Dropped before the kernel saw them, by the interface or its driver."""
        return sum(each["dropped_by_interface"] for each in self.interfaces)

    @property
    def unread(self) -> int:
        """Received, not dropped, and not read: still in the ring, or left there by an interface that went away."""
        return self.received - self.dropped_by_kernel - self.frames_read

    def to_dict(self) -> dict[str, Any]:
        """See ``Ledger.to_dict``."""
        told = Ledger.to_dict(self)
        told["frames"] |= {
            "received": self.received,
            "dropped_by_kernel": self.dropped_by_kernel,
            "dropped_by_interface": self.dropped_by_interface,
            "unread": self.unread,
            "observed": self.observed,
            "unobserved": self.unobserved,
            "lost_here": self.lost_here,
        }
        told["interfaces"] = [dict(each) for each in self.interfaces]
        told["taps"] = [dict(each) for each in self.taps]
        return told

    def _sums(self) -> Iterator[tuple[str, int, int]]:
        yield from Ledger._sums(self)  # noqa: SLF001  its own class
        yield "segments", self.decoded, self.observed + self.unobserved + self.lost_here

    def _lines(self) -> Iterator[str]:
        for each in self.interfaces:
            unread = each["received"] - each["dropped_by_kernel"] - each["read"]
            yield (
                f"{each['name']}: {each['received']} received = {each['read']} read + "
                f"{each['dropped_by_kernel']} dropped by the kernel + {unread} unread; "
                f"{each['dropped_by_interface']} dropped by the interface"
            )
        yield from Ledger._lines(self)  # noqa: SLF001  its own class
        yield (
            f"segments: {self.decoded} decoded = {self.observed} observed + {self.lost_here} lost before a full queue "
            f"+ {self.unobserved} while discovery was off"
        )
