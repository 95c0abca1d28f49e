"""From sessions to summary records."""

from dataclasses import replace

import pytest

from cases import SSH_2, TLS_12, TLS_13
from zertap.zert.codec import decode, encode_summary
from zertap.zert.codes import Codes, Confidence
from zertap.zert.events import NOTHING, Shown
from zertap.zert.facts import Side, SshFacts, TlsFacts
from zertap.zert.layouts import Shape
from zertap.zert.mapping import Settings
from zertap.zert.records_summary import SummaryRecord, SummarySsh, SummaryTls
from zertap.zert.sessions import Counts, Ftp, Latest, Session, SessionSummary, significant, traits
from zertap.zert.summary import Reason, SummaryEvent, aggregation_record, summary_record

SECOND = 1_000_000_000
AT = 1_767_225_600 * SECOND
SESSION = Session("198.51.100.7", "192.0.2.1", 443, 443, Side.SERVER, NOTHING)
TLS, SSH = Shown("TLS", False), Shown("SSH", False)
SETTINGS = Settings()


def summary(session: Session = SESSION, facts: TlsFacts | SshFacts | None = None) -> SessionSummary:
    initial, final = Counts(1, 2, 3, 4, 5, 6, 7, 8), Counts(11, 12, 13, 14, 15, 16, 17, 18)
    return SessionSummary(session, Latest(0, facts), AT, AT + 90 * SECOND, initial, final)


def record(session: Session = SESSION, facts: TlsFacts | SshFacts | None = None) -> SummaryRecord:
    return summary_record(summary(session, facts), SETTINGS, Reason.INTERVAL, last=True)


def test_the_identifier_is_what_the_documentation_says() -> None:
    """Worked out by sha256sum from the text alone."""
    assert SESSION.text == (
        "server=198.51.100.7\nclient=192.0.2.1\nports=443-443\nlocal=server\ntransport=6\njob=\nftp=no\n"
        "protocol=none\nfailed=0"
    )
    assert SESSION.identifier == "C-3CBC378E6A6AA063FC6B2B8C861640D21BAAC0C7"


@pytest.mark.parametrize(
    ("shown", "letter"), [(NOTHING, "C"), (TLS, "T"), (Shown("TLS", True), "T"), (SSH, "S"), (Shown("SSH", True), "S")]
)
def test_an_identifier_is_a_letter_a_hyphen_and_forty_digits(shown: Shown, letter: str) -> None:
    identifier = replace(SESSION, shown=shown).identifier
    assert identifier[:2] == f"{letter}-"
    assert len(bytes.fromhex(identifier[2:])) == 20


@pytest.mark.parametrize(
    "other",
    [
        {"server": "198.51.100.8"},
        {"client": "192.0.2.2"},
        {"first_port": 442},
        {"last_port": 444},
        {"local": Side.CLIENT},
        {"shown": TLS},
        {"shown": Shown("TLS", True)},
        {"traits": ("version=0303",)},
        {"ftp": Ftp.ACTIVE},
        {"job_name": "FTPD"},
        {"transport": 17},
    ],
)
def test_whatever_tells_sessions_apart_tells_identifiers_apart(other: dict[str, object]) -> None:
    assert replace(SESSION, **other).identifier != SESSION.identifier  # type: ignore[arg-type]


def test_algorithms_that_share_the_code_unknown_are_two_sessions() -> None:
    one, two = (replace(SSH_2, kex=name) for name in ("mlkem768x25519-sha256", "sntrup761x25519-sha512"))
    assert SETTINGS.codes.of("SSH_KEX", one.kex) == SETTINGS.codes.of("SSH_KEX", two.kex) == 0
    assert traits(one) != traits(two)


def test_the_group_is_the_key_exchange_of_tls_1_3_alone() -> None:
    named = replace(TLS_13, exchange="TLS13")
    assert traits(replace(named, group=29)) != traits(replace(named, group=4588))
    assert traits(replace(TLS_12, group=29)) == traits(replace(TLS_12, group=23))


def test_informational_facts_tell_no_sessions_apart() -> None:
    assert TLS_12.server_certificate is not None
    renewed = replace(TLS_12.server_certificate, serial=b"\x63", not_after_text="391231235959Z")
    assert traits(replace(TLS_12, server_certificate=renewed, abbreviated=True)) == traits(TLS_12)
    assert traits(replace(SSH_2, host_key_fingerprint=b"x")) == traits(SSH_2)


def test_a_name_with_a_line_end_is_no_second_fact() -> None:
    assert TLS_12.server_certificate is not None
    names = replace(TLS_12.server_certificate, subject="CN=a\nserver_issuer=CN=b", issuer=None)
    assert all("\n" not in each for each in traits(replace(TLS_12, server_certificate=names)))


