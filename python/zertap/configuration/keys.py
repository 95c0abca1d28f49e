"""The list of keys: name, kind, default, what it is on z/OS, and what it does.

Everything else follows from this list: what a file may say, its errors, the options that override it, ``zertap config
show`` and the page ``docs/configuration.md``. A key's name is its path in the file, table first. Where z/OS has a
statement for it the table is named after that statement, and the key after its parameter.

``label`` is the word under which NETSTAT CONFIG shows the setting. Labels that a document shows are in
``SHOWN_BY_IBM``; the others are made of the parameter's name in the same manner.
"""

from typing import Any, Final

from zertap.configuration.values import (
    Interval,
    Kind,
    Name,
    Networks,
    Number,
    Permission,
    Ports,
    Switch,
    Text,
    TimeOfDay,
    Word,
)
from zertap.values import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """One setting. ``default`` is the value that the program works with."""

    name: str
    kind: Kind
    default: Any
    label: str
    profile: str
    """The z/OS statement or parameter that says the same, with its default there; empty where it is ours alone."""
    doc: str
    option: str | None = None
    """The command-line option that overrides it."""
    depth: int = 0
    """How far a report indents it."""

    @property
    def table(self) -> str:
        """The table of the file in which it stands."""
        return self.name.partition(".")[0]


TABLES: Final = {
    "smfconfig": ("SMF PARAMETERS", "TYPE 119:", "Which records are written to the output file."),
    "smf": ("SMF INTERVAL", None, "The recording interval of SMF itself (member SMFPRMxx)."),
    "globalconfig": ("GLOBAL CONFIGURATION INFORMATION", None, "What is collected."),
    "netmonitor": ("NETWORK MONITOR CONFIGURATION INFORMATION", None, "Which services hand out records as they come."),
    "syslog": ("SYSLOG", None, "Records or connections as syslog messages (RFC 5424), facility LOCAL5."),
    "kafka": ("KAFKA", None, "Records or connections as messages of a topic. Needs the extra `kafka`."),
    "metrics": ("METRICS", None, "An endpoint for Prometheus. Needs the extra `metrics`."),
    "system": ("SYSTEM NAMES", None, "Who the records say has written them. The defaults claim no z/OS."),
    "network": ("LOCAL NETWORK", None, "What a tap cannot see of the hosts behind it."),
    "observer": ("OBSERVER", None, "How captures are observed."),
    "records": ("RECORD FORM", None, "The form of the records."),
    "limits": (
        "LIMITS",
        None,
        "Bounds of what the observer keeps. It says so in its rows and counters where one is hit.",
    ),
}
"""Table of the file -> heading of its block in a report, a line under the heading, what it is about."""

SHOWN_BY_IBM: Final = frozenset({"ZERT", "AGGREGATION", "ZERTDETAIL", "ZERTSUMMARY", "ZERTSRV", "ZERTSUM"})
"""Labels of NETSTAT CONFIG that a document shows."""

_MILLION = 1_000_000

