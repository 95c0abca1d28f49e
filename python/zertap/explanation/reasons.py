"""Why a verdict is what it is, in one sentence: data, total over reasons and over verdicts by test.

Each line names the rule that it rests on, of the standard that everybody can read. ``{who}`` is the side that gave up,
``{other}`` its peer; ``{detail}`` what is known besides (an alert's name).
"""

from typing import Final, NamedTuple

from zertap.explanation.words import Row


class Rule(NamedTuple):
    """One line of the tables."""

    sentence: str
    source: str


REASONS: Final[dict[tuple[str, str], Rule]] = {
    ("tls", "alert"): Rule(
        "The {who} ended the TLS handshake with an alert{detail}, before both sides had finished it.",
        "RFC 8446 section 6.2, RFC 5246 section 7.2.2",
    ),
    ("tls", "closed"): Rule(
        "The {who} closed the connection (FIN) before the TLS handshake was complete.",
        "RFC 8446 section 4.4.4, RFC 5246 section 7.4.9: complete means that both sides have sent Finished",
    ),
    ("tls", "reset"): Rule(
        "The {who} reset the connection (RST) before the TLS handshake was complete.",
        "RFC 9293 section 3.5.2",
    ),
    ("tls", "peer_not_tls"): Rule(
        "The {other} sent a TLS ClientHello, and the {who} answered it with octets that are not TLS.",
        "RFC 8446 section 5.1: everything begins with a record header",
    ),
    ("tls", "client_certificate_refused"): Rule(
        "The client finished the TLS 1.3 handshake with a certificate, and the server's next word was an alert or the "
        "end of the connection: it did not accept the certificate.",
        "RFC 8446 sections 4.4.2.4 and 6.2: the server judges after the client's Finished",
    ),
    ("tls", "bad_length"): Rule(
        "The {who} sent a TLS record header with a length that no version allows, before the handshake was complete.",
        "RFC 8446 section 5.2, RFC 5246 section 6.2.3",
    ),
    ("tls", "protocol_violation"): Rule(
        "The {who} sent octets that TLS forbids at this place, before the handshake was complete.",
        "RFC 8446 section 5.1, RFC 5246 section 6.2.1",
    ),
    ("tls", "capture_loss"): Rule(
        "A TLS handshake was begun, but the packets that would show its outcome are missing from the capture.",
        "RFC 9293 section 3.4: sequence and acknowledgement numbers show that octets were sent which nobody captured",
    ),
    ("ssh", "peer_not_ssh"): Rule(
        "One side sent an SSH identification line, and the {who} answered it with octets that are not SSH.",
        "RFC 4253 section 4.2",
    ),
    ("ssh", "disconnect"): Rule(
        "The {who} sent SSH_MSG_DISCONNECT in clear, before both sides had taken keys into use.",
        "RFC 4253 section 11.1",
    ),
    ("ssh", "no_common_algorithm"): Rule(
        "The algorithms that the two sides offered have none in common for at least one purpose, so the SSH handshake "
        "could not complete.",
        "RFC 4253 section 7.1",
    ),
    ("ssh", "closed"): Rule(
        "The {who} closed the connection (FIN) before both sides had sent NEWKEYS.",
        "RFC 4253 section 7.3",
    ),
    ("ssh", "reset"): Rule(
        "The {who} reset the connection (RST) before both sides had sent NEWKEYS.",
        "RFC 9293 section 3.5.2",
    ),
    ("ssh", "bad_length"): Rule(
        "The {who} sent a packet length that SSH forbids, before both sides had sent NEWKEYS.",
        "RFC 4253 sections 6 and 6.1",
    ),
    ("ssh", "banner_too_long"): Rule(
        "The {who} sent more than 8192 octets without ending its SSH identification line.",
        "RFC 4253 section 4.2: the line has at most 255 characters; implementations are read leniently",
    ),
    ("ssh", "protocol_violation"): Rule(
        "The {who} sent a message that SSH forbids at this place of the handshake.",
        "RFC 4253 section 7.1",
    ),
    ("ssh", "capture_loss"): Rule(
        "An SSH handshake was begun, but the packets that would show its outcome are missing from the capture.",
        "RFC 9293 section 3.4: sequence and acknowledgement numbers show that octets were sent which nobody captured",
    ),
}
"""(Protocol, reason) to its sentence, for failed and undetermined handshakes."""