def test_counters_stand_at_both_ends_of_the_interval() -> None:
    common = record().common
    assert (common.initial_connections, common.final_connections) == (1, 11)
    assert (common.initial_partial, common.final_short, common.final_active) == (2, 13, 14)
    assert (common.initial_in_bytes, common.final_out_bytes) == (5, 16)
    assert (common.initial_in_segments, common.final_out_segments) == (7, 18)
    assert (common.initial_failed, common.final_failed) == (0, 0)
    assert common.duration.total_seconds() == 90


def test_where_handshakes_failed_every_connection_did() -> None:
    failed = record(replace(SESSION, shown=Shown("TLS", True)))
    assert (failed.common.initial_failed, failed.common.final_failed) == (1, 11)
    assert failed.tls == SummaryTls(source=1, cipher="FFFFFF")
    assert record(replace(SESSION, shown=Shown("SSH", True))).ssh == SummarySsh(source=1)


def test_a_session_shows_the_fields_that_a_detail_record_shows() -> None:
    shown = record(replace(SESSION, shown=TLS, traits=traits(TLS_12)), TLS_12)
    assert shown.tls is not None
    assert (shown.tls.version, shown.tls.cipher, shown.common.protocols) == (0x0303, "C02F", 0x80)
    assert TLS_12.server_certificate is not None
    assert shown.tls.server_certificate_key_bits == TLS_12.server_certificate.key_bits
    assert shown.ssh is None


def test_ssh_directions_are_those_of_the_local_end() -> None:
    facts = replace(SSH_2, cipher_c2s="aes128-ctr", cipher_s2c="aes256-ctr")
    of_server, of_client = (
        record(replace(SESSION, shown=SSH, local=side), facts).ssh for side in Side.__members__.values()
    )
    assert of_server is not None
    assert of_client is not None
    assert (of_client.in_encryption, of_client.out_encryption) == (of_server.out_encryption, of_server.in_encryption)


def test_dropping_what_no_summary_shows_changes_no_record() -> None:
    for facts, shown in ((TLS_12, TLS), (TLS_13, TLS), (SSH_2, SSH)):
        assert record(replace(SESSION, shown=shown), significant(facts)) == record(replace(SESSION, shown=shown), facts)


@pytest.mark.parametrize(("local", "flags"), [(Side.SERVER, 0x40), (Side.CLIENT, 0x20)])
def test_flags_tell_the_local_end_and_ipv6(local: Side, flags: int) -> None:
    assert record(replace(SESSION, local=local)).common.flags == flags
    six = record(replace(SESSION, local=local, server="2001:db8::1", client="2001:db8::2")).common
    assert (six.flags, six.server) == (flags | 0x80, "2001:db8::1")


def test_the_flag_of_active_ftp_is_written_on_request_only() -> None:
    active = replace(SESSION, ftp=Ftp.ACTIVE)
    recalled = Settings(codes=Codes(Confidence.RECALLED))
    assert record(active).common.flags == 0x40
    assert summary_record(summary(active), recalled, Reason.END, last=True).common.flags == 0x48


def test_ftp_data_connections_at_the_server_have_a_user_of_their_own() -> None:
    assert record(replace(SESSION, ftp=Ftp.PASSIVE)).common.user_id == "*FTPUSR*"
    assert record(replace(SESSION, ftp=Ftp.PASSIVE, local=Side.CLIENT)).common.user_id == ""


@pytest.mark.parametrize(
    ("reason", "more", "last"), [("INTERVAL", 0xC0, 0x80), ("END", 0x60, 0x20), ("SHUTDOWN", 0x50, 0x10)]
)
def test_the_reason_tells_whether_more_follow(reason: str, more: int, last: int) -> None:
    found = [summary_record(summary(), SETTINGS, Reason[reason], last=end).ident.reason for end in (False, True)]
    assert found == [more, last]


def test_enabled_and_disabled_say_nothing_else() -> None:
    for event in (SummaryEvent.ENABLED, SummaryEvent.DISABLED):
        made = aggregation_record(event, AT, SETTINGS)
        assert (made.common.event, made.ident.reason, made.common.session_id) == (event, 0x08, "")
    with pytest.raises(ValueError, match="sessions"):
        aggregation_record(SummaryEvent.INTERVAL, AT, SETTINGS)


def test_counters_that_outgrow_their_field_stay_at_its_end() -> None:
    huge = replace(summary(), final=Counts(connections=2**40, in_bytes=2**70))
    common = summary_record(huge, SETTINGS, Reason.INTERVAL, last=True).common
    assert (common.final_connections, common.final_in_bytes) == (2**32 - 1, 2**64 - 1)


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize(("shown", "facts"), [(NOTHING, None), (TLS, TLS_12), (TLS, TLS_13), (SSH, SSH_2)])
def test_what_is_written_is_read(shape: Shape, shown: Shown, facts: TlsFacts | SshFacts | None) -> None:
    made = summary_record(
        summary(replace(SESSION, shown=shown), facts), Settings(shape=shape), Reason.INTERVAL, last=False
    )
    octets = encode_summary(made)
    assert encode_summary(decode(octets), shape) == octets  # type: ignore[arg-type]
    if shape is Shape.Z32:
        assert decode(octets) == made
