"""Records as JSON."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings

from cases import TLS_12, connection, event
from golden_records import IPSEC, SESSION_COUNTERS
from strategies import details, summaries
from zertap.zert.codec import Record
from zertap.zert.events import EventType
from zertap.zert.mapping import Settings, detail_record
from zertap.zert.readable import from_json, to_json, to_plain
from zertap.zert.records import Common, DetailRecord, SshSection


@settings(max_examples=60, deadline=None)
@given(details() | summaries())
def test_any_record_comes_back_from_json_text(record: Record) -> None:
    assert from_json(json.loads(json.dumps(to_json(record)))) == record


def test_fields_have_the_layouts_names_and_codes_have_labels() -> None:
    facts = connection(TLS_12, session_id=b"\1\0")
    shown = to_json(detail_record(facts, event(EventType.TERMINATION, "TLS"), Settings()))
    assert list(shown) == ["SMF_HEADER", "IDENT", "COMMON", "TLS", "DN"]
    tls, common = shown["TLS"], shown["COMMON"]
    assert tls["SMF119SC_TLS_Prot_Ver"] == {"code": "0303", "label": "TLSv1.2"}
    assert tls["SMF119SC_TLS_Session_ID"] == "0100"
    assert tls["SMF119SC_TLS_SCert_Serial"] == "0A00"
    assert tls["SMF119SC_TLS_CS_Enc_Alg"] == {"code": "0012", "label": "AES GCM 128"}
    assert common["SMF119SC_SARIP"] == "10.1.1.1"
    assert common["SMF119SC_SASDate"] == "2026-11-21"
    assert common["SMF119SC_SASTime"] == "13:24:05.67"
    assert common["SMF119SC_SAFlags"] == {"code": "10", "label": "local is server"}
    assert shown["DN"] == [
        {
            "SMF119SC_DN_Type": {"code": "0005", "label": "TLS server certificate subject"},
            "SMF119SC_DN": "CN=www[1].example",
        }
    ]
    assert shown["SMF_HEADER"]["SMF119STY"] == 11


def test_a_code_without_a_source_keeps_its_number_and_has_no_label() -> None:
    shown = to_json(DetailRecord(ssh=SshSection(key_exchange=0x4711)))
    assert shown["SSH"]["SMF119SC_SSH_Kex_Method"] == {"code": "4711", "label": None}


def test_ipsec_endpoints_follow_their_own_flag() -> None:
    six = replace(IPSEC, tunnel_flags=0x80, ike_local=bytes(15) + b"\1")
    shown = to_json(DetailRecord(common=Common(flags=0), ipsec=six))
    assert shown["IPSEC"]["SMF119SC_IPSec_IKETunLclEndpt"] == "::1"
    assert shown["COMMON"]["SMF119SC_SARIP"] == "0.0.0.0"


def test_plain_form_says_labels_in_readable_names() -> None:
    record = detail_record(connection(TLS_12), event(EventType.INITIATION, "TLS"), Settings())
    plain = to_plain(record)
    assert plain["record"] == "119-11"
    assert plain["written"] == "2026-11-21T13:24:15.670000"
    assert plain["common"]["event"] == "connection initiation"
    assert plain["tls"]["version"] == "TLSv1.2"
    assert plain["tls"]["key_exchange"] == "unknown"
    assert plain["names"] == [{"type": "TLS server certificate subject", "name": "CN=www[1].example"}]
    odd = replace(record, ssh=SshSection(key_exchange=0x4711, flags=0))
    assert to_plain(odd)["ssh"]["key_exchange"] == "X'4711'"


def test_records_say_what_a_person_wants_to_know() -> None:
    session = replace(SESSION_COUNTERS, flags=0xC0, server_address=bytes(15) + b"\1")
    assert (session.server, session.duration) == ("::1", timedelta(minutes=30))
    assert replace(session, flags=0).client == "10.1.1.1"
    failed = detail_record(connection(), event(EventType.INITIATION, "SSH", failed=True), Settings())
    assert failed.ssh is not None
    assert failed.ssh.failed
    assert failed.common.end is None


@pytest.mark.parametrize("subtype", [13, "11", None])
def test_json_of_another_subtype_is_refused(subtype: object) -> None:
    shown = to_json(DetailRecord())
    shown["SMF_HEADER"]["SMF119STY"] = subtype
    with pytest.raises(ValueError, match="subtype"):
        from_json(shown)
