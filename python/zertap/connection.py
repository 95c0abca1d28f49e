"""One connection as a person's program sees it: a typed view of its JSON object.

The attributes repeat the paths of ``schema.py`` with their types, so that editors and type checkers know them; a test
compares the two lists. A view computes nothing: what a field means stands in the schema. It holds one object, or sees a
row of the engine, of which each attribute is read when it is asked for; a test holds both equal.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

from zertap._native import RowFact, RowView
from zertap.objects import reader
from zertap.schema import BY_PATH

T = TypeVar("T")
_V = TypeVar("_V", bound="View")


class Fact(RowFact, Generic[T]):
    """An attribute that reads one key of its view's object."""

    name: str
    read: Callable[[Any], T] | None = None
    """Makes the attribute's value of the JSON value, where they are not the same."""
    view: "type[View] | None" = None
    """The view of the group of facts that it opens."""

    def __set_name__(self, owner: type["View"], name: str) -> None:
        self.name = name
        field = BY_PATH.get(f"{owner.prefix}{name}")
        self.__doc__ = field.doc if field else None
        source = field.source if field else None
        self.bind(name, name if self.view else source, self.read, self.view)

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type | None = None, /) -> Self: ...
        @overload
        def __get__(self, instance: "View", owner: type | None = None, /) -> T: ...
        def __get__(self, instance: Any, owner: Any = None, /) -> Self | T: ...


class Moment(Fact[datetime | None]):
    """A time: microseconds are what Python's ``datetime`` can hold; ``to_dict()`` has the nanoseconds."""

    def read(self, value: Any) -> datetime | None:
        """The time with its zone."""
        return None if value is None else datetime.fromisoformat(value)


class Nested(Fact[_V | None]):
    """A group of facts; ``None`` unless the connection spoke that protocol."""

    def __init__(self, view: type[_V]) -> None:
        self.view: type[_V] = view

    def read(self, value: Any) -> _V | None:
        """The group's own view."""
        return None if value is None else self.view(value)


