"""What a step showed, in words: one line of this table for each word of the engine's journal.

Total over the journal's words by test. Names and versions come from the row, where the engine put them; payload never.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from zertap import _native
from zertap.zert.events import EventType, Slot

Row = Mapping[str, Any]
Entry = Mapping[str, Any]

MESSAGES: Final = {
    0: "HelloRequest",
    1: "ClientHello",
    2: "ServerHello",
    4: "NewSessionTicket",
    6: "HelloRetryRequest (draft)",
    11: "Certificate",
    12: "ServerKeyExchange",
    13: "CertificateRequest",
    14: "ServerHelloDone",
    15: "CertificateVerify",
    16: "ClientKeyExchange",
    20: "Finished",
    21: "CertificateURL",
    22: "CertificateStatus",
    23: "SupplementalData",
    67: "NextProtocol",
}
"""TLS handshake message types that pass in clear (RFC 5246 7.4, RFC 6066 8, RFC 5077 3.3)."""

RECORDS: Final = {20: "ChangeCipherSpec", 21: "alert", 22: "handshake", 23: "application data", 24: "heartbeat"}
"""TLS record content types (RFC 8446 5.1, RFC 6520 3)."""

SSL2: Final = {0: "ERROR", 1: "CLIENT-HELLO", 2: "CLIENT-MASTER-KEY", 4: "SERVER-HELLO"}
"""SSLv2 messages in clear (The SSL Protocol, 1995)."""

SSH: Final = {
    1: "DISCONNECT",
    2: "IGNORE",
    3: "UNIMPLEMENTED",
    4: "DEBUG",
    5: "SERVICE_REQUEST",
    6: "SERVICE_ACCEPT",
    7: "EXT_INFO",
    20: "KEXINIT: the algorithms that this side offers",
    21: "NEWKEYS: what follows from this side is encrypted",
}
"""SSH-2 message numbers (RFC 4250 4.1.2, RFC 8308)."""

_KEY_EXCHANGE: Final = range(30, 50)
"""SSH-2 messages whose meaning depends on the key exchange method (RFC 4250 4.1.2)."""

SSH1: Final = {1: "DISCONNECT", 2: "PUBLIC_KEY", 3: "SESSION_KEY", 32: "IGNORE", 36: "DEBUG"}
"""SSH-1 messages in clear."""

PHASES: Final = {
    "SILENT": "no payload yet",
    "SNIFFING": "too few octets to tell",
    "CLEAR": "data in clear, no handshake",
    "TLS_BEGUN": "a TLS handshake has begun",
    "TLS_AGREED": "version and cipher suite are agreed",
    "TLS_PROVISIONAL": "the handshake is complete, unless the server refuses the client's certificate",
    "TLS_COMPLETE": "the handshake is complete",
    "TLS_FAILED": "the handshake has failed",
    "TLS_THEN_CLEAR": "data in clear follows where TLS had protected",
    "TLS_LOST": "the outcome is lost to the capture",
    "SSH_BEGUN": "an SSH handshake has begun",
    "SSH_AGREED": "both sides have made their offers",
    "SSH_COMPLETE": "both sides have taken their keys into use",
    "SSH_FAILED": "the handshake has failed",
    "SSH_LOST": "the outcome is lost to the capture",
    "UNSEEN": "picked up in mid-life: nothing can be said",
}
"""Engine phase to what it means for a reader."""

FAULTS: Final = {
    "alert": "an alert",
    "closed": "the connection was closed",
    "reset": "the connection was reset",
    "peer_not_tls": "the answer is not TLS",
    "peer_not_ssh": "the answer is not SSH",
    "client_certificate_refused": "the server refused the client's certificate",
    "disconnect": "a DISCONNECT message",
    "no_common_algorithm": "the two offers have no algorithm in common",
    "bad_length": "a length that the protocol forbids",
    "banner_too_long": "an identification line without end",
    "protocol_violation": "octets that the protocol forbids here",
    "capture_loss": "the deciding packets are missing from the capture",
}
"""Reason to why a handshake did not complete."""

_SAYS_WHO: Final = {None, "client_certificate_refused", "no_common_algorithm", "capture_loss"}
"""Reasons whose words name the side, or that have none."""

ENDS: Final = {
    "closed": "the connection ends: both sides have closed",
    "reset": "the connection ends: it was reset",
    "replaced": "the connection ends: a new one took its addresses and ports",
    "evicted": "the connection was dropped from memory before it ended",
    "unfinished": "the capture ends, the connection does not",
}
"""Kind of last row to how the view of a connection ended."""

EVENTS: Final = {
    EventType.INITIATION: "connection initiation",
    EventType.CHANGE: "protection change",
    EventType.TERMINATION: "connection termination",
    EventType.SHORT_TERMINATION: "short connection, one record for all of its life",
}
"""zERT event type to its meaning, for the events that a connection can have."""


def say(entry: Entry, row: Row) -> str:
    """What *entry* of the journal showed."""
    return STEPS[entry["what"]](entry, row)


def say_event(slot: Slot) -> str:
    """A zERT event as a step: what its record shows."""
    shown = "no protection" if slot.shown.protocol == "none" else slot.shown.protocol
    outcome = ", handshake failed" if slot.shown.failed else ""
    return f"zERT record: event {int(slot.type)} ({EVENTS[slot.type]}), shows {shown}{outcome}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """``1 octet``, ``2,000 octets``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _plain(text: str) -> Callable[[Entry, Row], str]:
    return lambda _entry, _row: text


