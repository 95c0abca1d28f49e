"""Security sessions: what zERT aggregation counts, and by which identity it tells sessions apart.

A session is everything that connections between the same two addresses, to the same server port (or range of ports),
by the same local end and its owner (job name, user id), under the same protection have in common. Protection means
the *true* facts, not the codes that a record has for them: two algorithms that share the code Unknown are two sessions.
Informational facts (serial numbers, expiry, session identifiers, handshake type) are not part of it; a session shows
those of its latest connection. A failed handshake has no facts: all failures of one protocol between two ends are one
session.

The identifier is 42 characters: the letter of the protocol (``T`` TLS or SSL, ``S`` SSH, ``C`` none), a
hyphen and 40 upper-case hexadecimal digits, the first 20 octets of the SHA-256 of ``Session.text`` in UTF-8. It depends
on nothing else, so it is the same in every run, on every machine. IBM's hash and what goes into it are not known: ours
never equals theirs, and the letters are recalled, not sourced.

Source: ``behaviour.md`` section 4; z/OS Communications Server, "How does zERT aggregation work".
"""

from enum import Enum
from functools import cached_property
from ipaddress import ip_address
from operator import add, attrgetter, sub

from zertap.values import dataclass, replace
from zertap.zert.events import Shown
from zertap.zert.facts import CertificateFacts, Side, SshFacts, TlsFacts
from zertap.zert.owner import Names

TCP = 6
_LETTERS = {"TLS": "T", "SSH": "S", "none": "C"}
_DIGEST_OCTETS = 20
_EXCHANGE_BY_GROUP = (None, "TLS13")
"""Suites that leave the key exchange open: there the group is the key exchange."""

Traits = tuple[str, ...]
"""The significant facts of a protection, each ``name=value``."""


class Ftp(Enum):
    """Whether a session gathers data connections of an FTP server, and which."""

    NO = "no"
    ACTIVE = "active"
    PASSIVE = "passive"


@dataclass(frozen=True)
class Session:
    """One security session, told apart from all others.

    Addresses are text; ``first_port`` and ``last_port`` are the server's, equal but for a range; ``local`` is the
    end that is ours; ``traits`` are those of ``shown``, none if it failed or shows no protection.
    """

    server: str
    client: str
    first_port: int
    last_port: int
    local: Side
    shown: Shown
    traits: Traits = ()
    ftp: Ftp = Ftp.NO
    job_name: str = ""
    transport: int = TCP
    user_id: str = ""

    def __hash__(self) -> int:
        """Of what usually differs: sessions are looked up by the million."""
        return hash((self.server, self.client, self.first_port, self.shown, self.traits))

    @property
    def socket(self) -> Side:
        """The local end by its socket's role: the server of an active FTP data connection is its TCP client."""
        if self.ftp is not Ftp.ACTIVE:
            return self.local
        return Side.CLIENT if self.local is Side.SERVER else Side.SERVER

    @cached_property
    def text(self) -> str:
        """All that tells the session apart, one line a part: what the identifier is made from."""
        parts = (
            f"server={self.server}",
            f"client={self.client}",
            f"ports={self.first_port}-{self.last_port}",
            self._end,
            protection_text(self.shown, self.traits),
        )
        return "\n".join(parts)

    @cached_property
    def order(self) -> tuple[object, ...]:
        """By what sessions are sorted in a set of summaries."""
        addresses = [_octets(text) for text in (self.server, self.client)]
        way, side = list(Ftp).index(self.ftp), list(Side)[::-1].index(self.local)
        protection = protection_text(self.shown, self.traits)
        return (*addresses, self.first_port, self.last_port, way, side, self._end, protection)

    @property
    def _end(self) -> str:
        return end_text(self.local, self.ftp, Names(self.job_name, self.user_id), self.transport)

    @cached_property
    def identifier(self) -> str:
        """The 42 characters that name the session."""
        from hashlib import sha256  # OpenSSL: not before it is needed

        digest = sha256(self.text.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_OCTETS]
        return self._named(digest)

    def without_name(self) -> "Session":
        """The same session, named by zeros: its records are forms into which somebody else puts the name."""
        made = replace(self)
        vars(made)["identifier"] = self._named(bytes(_DIGEST_OCTETS))
        return made

    def _named(self, digest: bytes) -> str:
        return f"{_LETTERS[self.shown.protocol]}-{digest.hex().upper()}"


