"""The whole explanation of one connection, and its forms: plain text, JSON lines, HTML for notebooks."""

import html
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from textwrap import TextWrapper
from typing import Any

import msgspec

from zertap.connection import Connection, endpoint
from zertap.errors import ZertapError
from zertap.explanation.hidden import hidden_of, noticed_of
from zertap.explanation.reasons import Rule, rule_of
from zertap.explanation.step import Step, rfc3339

_WIDTH = 110
_HEAD = ("Packet", "Time", "From", "What it showed", "Verdict")


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The evidence for one verdict."""

    connection: Connection
    """The connection's row, as ``observe`` gives it."""
    steps: tuple[Step, ...]
    """What its packets showed, in their order."""
    omitted: int = 0
    """Steps left out because there were too many."""
    warnings: tuple[ZertapError, ...] = ()
    """Damage found in the capture; everything before it is here."""

    @property
    def verdict(self) -> str:
        """The verdict that is explained."""
        return self.connection.verdict

    @property
    def why(self) -> Rule:
        """The verdict's reason in one sentence, and the standard it rests on."""
        return rule_of(self.connection.facts)

    @property
    def not_visible(self) -> list[str]:
        """What the capture cannot show of this connection, and why."""
        return hidden_of(self.connection.facts)

    @property
    def noticed(self) -> list[str]:
        """What was odd, or missing from the capture."""
        return noticed_of(self.connection.facts)

    def jsonl(self) -> bytes:
        """One JSON object a step, then one for the conclusion (``what`` is ``verdict``)."""
        objects = [{"uid": self.connection.uid, **step.to_dict()} for step in self.steps]
        return b"".join(msgspec.json.encode(each) + b"\n" for each in [*objects, self._conclusion()])

    def text(self, width: int = _WIDTH) -> str:
        """The explanation for people, in lines of at most *width* characters where words allow."""
        lines = [*_wrap(self._title(), width), f"Verdict: {self._verdict()}", ""]
        lines += _table([_HEAD, *map(self._cells, self.steps)], max(width, 60))
        for heading, entries in self._sections():
            lines += ["", f"{heading}:", *(line for entry in entries for line in _item(entry, width))]
        return "".join(f"{_visible(line)}\n" for line in lines)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Explanation of {self.connection!r} in {len(self.steps)} steps>"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{_html(name)}</th>" for name in _HEAD)
        rows = (map(_html, self._cells(step)) for step in self.steps)
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" for cells in rows)
        caption = f"{_html(self._title())}<br><b>Verdict: {_html(self._verdict())}</b>"
        sections = "".join(
            f"<p><b>{_html(heading)}</b></p><ul>{''.join(f'<li>{_html(entry)}</li>' for entry in entries)}</ul>"
            for heading, entries in self._sections()
        )
        return (
            f"<div><table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"{sections}</div>"
        )

    def _title(self) -> str:
        it = self.connection
        client, server = endpoint(it.client_ip, it.client_port), endpoint(it.server_ip, it.server_port)
        file = PurePath(it.file or "-").name
        return f"Connection {it.uid}: client {client}, server {server}; begins with packet {it.first_packet} of {file}"

    def _verdict(self) -> str:
        it = self.connection
        facts: list[str | None] = [it.protocol if it.protocol != "none" else None]
        if it.tls:
            facts += [it.tls.version, it.tls.cipher_name or it.tls.cipher, it.tls.group]
        if it.ssh:
            facts += [f"version {it.ssh.version}" if it.ssh.version else None, it.ssh.kex, it.ssh.cipher_c2s]
        named = ", ".join(fact for fact in facts if fact)
        reason = f" ({it.reason})" if it.reason else ""
        return f"{it.verdict}{reason}{': ' + named if named else ''}"

    def _cells(self, step: Step) -> tuple[str, str, str, str, str]:
        start = self.steps[0].at
        packets = f"{step.packet}" if step.packet == step.last_packet else f"{step.packet}-{step.last_packet}"
        seconds = f"{(step.at - start) / 1e9:.6f}"
        # A state moves, a timer passes and a record is written by us, not by a packet's sender.
        text = f"=> {step.text}" if step.what in {"moved", "zert_event"} else step.text
        return packets, seconds, step.sender or "", text, step.verdict or ""

    def _sections(self) -> Iterator[tuple[str, list[str]]]:
        why = self.why
        yield "Why", [why.sentence, f"Rule: {why.source}."]
        if self.omitted:
            yield "Left out", [f"{self.omitted:,} further steps: only the first ones and the decisive ones are shown."]
        if not self.connection.events:
            yield "zERT records", [self._no_record()]
        if self.not_visible:
            yield "Not visible", self.not_visible
        if self.noticed:
            yield "Noticed", self.noticed

    def _no_record(self) -> str:
        if self.verdict == "unmonitored":
            return "None: zERT reports only connections whose beginning it has seen."
        if "never_established" in self.connection.flags:
            return "None: the connection was never established."
        return "None so far: the capture ends while the handshake is still in progress."

    def _conclusion(self) -> dict[str, Any]:
        it, why = self.connection, self.why
        return {
            "uid": it.uid,
            "what": "verdict",
            "at": rfc3339(self.steps[-1].last_at) if self.steps else None,
            "verdict": it.verdict,
            "protocol": it.protocol,
            "reason": it.reason,
            "gave_up": it.gave_up,
            "upgrade": it.upgrade,
            "why": why.sentence,
            "rule": why.source,
            "not_visible": self.not_visible,
            "noticed": self.noticed,
            "omitted": self.omitted,
        }


def terminal_width() -> int:
    """Columns of the terminal, as far as known."""
    return shutil.get_terminal_size((_WIDTH, 24)).columns


def _table(rows: Sequence[tuple[str, ...]], width: int) -> list[str]:
    """Aligned columns; the fourth is wrapped into what the others leave."""
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    widths[3] = max(24, width - sum(widths[:3]) - widths[4] - 8)
    lines = []
    for row in rows:
        said = _wrap(_visible(row[3]), widths[3], "", "   ") or [""]
        first = f"{row[0]:>{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}  {said[0]:<{widths[3]}}  {row[4]}"
        indent = " " * (sum(widths[:3]) + 6)
        lines += [first.rstrip(), *(indent + more for more in said[1:])]
    return lines


def _item(entry: str, width: int) -> list[str]:
    return _wrap(entry, width, "  ", "    ")


def _wrap(text: str, width: int, first: str = "", others: str = "") -> list[str]:
    """Lines; names are cut only where they are longer than a line."""
    return TextWrapper(width, initial_indent=first, subsequent_indent=others, break_on_hyphens=False).wrap(text)


def _visible(text: str) -> str:
    """*text* with control characters, and what turns the direction of writing, as escapes."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _html(text: str) -> str:
    return html.escape(_visible(text))