def _amount(what: str) -> Callable[[Entry, Row], str]:
    def said(entry: Entry, _row: Row) -> str:
        segments = "" if entry["count"] == 1 else f" in {plural(entry['count'], 'segment')}"
        return f"{what}: {plural(entry['octets'], 'octet')}{segments}"

    return said


def _named(names: Mapping[int, str], number: int, what: str) -> str:
    return names.get(number) or f"{what} {number}"


def _gap(entry: Entry, _row: Row) -> str:
    return f"a gap: {plural(entry['octets'], 'octet')} of this side that must have been sent but were never captured"


def _odd(entry: Entry, _row: Row) -> str:
    return _native.FLAGS[entry["flag"]].rstrip(".")


def _moved(entry: Entry, _row: Row) -> str:
    text = PHASES[entry["phase"]]
    if entry["phase"] == "CLEAR" and entry["phase_before"] in {"TLS_BEGUN", "SSH_BEGUN"}:
        text = "not a handshake after all: data in clear"
    if entry["reason"]:
        text = f"{text}: {FAULTS[entry['reason']]}"
    if entry["gave_up"] and entry["reason"] not in _SAYS_WHO:
        link = " by" if entry["reason"] in {"closed", "reset"} else ", from"
        text = f"{text}{link} the {entry['gave_up']}"
    return text


def _message(entry: Entry, row: Row) -> str:
    name = _named(MESSAGES, entry["number"], "handshake message of type")
    facts = _HELLOS.get(entry["number"])
    said = facts(row.get("tls") or {}) if facts else []
    if (entry["number"], entry["from"]) == (_CLIENT_HELLO, "server"):
        said.append("so the TCP server is the TLS client")
    return ", ".join([f"TLS {name} ({plural(entry['octets'], 'octet')})", *said])


def _client_hello(tls: Row) -> list[str]:
    offered = tls.get("offered") or {}
    name = tls.get("sni")
    return [
        *([f"server name {name}{' (the outer one)' if tls.get('sni_is_outer') else ''}"] if name else []),
        *([f"offers {', '.join(_known(offered['versions']))}"] if offered.get("versions") else []),
        *([plural(len(offered["ciphers"]), "suite")] if offered.get("ciphers") else []),
        *([f"ALPN {', '.join(offered['alpn'])}"] if offered.get("alpn") else []),
        *(["early data"] if tls.get("early_data_offered") else []),
    ]


def _known(versions: list[str]) -> list[str]:
    """Versions without GREASE (RFC 8701): numbers that stand for none."""
    return [each for each in versions if each.startswith(("TLS", "SSL"))] or versions


def _server_hello(tls: Row) -> list[str]:
    suite = tls.get("cipher_name") or tls.get("cipher")
    alpn = tls.get("alpn")
    resumed = ["resumes an earlier session"] if tls.get("resumed") else []
    return [*(each for each in (tls.get("version"), suite) if each), *resumed, *([f"ALPN {alpn}"] if alpn else [])]


def _server_key_exchange(tls: Row) -> list[str]:
    bits = tls.get("dh_bits")
    return [f"group {tls['group']}"] if tls.get("group") else [f"{bits} bits"] if bits else []


_CLIENT_HELLO: Final = 1

_HELLOS: Final[dict[int, Callable[[Row], list[str]]]] = {
    1: _client_hello,
    2: _server_hello,
    12: _server_key_exchange,
}


def _retry(entry: Entry, _row: Row) -> str:
    return f"TLS HelloRetryRequest ({plural(entry['octets'], 'octet')}): the client must say its hello again"


