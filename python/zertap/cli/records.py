"""``zertap records``: zERT detail or summary records of what a capture shows."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

from zertap.cli.common import (
    Captures,
    ChainOption,
    ConfigOption,
    ModeOption,
    PseudonymKeyOption,
    PseudonymsOption,
    StatsOption,
    WorkersOption,
    check_files,
    configured,
    read_pseudonyms,
    run,
)
from zertap.cli.declared import Option
from zertap.cli.forms import (
    BlockOption,
    CompressOption,
    Form,
    Frame,
    FramingOption,
    NamesOption,
    check_terminal,
    record_output,
)
from zertap.cli.outlets import KafkaOption, MetricsOption, SyslogOption, following, named
from zertap.cli.serving import ServiceOption, await_subscribers, served, start
from zertap.cli.watch import Interruption, wants_progress
from zertap.configuration import Configuration
from zertap.errors import Usage
from zertap.pipeline import Request, Selection
from zertap.pseudonyms import Pseudonyms
from zertap.values import replace

if TYPE_CHECKING:
    from zertap.service import Service
    from zertap.sinks.metrics import Metrics
    from zertap.sinks.octets import Output
    from zertap.sinks.recording import Recording


class Known(StrEnum):
    """How well a code must be known to be written."""

    SOURCED = "sourced"
    LIKELY = "likely"
    RECALLED = "recalled"


class Release(StrEnum):
    """Forms that the records have had."""

    V2R3 = "V2R3"
    V2R5 = "V2R5"
    Z32 = "3.2"


class OpenEnd(StrEnum):
    """What becomes of connections that are still open at the end of the input."""

    REPORT = "report"
    TERMINATE = "terminate"


def records(
    captures: Captures,
    output: Annotated[
        str | None,
        Option("--output", "-o", help="Write to this file.", metavar="FILE"),
    ] = None,
    form: Annotated[
        Form | None, Option("--format", "-f", help="SMF records (default), or the same in another form.")
    ] = None,
    mode: ModeOption = None,
    chain: ChainOption = False,
    local: Annotated[
        list[str] | None,
        Option(help="A network that is ours; may be repeated. Default: the server is local.", metavar="NETWORK"),
    ] = None,
    codes: Annotated[
        Known | None, Option(help="How well an IBM code must be known to be written. Default: likely.")
    ] = None,
    shape: Annotated[Release | None, Option(help="The release whose form the records have. Default: 3.2.")] = None,
    switches: Annotated[
        bool | None,
        Option(
            "--switches/--no-switches",
            help="Detail records of discovery being enabled and disabled (event types 5 and 6). Default: yes.",
        ),
    ] = None,
    at_eof: Annotated[
        OpenEnd | None,
        Option(help="Connections still open at the end: report their state, or terminate them. Default: report."),
    ] = None,
    summary: Annotated[
        bool, Option("--summary", help="Summaries of security sessions by interval instead (subtype 12).")
    ] = False,
    interval: Annotated[
        str | None,
        Option(
            help="Length of an interval of summaries: 1h to 24h, minutes that divide a day (30m), or SMF. Default: 1h."
        ),
    ] = None,
    sync: Annotated[
        str | None, Option(help="Time of day, UTC, at which an interval begins. Default: 00:00.", metavar="HH:MM")
    ] = None,
    ftp_ports: Annotated[
        str | None,
        Option(help="Server ports for passive FTP data connections: one session.", metavar="FIRST-LAST"),
    ] = None,
    pseudonyms: PseudonymsOption = None,
    pseudonym_key: PseudonymKeyOption = None,
    workers: WorkersOption = 1,
    stats: StatsOption = None,
    config: ConfigOption = None,
    names: NamesOption = None,
    framing: FramingOption = Frame.RDW,
    block_size: BlockOption = None,
    compress: CompressOption = None,
    service: ServiceOption = None,
    subscribers: Annotated[
        int, Option(help="With --service: begin when so many have subscribed.", min=0, metavar="N")
    ] = 0,
    syslog: SyslogOption = None,
    kafka: KafkaOption = None,
    metrics: MetricsOption = None,
) -> int:
    """Writes zERT connection detail records (SMF 119 subtype 11) for every connection in captures, or summaries.

    SMF records carry their descriptor words. All times are packet time in UTC. What the configuration file says
    holds where no option says otherwise.
    """
    check_files(captures, output)
    if subscribers and service is None:
        raise Usage("--subscribers belongs to --service: add it")
    if service and workers != 1:
        raise Usage("a record service lists current connections, which only one worker can: leave --workers out")
    about_summaries = {"--interval": interval, "--sync": sync, "--ftp-ports": ftp_ports}
    configuration = configured(config).overridden(
        (
            ("observer.mode", mode, "--mode"),
            ("observer.at_eof", at_eof, "--at-eof"),
            ("network.local", local, "--local"),
            ("records.codes", codes, "--codes"),
            ("records.shape", shape, "--shape"),
            ("records.switches", switches, "--switches"),
            ("globalconfig.aggregation", summary or None, "--summary"),
            ("smfconfig.zertsummary", summary or None, "--summary"),
            ("smfconfig.zertdetail", False if summary else None, "--summary"),
            ("globalconfig.intval", interval, "--interval"),
            ("globalconfig.syncval", sync, "--sync"),
            ("network.ftp_data_ports", ftp_ports, "--ftp-ports"),
            *served(service, summary=summary),
            *named(syslog, kafka, metrics),
        )
    )
    _check(configuration, [name for name, value in about_summaries.items() if value is not None])
    if pseudonyms == "plain" and configuration["network.local"]:
        raise Usage("local networks are not kept by plain pseudonyms: choose --pseudonyms prefix")
    disguise = read_pseudonyms(pseudonyms, pseudonym_key, without_names=False)
    to_file = output is not None or form is not None or not (service or syslog or kafka)
    if to_file:
        check_terminal(output, form or Form.SMF, compress)
    target = partial(record_output, output, form or Form.SMF, names, compress, framing, block_size)
    writes_to_terminal = to_file and output is None and sys.stdout.isatty()
    watch = Interruption(show_progress=wants_progress(writes_to_terminal=writes_to_terminal))
    request = replace(Request.of(configuration, chain=chain, records=True), pseudonyms=disguise, workers=workers)
    if "-" in captures and (service or syslog or kafka):
        request = replace(request, prompt=True)
    with ExitStack() as closing:
        sink, started, endpoint = _sink(target if to_file else None, configuration, disguise, service, closing)
        with watch:
            await_subscribers(started, subscribers, watch)
        follow = following(sink.follow, endpoint)
        return run(captures, request, Selection(), sink, watch, "record", stats, follow, sink.outlets[1:])


def _shown(configuration: Configuration, disguise: Pseudonyms | None) -> Configuration:
    """The configuration whose local networks bear the pseudonyms under which their hosts stand in the records."""
    if disguise is None:
        return configuration
    local = [
        f"{disguise.of(str(network.network_address))}/{network.prefixlen}" for network in configuration["network.local"]
    ]
    return configuration.overridden((("network.local", local or None, "--pseudonyms"),))


def _check(configuration: Configuration, about_summaries: list[str]) -> None:
    """Refuses a run that would write nothing, and options without meaning. Raises ``Usage``."""
    summaries = configuration["globalconfig.aggregation"] and configuration["smfconfig.zertsummary"]
    if about_summaries and not summaries:
        raise Usage(f"{', '.join(about_summaries)}: about summaries: add --summary")
    if not configuration["globalconfig.zert"]:
        raise Usage(f"nothing to write: discovery is off: {configuration.place('globalconfig.zert')}")
    if not (summaries or configuration["smfconfig.zertdetail"]):
        off = ["smfconfig.zertdetail", "globalconfig.aggregation", "smfconfig.zertsummary"]
        named = ", ".join(configuration.place(key) for key in off if not configuration[key])
        raise Usage(f"nothing to write: switched off: {named}")


def _sink(
    target: Callable[[], "Output"] | None,
    configuration: Configuration,
    disguise: Pseudonyms | None,
    service: str | None,
    closing: ExitStack,
) -> "tuple[Recording, list[Service], Metrics | None]":
    """The sink of a run with its services and metrics, which end with *closing*; their code is loaded only here."""
    from zertap.sinks import configured as outlets
    from zertap.sinks.destinations import Destinations
    from zertap.sinks.recording import Recording

    beside = outlets.record_outlets(configuration, patience=outlets.REPLAY)
    for each in beside:
        closing.callback(each.close)  # also where the file fails, and the run with it
    endpoint = outlets.metrics(configuration)
    if endpoint:
        closing.callback(endpoint.close)
    started = start(configuration, service, closing)
    sink = Recording(Destinations(target() if target else None, beside, started), _shown(configuration, disguise))
    if endpoint:
        endpoint.outlets += sink.outlets
        endpoint.services += [each.status for each in started]
    return sink, started, endpoint
