"""Records as events of QRadar: LEEF 2.0, one line a record.

The keys that zSecure gives zERT records are used where IBM's documentation shows them; what it does not show bears our
own name, letters and digits only. The client is the source and the server the destination, whichever is local. Empty
values are left out; characters that would end a value or a line become blanks.

Source: IBM QRadar, "LEEF event components", "Best practices guidelines for LEEF events", "Predefined LEEF event
attributes"; IBM QRadar DSM guide, "IBM z/OS sample event message" (a zERT summary record).
"""

from collections.abc import Iterator
from functools import cache

from zertap._native import __version__
from zertap.smf.fields import Field, Kind
from zertap.zert.layouts import DETAIL, HEADER, SUMMARY, Section, sections
from zertap.zert.views import (
    FieldSpec,
    KindSpec,
    PartSpec,
    Tables,
    View,
    common_part,
    flat_name,
    kind_spec,
    part_spec,
    rest,
    show,
    shown,
    written,
)

TIME_FORMAT = "yyyy-MM-dd'T'HH:mm:ss.SSS"
"""How ``devTime`` is written. No zone: zertap writes UTC, z/OS local time, and a record does not say which."""

KEYS = {
    "system": "sysname",
    "sysplex": "sysplex",
    "stack": "stack",
    "job_name": "jobname",
    "job_id": "jobid",
    "user_id": "usrName",
    "ip_protocol": "IPproto",
    "connection_id": "saConnId",
    "remote_address": "src",
    "remote_port": "srcPort",
    "local_address": "dst",
    "local_port": "dstPort",
    "in_bytes": "srcBytes",
    "out_bytes": "dstBytes",
    "in_segments": "srcPackets",
    "out_segments": "dstPackets",
    "client_address": "src",
    "server_address": "dst",
    "server_port_first": "dstPort",
    "initial_connections": "connsBeg",
    "final_connections": "connsEnd",
    "initial_partial": "partialBeg",
    "final_partial": "partialEnd",
    "initial_short": "shortBeg",
    "final_short": "shortEnd",
    "initial_active": "activeBeg",
    "final_active": "activeEnd",
    "tls_version": "tlsProtVer",
    "tls_cipher": "tlsNegCipher",
    "tls_key_exchange": "tlsKexAlg",
    "tls_message_authentication": "tlsMsgAuth",
    "tls_fips_mode": "FIPS140",
    "tls_server_certificate_signature": "tlsSCertSig",
    "tls_client_certificate_signature": "tlsCCertSig",
    "names": "dn",
}
"""Our flat name -> LEEF key. Source and destination are told for a local server; a local client turns them."""

TURNED = {
    "remote_address": "local_address",
    "remote_port": "local_port",
    "local_address": "remote_address",
    "local_port": "remote_port",
    "in_bytes": "out_bytes",
    "out_bytes": "in_bytes",
    "in_segments": "out_segments",
    "out_segments": "in_segments",
}
"""Where the local side is the client, the other field is meant."""

_LOCAL_CLIENT = 0x08
_TAB = "x09"


@cache
def pairs() -> View:
    """LEEF as a view."""
    tables, columns = Tables(), dict[str, str]()
    kinds = tuple(_kind(subtype, tables, columns) for subtype in (DETAIL, SUMMARY))
    return View(kinds, tuple(tables.words), tuple(columns.items()))


def _kind(subtype: int, tables: Tables, columns: dict[str, str]) -> KindSpec:
    parts = [_header(columns), *_parts(subtype, tables, columns)]
    head = f"LEEF:2.0|zertap|zertap|{__version__}|119-{subtype}|{_TAB}|"
    common, part = common_part(subtype)
    turn = (part, common.by_attribute["flags"].offset, _LOCAL_CLIENT) if subtype == DETAIL else None
    return kind_spec(subtype, parts, head, turn)


def _header(columns: dict[str, str]) -> PartSpec:
    columns |= {"devTime": "text", "devTimeFormat": "text"}
    stamp: FieldSpec = ("devTimeFormat", "constant", 0, 0, 0, [], [TIME_FORMAT], None)
    return (HEADER.name, HEADER.name, None, True, "fields", HEADER.size, [written("devTime", "stamp"), stamp])


def _parts(subtype: int, tables: Tables, columns: dict[str, str]) -> Iterator[PartSpec]:
    for triplet, section in enumerate(sections(subtype)):
        fields = [_line(field, section, tables, triplet + 1) for field in shown(section)]
        if section.attribute == "common":
            # The category extends the event's number: what happened.
            event = next(field for field in shown(section) if field.attribute == "event")
            fields.insert(0, show(event, "cat", "label", tables, triplet + 1, section))
        fields += rest(section, KEYS.get(section.attribute, _camel(section.attribute)), tables)
        columns.update({spec[0]: "text" for spec in fields})
        yield part_spec(section, triplet, fields)


def _line(field: Field, section: Section, tables: Tables, part: int) -> FieldSpec:
    name = flat_name(section, field)
    other = TURNED.get(field.attribute) if section.attribute == "common" else None
    turned = None
    if other is not None and section.layout is not None and other in section.layout.by_attribute:
        turned = section.layout.by_attribute[other].offset
    coded = "label" if field.kind in (Kind.UNSIGNED, Kind.FLAGS) else "number"
    return show(field, KEYS.get(name, _camel(name)), coded, tables, part, section, turned)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