def end_text(local: Side, ftp: Ftp, owner: Names | None = None, transport: int = TCP) -> str:
    """The lines of a session's text that tell of its local end; one of the user only where he is known."""
    job_name, user_id = owner or Names()
    user = f"\nuser={user_id}" if user_id else ""
    return f"local={local.value}\ntransport={transport}\njob={job_name}\nftp={ftp.value}{user}"


def protection_text(shown: Shown, traits: Traits) -> str:
    """The lines of a session's text that tell what protects it."""
    return "\n".join((f"protocol={shown.protocol}", f"failed={int(shown.failed)}", *traits))


def _octets(address: str) -> bytes:
    """Sixteen octets, of IPv4 in mapped form."""
    packed = ip_address(address).packed
    return packed if len(packed) > 4 else bytes(10) + b"\xff\xff" + packed


@dataclass(slots=True)
class Counts:
    """Counters of one session, over its life or over a part of it. In and out are the server's.

    ``connections`` counts each connection once; ``partial`` and ``short`` are subsets of it; ``active`` is a level
    (over a part of a life: by how much it changed, so it may be negative).
    """

    connections: int = 0
    partial: int = 0
    short: int = 0
    active: int = 0
    in_bytes: int = 0
    out_bytes: int = 0
    in_segments: int = 0
    out_segments: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*map(add, _values(self), _values(other)))

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(*map(sub, _values(self), _values(other)))


COUNTERS = Counts.__match_args__
"""Names of the counters, in the order of the records."""
_values = attrgetter(*COUNTERS)


@dataclass(frozen=True, slots=True)
class Latest:
    """The facts of a session's latest connection, for what a record shows of it beyond its identity.

    ``at``: nanoseconds since 1970; zero where no informational fact was seen, so that it does not matter whose.
    """

    at: int = 0
    facts: TlsFacts | SshFacts | None = None

    def later(self, other: "Latest") -> "Latest":
        """The later of the two; of two at one instant always the same one."""
        if self.at != other.at:
            return self if self.at > other.at else other
        return self if self.facts == other.facts else max(self, other, key=lambda each: repr(each.facts))


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One session over one interval. Times are nanoseconds since 1970; counters run since the session began."""

    session: Session
    latest: Latest
    start: int
    end: int
    initial: Counts
    final: Counts


def traits(facts: TlsFacts | SshFacts | None) -> Traits:
    """The significant facts of a protection."""
    if facts is None:
        return ()
    return _tls_traits(facts) if isinstance(facts, TlsFacts) else _ssh_traits(facts)


def significant(facts: TlsFacts | SshFacts) -> TlsFacts | SshFacts:
    """*facts* without what no summary shows."""
    if isinstance(facts, TlsFacts):
        return replace(facts, abbreviated=False, client_certificate_requested=False, client=None)
    return replace(facts, host_key_fingerprint=b"")


def _tls_traits(facts: TlsFacts) -> Traits:
    found = {
        "version": f"{facts.version:04X}",
        "cipher": "" if facts.cipher is None else f"{facts.cipher:04X}",
        "encrypt_then_mac": int(facts.encrypt_then_mac),
        **_certificate_traits("server", facts.server_certificate),
        **_certificate_traits("client", facts.client_certificate),
    }
    if facts.exchange in _EXCHANGE_BY_GROUP:
        found["group"] = "" if facts.group is None else facts.group
    return _as_text(found)


def _certificate_traits(whose: str, facts: CertificateFacts | None) -> dict[str, object]:
    """Names are significant (no source calls them informational), serial number and dates are not."""
    if facts is None:
        return {}
    names = ("signature", "key", "key_bits", "subject", "issuer")
    return {f"{whose}_{name}": getattr(facts, name) for name in names}


def _ssh_traits(facts: SshFacts) -> Traits:
    """Directions follow the SSH client, so who that is counts too; the host key itself is informational."""
    names = (
        "version", "kex", "host_key", "host_key_type", "host_key_bits",
        "cipher_c2s", "cipher_s2c", "mac_c2s", "mac_s2c",
    )  # fmt: skip
    found = {name: getattr(facts, name) for name in names}
    return _as_text({**found, "client": (facts.client or Side.CLIENT).value})


def _as_text(found: dict[str, object]) -> Traits:
    """Line ends inside of names are written as escapes, so that no name can pass for two traits."""
    texts = {name: "" if value is None else str(value) for name, value in found.items()}
    return tuple(f"{name}={text.encode('unicode_escape').decode()}" for name, text in texts.items())
