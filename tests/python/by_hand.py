"""What detail and summary records say in common, and captures of many lives: for tests that count by hand."""

from typing import NamedTuple

from wire import CLIENT_HELLO, HANDSHAKE_FAILURE, SECOND, START, Frame, Talk, clear, refused, waiting
from zertap.zert.mapping import Settings
from zertap.zert.records import DetailRecord
from zertap.zert.sessions import SessionSummary
from zertap.zert.summary import Reason, summary_record

SETTINGS = Settings()
INITIATION, CHANGE, TERMINATION, SHORT = 1, 2, 3, 4


class Kind(NamedTuple):
    """What detail and summary records both say of a session."""

    server: str
    client: str
    port: int
    protocols: int
    failed: bool
    attributes: tuple[object, ...]


def kind_of_detail(record: DetailRecord) -> Kind:
    common = record.common
    failed = bool((record.tls and record.tls.failed) or (record.ssh and record.ssh.failed))
    return Kind(common.local, common.remote, common.local_port, common.protocols, failed, attributes(record))


def kind_of_summary(summary: SessionSummary) -> Kind:
    record = summary_record(summary, SETTINGS, Reason.INTERVAL, last=True)
    common = record.common
    failed = summary.session.shown.failed
    return Kind(common.server, common.client, common.server_port_first, common.protocols, failed, attributes(record))


def attributes(record: object) -> tuple[object, ...]:
    tls, ssh = record.tls, record.ssh  # type: ignore[attr-defined]
    names = tuple(sorted((each.type, each.name) for each in record.names))  # type: ignore[attr-defined]
    if tls:
        keys = (tls.server_certificate_key_type, tls.server_certificate_key_bits, tls.client_certificate_key_bits)
        return (tls.version, tls.cipher, tls.crypto_flags, tls.key_exchange, *keys, *names)
    if ssh:
        both = (ssh.in_encryption, ssh.out_encryption, ssh.in_message_authentication, ssh.out_message_authentication)
        return (ssh.version, ssh.key_exchange, ssh.crypto_flags, ssh.server_key_type, ssh.server_key_bits, *both)
    return ()


def lives() -> list[Frame]:
    """Lives of every kind, to two servers' ports, many times the same."""
    frames: list[Frame] = []
    for number in range(5):
        port = 50_100 + 10 * number
        frames += clear(port=80, client_port=port)
        frames += refused(client_port=port + 1)
        frames += waiting(client_port=port + 2)
        long = Talk(port=80, client_port=port + 3).open().client(b"HELO\r\n").wait(30).server(b"250 ok\r\n").close()
        late = Talk(client_port=port + 4).open().wait(20).client(CLIENT_HELLO).server(HANDSHAKE_FAILURE).wait(9)
        frames += long.frames + late.close().frames
        frames += Talk(port=80, client_port=port + 5).open().client(b"x").frames
        frames += Talk(port=80, client_port=port + 6).frames
    return frames


def across() -> list[Frame]:
    """Connections that talk on and on across minutes, some only now and then, one that fails late, and short ones."""
    frames = lives()
    for number in range(4):
        talk = Talk(port=80, client_port=52_000 + number, at=START + number * 7 * SECOND).open()
        for turn in range(12):
            talk = talk.client(b"x" * (turn + number)).wait(11 + number).server(b"y" * 7)
        frames += talk.close().frames
    late = Talk(client_port=53_000).open().wait(95).client(CLIENT_HELLO).wait(40).server(HANDSHAKE_FAILURE).wait(9)
    return frames + late.close().frames
