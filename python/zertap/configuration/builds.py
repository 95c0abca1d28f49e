"""What the other rooms need, made from the configuration. Rooms are loaded only when something of theirs is made."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from zertap.configuration.effective import Configuration
from zertap.configuration.keys import KEYS

if TYPE_CHECKING:
    from zertap.aggregate import Interval, Places
    from zertap.rows import RowReader
    from zertap.zert.mapping import Settings

_INTERVAL_KEYS = ("globalconfig.intval", "globalconfig.syncval", "smf.intval", "smf.syncval")
TAP_KEYS = tuple(
    key.name
    for key in KEYS
    if key.table == "limits"
    or (key.table == "observer" and key.name != "observer.at_eof")
    or key.name in _INTERVAL_KEYS
)
"""Keys that make an engine what it is: one that runs cannot change them."""

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND


def tap_limits(configuration: Configuration) -> dict[str, Any]:
    """The engine's own settings but for what it looks at (``_native.Tap``)."""
    return {
        "waiting_span_ns": waiting_span(configuration),
        "max_connections": configuration["limits.max_connections"],
        "max_half_open": configuration["limits.max_half_open"],
        "max_buffered_octets": configuration["limits.max_buffered_octets"],
        "ignore_vlan": configuration["observer.ignore_vlan"],
        "verify_checksums": configuration["observer.verify_checksums"],
    }


def waiting_span(configuration: Configuration) -> int:
    """From establishment to the first record. Unit: nanoseconds."""
    return int(configuration["limits.waiting_span"]) * _SECOND


def record_settings(configuration: Configuration) -> "Settings":
    """How records are made."""
    from zertap.zert.codes import Codes, Confidence
    from zertap.zert.layouts import Shape
    from zertap.zert.mapping import Settings, SystemNames

    names = {name: configuration[f"system.{name}"] for name in _NAMES}
    return Settings(
        names=SystemNames(**names),
        shape=Shape(configuration["records.shape"]),
        codes=Codes(Confidence[configuration["records.codes"].upper()]),
        header_offset=configuration["records.header_offset"] * _MINUTE,
    )


_NAMES = ("system", "sysplex", "stack", "release", "address_space", "user", "asid", "smf_id", "subsystem")


def row_reader(configuration: Configuration) -> "Callable[[], RowReader]":
    """Makes readers of rows: which events they see depends on the waiting span and on the rule for open ends."""
    from zertap.rows import RowReader

    return partial(RowReader, terminate=terminates(configuration), waiting_span=waiting_span(configuration))


def current_reader(configuration: Configuration) -> "Callable[[], RowReader]":
    """Makes readers of the rows of connections that live now."""
    from zertap.rows import RowReader

    return partial(RowReader, waiting_span=waiting_span(configuration), current=True)


def terminates(configuration: Configuration) -> bool:
    """Whether connections that are still open at the end are taken for ended (A9)."""
    return bool(configuration["observer.at_eof"] == "terminate")


def interval(configuration: Configuration) -> "Interval":
    """The intervals of summaries."""
    from zertap.aggregate import Interval, parse_interval

    length = configuration["globalconfig.intval"]
    if length == "SMF":
        return Interval(configuration["smf.intval"] * _MINUTE, configuration["smf.syncval"] * _MINUTE)
    return parse_interval(length, configuration["globalconfig.syncval"])


def aggregates(configuration: Configuration) -> bool:
    """Whether sessions are summed up. As on z/OS that does not depend on whether somebody gets the summaries."""
    return bool(configuration["globalconfig.zert"] and configuration["globalconfig.aggregation"])


def summarises(configuration: Configuration) -> bool:
    """Whether summaries are made, for whatever destination."""
    wanted = configuration["smfconfig.zertsummary"] or configuration["netmonitor.zertsummary"]
    return bool(aggregates(configuration) and wanted)


def record_rows(configuration: Configuration, *, reloads: bool = False) -> frozenset[str]:
    """The rows that the engine must write for the records that are wanted, or (*reloads*) may be wanted later."""
    from zertap.rows import RECORD_ROWS, SUMMARY_ROWS

    return SUMMARY_ROWS if reloads or summarises(configuration) else RECORD_ROWS


def boundaries(configuration: Configuration, *, reloads: bool = False) -> tuple[int, int] | None:
    """Length and synchronisation of the recording intervals, if there are summaries, or (*reloads*) may be.

    Unit: nanoseconds.
    """
    if not (reloads or summarises(configuration)):
        return None
    intervals = interval(configuration)
    return intervals.length, intervals.sync


def places(configuration: Configuration) -> "Places":
    """What summaries know of the network."""
    from zertap.aggregate import Places

    return Places(configuration["network.local"], configuration["network.ftp_data_ports"])
