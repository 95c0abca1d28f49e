"""The table for people: a summary by verdict, which servers and clients could not agree, then the connections.

Everything from a packet (names, banners) is printed as plain text with its control characters shown as escapes: a
capture must not be able to write to the reader's terminal.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from zertap.connection import Connection, SshView, TlsView, endpoint
from zertap.ledger import Outlet
from zertap.plans import Part, Plans
from zertap.schema import BY_PATH
from zertap.sinks.base import Stream
from zertap.sinks.breakable import Breakable

MOST_ROWS = 1000
"""Connections printed; the summary counts them all."""

MOST_REFUSALS = 20
"""Lines of the list of failed handshakes."""

MOST_KINDS = 10_000
"""Kinds of failures told apart, and clients counted for each: an attacker must not fill the memory with them."""

STYLES = {
    "protected": "green",
    "failed": "bold red",
    "undetermined": "magenta",
    "ended_clear": "bold yellow",
    "plaintext": "yellow",
    "in_progress": "cyan",
    "unmonitored": "dim",
    "no_traffic": "dim",
}
"""Verdicts, in the order in which the summary tells them."""


class Refusal(NamedTuple):
    """What makes failed handshakes alike."""

    server: str
    protocol: str
    gave_up: str
    why: str


OTHERS = Refusal("others", "-", "-", "-")


class Table:
    """Collects what the summary needs and the first connections, and prints at the end."""

    def __init__(self, stream: Stream, console: Console) -> None:
        self._stream = stream
        self.outlet = Outlet(stream.name, "rows")
        self._console = console
        self._plans = Plans([BY_PATH[path] for path in SHOWN])
        self._verdicts: Counter[str] = Counter()
        self._kinds: Counter[tuple[str, str]] = Counter()
        self._refusals: Counter[Refusal] = Counter()
        self._clients: dict[Refusal, set[str]] = {}
        self._rows: list[tuple[str | None, list[Text | Breakable]]] = []

    def write(self, part: Part, rows: Sequence[int]) -> None:
        """See ``Sink.write``."""
        self.outlet.taken += len(rows)
        for facts in self._plans.objects(part, rows):
            connection = Connection(facts)
            self._count(connection)
            if len(self._rows) < MOST_ROWS:
                self._rows.append((connection.file, _cells(connection)))

    def close(self) -> None:
        """See ``Sink.close``."""
        with self._console.capture() as captured:
            for block in self._blocks():
                self._console.print(block)
        self._stream.write(captured.get().encode("utf-8", "backslashreplace"))
        self._stream.close()
        self.outlet.written = self.outlet.taken  # all are in the summary

    def _count(self, connection: Connection) -> None:
        self._verdicts[connection.verdict] += 1
        self._kinds[connection.verdict, _protocol(connection)] += 1
        if connection.verdict == "failed":
            refusal = refusal_of(connection)
            if refusal not in self._refusals and len(self._refusals) >= MOST_KINDS:
                refusal = OTHERS
            self._refusals[refusal] += 1
            clients = self._clients.setdefault(refusal, set())
            if len(clients) < MOST_KINDS:
                clients.add(connection.client_ip)

    def _blocks(self) -> Iterable[Any]:
        if not self._verdicts:
            yield Text("No TCP connection.")
            return
        yield self._summary()
        if self._refusals:
            yield self._failures()
        yield self._connections()
        hidden = self._verdicts.total() - len(self._rows)
        if hidden:
            yield Text(f"... and {hidden:,} more: narrow them with --where, or list all with --format jsonl", "dim")

    def _summary(self) -> Grid:
        grid = titled(f"{self._verdicts.total():,} connections" if self._verdicts.total() > 1 else "1 connection")
        grid.add_column("Verdict")
        grid.add_column("Connections", justify="right")
        grid.add_column("Of which", overflow="fold")
        for word, style in STYLES.items():
            if self._verdicts[word]:
                kinds = {kind: n for (verdict, kind), n in self._kinds.most_common() if verdict == word and kind != "-"}
                of_which = ", ".join(f"{kind} {n:,}" for kind, n in kinds.items())
                grid.add_row(Text(word, style), f"{self._verdicts[word]:,}", plain(of_which))
        return grid

    def _failures(self) -> Grid:
        grid = titled("Failed handshakes: who could not agree with whom, and why")
        for name in ("Server", "Clients", "Protocol", "Gave up", "Why"):
            grid.add_column(name, overflow="fold")
        grid.add_column("Times", justify="right")
        for refusal, times in self._refusals.most_common(MOST_REFUSALS):
            clients = sorted(self._clients[refusal])
            who = clients[0] if len(clients) == 1 else f"{clients[0]} and {len(clients) - 1} more"
            cells = (refusal.server, who, refusal.protocol, refusal.gave_up, refusal.why)
            grid.add_row(*(plain(cell) for cell in cells), f"{times:,}")
        if len(self._refusals) > MOST_REFUSALS:
            grid.add_row(Text(f"... {len(self._refusals) - MOST_REFUSALS:,} more kinds", "dim"))
        return grid

    def _connections(self) -> Grid:
        grid = titled("Connections")
        several = len({file for file, _ in self._rows}) > 1
        captures = ("Capture",) if several else ()
        for name in (*captures, "Verdict", "Client", "Server", "Protocol", "Suite or algorithms", "Group", "Reason"):
            grid.add_column(name, overflow="fold")
        last: str | None = None
        for file, cells in self._rows:
            name = PurePath(file or "").name if file != last else ""
            grid.add_row(*((plain(name), *cells) if several else cells))
            last = file
        return grid


def visible(text: str) -> str:
    """*text* with control characters, and what turns the direction of writing, as escapes."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def plain(text: str) -> Text:
    """*text* as it stands: no markup, no control characters."""
    return Text(visible(text))


