"""Who listens to a live tap, by the options of ``zertap tap``. Outputs are loaded where they are asked for."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from zertap._native import Live
from zertap.cli.common import compiled
from zertap.configuration import Configuration
from zertap.endpoint import Endpoint
from zertap.pipeline import Selection
from zertap.schema import Field
from zertap.sinks.base import Sink
from zertap.tapping import Listener, MetricsListener, RowListener, RowsWanted

if TYPE_CHECKING:
    from zertap.service import Service
    from zertap.sinks.recording import Recording
    from zertap.sinks.rotating import Rotating


def rotating_files(folder: str | None, size: int, age: float) -> "Rotating | None":
    """SMF files in a folder, as far as one is named."""
    if folder is None:
        return None
    from zertap.sinks.rotating import Rotating

    return Rotating(folder, size=size, age=age)


def shown(
    sink: Sink | None, moving: bool, interfaces: Sequence[str], live: Live, selection: Selection, rows: RowsWanted
) -> list[Listener]:
    """Rows as lines or cells; *moving*: the table that moves."""
    found: list[Listener] = [RowListener(sink, selection, rows)] if sink else []
    if moving:
        from zertap.cli.view import ViewListener

        found.append(ViewListener(", ".join(interfaces), live.counts))
    return found


def recording(
    rotating: "Rotating | None", services: "Sequence[Service]", begun: Configuration, owners: Endpoint | None
) -> "Recording":
    """The records' way to files and subscribers."""
    from zertap.sinks.destinations import Destinations
    from zertap.sinks.recording import Recording

    known = owners.owners if owners else None
    return Recording(Destinations(rotating, (), services), begun, known, reloads=True)


def another(selections: list[Selection], where: str | None) -> Selection:
    """A selection of its own for each sink: each counts what it lets pass, and all let the same pass."""
    selections.append(Selection(compiled(where)))
    return selections[-1]


def beside(
    begun: Configuration,
    fields: Sequence[Field],
    services: "Sequence[Service]",
    live: Live,
    select: Callable[[], Selection],
    rows: RowsWanted,
) -> list[Listener]:
    """Syslog, Kafka and metrics, as far as they are asked for."""
    from zertap.sinks import configured as outlets

    found: list[Listener] = [RowListener(each, select(), rows) for each in outlets.row_outlets(begun, fields)]
    metrics = outlets.metrics(begun)
    if metrics:
        metrics.services += [each.status for each in services]
        metrics.outlets += [outlet for each in found for outlet in each.outlets]
        found.append(MetricsListener(metrics, live))
    return found