KEYS: Final = (
    Key(
        "smfconfig.zertdetail",
        Switch(),
        True,
        "ZERTDETAIL",
        "SMFCONFIG TYPE119 ZERTDETAIL (there NOZERTDETAIL)",
        "Write connection detail records (subtype 11).",
        depth=1,
    ),
    Key(
        "smfconfig.zertsummary",
        Switch(),
        False,
        "ZERTSUMMARY",
        "SMFCONFIG TYPE119 ZERTSUMMARY (there NOZERTSUMMARY)",
        "Write summary records (subtype 12). Nothing comes of it without `globalconfig.aggregation`. "
        "`--summary` switches both on, and `smfconfig.zertdetail` off.",
        "--summary",
        depth=1,
    ),
    Key(
        "smf.intval",
        Number(1, 60, divides=60),
        30,
        "INTVAL",
        "SMFPRMxx INTVAL (there 30)",
        'Minutes of an SMF interval, for `globalconfig.intval = "SMF"`.',
    ),
    Key(
        "smf.syncval",
        Number(0, 59),
        0,
        "SYNCVAL",
        "SMFPRMxx SYNCVAL (there 00)",
        "Minute of the hour at which an SMF interval begins.",
    ),
    Key(
        "globalconfig.zert",
        Switch(),
        True,
        "ZERT",
        "GLOBALCONFIG ZERT (there NOZERT)",
        "Discovery: connections are observed for records. Off: no record is written, nothing is collected.",
    ),
    Key(
        "globalconfig.aggregation",
        Switch(),
        False,
        "AGGREGATION",
        "GLOBALCONFIG ZERT AGGREGATION (there NOAGGREGATION)",
        "Security sessions are summed up by interval. Needs discovery.",
        "--summary",
        depth=1,
    ),
    Key(
        "globalconfig.intval",
        Interval(),
        "1h",
        "INTVAL",
        "GLOBALCONFIG ZERT AGGREGATION INTVAL (there the SMF interval, or 1 to 24 hours)",
        "Length of an interval of summaries; `SMF` takes table `smf`.",
        "--interval",
        depth=2,
    ),
    Key(
        "globalconfig.syncval",
        TimeOfDay(),
        "00:00",
        "SYNCVAL",
        "GLOBALCONFIG ZERT AGGREGATION SYNCVAL",
        "Time of day at which an interval begins; without meaning for `SMF`.",
        "--sync",
        depth=2,
    ),
    Key(
        "netmonitor.zertservice",
        Switch(),
        False,
        "ZERTSRV",
        "NETMONITOR ZERTSERVICE (there NOZERTSERVICE)",
        "Detail records to subscribers, as SYSTCPER does. `zertap records` serves only where `--service` says so.",
        "--service",
    ),
    Key(
        "netmonitor.zertsummary",
        Switch(),
        False,
        "ZERTSUM",
        "NETMONITOR ZERTSUMMARY (there NOZERTSUMMARY)",
        "Summary records to subscribers, as SYSTCPES does. Nothing comes of it without `globalconfig.aggregation`.",
        "--service",
    ),
    Key(
        "netmonitor.directory",
        Text(),
        "/run/zertap",
        "DIRECTORY",
        "/var/sock",
        "Directory of the sockets, which are called SYSTCPER and SYSTCPES with a dot and `system.stack` behind it.",
        "--service",
    ),
    Key(
        "netmonitor.mode",
        Permission(),
        0o600,
        "MODE",
        "SAF resources EZB.NETMGMT.*.SYSTCPER and SYSTCPES",
        "Permission bits of the sockets: who may write may subscribe.",
    ),
    Key("netmonitor.owner", Text(), "", "OWNER", "", "User who owns the sockets, by name or number; empty: as it is."),
    Key("netmonitor.group", Text(), "", "GROUP", "", "Group of the sockets, by name or number; empty: as it is."),
    Key("netmonitor.subscribers", Number(1, 10_000), 256, "SUBSCRIBERS", "", "Subscribers of each service at most."),
    Key(
        "netmonitor.buffer",
        Number(128, _MILLION),
        1024,
        "BUFFER",
        "",
        "KiB that may wait for one subscriber; one who is further behind loses records, and is told how many.",
    ),
    Key(
        "netmonitor.queue",
        Number(1024, _MILLION),
        16_384,
        "QUEUE",
        "",
        "KiB of records that may wait for all subscribers together, so that a burst costs nobody anything.",
    ),
    Key(
        "syslog.address",
        Text(),
        "",
        "ADDRESS",
        "the syslogd of the system",
        "Receiver: `udp://HOST:PORT`, `tcp://HOST:PORT`, `tls://HOST:PORT`, or the path of a local socket such as "
        "`/dev/log`; empty: none. Ports may be left out (514, 601, 6514).",
        "--syslog",
    ),
    Key(
        "syslog.level",
        Number(0, 7),
        4,
        "LEVEL",
        "LogLevel of a zERT rule (there 4)",
        "Level of what is not protected, 0 to 7. Everything else is informational (6).",
    ),
    Key(
        "syslog.enterprise",
        Number(1, 4_294_967_295),
        32_473,
        "ENTERPRISE",
        "",
        "IANA private enterprise number behind the names of structured data. The default is the one for documentation.",
    ),
    Key("syslog.host", Text(), "", "HOST", "", "HOSTNAME of the messages; empty: this host's name."),
    Key(
        "syslog.max_octets",
        Number(0, 65_535),
        0,
        "MAXOCTETS",
        "",
        "Octets of the longest message; 0: 2048 by UDP, else 8192. Parameters that find no room are left out.",
    ),
    Key("syslog.queue", Number(1, _MILLION), 10_000, "QUEUE", "", "Messages that wait at most; the rest is lost."),
    Key("syslog.authorities", Text(), "", "AUTHORITIES", "", "TLS: file of trusted authorities; empty: the system's."),
    Key("syslog.certificate", Text(), "", "CERTIFICATE", "", "TLS: file of our own certificate, if asked for."),
    Key("syslog.key", Text(), "", "KEY", "", "TLS: file of its key; empty: it stands in the same file."),
    Key(
        "kafka.servers",
        Text(),
        "",
        "SERVERS",
        "",
        "Brokers to begin with, `HOST:PORT,HOST:PORT`; empty: none.",
        "--kafka",
    ),
    Key("kafka.topic", Text(), "zertap", "TOPIC", "", "The topic.", "--kafka"),
    Key(
        "kafka.properties",
        Text(),
        "",
        "PROPERTIES",
        "",
        "File with more settings of librdkafka, `name=value` a line: TLS, SASL, acknowledgements.",
    ),
    Key("kafka.queue", Number(1, 10 * _MILLION), 100_000, "QUEUE", "", "Messages that wait at most; the rest is lost."),
    Key(
        "metrics.address",
        Text(),
        "",
        "ADDRESS",
        "",
        "`PORT` or `HOST:PORT` of the endpoint; empty: none. Without a host it is the loopback.",
        "--metrics",
    ),
    Key("system.system", Name(8), "ZERTAP", "SYSTEM", "IEASYSxx SYSNAME", "System name."),
    Key("system.sysplex", Name(8), "", "SYSPLEX", "COUPLExx SYSPLEX", "Sysplex name."),
    Key("system.stack", Name(8), "ZERTAP", "TCPIP NAME", "job name of TCP/IP", "Stack name."),
    Key("system.address_space", Name(8), "ZERTAP", "ADDRESS SPACE", "name of the writer's address space", "Writer."),
    Key("system.user", Name(8), "", "USER", "user id of the writer", "User id."),
    Key("system.asid", Number(0, 65_535), 0, "ASID", "address space identifier of the writer", "Its number."),
    Key("system.release", Name(8), "", "RELEASE", "release of the stack", "Release of the writer."),
    Key("system.smf_id", Name(4), "ZTAP", "SID", "SMFPRMxx SID", "SMF system identifier, in the record's header."),
    Key("system.subsystem", Name(4), "", "SSI", "", "Subsystem identifier, in the record's header."),
    Key(
        "network.local",
        Networks(),
        (),
        "LOCAL",
        "HOME, INTERFACE",
        "Networks that are ours. A connection between two of ours is reported from each side; without any network "
        "the server's side is local.",
        "--local",
    ),
    Key(
        "network.ftp_data_ports",
        Ports(),
        None,
        "FTPPORTS",
        "FTP.DATA PASSIVEDATAPORTS",
        "Server ports for passive FTP data connections: one security session in summaries.",
        "--ftp-ports",
    ),
    Key(
        "observer.mode",
        Word(("full", "zert")),
        "full",
        "MODE",
        "",
        "`full`: all that the wire shows. `zert`: what z/OS stream observation attends to.",
        "--mode",
    ),
    Key(
        "observer.offers",
        Switch(),
        False,
        "OFFERS",
        "",
        "Keep the lists that the two sides offered, for `zertap observe`.",
        "--offers",
    ),
    Key(
        "observer.at_eof",
        Word(("report", "terminate")),
        "report",
        "ATEOF",
        "",
        "What records say of connections still open at the end of the input, or pushed out of memory. `report`: event "
        "1 with the current state if there was none, nothing while a handshake is in progress. `terminate`: as if "
        "they ended then, so that each has an event 3 or 4; a handshake in progress has failed.",
        "--at-eof",
    ),
    Key(
        "observer.ignore_vlan",
        Switch(),
        False,
        "IGNOREVLAN",
        "",
        "One connection may use different VLAN tags each way.",
    ),
    Key("observer.verify_checksums", Switch(), False, "CHECKSUMS", "", "Leave out segments with wrong checksums."),
    Key(
        "records.shape",
        Word(("V2R3", "V2R5", "3.2")),
        "3.2",
        "SHAPE",
        "release of z/OS",
        "The release whose form the records have. 3.2 is also that of V2R5 and 3.1 with APAR PH63197; older forms "
        "show a failed handshake as no protection.",
        "--shape",
    ),
    Key(
        "records.codes",
        Word(("sourced", "likely", "recalled")),
        "likely",
        "CODES",
        "",
        "How well an IBM code must be known to be written; Unknown stands in place of others.",
        "--codes",
    ),
    Key(
        "records.switches",
        Switch(),
        True,
        "SWITCHES",
        "event types 5 and 6",
        "Write a detail record when discovery is enabled, at the start of each input too, and when it is disabled, at "
        "its end too.",
        "--switches",
    ),
    Key(
        "records.header_offset",
        Number(-1080, 1080),
        0,
        "HDROFFSET",
        "local time of the system",
        "Minutes added to the time in a record's header, which on z/OS is local time. All other times are UTC.",
    ),
    Key(
        "limits.waiting_span",
        Number(1, 3600),
        10,
        "WAITSPAN",
        "ten seconds, fixed",
        "Seconds from a connection's establishment to its first record. zERT's are 10.",
    ),
    Key(
        "limits.max_connections",
        Number(1, 1000 * _MILLION),
        1_048_576,
        "MAXCONNS",
        "",
        "Connections kept at most; the one longest idle is pushed out.",
    ),
    Key(
        "limits.max_half_open",
        Number(1, 1000 * _MILLION),
        65_536,
        "MAXHALFOPEN",
        "",
        "Attempts remembered at most that were never answered; the oldest is dropped.",
    ),
    Key(
        "limits.max_buffered_octets",
        Number(1, 1000 * _MILLION),
        32_768,
        "MAXBUFFER",
        "",
        "Octets that arrived before their turn, kept at most for each direction; beyond it there is a gap.",
    ),
)
"""All settings, in the order of reports."""

BY_NAME: Final = {key.name: key for key in KEYS}