def titled(title: str) -> Grid:
    """An empty table of our look."""
    return Grid(title=Text(title, "bold"), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)


def _cells(connection: Connection) -> list[Text | Breakable]:
    return [
        Text(connection.verdict, STYLES[connection.verdict]),
        plain(endpoint(connection.client_ip, connection.client_port)),
        plain(_server(connection)),
        plain(_protocol(connection)),
        Breakable(visible(_algorithms(connection))),
        plain((connection.tls and connection.tls.group) or (connection.ssh and connection.ssh.kex) or "-"),
        plain(_why(connection) or "-"),
    ]


def _server(connection: Connection) -> str:
    name = connection.tls and connection.tls.sni
    where = endpoint(connection.server_ip, connection.server_port)
    return f"{where} {name}" if name else where


def _protocol(connection: Connection) -> str:
    if connection.tls:
        return connection.tls.version or "TLS"
    if connection.ssh:
        return f"SSH-{connection.ssh.version}" if connection.ssh.version else "SSH"
    return {"none": "-"}.get(connection.protocol, connection.protocol.upper())


def _algorithms(connection: Connection) -> str:
    if connection.tls:
        return connection.tls.cipher_name or connection.tls.cipher or "-"
    if connection.ssh:
        return _ssh_algorithms(connection.ssh)
    return "-"


def _ssh_algorithms(ssh: SshView) -> str:
    there = [each for each in (ssh.cipher_c2s, ssh.mac_c2s) if each and each != "implicit"]
    back = [each for each in (ssh.cipher_s2c, ssh.mac_s2c) if each and each != "implicit"]
    shown = [" ".join(there)] if there == back else [f"{' '.join(there)} out", f"{' '.join(back)} back"]
    return ", ".join([*shown, *([ssh.host_key] if ssh.host_key else [])]).strip(", ") or "-"


def _why(connection: Connection) -> str:
    if not connection.reason:
        return ""
    detail = _last_alert(connection.tls) if connection.tls and connection.reason == "alert" else None
    return f"{connection.reason} {detail}" if detail else connection.reason


def _last_alert(tls: TlsView) -> str | None:
    described = [alert["description"] for alert in tls.alerts or () if alert.get("description")]
    return described[-1] if described else None


def refusal_of(connection: Connection) -> Refusal:
    """Who could not agree with whom in a failed handshake, and why."""
    protocol = connection.protocol.upper()
    return Refusal(_server(connection), protocol, connection.gave_up or "-", _why(connection) or "-")


SHOWN = (
    "file",
    "verdict",
    "protocol",
    "reason",
    "gave_up",
    "client_ip",
    "client_port",
    "server_ip",
    "server_port",
    "tls.version",
    "tls.cipher",
    "tls.cipher_name",
    "tls.group",
    "tls.sni",
    "tls.alerts",
    "ssh.version",
    "ssh.kex",
    "ssh.host_key",
    "ssh.cipher_c2s",
    "ssh.cipher_s2c",
    "ssh.mac_c2s",
    "ssh.mac_s2c",
)
"""Fields that the table reads."""