def _change_cipher_spec(entry: Entry, row: Row) -> str:
    if entry["counts"]:
        return "TLS ChangeCipherSpec: what follows from this side is encrypted"
    version = (row.get("tls") or {}).get("version")
    if version is None or not version.startswith(("SSL", "TLSv1.0", "TLSv1.1", "TLSv1.2")):
        return "TLS ChangeCipherSpec: means nothing in TLS 1.3 (RFC 8446 D.4)"
    return "TLS ChangeCipherSpec that is not counted: it repeats one, comes too early, or is malformed"


def _encrypted(entry: Entry, _row: Row) -> str:
    kind = _named(RECORDS, entry["number"], "type")
    if entry["count"] == 1:
        return f"TLS record of type {kind}, encrypted ({plural(entry['octets'], 'octet')})"
    return f"{plural(entry['count'], 'TLS record')} of type {kind}, encrypted ({plural(entry['octets'], 'octet')})"


def _alert(entry: Entry, _row: Row) -> str:
    level = {1: "warning", 2: "fatal"}.get(entry["level"], f"level {entry['level']}")
    return f"TLS alert in clear: {level}, {entry['description']}"


def _ssl2(entry: Entry, _row: Row) -> str:
    return f"SSLv2 {_named(SSL2, entry['number'], 'message of type')}"


def _identification(entry: Entry, row: Row) -> str:
    line = (row.get("ssh") or {}).get(f"{entry['from']}_banner")
    return f"SSH identification line{': ' + line if line else ''}"


def _packet(entry: Entry, row: Row) -> str:
    number = entry["number"]
    if number in _KEY_EXCHANGE:
        method = (row.get("ssh") or {}).get("kex")
        return f"SSH key exchange message {number}{' of ' + method if method else ''}"
    return f"SSH {_named(SSH, number, 'message')}"


def _packet1(entry: Entry, _row: Row) -> str:
    return f"SSH-1 {_named(SSH1, entry['number'], 'message')}"


def _talk(entry: Entry, _row: Row) -> str:
    return f"in clear, a conversation of {entry['protocol']}: it may lead to TLS"


def _granted(entry: Entry, _row: Row) -> str:
    if entry["from"] == "client":
        return f"announces TLS in the words of {entry['protocol']}: its next octets begin it"
    return f"grants it in the words of {entry['protocol']}: the client's next octets may begin TLS"


STEPS: Final[dict[str, Callable[[Entry, Row], str]]] = {
    "syn": _plain("SYN: asks for a connection"),
    "syn_ack": _plain("SYN/ACK: accepts it"),
    "midstream": _plain("first packet in the capture, no SYN: the connection began before"),
    "established": _plain("the connection is established"),
    "other_syn": _plain("a SYN with another number: perhaps a new connection between the same ports"),
    "retransmission": _amount("seen before, passed over"),
    "waits": _amount("held back: octets before it, or what its sender had seen, are still missing"),
    "gap": _gap,
    "fin": _plain("FIN: this side closes"),
    "rst": _plain("RST"),
    "rst_waits": _plain("that RST is not believed yet: earlier octets, or the exact number, are missing"),
    "odd": _odd,
    "one_sided": _plain("only packets of this side are in the capture"),
    "due": _plain("ten seconds have passed since the connection was established: zERT's initiation timer"),
    "moved": _moved,
    "ended": lambda entry, _: ENDS[entry["kind"]],
    "clear_data": _amount("data in clear"),
    "unread_data": _amount("data whose meaning nobody can tell without the beginning"),
    "part": _amount("part of a message, the rest is still to come"),
    "opaque_data": _amount("encrypted data"),
    "data_after": _amount("more data, no longer looked at"),
    "tls_message": _message,
    "tls_hello_retry": _retry,
    "tls_change_cipher_spec": _change_cipher_spec,
    "tls_finished": lambda entry, _: f"TLS Finished, encrypted ({plural(entry['octets'], 'octet')})",
    "tls_encrypted": _encrypted,
    "tls_alert": _alert,
    "not_tls": _plain("octets that are no TLS record"),
    "tls_too_long": _plain("a TLS record header with a length that no version allows"),
    "ssl2_message": _ssl2,
    "ssh_identification": _identification,
    "ssh_packet": _packet,
    "ssh_long_identification": _plain("an SSH identification line of more than 8192 octets, still without its end"),
    "not_ssh": _plain("octets that are no SSH identification line"),
    "ssh_bad_length": _plain("an SSH packet with a length that is forbidden"),
    "ssh1_packet": _packet1,
    "talk": _talk,
    "upgrade_asked": lambda entry, _: f"asks for TLS in the words of {entry['protocol']}",
    "upgrade_refused": lambda entry, _: f"no TLS after all: the question of {entry['protocol']} was not granted",
    "upgrade_granted": _granted,
}
"""Journal word to its sentence."""
