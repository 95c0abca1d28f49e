"""Tables for whatever reads Arrow: what observations and columns have in common."""

from abc import ABC, abstractmethod
from typing import Any, Never

from zertap.errors import MissingExtra


class Tabular(ABC):
    """Something that is a table for whoever knows the Arrow PyCapsule interface."""

    @abstractmethod
    def __arrow_c_schema__(self) -> Any:
        """Names and types of the columns (Arrow PyCapsule interface)."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """All connections as one Arrow stream (Arrow PyCapsule interface): DuckDB, Polars, pandas, pyarrow read it."""
        return self._stream(views=False)

    @abstractmethod
    def _stream(self, *, views: bool) -> Any:
        """The stream; with *views* texts are string views, which not everybody reads."""

    def to_polars(self) -> Any:
        """A Polars ``DataFrame``. Raises ``MissingExtra``."""
        try:
            import polars
        except ImportError as error:
            _missing(error, "polars")
        return polars.DataFrame(_Viewed(self))

    def to_pandas(self) -> Any:
        """A pandas ``DataFrame``. Raises ``MissingExtra``."""
        try:
            import pandas

            return pandas.DataFrame.from_arrow(self)
        except ImportError as error:
            _missing(error, "pandas pyarrow")


class _Viewed:
    """A table for readers whose own texts are string views."""

    def __init__(self, table: Tabular) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self._table._stream(views=True)  # noqa: SLF001  of this module


def _missing(error: ImportError, packages: str) -> Never:
    raise MissingExtra(f"`{error.name}` is not installed: install {packages}") from None
