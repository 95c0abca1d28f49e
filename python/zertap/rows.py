"""From the engine's rows to what the zERT mapping asks for: the facts of a connection, and the events at this row.

Each row is a whole snapshot, so nothing is remembered about connections. Which events a row brings follows from
its kind: the ``due`` row those of the waiting span's end, a ``moved`` row those of its last milestone, the last row
those of the end. Facts that protect are made once for each profile and shared, so that what is packed from them
can be shared too. Events of a pattern come from ``zert.events`` alone.
"""

from base64 import b64decode
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from zertap._native import KINDS, EventBatch, registry
from zertap.patterns import pattern_slots
from zertap.values import replace
from zertap.zert.events import LAST, TIMER, WAITING_SPAN, Event, EventType, Slot
from zertap.zert.facts import CertificateFacts, ConnectionFacts, Side, SshFacts, TlsFacts

RECORD_ROWS: Final = frozenset(KINDS) - {"opened", "interval"}
"""The rows that the engine must write so that every event has the counters of its own moment."""

SUMMARY_ROWS: Final = RECORD_ROWS | {"interval"}
"""The rows that the engine must write so that every interval has its own share of the counters."""

_DUE, _MOVED = KINDS.index("due"), KINDS.index("moved")
_INTERVAL, _OPENED = KINDS.index("interval"), KINDS.index("opened")
_OPEN: Final = frozenset({KINDS.index("unfinished"), KINDS.index("evicted")})
"""Kinds of last rows whose connections did not end: our view of them did."""
_COLUMNS: Final = (
    "kind",
    "pattern",
    "profile",
    "history_before",
    "connection",
    "established",
    "end",
    "at",
    "client_port",
    "server_port",
    "bytes_client",
    "bytes_server",
    "segments_client",
    "segments_server",
)
_SSH_FACTS: Final = (
    "kex",
    "host_key",
    "cipher_c2s",
    "cipher_s2c",
    "mac_c2s",
    "mac_s2c",
    "host_key_type",
    "host_key_bits",
)


class RowReader:
    """Reads the batches of one engine.

    ``terminate``: connections still open at the end of the input, or pushed out of memory, are taken for ended (A9).
    ``waiting_span`` is the engine's. Unit: nanoseconds. ``current``: the rows are those of ``Tap.current``, and what
    each brings is one event 1 with the present state, as for a connection that begins now; nothing for a connection
    of which no record was written yet, because its first one will still come.
    """

    def __init__(self, *, terminate: bool = False, waiting_span: int = WAITING_SPAN, current: bool = False) -> None:
        self._current = current
        self._terminated = _OPEN if terminate else frozenset[int]()
        self._waiting_span = waiting_span
        self._batch: EventBatch | None = None
        self._columns: list[memoryview] = []
        self._slots: dict[tuple[int, bool], tuple[Slot, ...]] = {}
        self._tls: dict[tuple[Any, ...], TlsFacts] = {}
        self._ssh: dict[tuple[Any, ...], SshFacts] = {}

    def connections(self, batch: EventBatch, rows: Sequence[int]) -> Iterator[tuple[ConnectionFacts, list[Event]]]:
        """For each of *rows* that brings events: the connection at that moment, and the events."""
        for row in rows:
            found = self.told(batch, row)
            if found is not None:
                yield found[0], [event for event, _ in found[1]]

    def told(self, batch: EventBatch, row: int) -> tuple[ConnectionFacts, list[tuple[Event, int]]] | None:
        """The same of one row, each event with the slot of its time; None when the row brings none."""
        if batch is not self._batch:
            self._batch, self._columns = batch, [batch.column(name) for name in _COLUMNS]
        kind, pattern, profile, told, *rest = [column[row] for column in self._columns]
        terminate = kind in self._terminated
        found = self._slots.get((pattern, terminate))
        if found is None:
            found = pattern_slots(batch, pattern, terminate=terminate)
            found = self._slots[pattern, terminate] = _present(found) if self._current else found
        if not found:
            return None
        reached = batch.history(row)[told:] if kind == _MOVED else []
        events = self._events(kind, told, [at for _, at in reached], rest, found)
        return (self._facts(batch, row, profile, rest, [event for event, _ in events]), events) if events else None

    def _events(
        self, kind: int, told: int, reached: list[int], rest: list[int], found: tuple[Slot, ...]
    ) -> list[tuple[Event, int]]:
        """The events of the pattern that happen at this very row, each with the slot of its time.

        A ``moved`` row has *reached* milestones at these times, after those that the previous row *told*: mostly one,
        but the segment that completes a handshake may go on in clear.
        """
        _, established, end, at, *_ = rest
        times = {LAST: at if kind in _OPEN else end}
        if kind == _DUE:
            times = {TIMER: established + self._waiting_span}
        elif kind in (_INTERVAL, _OPENED):
            times = {}
        elif kind == _MOVED:
            times = dict(enumerate(reached, start=told))
        return [
            (Event(slot.type, times[slot.slot], slot.shown.protocol, slot.shown.failed), slot.slot)
            for slot in found
            if slot.slot in times
        ]

    def _facts(
        self, batch: EventBatch, row: int, profile: int, rest: list[int], events: list[Event]
    ) -> ConnectionFacts:
        connection, established, _, _, client_port, server_port, octets_out, octets_back, out, back = rest
        shown = {event.protocol for event in events if not event.failed}
        session_id = batch.value(row, "tls_session_id") if "TLS" in shown else None
        return ConnectionFacts(
            connection,
            established,
            batch.value(row, "client_ip"),
            batch.value(row, "server_ip"),
            client_port,
            server_port,
            octets_client=octets_out,
            octets_server=octets_back,
            segments_client=out,
            segments_server=back,
            tls=self.tls_facts(batch, row, profile) if "TLS" in shown else None,
            ssh=self.ssh_facts(batch, row, profile) if "SSH" in shown else None,
            session_id=bytes.fromhex(session_id or ""),
            provider=batch.value(row, "provider"),
        )

    def tls_facts(self, batch: EventBatch, row: int, profile: int) -> TlsFacts:
        """The facts of one row whose connection spoke TLS; the same object for equal facts."""
        server = batch.value(row, "tls_server_certificate")
        client = batch.value(row, "tls_client_certificate")
        speaker = batch.value(row, "protocol_client")
        key = (profile, speaker, server and server["sha256"], client and client["sha256"])
        found = self._tls.get(key)
        if found is None:
            base = _tls_facts(batch, row)
            certificates = {"server_certificate": _certificate(server), "client_certificate": _certificate(client)}
            found = self._tls[key] = replace(base, client=_side(speaker), **certificates)  # type: ignore[arg-type]
        return found

    def ssh_facts(self, batch: EventBatch, row: int, profile: int) -> SshFacts:
        """The facts of one row whose connection spoke SSH; the same object for equal facts."""
        fingerprint = batch.value(row, "ssh_host_key_fingerprint")
        speaker = batch.value(row, "protocol_client")
        key = (profile, speaker, fingerprint)
        found = self._ssh.get(key)
        if found is None:
            names = {name: batch.value(row, f"ssh_{name}") for name in _SSH_FACTS}
            found = self._ssh[key] = SshFacts(
                version=batch.value(row, "ssh_version") or 0,
                host_key_fingerprint=_fingerprint(fingerprint),
                client=_side(speaker),
                provider=batch.value(row, "provider"),
                **names,
            )
        return found


