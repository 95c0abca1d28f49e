"""The native reader finds and shows what the plain codec does, whatever the framing, the cut and the damage."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from independent import read
from strategies import details, summaries
from zertap._native import Decoder
from zertap.errors import Usage
from zertap.smf.fields import Kind, unpacked_date
from zertap.smf.framing import Framing, RecordWriter, SmfDamaged
from zertap.zert.codec import Record, encode
from zertap.zert.layouts import DETAIL, HEADER, SUMMARY, sections
from zertap.zert.leef import pairs
from zertap.zert.readable import to_json, to_plain
from zertap.zert.reader import ZertReader
from zertap.zert.records import Common, DetailRecord, DistinguishedName, Ident, TlsSection
from zertap.zert.records_summary import SummaryCommon, SummaryRecord
from zertap.zert.views import ZSECURE, Names, flat, nested, shown

RECORDS = details() | summaries()
FOREIGN = st.binary(min_size=2, max_size=40).filter(lambda data: data[1] != 119)
TELLING = st.sampled_from(
    [
        "0000",
        "0001",
        "0004",
        "0005",
        "0018",
        "7fff",
        "8000",
        "ffff",  # lengths: none, short of a record's head, a head alone, the most
        "00000000",
        "7fffffff",
        "ffffffff",
        "00000044",  # offsets
        "0000000000000000",
        "0000001800400001",
        "ffffffffffffffff",  # entries of a directory
        "0100",
        "0200",
        "0300",
        "01",
        "02",
        "03",  # of a spanned record: the first, the last, a piece between
        "77",
        "770b",
        "770c",
        "000b",
        "000c",
        "000d",  # kinds of records
        "e2e8",
        "4040",
        "c3e9c5d9e3",  # text in the code page
    ]
).map(bytes.fromhex)
"""What means something in an SMF file: the dictionary of the changes below."""
FRAMINGS = st.sampled_from([Framing.PLAIN, Framing.BLOCKED, Framing.SPANNED])
WORDS = {Framing.PLAIN: "plain", Framing.BLOCKED: "blocked", Framing.SPANNED: "blocked"}


def framed(records: list[bytes], framing: Framing, block: int = 32_760) -> bytes:
    out = io.BytesIO()
    with RecordWriter(out, framing, block) as writer:
        for record in records:
            writer.write(record)
    return out.getvalue()


def other(data: bytes) -> bytes:
    """A record that is not ours."""
    return (len(data) + 4).to_bytes(2) + b"\0\0" + data


def lines(decoder: Decoder, octets: bytes, cuts: list[int]) -> list[dict[str, Any]]:
    """The JSON of *octets*, fed in pieces cut at these places."""
    places = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    out = b""
    for start, end in zip(places, places[1:], strict=False):
        decoder.feed(octets[start:end])
        out += decoder.jsonl()
    decoder.finish()
    return [json.loads(line) for line in (out + decoder.jsonl()).splitlines()]


def plain(octets: bytes, framing: Framing) -> tuple[list[Record], ZertReader, SmfDamaged | None]:
    reader, found = ZertReader(io.BytesIO(octets), framing), list[Record]()
    try:
        found.extend(_each(reader, found))
    except SmfDamaged as error:
        return found, reader, error
    return found, reader, None


def _each(reader: ZertReader, found: list[Record]) -> Iterator[Record]:
    for record in reader:
        found.append(record)
    yield from ()


CUTS = st.lists(st.integers(min_value=0, max_value=10**6), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(RECORDS, max_size=4), FRAMINGS, CUTS)
def test_every_record_is_shown_as_the_plain_codec_shows_it(
    records: list[Record], framing: Framing, cuts: list[int]
) -> None:
    octets = framed([encode(each) for each in records], framing)
    assert lines(nested().decoder(WORDS[framing]), octets, cuts) == [to_json(each) for each in records]
    readable = nested(Names.READABLE).decoder(WORDS[framing])
    assert lines(readable, octets, cuts) == [to_plain(each) for each in records]


@settings(max_examples=40, deadline=None)
@given(st.lists(RECORDS | FOREIGN, min_size=1, max_size=5), st.integers(min_value=12, max_value=200), CUTS)
def test_spanned_records_and_foreign_ones_are_joined_and_counted(
    mixed: list[Record | bytes], block: int, cuts: list[int]
) -> None:
    octets = framed(
        [other(each) if isinstance(each, bytes) else encode(each) for each in mixed], Framing.SPANNED, block
    )
    decoder = nested().decoder("blocked")
    found, reader, damage = plain(octets, Framing.SPANNED)
    assert damage is None
    assert lines(decoder, octets, cuts) == [to_json(each) for each in found]
    assert decoder.damage is None
    assert decoder.found == [reader.details, reader.summaries]
    assert {tuple(numbers): count for numbers, count in decoder.foreign} == dict(reader.foreign)
    assert decoder.ignored == sum(each.ignored for each in found)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(RECORDS | FOREIGN, min_size=1, max_size=3),
    FRAMINGS,
    st.lists(
        st.tuples(st.integers(min_value=0, max_value=10**6), TELLING | st.binary(min_size=1, max_size=1)), max_size=6
    ),
    st.integers(min_value=0, max_value=10**6),
    CUTS,
)
def test_damage_is_told_alike_and_all_before_it_is_delivered(
    mixed: list[Record | bytes], framing: Framing, changes: list[tuple[int, bytes]], length: int, cuts: list[int]
) -> None:
    """Some octets are changed, most of them near the beginnings of records, and the end is cut off."""
    octets = bytearray(framed([other(each) if isinstance(each, bytes) else encode(each) for each in mixed], framing))
    for place, value in changes:
        at = place % min(len(octets), 120 if place % 2 else len(octets))
        octets[at : at + len(value)] = value[: len(octets) - at]
    cut = bytes(octets[: length % (2 * len(octets)) + 1])
    decoder = nested().decoder(WORDS[framing])
    shown_lines = lines(decoder, cut, cuts)
    found, _, damage = plain(cut, framing)
    assert shown_lines == [to_json(each) for each in found]
    assert decoder.damage == (None if damage is None else (damage.record, damage.offset, damage.reason))


@settings(max_examples=30, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=4), FRAMINGS)
def test_the_framing_is_found_out(records: list[Record], framing: Framing) -> None:
    octets = framed([encode(each) for each in records], framing)
    assert lines(nested().decoder(), octets, []) == [to_json(each) for each in records]


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=400), CUTS)
def test_no_octets_are_too_strange(octets: bytes, cuts: list[int]) -> None:
    for view, take in (
        (nested(), Decoder.listing),
        (flat(), Decoder.csv),
        (flat(), Decoder.ipc),
        (pairs(), Decoder.pairs),
    ):
        decoder = view.decoder()
        decoder.feed(octets)
        take(decoder)
        decoder.finish()
        take(decoder)
    lines(nested().decoder(), octets, cuts)


def frame(view_names: Names, octets: bytes) -> polars.DataFrame:
    decoder = flat(view_names).decoder("plain")
    decoder.feed(octets)
    decoder.finish()
    made = polars.read_ipc_stream(decoder.ipc())
    assert isinstance(made, polars.DataFrame)
    return made


def test_columns_hold_what_an_independent_reader_finds(layout_rows: list[dict[str, str]]) -> None:
    """Every number of every section, by the reference table alone."""
    kinds = {f.name: f.kind for subtype in (DETAIL, SUMMARY) for s in sections(subtype) for f in shown(s)}
    kinds |= {f.name: f.kind for f in HEADER.fields}

    @settings(max_examples=40, deadline=None)
    @given(st.lists(RECORDS, min_size=1, max_size=4))
    def check(records: list[Record]) -> None:
        octets = [encode(each) for each in records]
        table = frame(Names.SMF, b"".join(octets))
        compared = 0
        for row, record in enumerate(octets):
            for section in read(record, layout_rows).values():
                for name, value in section.items() if isinstance(section, dict) else ():
                    if name not in table.columns or not isinstance(value, int):
                        continue
                    cell = table[name][row]
                    if kinds[name] is Kind.DATE:
                        assert cell == unpacked_date(value)
                    elif kinds[name] is not Kind.TIME:
                        assert cell == value, name
                        compared += 1
        assert compared > 10 * len(octets)

    check()


@settings(max_examples=60, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=4))
def test_csv_has_the_columns_and_values_of_arrow(records: list[Record]) -> None:
    octets = b"".join(encode(each) for each in records)
    for names in Names:
        table = frame(names, octets)
        decoder = flat(names).decoder("plain")
        decoder.feed(octets)
        rows = list(csv.reader(io.StringIO(decoder.csv().decode(), newline="")))
        assert rows[0] == table.columns == [name for name, _ in flat(names).columns]
        assert len(rows) == 1 + len(records)
        for row, values in zip(rows[1:], table.iter_rows(), strict=True):
            for shown_text, value in zip(row, values, strict=True):
                if isinstance(value, (int, str)):
                    assert shown_text == str(value)


def test_an_empty_file_has_the_whole_schema() -> None:
    assert frame(Names.READABLE, b"").columns == [name for name, _ in flat().columns]


def test_readable_columns_have_no_two_meanings() -> None:
    names = [name for name, _ in flat().columns]
    assert len(names) == len(set(names))
    assert {"record", "written", "start", "end", "remote_address", "tls_version", "names"} <= set(names)


def test_the_names_of_zsecure_stand_for_columns_of_ours() -> None:
    readable, aliased = ([name for name, _ in flat(which).columns] for which in (Names.READABLE, Names.ZSECURE))
    assert set(ZSECURE) <= set(readable)
    assert [ZSECURE.get(name, name) for name in readable] == aliased


@settings(max_examples=60, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=3))
def test_leef_is_one_line_a_record_with_keys_of_letters_and_digits(records: list[Record]) -> None:
    decoder = pairs().decoder("plain")
    decoder.feed(b"".join(encode(each) for each in records))
    out = decoder.pairs().decode()
    assert out.count("\n") == len(records) == len(out.splitlines()) or "\u2028" in out or "\u2029" in out
    for line in out.split("\n")[:-1]:
        head, _, rest = line.partition("|x09|")
        assert head.startswith("LEEF:2.0|zertap|zertap|")
        assert head.count("|") == 4
        keys = [pair.split("=", 1)[0] for pair in rest.split("\t")]
        assert len(keys) == len(set(keys))
        assert all(key.isascii() and key.isalnum() for key in keys)


IBM_EXAMPLE = {
    "tlsalg": "AES",
    "tlschn": "CBC",
    "tlskeylen": "128",
    "tlsCCertSig": "RSA-SHA1",
    "tlsKexAlg": "DHE-RSA",
    "tlsMsgAuth": "HMAC-SHA1",
    "tlsProtVer": "TLSv1.1",
    "tlsSCertSig": "RSA-SHA1",
    "FIPSlvl": "Off",
    "FIPS140": "No",
    "action": "INIT",
    "IPproto": "TCP",
    "sysname": "SYSTEM",
    "sysplex": "PLEX1",
    "stack": "TCPIP",
    "jobname": "User01",
    "usrName": "User01",
    "src": "172.16.0.1",
    "srcPort": "1000",
    "dst": "172.16.0.2",
    "dstPort": "3000",
    "dn": (
        "TLS_server_subject:'CN=COM1,OU=ORG1,O=IBM,C=US' TLS_server_issuer:'CN=COM2,OU=ORG1,O=IBM,C=US' "
        "TLS_client_subject:'CN=COM1,OU=ORG1,O=IBM,C=US' TLS_client_issuer:'CN=COM2,OU=ORG1,O=IBM,C=US'"
    ),
}
"""Pairs of "IBM z/OS sample event message" (ibm.com/docs/en/dsm?topic=zos-sample-event-message)."""


def leef_pairs(record: Record) -> dict[str, str]:
    decoder = pairs().decoder("plain")
    decoder.feed(encode(record))
    return dict(pair.split("=", 1) for pair in decoder.pairs().decode().partition("|x09|")[2].strip().split("\t"))


def test_leef_says_what_the_example_of_ibm_says() -> None:
    names = [DistinguishedName(5 + at, f"CN=COM{1 + at % 2},OU=ORG1,O=IBM,C=US") for at in range(4)]
    record = DetailRecord(
        ident=Ident(system="SYSTEM", sysplex="PLEX1", stack="TCPIP"),
        common=Common(
            event=1,
            ip_protocol=6,
            job_name="User01",
            user_id="User01",
            remote_address=bytes([172, 16, 0, 1]) + bytes(12),
            local_address=bytes([172, 16, 0, 2]) + bytes(12),
            remote_port=1000,
            local_port=3000,
        ),
        tls=TlsSection(
            version=0x0302,
            encryption=12,
            message_authentication=4,
            key_exchange=11,
            server_certificate_signature=4,
            client_certificate_signature=4,
        ),
        names=tuple(names),
    )
    found = leef_pairs(record)
    assert {key: found.get(key) for key in IBM_EXAMPLE} == IBM_EXAMPLE


def test_leef_tells_what_the_interval_of_a_summary_added() -> None:
    """By who sent it; a counter that runs backwards added nothing."""
    common = SummaryCommon(
        event=1,
        initial_in_bytes=5,
        final_in_bytes=1 << 63,
        initial_out_bytes=7,
        final_out_bytes=7,
        initial_in_segments=3,
        final_in_segments=4,
        initial_out_segments=9,
        final_out_segments=8,
    )
    found = leef_pairs(SummaryRecord(common=common))
    assert (found["srcBytes"], found["srcPackets"]) == (str((1 << 63) - 5), "1")
    assert not {"dstBytes", "dstPackets"} & set(found)
    assert (found["initialInBytes"], found["finalInBytes"]) == ("5", str(1 << 63))


def test_leef_leaves_out_what_is_unknown() -> None:
    found = leef_pairs(DetailRecord(common=Common(event=3), tls=TlsSection()))
    assert not {"action", "tlsalg", "tlschn", "tlskeylen", "tlsKexAlg", "tlsProtVer"} & set(found)
    assert "unknown" not in found.values()
    assert found["cat"] == "connection termination"


UNWORDED: tuple[Any, ...] = ("", "label", 0, 1, 0, [], [], None)
"""A field that wants words, and has no list of them."""


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (([], [], "short", [], [], None), "256 characters"),
        (([], [], "x" * 256, [("a", "u7")], [], None), "type of a column"),
        (([], [], "x" * 256, [], [], "spanned"), "framing"),
        (([("k", [], (24, 28), None, "", [("t", "t", 0, False, "heap", 0, [])])], [], "x" * 256, [], []), "style"),
        (
            ([("k", [], (0, 0), None, "", [("", "", 0, True, "fields", 1, [UNWORDED])])], [], "x" * 256, [], []),
            "form `label`",
        ),
    ],
)  # fmt: skip
def test_lists_that_make_no_sense_are_misuse(arguments: Any, wrong: str) -> None:
    with pytest.raises(Usage, match=wrong):
        Decoder(*arguments)