VERDICTS: Final[dict[tuple[str, str], Rule]] = {
    ("protected", "tls12"): Rule(
        "Both sides have sent ChangeCipherSpec and Finished: the handshake is complete and what follows is encrypted.",
        "RFC 5246 sections 7.1 and 7.4.9",
    ),
    ("protected", "tls13"): Rule(
        "The server agreed to TLS 1.3, and the client then sent encrypted records long enough to hold its Finished, "
        "with no sign of refusal: the handshake is complete.",
        "RFC 8446 sections 4.4.4 and 5.2; everything after the ServerHello is encrypted, so lengths have to tell",
    ),
    ("protected", "tls_inferred"): Rule(
        "Not all of the handshake can be seen, but what was sent afterwards could only follow a complete one.",
        "RFC 8446 section 4.4.4, RFC 5246 section 7.4.9",
    ),
    ("protected", "ssl2"): Rule(
        "Both sides have sent encrypted SSLv2 records: the handshake is complete.",
        "The SSL Protocol (Hickman 1995); RFC 6176 forbids it",
    ),
    ("protected", "ssh2"): Rule(
        "Both sides have sent NEWKEYS: what follows is encrypted.",
        "RFC 4253 section 7.3",
    ),
    ("protected", "ssh1"): Rule(
        "The client has sent its session key and the server has answered: what follows is encrypted.",
        "The SSH Remote Login Protocol 1.5 (Ylonen 1995)",
    ),
    ("protected", "ssh_inferred"): Rule(
        "Not all of the handshake can be seen, but what was sent afterwards could only follow NEWKEYS.",
        "RFC 4253 section 7.3",
    ),
    ("ended_clear", "tls"): Rule(
        "The TLS handshake was completed; later, exactly where the next record had to begin, came data in clear.",
        "RFC 8446 sections 5.1 and 6.1, RFC 5246 section 7.2.1",
    ),
    ("in_progress", "tls"): Rule(
        "A TLS handshake has begun, and neither its completion nor its failure can be seen before the capture ends.",
        "RFC 8446 section 4.4.4, RFC 5246 section 7.4.9",
    ),
    ("in_progress", "ssh"): Rule(
        "An SSH handshake has begun, and neither its completion nor its failure can be seen before the capture ends.",
        "RFC 4253 section 7.3",
    ),
    ("plaintext", "none"): Rule(
        "Payload was sent, and it neither begins a TLS or SSH handshake nor leads to one: as far as these two "
        "protocols are concerned it passed in clear.",
        "RFC 8446 section 5.1, RFC 4253 section 4.2: how either protocol would have begun",
    ),
    ("no_traffic", "none"): Rule(
        "Too few octets were sent to show what would protect them, or none at all.",
        "RFC 9293 section 3.5",
    ),
    ("no_traffic", "attempt"): Rule(
        "The connection was asked for and never accepted: there was nothing to protect.",
        "RFC 9293 section 3.5",
    ),
    ("unmonitored", "none"): Rule(
        "The beginning of this connection is not in the capture, and what is there does not begin a handshake: whether "
        "it was protected cannot be told.",
        "RFC 9293 section 3.5: neither SYN nor SYN/ACK was seen, or the first octets are missing",
    ),
}
"""(Verdict, what kind of it) to its sentence, where no reason is given."""


def rule_of(row: Row) -> Rule:
    """The line for *row*, filled in."""
    reason = row["reason"]
    if reason and row["verdict"] in {"failed", "undetermined"}:
        rule = REASONS[row["protocol"], reason]
    else:
        rule = VERDICTS[row["verdict"], _kind(row)]
    who = row["gave_up"]
    other = {"client": "server", "server": "client"}.get(who or "", "other side")
    sentence = rule.sentence.replace("{who}", who or "connection's end").replace("{other}", other)
    sentence = sentence.replace("The connection's end ", _NOBODY)
    return Rule(sentence.replace("{detail}", _alert(row)) + _afterwards(row), rule.source)


_NOBODY = "Nobody in particular "


def _kind(row: Row) -> str:
    """Which line of ``VERDICTS``."""
    verdict, protocol = row["verdict"], row["protocol"]
    if verdict == "no_traffic":
        return "attempt" if "never_established" in row["flags"] else "none"
    if verdict != "protected":
        return str(protocol)
    inferred = (row["evidence"] or {}).get("outcome") == "inferred"
    if protocol == "ssh":
        version = (row["ssh"] or {}).get("version") or 2
        return "ssh_inferred" if inferred and version != 1 else f"ssh{version}"
    version = (row["tls"] or {}).get("version") or ""
    if version == "SSLv2":
        return "ssl2"
    if version.startswith("TLSv1.3"):
        return "tls13"
    return "tls_inferred" if inferred else "tls12"


def _alert(row: Row) -> str:
    alerts = [each for each in (row["tls"] or {}).get("alerts") or () if each["from"] == row["gave_up"]]
    if not alerts:
        return ""
    last = alerts[-1]
    if last["encrypted"]:
        return " (encrypted: its kind is not visible, its record's type or length tells that it is one)"
    return f" ({last['level']}, {last['description']})"


def _afterwards(row: Row) -> str:
    """What the table of verdicts cannot know."""
    if row["verdict"] == "in_progress" and row["reason"] == "no_common_algorithm":
        return " It cannot succeed: the two offers have no algorithm in common (RFC 4253 section 7.1)."
    if row["upgrade"]:
        return f" It began after data in clear, by the means of {row['upgrade']}."
    return ""
