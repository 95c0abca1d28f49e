"""Syslog: every record or connection as a message (RFC 5424), facility LOCAL5, to whom ``syslog_lines`` leads.

The level is zERT's default of 4 (warning), or another one that is configured, for what is not protected; what is
protected is told at level 6 (informational), and so is all that is no finding. One home for the words of both forms:
``records`` speaks of records, ``rows`` of connections.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from zertap.plans import Part, Plans
from zertap.protection import Protection
from zertap.schema import Field
from zertap.sinks.sending import Sender
from zertap.sinks.shown import Look
from zertap.sinks.syslog_form import INFORMATIONAL, Form, Said
from zertap.zert.views import Names, nested

_OBJECTS = msgspec.json.Decoder(dict[str, Any])


class SyslogRecords:
    """An ``Output``: each record a message."""

    def __init__(self, sender: Sender, form: Form, level: int) -> None:
        self.outlet = sender.outlet
        self._sender, self._form, self._level = sender, form, level
        self._decoder = Look(Names.READABLE, "plain", enforcement=False).decoder(nested(Names.READABLE))

    def write(self, octets: bytes, records: int) -> None:  # noqa: ARG002  counted as they are sent
        """See ``Output.write``. Raises nothing."""
        self._decoder.feed(octets)
        self._say(self._decoder.jsonl())

    def close(self) -> None:
        """See ``Output.close``."""
        self._sender.close()

    def _say(self, lines: bytes) -> None:
        said = (said_of_record(each, self._level) for each in _OBJECTS.decode_lines(lines))
        self._sender.put(map(self._form.written, said))


class SyslogRows:
    """A ``Sink``: each connection a message."""

    def __init__(self, sender: Sender, form: Form, level: int, fields: Sequence[Field]) -> None:
        self.outlet = sender.outlet
        self._sender, self._form, self._level = sender, form, level
        self._plans = Plans(fields)

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``. Raises nothing."""
        said = (said_of_row(each, self._level) for each in self._plans.objects(part, rows))
        self._sender.put(map(self._form.written, said))

    def close(self) -> None:
        """See ``Sink.close``."""
        self._sender.close()


def said_of_record(record: dict[str, Any], level: int) -> Said:
    """What a record says, in the names of ``zertap decode --readable``."""
    common = record["common"]
    if record["record"] == "119-12":
        word, ends = "SUMMARY", _ends(common, "client_address", None, "server_address", "server_port_first")
        finding = bool(common.get("final_failed")) or common["protocols"] in _NO_PROTOCOL
    else:
        word = common["event"].replace(" ", "-").upper()
        ends = _ends(common, "remote_address", "remote_port", "local_address", "local_port")
        finding = _has_failed(record) or common["protocols"] in _NO_PROTOCOL
    shown = "failed" if _has_failed(record) else ""
    protocols = common["protocols"] if common["protocols"] not in _NO_PROTOCOL else "no protection"
    is_switch = not common.get("server_address", common.get("local_port"))
    text = common["event"] if is_switch else " ".join(filter(None, (common["event"], protocols, shown, ends)))
    chosen = INFORMATIONAL if is_switch or not finding else level
    facts = {name: part for name, part in record.items() if name != "written"}
    return Said(record["written"], chosen, word, text, facts)


def said_of_row(row: dict[str, Any], level: int) -> Said:
    """What a row says, in the names of ``zertap observe``."""
    verdict = row["verdict"]
    ends = f"{row['client_ip']} port {row['client_port']} to {row['server_ip']} port {row['server_port']}"
    reason = f": {row['reason']}" if row.get("reason") else ""
    chosen = INFORMATIONAL if verdict == Protection.PROTECTED.word else level
    facts = {name: value for name, value in row.items() if name not in ("schema", "events")}
    return Said(row.get("end") or "", chosen, "CONNECTION", f"{verdict} {ends}{reason}", facts)


_NO_PROTOCOL = ("", "none", "no protection")


def _has_failed(record: dict[str, Any]) -> bool:
    ssh_flags = (record.get("ssh") or {}).get("flags", "")
    return (record.get("tls") or {}).get("handshake_type") == "failed" or "failed" in str(ssh_flags)


def _ends(common: dict[str, Any], one: str, one_port: str | None, other: str, other_port: str) -> str:
    port = "" if one_port is None else f" port {common[one_port]}"
    return f"{common[one]}{port} to {common[other]} port {common[other_port]}"
