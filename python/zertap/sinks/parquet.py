"""Parquet, written by DuckDB from the engine's Arrow data (optional extra ``parquet``)."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from zertap.errors import MissingExtra
from zertap.ledger import Outlet
from zertap.plans import Part, Plans
from zertap.schema import Field
from zertap.sinks.arrow import Writable
from zertap.sinks.base import Stream

_CHUNK = 1 << 20


class Gathering:
    """Gathers rows in DuckDB, which writes the file at the end: Parquet ends with its own index."""

    def __init__(self, stream: Writable) -> None:
        try:
            import duckdb
        except ImportError:
            raise MissingExtra("Parquet needs DuckDB: install `zertap[parquet]`") from None
        self._stream = stream
        self._database: Any = duckdb.connect()
        self._filled = False

    def take(self, arrow: Any) -> None:
        """Adds the rows of something that exports an Arrow C stream; the first ones may be none."""
        self._database.register("arrived", arrow)
        self._database.execute(
            "INSERT INTO gathered FROM arrived" if self._filled else "CREATE TABLE gathered AS FROM arrived"
        )
        self._filled = True
        self._database.unregister("arrived")

    def close(self) -> None:
        """Writes the file."""
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "gathered.parquet"
            self._database.execute(f"COPY gathered TO '{path}' (FORMAT parquet)")
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    self._stream.write(chunk)
        self._stream.close()


class Parquet:
    """Writes one Parquet file."""

    def __init__(self, stream: Stream, fields: Sequence[Field]) -> None:
        self._gathering = Gathering(stream)
        self._plans = Plans(fields)
        self.outlet = Outlet(stream.name, "rows")

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        self.outlet.taken += len(rows)
        self._gathering.take(_Rows(part, self._plans, rows))

    def close(self) -> None:
        """See ``Sink.close``."""
        self._gathering.close()
        self.outlet.written = self.outlet.taken  # a Parquet file is whole or nothing


class _Rows:
    """Rows of a part, as DuckDB reads Arrow."""

    def __init__(self, part: Part, plans: Plans, rows: Sequence[int]) -> None:
        self._capsule: Callable[[], Any] = lambda: part.batch.arrow(plans.of(part), rows)

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self._capsule()