def _present(found: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """One event 1 that shows what the last of the events showed that were written so far."""
    written = [slot for slot in found if slot.slot != LAST]
    return (Slot(EventType.INITIATION, LAST, written[-1].shown),) if written else ()


def _tls_facts(batch: EventBatch, row: int) -> TlsFacts:
    cipher = batch.value(row, "tls_cipher")
    number = None if cipher is None else int(cipher, 16)
    suite = _suites().get(number, {})
    return TlsFacts(
        version=_version(batch.value(row, "tls_version")),
        cipher=number,
        exchange=suite.get("exchange"),
        authentication=suite.get("authentication"),
        export=suite.get("export", False),
        bulk_cipher=suite.get("cipher"),
        mac=suite.get("mac"),
        group=batch.value(row, "tls_group_id"),
        abbreviated=bool(batch.value(row, "tls_resumed")),
        encrypt_then_mac=bool(batch.value(row, "tls_encrypt_then_mac")),
        provider=batch.value(row, "provider"),
        client_certificate_requested=bool(batch.value(row, "tls_client_certificate_requested")),
    )


def _certificate(shown: dict[str, Any] | None) -> CertificateFacts | None:
    if shown is None:
        return None
    signature = shown["signature_algorithm"]
    return CertificateFacts(
        signature=_signatures().get(signature, signature),
        key=(shown["key_type"] or "other").lower().replace("-", "_"),
        key_bits=shown["key_bits"] or 0,
        serial=bytes.fromhex(shown["serial"]),
        not_after_generalized=shown["not_after_type"] == "generalized",
        not_after_text=_certificate_time(shown["not_after"], shown["not_after_type"]),
        subject=shown["subject"],
        issuer=shown["issuer"],
    )


def _certificate_time(shown: str | None, kind: str) -> str:
    """A time as a certificate writes it (RFC 5280 4.1.2.5)."""
    if shown is None:
        return ""
    return datetime.fromisoformat(shown).strftime("%Y%m%d%H%M%SZ" if kind == "generalized" else "%y%m%d%H%M%SZ")


def _fingerprint(shown: str | None) -> bytes:
    """The digest in OpenSSH's form ``SHA256:`` and unpadded base64."""
    return b64decode(shown.removeprefix("SHA256:") + "=") if shown else b""


def _side(word: str | None) -> Side | None:
    return None if word is None else Side(word)


def _version(name: str | None) -> int:
    if name is None:
        return 0
    return _versions().get(name) or int(name, 16)


@cache
def _suites() -> dict[int | None, dict[str, Any]]:
    return {row["number"]: row for row in registry("cipher_suites")}


@cache
def _versions() -> dict[str, int]:
    return {row["name"]: row["number"] for row in registry("versions")}


@cache
def _signatures() -> dict[str, str]:
    return {row["name"]: row["oid"] for row in registry("certificate_signatures")}
