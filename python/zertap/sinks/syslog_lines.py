"""Ways of syslog messages to a receiver: UDP, TCP, TLS, a local socket.

Source: RFC 5426 (UDP: a message is a datagram), RFC 6587 section 3.4.1 and RFC 5425 (streams: octet counting), RFC 5425
section 4.2 (the receiver proves who it is).
"""

import select
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from zertap.errors import Usage
from zertap.sinks.sending import Line, Taken

_WITHIN = 5.0
"""Seconds for connecting, and for one message."""
_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
SHORT, LONG = 2048, 8192
"""Octets of a message that every receiver should take: by UDP, by a stream (RFC 5425 4.3.1, RFC 5426 3.2)."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Files for TLS: who is trusted (the system's authorities if empty), and who we are."""

    authorities: str = ""
    certificate: str = ""
    key: str = ""


def line_to(address: str, proof: Proof) -> tuple[Line, int]:
    """The way to *address*, and the longest message it should carry.

    ``udp://HOST[:PORT]``, ``tcp://``, ``tls://``, ``unix:PATH`` or an absolute path. Raises ``Usage``.
    """
    if address.startswith("/"):
        return Local(address), LONG
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise Usage(_WRONG.format(address)) from None
    if parts.scheme == "unix" and parts.path:
        return Local(parts.path), LONG
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/"):
        raise Usage(_WRONG.format(address))
    where = (parts.hostname, port or _PORTS[parts.scheme])
    if parts.scheme == "udp":
        return Datagrams(*where), SHORT
    return Counted(*where, _context(proof) if parts.scheme == "tls" else None), LONG


_WRONG = (
    "`{}` is no address of a syslog receiver: udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or a path (/dev/log)"
)


class _Connected:
    """What lines share that have one socket."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._socket: socket.socket | None = None

    @property
    def peer(self) -> socket.socket:
        """The open socket."""
        assert self._socket is not None
        return self._socket

    def close(self) -> None:
        """See ``Line.close``."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def _one_by_one(self, messages: Sequence[bytes]) -> int:
        """Each message a datagram. One that is too long for the way is lost, and holds nobody up."""
        for number, message in enumerate(messages):
            try:
                self.peer.send(message)
            except OSError as error:
                too_long = error.errno == _TOO_LONG
                raise Taken(number + too_long, error, refused=int(too_long)) from None
        return len(messages)


_TOO_LONG = 90
"""EMSGSIZE."""


class Datagrams(_Connected):
    """UDP. What is lost on the way nobody can count; a receiver that is not there is noticed by the one after."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"syslog udp://{_shown(host)}:{port}")
        self._where = (host, port)

    def open(self) -> None:
        """See ``Line.open``."""
        self.close()
        family, kind, protocol, _, address = socket.getaddrinfo(*self._where, type=socket.SOCK_DGRAM)[0]
        self._socket = socket.socket(family, kind, protocol)
        self._socket.connect(address)

    def send(self, messages: Sequence[bytes]) -> int:
        """See ``Line.send``."""
        return self._one_by_one(messages)


class Local(_Connected):
    """A socket of this host, as /dev/log: datagrams, or octet counting where it is a stream."""

    def __init__(self, path: str) -> None:
        super().__init__(f"syslog {path}")
        self._path = path
        self._stream = False

    def open(self) -> None:
        """See ``Line.open``."""
        self.close()
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            self._socket = socket.socket(socket.AF_UNIX, kind)
            self._socket.settimeout(_WITHIN)
            try:
                self._socket.connect(self._path)
            except OSError as error:
                self.close()
                if error.errno != _WRONG_KIND or kind == socket.SOCK_STREAM:
                    raise
            else:
                self._stream = kind == socket.SOCK_STREAM
                return

    def send(self, messages: Sequence[bytes]) -> int:
        """See ``Line.send``."""
        return _counted(self.peer, messages) if self._stream else self._one_by_one(messages)


_WRONG_KIND = 91
"""EPROTOTYPE."""


class Counted(_Connected):
    """TCP or TLS with octet counting. What the system took and the other side never read is lost unseen."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        super().__init__(f"syslog {'tcp' if context is None else 'tls'}://{_shown(host)}:{port}")
        self._where = (host, port)
        self._context = context

    def open(self) -> None:
        """See ``Line.open``."""
        self.close()
        peer = socket.create_connection(self._where, _WITHIN)
        try:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._socket = self._context.wrap_socket(peer, server_hostname=self._where[0]) if self._context else peer
        except BaseException:
            peer.close()
            raise

    def send(self, messages: Sequence[bytes]) -> int:
        """See ``Line.send``."""
        if self._context is None and _has_ended(self.peer):
            raise ConnectionResetError(104, "the receiver hung up")
        return _counted(self.peer, messages)


def _counted(peer: socket.socket, messages: Sequence[bytes]) -> int:
    framed = [b"%d %b" % (len(message), message) for message in messages]
    rest, ends, taken = memoryview(b"".join(framed)), [], 0
    for each in framed:
        taken += len(each)
        ends.append(taken)
    sent = 0
    try:
        while rest:
            octets = peer.send(rest)
            sent, rest = sent + octets, rest[octets:]
    except OSError as error:
        raise Taken(sum(end <= sent for end in ends), error) from None
    return len(messages)


def _has_ended(peer: socket.socket) -> bool:
    """Whether a receiver, who never says anything, has said that it is gone."""
    poll = select.poll()
    poll.register(peer, select.POLLIN)
    return bool(poll.poll(0)) and peer.recv(1, socket.MSG_PEEK) == b""


def _context(proof: Proof) -> ssl.SSLContext:
    """TLS 1.2 or later; the receiver's certificate and name are checked. Raises ``Usage``."""
    try:
        context = ssl.create_default_context(cafile=proof.authorities or None)
        if proof.certificate:
            context.load_cert_chain(proof.certificate, proof.key or None)
    except OSError as error:
        named = ", ".join(each for each in (proof.authorities, proof.certificate, proof.key) if each)
        raise Usage(f"{named}: {error.strerror or error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