class View(RowView):
    """Base of the views: one JSON object and its path in the schema; or a row and the plan by which it is one."""

    __slots__ = ()
    prefix: ClassVar[str] = ""

    @property
    def facts(self) -> Mapping[str, Any]:
        """The JSON object. Of a row it is made anew."""
        line = self.line()
        if line is None:
            given: Mapping[str, Any] = self.given
            return given
        whole: Mapping[str, Any] = reader()(line)
        return whole[self.prefix[:-1]] if self.prefix else whole

    def to_dict(self) -> dict[str, Any]:
        """The JSON object, as its line in ``--format jsonl`` has it."""
        return dict(self.facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and self.facts == other.facts

    __hash__ = None  # type: ignore[assignment]  # its data can change, so it is no key


class TlsView(View):
    """What was negotiated by a TLS or SSL handshake."""

    __slots__ = ()
    prefix = "tls."
    version: Fact[str | None] = Fact()
    cipher: Fact[str | None] = Fact()
    cipher_name: Fact[str | None] = Fact()
    group: Fact[str | None] = Fact()
    group_id: Fact[int | None] = Fact()
    dh_bits: Fact[int | None] = Fact()
    signature_scheme: Fact[str | None] = Fact()
    sni: Fact[str | None] = Fact()
    sni_is_outer: Fact[bool | None] = Fact()
    sni_acknowledged: Fact[bool | None] = Fact()
    alpn: Fact[str | None] = Fact()
    resumed: Fact[bool | None] = Fact()
    extended_master_secret: Fact[bool | None] = Fact()
    encrypt_then_mac: Fact[bool | None] = Fact()
    truncated_hmac: Fact[bool | None] = Fact()
    max_fragment_length: Fact[int | None] = Fact()
    record_size_limit: Fact[int | None] = Fact()
    secure_renegotiation: Fact[bool | None] = Fact()
    compression: Fact[str | None] = Fact()
    hello_retry: Fact[bool | None] = Fact()
    client_certificate_requested: Fact[bool | None] = Fact()
    early_data_offered: Fact[bool | None] = Fact()
    session_id: Fact[str | None] = Fact()
    alerts: Fact[list[dict[str, Any]]] = Fact()
    server_certificate: Fact[dict[str, Any] | None] = Fact()
    client_certificate: Fact[dict[str, Any] | None] = Fact()
    offered: Fact[dict[str, Any] | None] = Fact()
    server_certificate_sha1: Fact[str | None] = Fact()
    client_certificate_sha1: Fact[str | None] = Fact()
    ja3: Fact[str | None] = Fact()
    ja3_string: Fact[str | None] = Fact()
    ja3s: Fact[str | None] = Fact()
    ja3s_string: Fact[str | None] = Fact()
    ja4: Fact[str | None] = Fact()


class SshView(View):
    """What was negotiated by an SSH handshake."""

    __slots__ = ()
    prefix = "ssh."
    version: Fact[int | None] = Fact()
    client_banner: Fact[str | None] = Fact()
    server_banner: Fact[str | None] = Fact()
    kex: Fact[str | None] = Fact()
    host_key: Fact[str | None] = Fact()
    cipher_c2s: Fact[str | None] = Fact()
    cipher_s2c: Fact[str | None] = Fact()
    mac_c2s: Fact[str | None] = Fact()
    mac_s2c: Fact[str | None] = Fact()
    compression_c2s: Fact[str | None] = Fact()
    compression_s2c: Fact[str | None] = Fact()
    strict_kex: Fact[bool | None] = Fact()
    host_key_fingerprint: Fact[str | None] = Fact()
    host_key_type: Fact[str | None] = Fact()
    host_key_bits: Fact[int | None] = Fact()
    offered: Fact[dict[str, Any] | None] = Fact()
    hassh: Fact[str | None] = Fact()
    hassh_string: Fact[str | None] = Fact()
    hassh_server: Fact[str | None] = Fact()
    hassh_server_string: Fact[str | None] = Fact()


class Connection(View):
    """One TCP connection and what protected it."""

    __slots__ = ()
    schema: Fact[str] = Fact()
    file: Fact[str | None] = Fact()
    first_packet: Fact[int] = Fact()
    uid: Fact[str] = Fact()
    ordinal: Fact[int] = Fact()
    verdict: Fact[str] = Fact()
    protocol: Fact[str] = Fact()
    reason: Fact[str | None] = Fact()
    gave_up: Fact[str | None] = Fact()
    flags: Fact[list[str]] = Fact()
    client_ip: Fact[str] = Fact()
    client_port: Fact[int] = Fact()
    server_ip: Fact[str] = Fact()
    server_port: Fact[int] = Fact()
    start = Moment()
    end = Moment()
    duration: Fact[float | None] = Fact()
    closed: Fact[str] = Fact()
    bytes_client: Fact[int] = Fact()
    bytes_server: Fact[int] = Fact()
    segments_client: Fact[int] = Fact()
    segments_server: Fact[int] = Fact()
    handshake_type: Fact[int | None] = Fact()
    handshake_ms: Fact[float | None] = Fact()
    upgrade: Fact[str | None] = Fact()
    community_id: Fact[str | None] = Fact()
    kind: Fact[str | None] = Fact()
    connection: Fact[int | None] = Fact()
    source: Fact[str | None] = Fact()
    provider: Fact[str | None] = Fact()
    note: Fact[int | None] = Fact()
    tls = Nested(TlsView)
    ssh = Nested(SshView)
    evidence: Fact[dict[str, str]] = Fact()
    events: Fact[list[dict[str, Any]]] = Fact()

    def __repr__(self) -> str:
        ends = f"{endpoint(self.client_ip, self.client_port)} -> {endpoint(self.server_ip, self.server_port)}"
        return f"<Connection {self.verdict} {self.protocol} {ends}>"


def endpoint(address: str, port: int) -> str:
    """Address and port as people write them: IPv6 in brackets."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
