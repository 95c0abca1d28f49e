"""Columns of captures for volume: read while somebody asks for them, and nothing is kept."""

from typing import TYPE_CHECKING, Any

from zertap import _native
from zertap.asked import Asked, Captures, Passing, ask, fields_asked
from zertap.frames import Tabular
from zertap.pipeline import Mode
from zertap.plans import Part, Plans
from zertap.schema import Field

if TYPE_CHECKING:
    from zertap._native import Plan
    from zertap.pseudonyms import Pseudonyms


def columns(
    captures: Captures,
    *fields: str,
    mode: Mode = "full",
    chain: bool = False,
    offers: bool = False,
    fingerprints: bool = False,
    community_id: int | None = None,
    pseudonyms: "Pseudonyms | None" = None,
    where: str | None = None,
    strict: bool = False,
    workers: int = 1,
) -> "Columns":
    """The TCP connections in *captures* as a table of these *fields*, all of them if none is named.

    For DuckDB, Polars, pandas and whatever else reads Arrow. Each time it is read the captures are: a few thousand
    connections at a time, of which only what was asked for goes to the reader. So it takes less time and memory than
    ``observe``, whose connections can be looked at one by one and again.

    ``fields``: names as ``FIELDS`` has them; ``tls`` and ``ssh`` stand for all of theirs. The others as in ``observe``.

    Raises ``Usage``. What the captures say, ``CaptureUnreadable`` and with ``strict`` ``CaptureDamaged``, comes when
    they are read: from ``to_polars`` and ``to_pandas`` as it is, from other readers in an error of their own, with the
    same line of text.
    """
    if fields:
        from zertap.filter import select_fields

        chosen = select_fields(fields)
    else:
        chosen = fields_asked(fingerprints=fingerprints, community_id=community_id)
    asked = ask(
        captures,
        mode=mode,
        chain=chain,
        offers=offers,
        fingerprints=fingerprints,
        community_id=community_id,
        pseudonyms=pseudonyms,
        where=where,
        strict=strict,
        workers=workers,
        fields=chosen,
        patient=False,
    )
    return Columns(asked, chosen)


class Columns(Passing, Tabular):
    """A table of connections that is made while it is read. See ``Passing``."""

    def __init__(self, asked: Asked, fields: tuple[Field, ...]) -> None:
        super().__init__(asked, fields)
        self._faults: list[BaseException] = []

    def __arrow_c_schema__(self) -> Any:
        """See ``Tabular``."""
        return _native.arrow_schema(self._blank())

    def _stream(self, *, views: bool) -> Any:
        """See ``Tabular``. The captures are read as the stream is."""
        self._faults = []
        return _native.arrow_stream_of(self._blank(), self._read(), views, self._faults)

    def to_polars(self) -> Any:
        """See ``Tabular``. Raises ``CaptureUnreadable`` and ``CaptureDamaged``, too."""
        return self._told(super().to_polars)

    def to_pandas(self) -> Any:
        """See ``Tabular``. Raises ``CaptureUnreadable`` and ``CaptureDamaged``, too."""
        return self._told(super().to_pandas)

    def __repr__(self) -> str:
        names = ", ".join(field.path for field in self._fields[:_SHOWN])
        more = f" and {len(self._fields) - _SHOWN} more" if len(self._fields) > _SHOWN else ""
        return f"<Columns of {', '.join(self._asked.paths)}: {names}{more}>"

    def _blank(self) -> "Plan":
        return Plans(self._fields).of(Part(_native.Tap().drain(), -1))

    def _told(self, make: Any) -> Any:
        """What *make* makes, or what kept it from that: readers tell its text in an error of their own."""
        try:
            return make()
        except Exception:
            for fault in self._faults:
                raise fault from None
            raise


_SHOWN = 6
"""Names of fields that fit on a line."""
