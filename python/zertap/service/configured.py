"""The services that a configuration asks for."""

from contextlib import ExitStack
from pathlib import Path

from zertap.configuration import Configuration
from zertap.errors import OutputFailed
from zertap.service.messages import Kind
from zertap.service.outlet import Service, Terms
from zertap.service.place import Access
from zertap.service.server import Limits

_SWITCHES = {Kind.DETAIL: "netmonitor.zertservice", Kind.SUMMARY: "netmonitor.zertsummary"}
_KIB = 1024


def services(configuration: Configuration, path: str | None = None, *, patient: bool = False) -> list[Service]:
    """Starts the services that are switched on: at *path*, or under their names in that directory.

    Without *path* that is the directory of the configuration, which is made if it is not there. *patient*: as for
    ``Terms``. Raises ``OutputFailed``, ``Usage``; then none is left running.
    """
    directory = Path(path or configuration["netmonitor.directory"])
    if path is None:
        _make(directory)
    terms = terms_of(configuration, patient=patient)
    started: list[Service] = []
    with ExitStack() as undo:
        for kind, switch in _SWITCHES.items():
            if configuration[switch]:
                place = directory / f"{kind}.{terms.stack}" if path is None or directory.is_dir() else directory
                started.append(undo.enter_context(Service(str(place), kind, terms)))
        undo.pop_all()
    return started


def terms_of(configuration: Configuration, *, patient: bool = False) -> Terms:
    """How the services of a configuration serve."""
    access = Access(
        configuration["netmonitor.mode"],
        configuration["netmonitor.owner"] or None,
        configuration["netmonitor.group"] or None,
    )
    limits = Limits(
        subscribers=configuration["netmonitor.subscribers"],
        waiting=configuration["netmonitor.buffer"] * _KIB,
        queue=configuration["netmonitor.queue"] * _KIB,
    )
    return Terms(access, limits, configuration["system.system"], configuration["system.stack"], patient)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFailed(error.strerror or str(error), str(directory)) from None
